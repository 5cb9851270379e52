"""The encoder as a network, how it is initialised, and how it is written down."""

import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, MATCH, INNER, LAYERS, LIMIT, REACH, SPAN = 128, 4, 64, 256, 2, 256, 32, 4
MAGIC = b"PCENC\x01"


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mix, self.out = nn.Linear(WIDTH, 2 * MATCH + WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.near = nn.Parameter(torch.zeros(HEADS, 2 * REACH + 1))
        self.drop = nn.Dropout(0.1)

    def forward(self, x, mask, distance):
        batch, length, _ = x.shape
        q, k, v = (part.view(batch, length, HEADS, -1).transpose(1, 2) for part in self.mix(self.before(x)).split([MATCH, MATCH, WIDTH], 2))
        bias = self.near[:, distance].unsqueeze(0).masked_fill(~mask[:, None, None, :], -1e9)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = x + self.drop(self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH)))
        inner = self.up(self.between(x))
        return x + self.drop(self.down(inner * torch.sigmoid(1.702 * inner)))


class Encoder(nn.Module):
    def __init__(self, pieces, shapes):
        super().__init__()
        self.word = nn.Embedding(pieces, WIDTH)
        self.shape, self.channel = nn.Embedding(shapes, WIDTH), nn.Embedding(2, WIDTH)
        nn.init.normal_(self.shape.weight, std=0.02)
        nn.init.normal_(self.channel.weight, std=0.02)
        self.merge = nn.Linear(SPAN * WIDTH, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.after = nn.LayerNorm(WIDTH)
        self.look = nn.Linear(WIDTH, 2)
        self.judge = nn.Linear(2 * WIDTH, 2)
        self.drop = nn.Dropout(0.1)

    def hidden(self, ids, shapes, mask, channel):
        """A vector for every two pieces, which sees one more on either side from the start."""
        x = (self.word(ids) + self.shape(shapes) + self.channel(channel)[:, None]) * mask[..., None]
        x = F.pad(self.drop(x), (0, 0, 1, 2 + ids.shape[1] % 2))
        spans = x.unfold(1, SPAN, 2).transpose(2, 3)
        mask = mask[:, ::2]
        x = self.merge(spans.flatten(2)) + spans[:, :, 1:3].mean(2)
        place = torch.arange(x.shape[1])
        distance = (place[None, :] - place[:, None]).clamp(-REACH, REACH) + REACH
        for layer in self.layers:
            x = layer(x, mask, distance)
        return self.after(x), mask

    def pool(self, x, mask, channel):
        rows = torch.arange(len(x))
        weight = self.look(x)[rows, :, channel].masked_fill(~mask, -1e9).softmax(1)
        seen = (weight[..., None] * x).sum(1)
        most = x.masked_fill(~mask[..., None], -1e9).amax(1)
        return torch.cat([seen, most], 1)

    def forward(self, ids, shapes, mask, channel):
        pooled = self.pool(*self.hidden(ids, shapes, mask, channel), channel)
        return self.judge(self.drop(pooled))[torch.arange(len(ids)), channel]


def initial_words(tensors, teacher_ids):
    """The teacher's word embeddings, after its normalisation, in their 128 strongest directions."""
    words = tensors["embeddings.word_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    words = F.layer_norm(words, (words.shape[1],), tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"], 1e-12)
    words = words[torch.tensor(teacher_ids)]
    words = words - words.mean(0)
    _, vectors = torch.linalg.eigh(words.T @ words / len(words))
    words = words @ vectors[:, -WIDTH:]
    return words / words.std()


def quantise(weight):
    """Rows in 8 bits, each with its scale."""
    scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-8) / 127
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale.squeeze(1)


def rounded(model):
    """Puts the weights where 8 bits will have them, so that what is measured is what is shipped."""
    with torch.no_grad():
        for weight in [model.word.weight, model.merge.weight] + [m.weight for layer in model.layers for m in (layer.mix, layer.out, layer.up, layer.down)]:
            whole, scale = quantise(weight)
            weight.copy_(whole.float() * scale[:, None])
    return model


def write(model, pieces, path):
    """The file that `encoder/file.rs` reads; little endian, parts in the order of use."""
    out = bytearray(MAGIC)

    def number(value):
        out.extend(struct.pack("<I", value))

    def floats(values):
        out.extend(values.detach().numpy().astype("<f4").tobytes())

    def matrix(weight):
        whole, scale = quantise(weight.detach())
        floats(scale)
        out.extend(whole.numpy().tobytes())

    for value in (WIDTH, HEADS, MATCH, INNER, LAYERS, REACH, len(pieces.pieces), len(pieces.folds)):
        number(value)
    for piece in pieces.pieces:
        raw = piece.encode()
        out.append(len(raw))
        out.extend(raw)
    for code, (to, upper) in sorted(pieces.folds.items()):
        number(code)
        number(to | (int(upper) << 31))
    matrix(model.word.weight)
    floats(model.shape.weight)
    floats(model.channel.weight)
    matrix(model.merge.weight)
    floats(model.merge.bias)
    for layer in model.layers:
        for norm in (layer.before, layer.between):
            floats(norm.weight)
            floats(norm.bias)
        floats(layer.near)
        for part in (layer.mix, layer.out, layer.up, layer.down):
            matrix(part.weight)
            floats(part.bias)
    floats(model.after.weight)
    floats(model.after.bias)
    floats(model.look.weight)
    floats(model.look.bias)
    floats(model.judge.weight)
    floats(model.judge.bias)
    path.write_bytes(out)
    return len(out)
