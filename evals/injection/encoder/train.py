"""Trains the injection encoder and writes its file; see README.md."""

import argparse
import pathlib
import random as randomness
import time

import numpy as np
import torch
from torch.nn import functional as F

import figures
import network
import teacher
from batches import by_length, logits, padded
from corpus import TOOL, USER, Corpus, disturbed, paragraphs, rows
from pieces import SHAPES, Pieces

SEED, BATCH, SMOOTH, RATE = 20_250, 32, 0.04, 1e-3
MADE = ("made-", "planted-", "agentdojo")  # where the corpus says which window holds the attack
# Of the corpus so much, while the rate falls from so much of RATE to so much: once through, then settle twice.
ROUNDS = ((1.0, 1.0, 0.8), (1.0, 0.8, 0.4), (1.0, 0.4, 0.01))
EXTRA = 24_000  # windows that an epoch takes from the linear model's corpus, users' texts and material alike


def chosen(bags, model, pieces):
    """Of each long attack the window that looks most like one; before there is a model, its first and one more."""
    if model is None:
        random = randomness.Random(SEED)
        return [(text, channel, 1, 0.4) for parts, channel in bags for text in {parts[0], random.choice(parts)}]
    encoded = [pieces(text, network.LIMIT) for parts, _ in bags for text in parts]
    scores = iter(logits(model, encoded, [channel for parts, channel in bags for _ in parts]))
    return [(max((next(scores), text) for text in parts)[1], channel, 1, 0.6) for parts, channel in bags]


def taken(extra, count, random):
    """So many of the linear model's windows, half of them users' texts."""
    halves = ([e for e in extra if e[1] == channel] for channel in (USER, TOOL))
    return [e for half in halves for e in random.sample(half, min(count // 2, len(half)))]


def prepared(examples, pieces, random):
    """Encoded windows after disturbance, their channel, label and weight."""
    encoded = [pieces(disturbed(text, random), random.choice([network.LIMIT, 128])) for text, *_ in examples]
    return encoded, [e[1] for e in examples], np.array([e[2] for e in examples], np.float32), np.array([e[3] for e in examples], np.float32)


def train(model, pieces, labelled, documents, extra, options):
    began, random = time.process_time(), randomness.Random(SEED)
    model.word.weight.requires_grad_(False)  # a word that training never meets must stay in the same space
    learnt = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, weight_decay=0.02)
    for turn, (share, first, last) in enumerate(ROUNDS):
        if options.settle and turn + 1 < len(ROUNDS):
            continue
        corpus = Corpus(labelled, documents, SEED + turn, share).build(options.tool, options.user)
        examples = corpus.single + taken(extra, int(share * EXTRA), random) + chosen(corpus.bags, model if turn else None, pieces)
        encoded, channels, labels, weights = prepared(examples, pieces, random)
        batches, total = by_length([len(ids) for ids, _ in encoded], BATCH, random), 0.0
        model.train()
        for number, batch in enumerate(batches):
            progress = number / len(batches)
            optimiser.param_groups[0]["lr"] = RATE * min(1.0, progress * 10) * (first + (last - first) * progress)
            truth = torch.tensor(labels[batch]) * (1 - 2 * SMOOTH) + SMOOTH
            out = model(*padded([encoded[i] for i in batch], [channels[i] for i in batch]))
            loss = F.binary_cross_entropy_with_logits(out, truth, weight=torch.tensor(weights[batch]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            total += loss.item()
            if number % 100 == 0:
                print(f"{number}/{len(batches)}: {loss.item():.4f}, {time.process_time() - began:.0f} s of CPU", flush=True)
        print(f"round {turn}: {len(examples)} windows, {int(labels.sum())} attacks, loss {total / len(batches):.4f}, {time.process_time() - began:.0f} s of CPU", flush=True)
        torch.save(model.state_dict(), options.out / "weights.pt")
    return model


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="labelled texts, JSON lines")
    parser.add_argument("--corpus", type=pathlib.Path, help="the windows that `portcullis-evals injection corpus` writes")
    parser.add_argument("--documents", action="append", default=[], help="a folder of plain documents")
    parser.add_argument("--hold-out", action="store_true", help="train without the block of figures.py")
    parser.add_argument("--start", type=pathlib.Path, help="begin with these weights (pretrain.py)")
    parser.add_argument("--settle", action="store_true", help="go on with the last round from --start")
    parser.add_argument("--tool", type=int, default=4_000, help="texts to plant into")
    parser.add_argument("--user", type=int, default=3_000, help="long prompts to make")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for the weights")
    return parser.parse_args()


def begun(pieces, start):
    """A model with the teacher's words, or with what pretraining made of it."""
    torch.manual_seed(SEED)
    model = network.Encoder(len(pieces.pieces), SHAPES)
    if start:
        model.load_state_dict(torch.load(start))
    else:
        with torch.no_grad():
            model.word.weight.copy_(network.initial_words(teacher.tensors(), pieces.teacher))
    return model


def sampled(folders, count):
    """A fixed choice of paragraphs of the documents in some folders."""
    found = paragraphs(folders)
    randomness.Random(SEED).shuffle(found)
    return found[:count]


def made(path, hold_out, unseen):
    """The windows of our own making in the linear model's corpus; those of the labelled sets are cut here."""
    kept = [r for r in rows(path) if r["set"].startswith(MADE) and not (hold_out and ("bipia" in r["set"] or "agentdojo" in r["set"]))]
    if unseen:  # material of a set that is left out may have been planted into
        kept = [r for r in kept if not figures.shingles(r["text"]) & unseen]
    return [(r["text"], int(r["channel"] == "tool"), r["label"], r["weight"]) for r in kept]


def main():
    options = arguments()
    torch.set_num_threads(1)
    pieces, everything = Pieces(teacher.vocabulary()), rows(options.data)
    labelled = [r for r in everything if r["set"] != "agentdojo" or not (r["label"] and options.corpus)]
    labelled = [r for r in labelled if not options.hold_out or r["set"] not in figures.HELD_OUT]
    unseen = {s for r in everything if options.hold_out and r["set"] in figures.HELD_OUT for s in figures.shingles(r["text"])}
    documents = sampled(options.documents, 8_000)
    extra = made(options.corpus, options.hold_out, unseen) if options.corpus else []
    options.out.mkdir(parents=True, exist_ok=True)
    model = train(begun(pieces, options.start), pieces, labelled, documents, extra, options)
    size = network.write(model, model, pieces, options.out / "encoder.bin")  # users.py puts what it trains in the first place
    print(f"{size} bytes; evaluate.py says what it is worth")


if __name__ == "__main__":
    main()
