"""The encoder as a network, how it is initialised, and how it is written down."""

import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, MATCH, INNER, LAYERS, LIMIT, REACH, SPAN = 128, 4, 64, 256, 2, 256, 32, 4
MAGIC = b"PCENC\x02"


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


class Writer:
    """Little-endian numbers, one after another."""

    def __init__(self):
        self.out = bytearray()

    def number(self, value):
        self.out.extend(struct.pack("<I", value))

    def floats(self, values):
        self.out.extend(values.detach().numpy().astype("<f4").tobytes())

    def matrix(self, weight):
        whole, scale = quantise(weight.detach())
        self.floats(scale)
        self.out.extend(whole.numpy().tobytes())

    def network(self, model):
        """Everything but the words, in the order of use."""
        self.floats(model.shape.weight)
        self.floats(model.channel.weight)
        self.matrix(model.merge.weight)
        self.floats(model.merge.bias)
        for layer in model.layers:
            for norm in (layer.before, layer.between):
                self.floats(norm.weight)
                self.floats(norm.bias)
            self.floats(layer.near)
            for part in (layer.mix, layer.out, layer.up, layer.down):
                self.matrix(part.weight)
                self.floats(part.bias)
        for part in (model.after, model.look, model.judge):
            self.floats(part.weight)
            self.floats(part.bias)


def write(users, material, pieces, path):
    """The file that `encoder/file.rs` reads: the words, what reads users' texts, what reads material."""
    writer = Writer()
    writer.out.extend(MAGIC)
    for value in (WIDTH, HEADS, MATCH, INNER, LAYERS, REACH, len(pieces.pieces), len(pieces.folds)):
        writer.number(value)
    for piece in pieces.pieces:
        raw = piece.encode()
        writer.out.append(len(raw))
        writer.out.extend(raw)
    for code, (to, upper) in sorted(pieces.folds.items()):
        writer.number(code)
        writer.number(to | (int(upper) << 31))
    writer.matrix(material.word.weight)
    writer.network(users)
    writer.network(material)
    path.write_bytes(writer.out)
    return len(writer.out)


class Reader:
    """Takes up what was written."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, kind, *shape):
        count = int(np.prod(shape))
        values = np.frombuffer(self.raw, kind, count, self.at).reshape(shape)
        self.at += values.nbytes
        return torch.tensor(values.astype(np.float32))

    def matrix(self, weight):
        scale = self.take("<f4", weight.shape[0])
        weight.copy_(self.take(np.int8, *weight.shape) * scale[:, None])

    def floats(self, *values):
        for value in values:
            value.copy_(self.take("<f4", *value.shape))

    def network(self, model):
        self.floats(model.shape.weight, model.channel.weight)
        self.matrix(model.merge.weight)
        self.floats(model.merge.bias)
        for layer in model.layers:
            self.floats(layer.before.weight, layer.before.bias, layer.between.weight, layer.between.bias, layer.near)
            for part in (layer.mix, layer.out, layer.up, layer.down):
                self.matrix(part.weight)
                self.floats(part.bias)
        for part in (model.after, model.look, model.judge):
            self.floats(part.weight, part.bias)


def read(path, fresh):
    """The networks of a file, as 8 bits have them: of users' texts and of material; of an older file only the latter."""
    reader = Reader(path.read_bytes())
    older, reader.at = reader.raw[:6] != MAGIC, 6
    *_, pieces, folds = (int(value) for value in np.frombuffer(reader.raw, "<u4", 8, reader.at))
    reader.at += 32
    for _ in range(pieces):
        reader.at += 1 + reader.raw[reader.at]
    reader.at += 8 * folds
    users, material = fresh(), fresh()
    with torch.no_grad():
        reader.matrix(users.word.weight)
        material.word.weight.copy_(users.word.weight)
        for model in [material] if older else [users, material]:
            reader.network(model)
    return (None if older else users), material
