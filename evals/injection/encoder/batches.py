"""Windows in batches of like length, and scores of whole texts."""

import numpy as np
import torch

from network import LIMIT
from windows import windows


def padded(encoded, channels):
    """Tensors of pieces, shapes, mask and channel."""
    length = max(len(ids) for ids, _ in encoded)
    ids, shapes = torch.zeros(len(encoded), length, dtype=torch.long), torch.zeros(len(encoded), length, dtype=torch.long)
    mask = torch.zeros(len(encoded), length, dtype=torch.bool)
    for row, (pieces, forms) in enumerate(encoded):
        ids[row, : len(pieces)] = torch.tensor(pieces)
        shapes[row, : len(pieces)] = torch.tensor(forms)
        mask[row, : len(pieces)] = True
    return ids, shapes, mask, torch.tensor(channels)


def by_length(lengths, size, random):
    """Indices in batches, alike in length within a batch, in random order."""
    order = list(range(len(lengths)))
    random.shuffle(order)
    batches = []
    for start in range(0, len(order), 50 * size):
        part = sorted(order[start : start + 50 * size], key=lambda index: lengths[index])
        batches.extend(part[at : at + size] for at in range(0, len(part), size))
    random.shuffle(batches)
    return batches


def logits(model, encoded, channels, size=64):
    """The model's answer for every window."""
    model.eval()
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][0]))
    out = np.zeros(len(encoded), dtype=np.float32)
    with torch.no_grad():
        for start in range(0, len(order), size):
            part = order[start : start + size]
            out[part] = model(*padded([encoded[i] for i in part], [channels[i] for i in part])).numpy()
    return out


def judge(model, pieces, texts, channels, most=200):
    """The highest window of each text; a window that many texts share is judged once."""
    number, owner, window = {}, [], []
    for index, (text, channel) in enumerate(zip(texts, channels)):
        for begin, end in (windows(text) or [(0, len(text))])[:most]:
            window.append(number.setdefault((text[begin:end], channel), len(number)))
            owner.append(index)
    scores = logits(model, [pieces(text, LIMIT) for text, _ in number], [channel for _, channel in number])
    out = np.full(len(texts), -30.0, dtype=np.float32)
    np.maximum.at(out, np.array(owner), scores[np.array(window)])
    return out
