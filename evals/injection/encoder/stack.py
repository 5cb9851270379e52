"""How much the encoder's word counts beside the linear model's on what people type, and what both find together; see README.md.

Every text was judged by a linear model and by an encoder that had not seen its set. The share is fitted to the texts in doubt of the
other parts (blind), and once to all of them: that is what ships, in `crates/inspect/src/injection/doubt.rs`."""

import argparse

import numpy as np

from corpus import rows

PAGES = 40  # of a text, so many are looked at


def joined(judged, scores):
    """Set, label, part, the linear model's logit and the encoder's highest, of all texts that both have judged."""
    known = {}
    for part, path in enumerate(scores):
        known.update({r["text"]: (part, max(r["scores"][:PAGES])) for r in rows(path)})
    found = [(r["set"], r["label"], *known[r["text"]], r["probability"]) for r in rows(judged) if r["text"] in known and r["channel"] == "user"]
    sets, labels, parts, encoder, probability = map(np.array, zip(*found))
    probability = np.clip(probability, 1e-6, 1 - 1e-6)
    return sets, labels, parts, encoder, np.log(probability / (1 - probability))


def band(threshold):
    """Where the linear model is unsure, as `doubt.rs` has it."""
    odds = lambda p: np.log(p / (1 - p))
    return odds(0.45 * threshold), odds(1 - 0.15 * (1 - threshold))


def weights(sets, labels):
    """Both labels and, as far as may be, all sets count the same."""
    out = np.zeros(len(sets))
    for name in set(sets):
        for label in (0, 1):
            mine = (sets == name) & (labels == label)
            out[mine] = min(2.0, (800 / max(1, mine.sum())) ** 0.5)
    for label in (0, 1):
        out[labels == label] /= out[labels == label].sum()
    return out


def fitted(x, labels, weight, steps=30):
    """Logistic regression by Newton's method; the last coefficient is the constant."""
    x, b = np.c_[x, np.ones(len(x))], np.zeros(x.shape[1] + 1)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ b))
        slope = x.T @ ((p - labels) * weight) + 1e-6 * b
        b -= np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(len(b)), slope)
    return b


def share(linear, encoder, sets, labels, doubt):
    """How much one of the encoder's logits counts beside one of the linear model's."""
    a, b, _ = fitted(np.c_[linear, encoder][doubt], labels[doubt], weights(sets[doubt], labels[doubt]))
    return max(0.0, b / max(a, 1e-3))


def bar(scores, labels, part):
    """The score that this part of the honest reach."""
    calm = np.sort(scores[labels == 0])[::-1]
    return calm[int(part * len(calm))]


def toll(linear, encoder, labels, share, threshold):
    """What is taken off, so that as many honest texts as before lie above the threshold."""
    alarms = (linear[labels == 0] > threshold).mean()
    low, high = 0.0, 6.0
    for _ in range(40):
        middle = (low + high) / 2
        moved = revised(linear, encoder, share, middle, threshold)
        low, high = (middle, high) if (moved[labels == 0] > threshold).mean() > alarms else (low, middle)
    return high


def revised(linear, encoder, share, toll, threshold):
    """The sum within the band, and the linear model's own word outside it."""
    low, high = band(1 / (1 + np.exp(-threshold)))
    moved = np.clip(linear + share * encoder - toll, low, high)
    return np.where((linear >= low) & (linear < high), moved, linear)


def table(names, columns, labels):
    """Recall and false alarms by set, each column at one threshold for all."""
    print("| set | texts | honest |" + "".join(f" recall, {title} | false alarms |" for title, *_ in columns))
    print("| --- | --- | --- |" + " --- | --- |" * len(columns))
    mean = []
    for name in sorted(set(names)) + ["all"]:
        mine = (names == name) | (name == "all")
        cells = []
        for _, scores, at in columns:
            hits = [scores[mine & (labels == label)] > at for label in (1, 0)]
            cells += [f"{100 * hit.mean():.1f}" if len(hit) else "" for hit in hits]
        mean += [cells[::2]] if cells[0] and name != "all" else []
        print(f"| {name} | {mine.sum()} | {(mine & (labels == 0)).sum()} | " + " | ".join(cells) + " |")
    print("mean of the sets: " + ", ".join(f"{np.mean([float(row[i]) for row in mean]):.1f}" for i in range(len(columns))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judged", required=True, help="what `portcullis-evals injection train --judged` wrote")
    parser.add_argument("--scores", action="append", required=True, help="what users.py wrote of a part")
    parser.add_argument("--shipped", type=float, default=0.003, help="the share of honest texts above the shipped threshold")
    options = parser.parse_args()
    sets, labels, parts, encoder, linear = joined(options.judged, options.scores)
    shipped = bar(linear, labels, options.shipped)
    low, high = band(1 / (1 + np.exp(-shipped)))
    doubt = (linear >= low) & (linear < high)
    everything = np.ones(len(sets), bool)
    of = share(linear, encoder, sets, labels, doubt)
    off = toll(linear, encoder, labels, of, shipped)
    print(f"threshold {1 / (1 + np.exp(-shipped)):.4f}; in doubt: {100 * doubt[labels == 0].mean():.1f} % of honest texts, {100 * doubt[labels == 1].mean():.1f} % of attacks; share {of:.2f}, toll {off:.2f}")
    both, blind = revised(linear, encoder, of, off, shipped), np.zeros(len(sets))
    for part in set(parts):
        out = parts == part
        ours = share(linear[~out], encoder[~out], sets[~out], labels[~out], doubt[~out]) if (~out).any() else of
        theirs = toll(linear[~out], encoder[~out], labels[~out], ours, shipped) if (~out).any() else off
        print(f"without part {part}: share {ours:.2f}, toll {theirs:.2f}")
        blind[out] = revised(linear[out], encoder[out], ours, theirs, shipped)
    for part in (0.01, 0.001):
        print(f"\n{100 * part:g} % false alarms\n")
        table(sets, [("linear", linear, bar(linear, labels, part)), ("both", both, bar(both, labels, part)), ("both, blind", blind, bar(blind, labels, part))], labels)
    print("\nas shipped\n")
    table(sets, [("linear", linear, shipped), ("both", both, shipped)], labels)


if __name__ == "__main__":
    main()
