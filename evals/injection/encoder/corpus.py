"""The training examples: labelled windows from the labelled texts, from documents and from planting one into the other."""

import gzip
import json
import pathlib
import random as randomness
import re

import phrases
from windows import SIZE, sentences, windows

USER, TOOL = 0, 1
SHARE = {"promptarmor": 0.5, "slabs": 0.6, "neuralchemy": 0.8}  # of the largest sets, what one epoch takes
CALM = 7_000
ASKING = re.compile(r"^(what|how|who|why|when|where|which|can|could|would|is|are|do|does|did|should|give|write|tell|explain|describe|list|create|generate|make|summari|translate|help|find|show|name|compare|suggest|recommend|provide|calculate|convert|define|design|draft|compose|plan|identify|analy|outline|discuss|please)", re.I)


def rows(path):
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def channels(row):
    name = row["channel"]
    return (USER,) if name.startswith("user") else (USER, TOOL) if name == "both" else (TOOL,)


def paragraphs(folders):
    """Parts of plain documents (Markdown, text, code) found below the folders, in a fixed order."""
    found = []
    for folder in folders:
        for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix in (".md", ".txt", ".rst", ".py", ".rs", ".toml", ".json")):
            text = path.read_text(encoding="utf-8", errors="ignore")[:40_000]
            found.extend(text[begin:end] for begin, end in windows(text, 600)[:12] if end - begin > 60)
    return found


def plant(context, planted, random):
    """A window of the context with a sentence planted at a seam, and of what stands around it no more than fits."""
    spans = sentences(context) or [(0, len(context))]
    place = random.randrange(len(spans) + 1)
    at = spans[place][0] if place < len(spans) else len(context)
    room = max(0, random.randint(40, 420) - len(planted))
    left = random.randint(0, room)
    before, after = context[max(0, at - left) : at], context[at : at + room - left]
    if random.random() < 0.3 and after:  # inside a value or a line, not between them
        cut = random.randint(0, min(20, len(after)))
        cut = after.find(" ", cut)
        if cut > 0:
            before, after = before + after[:cut], after[cut:]
    seam = random.choice([" ", " ", "\n", "\n\n", ". "])
    return before + (seam if before and not before[-1:].isspace() else "") + planted + random.choice([" ", "\n"]) + after


class Corpus:
    """Windows as (text, channel, label, weight); long attacks as lists of windows of which one at least is one."""

    def __init__(self, labelled, documents, seed, share=1.0):
        self.random = randomness.Random(seed)
        self.single, self.bags, self.share = [], [], share
        self.labelled = labelled
        honest = [r["text"] for r in labelled if r["label"] == 0 and TOOL in channels(r)]
        self.contexts = honest * 3 + [phrases.document(self.random) for _ in range(6000)] + documents
        asked = [r["text"] for r in labelled if r["label"] == 0 and USER in channels(r)]
        self.asked = asked
        self.requests = [t for t in asked if len(t) < 300 and (t.rstrip().endswith("?") or ASKING.match(t))]
        self.statements = [t for t in asked if len(t) < 300 and not (t.rstrip().endswith("?") or ASKING.match(t))]
        self.attacks = [r["text"] for r in labelled if r["label"] == 1 and len(r["text"]) < 400]
        self.documents = documents

    def add(self, text, channel, label, weight=1.0):
        self.single.append((text, channel, label, weight))

    def texts(self):
        """The labelled texts themselves, cut into windows."""
        for row in self.labelled:
            of = channels(row)
            if self.random.random() > self.share * SHARE.get(row["set"], 1.0):
                continue
            spans = windows(row["text"])
            for channel in of if len(of) == 1 else [self.random.choice(of)]:
                if row["label"] == 0:
                    for begin, end in spans[:6]:
                        self.add(row["text"][begin:end], channel, 0)
                elif len(spans) <= 1:
                    self.add(row["text"], channel, 1)
                else:
                    self.bags.append(([row["text"][b:e] for b, e in spans[:12]], channel))

    def tool(self, count):
        """Planted tasks, planted attacks, and the same places without or with something harmless."""
        random = self.random
        for _ in range(int(self.share * count)):
            context, choice = random.choice(self.contexts), random.random()
            if choice < 0.35:
                planted = random.choice(self.requests)
                planted = planted if random.random() < 0.6 else phrases.carried(planted, random)
            elif choice < 0.75:
                planted = phrases.act(random)
            else:
                planted = random.choice(self.attacks)
            self.add(plant(context, planted, random), TOOL, 1)
            context = random.choice(self.contexts)
            harmless = random.choice(self.statements) if random.random() < 0.4 else " ".join(phrases.talk(random, random.randint(1, 2)))
            self.add(plant(context, harmless, random), TOOL, 0)
        for context in random.sample(self.contexts, min(int(self.share * CALM), len(self.contexts))):
            spans = windows(context)
            begin, end = random.choice(spans) if spans else (0, len(context))
            self.add(context[begin:end], TOOL, 0)

    def user(self, count):
        """Long honest prompts, prompts full of trigger words, errands; and attacks within long prompts."""
        random = self.random
        for _ in range(int(self.share * count)):
            material = random.choice(self.documents or self.contexts)[: random.randint(60, SIZE)]
            task = phrases.fill(random.choice(phrases.TASKS), random)
            self.add(random.choice([f"{task}\n{material}", f"{material}\n\n{task}", f'{task} "{material}"', material]), USER, 0)
            self.add(phrases.prompt(random), USER, 0)
            if random.random() < 0.5:
                self.add(phrases.errand(random), USER, 0)
            self.add(" ".join(random.choice([random.choice(self.asked), phrases.prompt(random)]) for _ in range(random.randint(2, 4)))[:400], USER, 0)
            if random.random() < 0.6:
                self.add(plant(material, random.choice(self.attacks), random), USER, 1)

    def build(self, tool, user):
        self.texts()
        self.tool(tool)
        self.user(user)
        return self


LEET = str.maketrans("aeiost", "4310$7")


def disturbed(text, random):
    """A text as a careless or a careful writer would have it; labels stay."""
    choice = random.random()
    if choice < 0.62:
        return text
    if choice < 0.70:
        return text.lower()
    if choice < 0.74:
        return text.upper()
    if choice < 0.77:
        return text.translate(LEET)
    words = text.split(" ")
    if choice < 0.84:  # words dropped
        return " ".join(w for w in words if random.random() > 0.08)
    if choice < 0.87:  # no punctuation
        return re.sub(r"[.,!?;:'\"]", "", text)
    if choice < 0.89:  # letters spaced out in a few words
        return " ".join(" ".join(w) if random.random() < 0.15 else w for w in words)
    return " ".join(misspelt(w, random) if len(w) > 3 and random.random() < 0.12 else w for w in words)


def misspelt(word, random):
    at = random.randrange(1, len(word) - 1)
    return random.choice([word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]])
