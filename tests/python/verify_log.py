"""Verifies a log in a folder, written from docs/log-format.md alone.

    python verify_log.py FOLDER [--vkey FILE] [--witness FILE …]

Prints a report in JSON. Exit status 0: everything fits; 3: something does not.
"""

import argparse
import base64
import binascii
import hashlib
import json
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 1, 4
WIDTH = 256


class Fault(Exception):
    """Something does not fit."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(record):
    return sha256(b"\0", record)


def node(left, right):
    return sha256(b"\1", left, right)


def unbase64(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault(f"not base64: {text!r}") from error


def decimal(text):
    if not text.isascii() or not text.isdigit() or str(int(text)) != text:
        raise Fault(f"not a decimal number: {text!r}")
    return int(text)


class Key:
    """A verifier key: name+id+base64(type ‖ key)."""

    def __init__(self, text):
        try:
            self.name, identity, encoded = text.split("+", 2)
        except ValueError as error:
            raise Fault("this is no verifier key") from error
        material = unbase64(encoded)
        if len(material) != 33 or material[0] not in (LOG, WITNESS):
            raise Fault("a key of a kind that is not known")
        self.kind, self.public = material[0], material[1:]
        self.id = sha256(self.name.encode(), b"\n", material)[:4]
        if not self.name or " " in self.name or self.id.hex() != identity:
            raise Fault("the key's id is not that of the key")
        self.text = text

    def accepts(self, message, signature):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def split_note(note):
    """The text, and the signature lines as (name, id, signature)."""
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise Fault("the note is no text") from error
    if any(c < " " and c != "\n" for c in whole) or not whole.endswith("\n"):
        raise Fault("the note holds what no note holds")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines:
        raise Fault("the note has no signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014":
            raise Fault(f"no signature line: {line!r}")
        bytes_ = unbase64(words[2])
        if len(bytes_) < 4:
            raise Fault("a signature without an id")
        signatures.append((words[1], bytes_[:4], bytes_[4:]))
    return text + "\n", signatures


def open_checkpoint(note, key):
    """Size and root of a checkpoint that the log's key has signed."""
    text, signatures = split_note(note)
    if key.kind != LOG:
        raise Fault("this key is none of a log")
    ours = [signature for name, id_, signature in signatures if (name, id_) == (key.name, key.id)]
    if not ours or not all(key.accepts(text.encode(), signature) for signature in ours):
        raise Fault("the checkpoint is not signed by the log's key")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or lines[0] != key.name:
        raise Fault("the text is no checkpoint of this log")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise Fault("the root is no hash")
    return decimal(lines[1]), root


def open_dropped(note, key):
    """The first record whose segment is left, as the log's key says."""
    text, signatures = split_note(note)
    ours = [signature for name, id_, signature in signatures if (name, id_) == (key.name, key.id)]
    if not ours or not all(key.accepts(text.encode(), signature) for signature in ours):
        raise Fault("the note of what was dropped is not signed by the log's key")
    lines = text[:-1].split("\n")
    if len(lines) != 3 or lines[0] != f"{key.name}/dropped":
        raise Fault("the text is no note of what was dropped")
    first, before = decimal(lines[1]), decimal(lines[2])
    if before > first:
        raise Fault("less was dropped than before")
    return first


def cosigned_at(note, witness):
    """The time of a witness's cosignature; None where there is none."""
    text, signatures = split_note(note)
    time = None
    for name, id_, signature in signatures:
        if (name, id_) != (witness.name, witness.id):
            continue
        stamp = int.from_bytes(signature[:8], "big")
        message = f"cosignature/v1\ntime {stamp}\n{text}"
        if len(signature) != 72 or not witness.accepts(message.encode(), signature[8:]):
            raise Fault(f"the cosignature by {name} does not fit")
        time = max(time or 0, stamp)
    return time


def split_notes(file):
    """Notes that stand one after the other, each followed by an empty line."""
    parts = file.split(b"\n\n")
    if parts.pop() != b"" or len(parts) % 2:
        raise Fault("the last note is cut short")
    pairs = zip(parts[::2], parts[1::2])
    return [text + b"\n\n" + signatures + b"\n" for text, signatures in pairs]


def check_inclusion(leaf, index, size, path, root):
    if index >= size:
        raise Fault("the index lies outside of the tree")
    f, s, found = index, size - 1, leaf
    for p in path:
        if s == 0:
            raise Fault("a hash too many")
        if f & 1 or f == s:
            found = node(p, found)
            while f and not f & 1:
                f, s = f >> 1, s >> 1
        else:
            found = node(found, p)
        f, s = f >> 1, s >> 1
    if s or found != root:
        raise Fault("the proof does not lead to the root")


