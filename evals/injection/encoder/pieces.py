"""Texts to pieces: the tokenizer of the encoder, the same as `encoder/pieces.rs` reads from the model file.

Everything that depends on Unicode (case, accents, look-alike forms) is computed here once, as a table that
travels in the model file; the reader in Rust holds no tables of its own.
"""

import unicodedata

UNKNOWN, START = 0, 1
SPECIAL = ["[unknown]", "[start]"]
MAX_WORD = 32
MAX_TEXT = 16_384
SHAPES = 9

FOLDED = [(0x41, 0x250), (0x370, 0x530), (0x1E00, 0x2000), (0x2100, 0x2150), (0x2460, 0x2500), (0xFF01, 0xFF5F), (0x1D400, 0x1D800)]
INVISIBLE = [(0x00, 0x09), (0x0E, 0x20), (0x7F, 0xA0), (0xAD, 0xAE), (0x300, 0x370), (0x61C, 0x61D), (0x180E, 0x180F), (0x200B, 0x2010),
             (0x202A, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10), (0xFEFF, 0xFF00), (0xE0000, 0xE1000)]
SPACES = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000} | set(range(0x2000, 0x200B))


def fold(char):
    """What a character counts as: lower case, without accents, in its plain form."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).lower()
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return plain if len(plain) == 1 else char


def folds():
    """(character, what it counts as, whether it is upper case), for all that are not themselves."""
    return [(code, ord(fold(chr(code))), chr(code).isupper()) for low, high in FOLDED for code in range(low, high) if fold(chr(code)) != chr(code)]


def keep(piece):
    """Pieces of the teacher's vocabulary that are worth their bytes: scripts with letters and words."""
    if piece.startswith("[") and len(piece) > 1:
        return False
    text = piece[2:] if piece.startswith("##") and len(piece) > 2 else piece
    return all(c.isascii() or ord(c) < 0x530 or 0x2010 <= ord(c) < 0x2200 for c in text) and all(fold(c) == c for c in text)


class Pieces:
    def __init__(self, teacher_vocabulary):
        kept = [(index, piece) for index, piece in enumerate(teacher_vocabulary) if keep(piece)]
        self.pieces = SPECIAL + [piece for _, piece in kept]
        self.teacher = [teacher_vocabulary.index("[UNK]"), teacher_vocabulary.index("[CLS]")] + [index for index, _ in kept]
        self.ids = {piece: index for index, piece in enumerate(self.pieces)}
        self.folds = {code: (to, upper) for code, to, upper in folds()}
        self.longest = max(len(piece) for piece in self.pieces)
        self.invisible = {code for low, high in INVISIBLE for code in range(low, high)}

    def is_word(self, char):
        return (char.isalnum() if char.isascii() else "##" + char in self.ids) and char in self.ids

    def __call__(self, text, limit):
        """Ids and shapes of a text; a shape says how a piece is written and what stands before it."""
        ids, shapes = [START], [0]
        word, upper, gap = [], 0, 2

        def flush():
            nonlocal word, upper, gap
            if word:
                case = 2 if upper == len(word) > 1 else 1 if upper else 0
                for place, piece in enumerate(self.split("".join(word))):
                    ids.append(piece)
                    shapes.append(case + (3 * gap if place == 0 else 0))
                word, upper, gap = [], 0, 0

        for char in text[:MAX_TEXT]:
            if len(ids) >= limit:
                break
            code = ord(char)
            if code in SPACES:
                flush()
                gap = 2 if code == 0x0A or gap == 2 else 1
                continue
            if code in self.invisible:
                continue
            to, is_upper = self.folds.get(code, (code, False))
            to = chr(to)
            if self.is_word(to):
                word.append(to)
                upper += is_upper
                continue
            flush()
            piece = self.ids.get(to, UNKNOWN)
            if piece == UNKNOWN and ids[-1] == UNKNOWN and gap == 0:
                continue
            ids.append(piece)
            shapes.append(3 * gap)
            gap = 0
        flush()
        return ids[:limit], shapes[:limit]

    def split(self, word):
        if len(word) > MAX_WORD:
            return [UNKNOWN]
        found, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(min(len(word), start + self.longest), start, -1):
                piece = self.ids.get(mark + word[start:end])
                if piece is not None:
                    break
            found.append(UNKNOWN if piece is None else piece)
            start = end
        return found
