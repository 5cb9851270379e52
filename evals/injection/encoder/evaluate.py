"""What trained weights find in the held-out block, alone and beside the linear model; see README.md."""

import argparse
import pathlib

import numpy as np
import torch

import figures
import network
import teacher
from batches import judge
from corpus import TOOL, rows
from pieces import SHAPES, Pieces
from train import sampled

# The share of honest texts that the linear model hands on, and that it judges alone as attacks.
BAND = (0.10, 0.0005)


def loaded(folder):
    pieces = Pieces(teacher.vocabulary())
    model = network.Encoder(len(pieces.pieces), SHAPES)
    model.load_state_dict(torch.load(folder / "weights.pt"))
    return pieces, model.eval()


def judged(paths, labelled):
    """Held-out texts with the logits that the linear model gave them when it had not seen their sets."""
    seen = figures.familiar(labelled)
    found = [r for path in paths for r in rows(path) if not figures.overlaps(r, seen)]
    found = [r for r in found if r["set"].replace("planted-", "").startswith(tuple(figures.HELD_OUT))]
    cases = [(r["set"] + (":" + r["style"] if r["set"].startswith("agentdojo") and r["label"] else ""), int(r["channel"] == "tool"), r["label"], r["text"]) for r in found]
    return cases, np.array([r["logit"] for r in found], np.float32)


def beside(cases, linear, encoder):
    """The sum of both logits, everywhere and only where the linear model is unsure."""
    both, within = linear + encoder, linear.copy()
    for channel in (0, TOOL):
        mine = np.array([c[1] == channel for c in cases])
        calm = mine & np.array([c[2] == 0 for c in cases])
        if not calm.any():
            continue
        low, high = (figures.threshold(linear[calm], share) for share in BAND)
        asked = mine & (linear > low) & (linear < high)
        order = np.where(asked, both, np.where(linear >= high, 100 + linear, linear - 100))
        within[mine] = order[mine]
        print(f"channel {channel}: the encoder is asked for {100 * asked[calm].mean():.1f} % of honest texts, {100 * asked[mine & ~calm].mean():.1f} % of attacks")
    return both, within


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="labelled texts: the block of figures.py")
    parser.add_argument("--judged", action="append", default=[], help="what `portcullis-evals injection train --judged` wrote, to stand beside")
    parser.add_argument("--weights", required=True, type=pathlib.Path, help="the folder that train.py wrote")
    parser.add_argument("--unseen-documents", action="append", default=[], help="a folder of documents to raise no alarm in")
    parser.add_argument("--whole", action="store_true", help="also with weights that are not rounded")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pieces, model = loaded(options.weights)
    labelled = rows(options.data)
    cases, linear = judged(options.judged, labelled) if options.judged else (figures.block(labelled, sampled(options.unseen_documents, 1_000)), None)
    texts, channels = [c[3] for c in cases], [c[1] for c in cases]
    if options.whole:
        whole = judge(model, pieces, texts, channels)
        figures.report(cases, whole, "weights as trained")
    scores = judge(network.rounded(model), pieces, texts, channels)
    np.save(options.weights / f"scores{'-judged' if options.judged else ''}.npy", scores)
    figures.report(cases, scores, "encoder, 8 bits")
    if options.whole:
        print(f"largest change of a logit by rounding: {np.abs(whole - scores).max():.3f}, mean {np.abs(whole - scores).mean():.4f}")
    if linear is not None:
        both, within = beside(cases, linear, scores)
        figures.report(cases, linear, "linear")
        figures.report(cases, both, "both everywhere")
        figures.report(cases, within, "encoder where the linear model is unsure")


if __name__ == "__main__":
    main()