def check_consistency(old, old_root, new, new_root, path):
    if old > new:
        raise Fault("the old tree is the larger one")
    if old == new or old == 0:
        if path or (old == new and old_root != new_root) or (old == 0 and old_root != sha256()):
            raise Fault("the trees are different")
        return
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Fault("the proof is empty")
    f, s = old - 1, new - 1
    while f & 1:
        f, s = f >> 1, s >> 1
    a = b = path[0]
    for p in path[1:]:
        if s == 0:
            raise Fault("a hash too many")
        if f & 1 or f == s:
            a, b = node(p, a), node(p, b)
            while f and not f & 1:
                f, s = f >> 1, s >> 1
        else:
            b = node(b, p)
        f, s = f >> 1, s >> 1
    if s or a != old_root or b != new_root:
        raise Fault("the proof does not lead to both roots")


class Tree:
    """The right edge: one hash for each complete subtree of falling size."""

    def __init__(self):
        self.size = 0
        self.stack = []

    def push(self, leaf):
        found, size = leaf, self.size
        while size & 1:
            found = node(self.stack.pop(), found)
            size >>= 1
        self.stack.append(found)
        self.size += 1

    def root(self):
        if not self.stack:
            return sha256()
        found = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            found = node(left, found)
        return found


def path_of(level, number, width):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    path = f"tile/{level}/{'/'.join(groups)}"
    return path if width == WIDTH else f"{path}.p/{width}"


