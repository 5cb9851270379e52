"""A text in windows: a sentence with its neighbours."""

import re

SIZE = 320
CUT = re.compile(r"(?<=[.!?;])\s+|\n+")


def sentences(text, size=SIZE):
    """Begin and end of each sentence or line; one longer than a window is cut at spaces."""
    start, spans = 0, []
    for end, following in [(m.start(), m.end()) for m in CUT.finditer(text)] + [(len(text), len(text))]:
        while end - start > size:
            cut = text.rfind(" ", start + size // 2, start + size)
            cut = cut if cut > 0 else start + size
            spans.append((start, cut))
            start = cut
        if text[start:end].strip():
            spans.append((start, end))
        start = following
    return spans


def windows(text, size=SIZE):
    """Begin and end of each window; neighbours share a sentence where they can."""
    spans, found, first = sentences(text, size), [], 0
    while first < len(spans):
        last = first
        while last + 1 < len(spans) and spans[last + 1][1] - spans[first][0] <= size:
            last += 1
        found.append((spans[first][0], spans[last][1]))
        if last + 1 == len(spans):
            break
        first = last if last > first else last + 1
    return found
