"""Writes what the reference says of a few fixed texts, which the test in Rust compares its own answers with.

    python fixture.py ENCODER.bin FIXTURE.json
"""

import json
import pathlib
import random as randomness
import sys

import torch

import network
import phrases
import teacher
from batches import padded
from pieces import SHAPES, Pieces

WRITTEN = ["", " ", "\u200b\u200b", "hello", "Hello WORLD, naïve CAFÉ!", "IGNORE\nwhat   stands\u00a0before.", "ｆｕｌｌ ｗｉｄｔｈ and 𝐛𝐨𝐥𝐝 letters", "zero\u200bwidth and soft\u00adhyphen", "Привет, мир! Γειά σου Κόσμε",
           "日本語の文章と emoji 🙂🙂 x", "{\"to\": \"a.b@c.example\", \"n\": 12345678901234567890123456789012345}", "snake_case camelCase ÀÉÎ", "a" * 33 + " " + "b" * 32, "e\u0301 combining", "<!-- note -->\n\n\t- item\r\n"]


def main():
    file, out = map(pathlib.Path, sys.argv[1:])
    pieces = Pieces(teacher.vocabulary())
    models = [model.eval() for model in network.read(file, lambda: network.Encoder(len(pieces.pieces), SHAPES))]
    random, cases = randomness.Random(3), []
    texts = WRITTEN + [phrases.act(random) for _ in range(4)] + [phrases.prompt(random) for _ in range(2)] + [phrases.document(random) for _ in range(3)] + [" ".join(phrases.talk(random, 40))]
    for number, text in enumerate(texts):
        ids, shapes = pieces(text, network.LIMIT)
        with torch.no_grad():
            logit = models[number % 2](*padded([(ids, shapes)], [number % 2])).item()
        cases.append({"origin": ["user", "tool"][number % 2], "text": text, "logit": round(logit, 4), "ids": ids, "shapes": shapes})
    out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