class Verifier:
    """One verification of one folder; `faults` is what does not fit."""

    def __init__(self, folder, key=None, witnesses=()):
        self.folder = pathlib.Path(folder)
        self.trusted = key
        self.witnesses = list(witnesses)
        self.faults = []
        self.size = 0
        # Records before this one may be there by their hashes alone.
        self.dropped = 0
        self.by_hash = 0
        self.witnessed = {}
        self.open_actions = {}

    def fault(self, file, error, index=None):
        self.faults.append({"file": file, "index": index, "message": str(error)})

    def read(self, name):
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def tile(self, level, number, width):
        """The bytes of a tile, and whether they are those of the full one it has grown into."""
        found = self.read(path_of(level, number, width))
        if found is None and width < WIDTH:
            return self.read(path_of(level, number, WIDTH)), True
        return found, False

    def run(self):
        key = self.key()
        if key:
            heads = self.heads(key)
            self.dropped = self.drop(key)
            if heads is not None:
                self.records(heads)
        return self

    def key(self):
        try:
            text = (self.read("vkey") or b"").decode()
            own = Key(text.removesuffix("\n"))
            if not text.endswith("\n") or (self.trusted and own.text != self.trusted.text):
                raise Fault("another key than the trusted one")
        except (Fault, UnicodeDecodeError) as error:
            self.fault("vkey", error)
            own = None
        return self.trusted or own

    def notes(self, name, key):
        """Size, root and note of each checkpoint in a file of them."""
        heads = []
        try:
            for note in split_notes(self.read(name) or b""):
                try:
                    heads.append((*open_checkpoint(note, key), note))
                except Fault as error:
                    self.fault(name, error)
        except Fault as error:
            self.fault(name, error)
        return heads

    def heads(self, key):
        """By size: the roots that must come out, with the file that says so."""
        try:
            self.size, root = open_checkpoint(self.read("checkpoint") or b"", key)
        except Fault as error:
            self.fault("checkpoint", error)
            return None
        kept = self.notes("checkpoints", key)
        sizes = [size for size, _, _ in kept]
        if sizes != sorted(set(sizes)):
            self.fault("checkpoints", "the sizes do not rise")
        if not kept or kept[-1][:2] != (self.size, root):
            self.fault("checkpoints", "the last kept checkpoint is not the published one")
        cosigned = self.notes("cosigned", key) if self.read("cosigned") is not None else []
        for witness in self.witnesses:
            self.cosignatures(witness, cosigned)
        heads = {}
        for name, notes in (("checkpoints", kept), ("cosigned", cosigned)):
            for size, root, _ in notes:
                if size > self.size:
                    self.fault(name, f"{size} records were signed: the log was rolled back")
                heads.setdefault(size, []).append((root, name))
        return heads

    def drop(self, key):
        """How far the log was dropped, rounded down to whole bundles."""
        note = self.read("dropped")
        if note is None:
            return 0
        try:
            return open_dropped(note, key) // WIDTH * WIDTH
        except Fault as error:
            self.fault("dropped", error)
            return 0

    def cosignatures(self, witness, cosigned):
        try:
            for size, _, note in cosigned:
                if cosigned_at(note, witness) is not None:
                    self.witnessed[witness.name] = max(size, self.witnessed.get(witness.name, 0))
        except Fault as error:
            self.fault("cosigned", error)
        if witness.name not in self.witnessed:
            self.fault("cosigned", f"nothing is cosigned by {witness.name}")

    def records(self, heads):
        tree, rows = Tree(), [[]]
        self.compare_roots(tree, heads)
        for number in range((self.size + WIDTH - 1) // WIDTH):
            width = min(WIDTH, self.size - number * WIDTH)
            for leaf in self.hashes_alone(number, width):
                rows[0].append(leaf)
                tree.push(leaf)
                self.compare_roots(tree, heads)
            if len(rows[0]) > number * WIDTH:
                continue
            for record in self.bundle(number, width):
                self.phase(tree.size, record)
                rows[0].append(leaf_hash(record))
                tree.push(rows[0][-1])
                self.compare_roots(tree, heads)
        level = 0
        while rows[level]:
            self.tiles(level, rows[level])
            full = len(rows[level]) // WIDTH
            above = []
            for number in range(full):
                below = Tree()
                for found in rows[level][number * WIDTH : (number + 1) * WIDTH]:
                    below.push(found)
                above.append(below.root())
            rows.append(above)
            level += 1

    def compare_roots(self, tree, heads):
        for root, name in heads.get(tree.size, []):
            if root != tree.root():
                self.fault(name, f"another root is signed for {tree.size} records", tree.size)

    def hashes_alone(self, number, width):
        """The hashes of records that were dropped, from their tile; none where the records are there."""
        is_dropped = number * WIDTH + width <= self.dropped
        if not is_dropped or self.tile("entries", number, width)[0] is not None:
            return []
        found, _ = self.tile(0, number, width)
        if found is None or len(found) < 32 * width:
            self.fault(path_of(0, number, width), "the tile is missing", number * WIDTH)
            return []
        self.by_hash += width
        return [found[at : at + 32] for at in range(0, 32 * width, 32)]

    def bundle(self, number, width):
        name = path_of("entries", number, width)
        found, has_grown = self.tile("entries", number, width)
        if found is None:
            self.fault(name, "the bundle is missing", number * WIDTH)
            return []
        records, at = [], 0
        while len(records) < width:
            length = int.from_bytes(found[at : at + 2], "big")
            record = found[at + 2 : at + 2 + length]
            if at + 2 > len(found) or len(record) < length:
                self.fault(name, "the bundle ends inside a record", number * WIDTH + len(records))
                return records
            records.append(record)
            at += 2 + length
        if at != len(found) and not has_grown:
            self.fault(name, "bytes follow the last record")
        return records

    def tiles(self, level, hashes):
        for number in range((len(hashes) + WIDTH - 1) // WIDTH):
            made = hashes[number * WIDTH : (number + 1) * WIDTH]
            name = path_of(level, number, len(made))
            found, has_grown = self.tile(level, number, len(made))
            if found is None:
                self.fault(name, "the tile is missing", number * WIDTH << (8 * level))
                continue
            if has_grown:
                found = found[: 32 * len(made)]
            if found != b"".join(made):
                self.fault(name, "the tile is not that of the records", number * WIDTH)

    def phase(self, index, record):
        try:
            action = json.loads(record)
            identity, status = action["id"], action["status"]
        except (ValueError, KeyError, TypeError):
            return
        if not isinstance(identity, str) or not isinstance(status, str):
            return
        if status != "begun":
            self.open_actions.pop(identity, None)
        elif identity in self.open_actions:
            self.fault("tile/entries", f"{identity} was begun twice", index)
        else:
            self.open_actions[identity] = index

    def report(self):
        return {
            "verdict": "failed" if self.faults else "retained" if self.by_hash else "verified",
            "proven": 0 if self.faults else self.size - self.by_hash,
            "witnessed": self.witnessed,
            "unfinished": list(self.open_actions),
            "not_proved": [f"that nothing was written after {self.size} records"],
            "faults": self.faults,
        }


def key_file(path):
    return Key(pathlib.Path(path).read_text().strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--vkey")
    parser.add_argument("--witness", action="append", default=[])
    arguments = parser.parse_args()
    key = key_file(arguments.vkey) if arguments.vkey else None
    witnesses = [key_file(path) for path in arguments.witness]
    report = Verifier(arguments.folder, key, witnesses).run().report()
    print(json.dumps(report, indent=2))
    return 3 if report["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
