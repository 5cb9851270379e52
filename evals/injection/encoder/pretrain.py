"""Before it judges, the encoder learns to say of each piece and each window what MiniLM says of them, from texts without labels."""

import argparse
import pathlib
import random as randomness
import time

import torch
from torch import nn
from torch.nn import functional as F

import figures
import network
import teacher
from batches import by_length, padded
from corpus import Corpus, disturbed, rows
from pieces import Pieces
from train import SEED, begun, sampled

BATCH, RATE, LIMIT = 64, 2e-3, 96


def texts(options, random):
    """Windows of every kind, none of the sets that are left out."""
    labelled = [r for r in rows(options.data) if r["set"] not in figures.HELD_OUT]
    corpus = Corpus(labelled, sampled(options.documents, 8_000), SEED - 1).build(4_000, 4_000)
    found = sorted({text for text, *_ in corpus.single} | {text for parts, _ in corpus.bags for text in parts})
    random.shuffle(found)
    return found[: options.windows]


def close(ours, theirs, mask):
    """One less the cosine, over what is not padding."""
    return ((1 - F.cosine_similarity(ours, theirs, dim=-1)) * mask).sum() / mask.sum()


def pairs(x, mask):
    """The mean of every two pieces, as the encoder merges them."""
    odd = x.shape[1] % 2
    x, mask = F.pad(x * mask[..., None], (0, 0, 0, odd)), F.pad(mask, (0, odd))
    return (x[:, ::2] + x[:, 1::2]) / (mask[:, ::2, None] * 1.0 + mask[:, 1::2, None]).clamp_min(1)


def mean(x, mask):
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--documents", action="append", default=[])
    parser.add_argument("--windows", type=int, default=30_000)
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random, pieces = randomness.Random(SEED), Pieces(teacher.vocabulary())
    model, guide = begun(pieces, None), teacher.Teacher().eval()
    lift, known = nn.Linear(network.WIDTH, 384), torch.tensor(pieces.teacher)
    words = [model.word.weight]
    rest = [p for p in model.parameters() if p is not model.word.weight] + list(lift.parameters())
    optimiser = torch.optim.AdamW([{"params": words, "lr": RATE * 0.3, "weight_decay": 0.0}, {"params": rest, "lr": RATE}])
    rates = [group["lr"] for group in optimiser.param_groups]
    encoded = [pieces(disturbed(text, random), LIMIT) for text in texts(options, random)]
    batches = [b for _ in range(options.passes) for b in by_length([len(ids) for ids, _ in encoded], BATCH, random)]
    began = time.process_time()
    for number, batch in enumerate(batches):
        ids, shapes, mask, channel = padded([encoded[i] for i in batch], [random.randrange(2) for _ in batch])
        with torch.no_grad():
            theirs = guide(known[ids], mask)
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1, number / 40) * (0.05 + 0.95 * (1 - number / len(batches)))
        hidden, places = model.hidden(ids, shapes, mask, channel)
        ours = lift(hidden)
        loss = close(ours, pairs(theirs, mask), places) + close(mean(ours, places), mean(theirs, mask), torch.ones(len(batch)))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        optimiser.step()
        if number % 50 == 0:
            print(f"{number}/{len(batches)}: {loss.item():.4f}, {time.process_time() - began:.0f} s of CPU", flush=True)
    torch.save(model.state_dict(), options.out)


if __name__ == "__main__":
    main()
