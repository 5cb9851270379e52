"""The verifier that was written from the docs agrees with ours, on good and on damaged logs."""

import base64
import json
import os
import pathlib
import random
import shutil
import subprocess
import tarfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import verify_log
from verify_log import Fault, Verifier, key_file

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "ledger"
LOG = VECTORS / "log"
PROOFS = json.loads((VECTORS / "proofs.json").read_text())
KEY = key_file(LOG / "vkey")
WITNESS = key_file(VECTORS / "witness.vkey")
# Each of these is a run of our program.
DAMAGED = 60


def holds(check, *arguments):
    try:
        return check(*arguments)
    except Fault:
        return False


def hashes(case, name):
    return [bytes.fromhex(found) for found in case[name]]


@pytest.mark.parametrize("case", PROOFS["inclusion"])
def test_inclusion(case):
    leaf, root = bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])
    arguments = (leaf, case["index"], case["size"], hashes(case, "path"), root)
    assert (holds(verify_log.check_inclusion, *arguments) is None) == case["holds"], case["name"]


@pytest.mark.parametrize("case", PROOFS["consistency"])
def test_consistency(case):
    roots = [bytes.fromhex(case[name]) for name in ("old_root", "new_root")]
    arguments = (case["old"], roots[0], case["new"], roots[1], hashes(case, "path"))
    assert (holds(verify_log.check_consistency, *arguments) is None) == case["holds"], case["name"]


@pytest.mark.parametrize("case", PROOFS["checkpoint"])
def test_checkpoint(case):
    opened = holds(verify_log.open_checkpoint, case["note"].encode(), KEY)
    assert bool(opened) == case["holds"], case["name"]


@pytest.mark.parametrize("case", PROOFS["cosignature"])
def test_cosignature(case):
    time = holds(verify_log.cosigned_at, case["note"].encode(), WITNESS)
    assert (time or None) == case["time"], case["name"]


def test_the_log_of_the_vectors():
    report = Verifier(LOG, KEY, [WITNESS]).run().report()
    assert report["faults"] == []
    assert (report["proven"], report["witnessed"]) == (270, {WITNESS.name: 256})
    assert len(report["unfinished"]) == 1


def test_evidence_can_be_checked_by_hand():
    with tarfile.open(VECTORS / "evidence.tar") as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}
    size, root = verify_log.open_checkpoint(files["checkpoint"], KEY)
    records = [name for name in files if name.startswith("records/")]
    assert len(records) == 4
    for name in records:
        proof = files[name.replace("records/", "proofs/").replace(".json", ".tlog-proof")].decode()
        head, _, checkpoint = proof.partition("\n\n")
        form, index, *path = head.split("\n")
        assert form == "c2sp.org/tlog-proof@v1" and checkpoint.encode() == files["checkpoint"]
        leaf = verify_log.leaf_hash(files[name])
        path = [base64.b64decode(line) for line in path]
        verify_log.check_inclusion(leaf, int(index.removeprefix("index ")), size, path, root)
    listed = {file["name"]: file["sha256"] for file in json.loads(files["manifest.json"])["files"]}
    del files["manifest.json"]
    assert listed == {name: verify_log.sha256(text).hex() for name, text in files.items()}


def ours(folder, vkey=VECTORS / "log/vkey", witnesses=(VECTORS / "witness.vkey",)):
    """The report of the program; without segments its verdict is `verified` or `failed`."""
    program = os.environ.get("PORTCULLIS_BIN")
    if not program:
        pytest.fail("PORTCULLIS_BIN is not set: run this by `cargo xtask clients`")
    words = [program, "ledger", "verify", str(folder), "--json", "--vkey", str(vkey)]
    words += [word for witness in witnesses for word in ("--witness", str(witness))]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, env={}, check=False)
    assert answer.returncode in (0, 3), answer.stderr
    return json.loads(answer.stdout)


def current():
    """The files that the verification of the published checkpoint stands on."""
    files = sorted(path.relative_to(LOG) for path in LOG.rglob("*") if path.is_file())
    return [file for file in files if ".p" not in str(file) or str(file).endswith((".p/14", ".p/1"))]


def change(folder, chance):
    """One change somewhere, and what it was."""
    file = chance.choice(current())
    path = folder / file
    bytes_ = bytearray(path.read_bytes())
    at = chance.randrange(len(bytes_))
    what = chance.choice(["flip", "cut", "double", "drop", "remove", "swap"])
    if what == "flip":
        bytes_[at] ^= 1 << chance.randrange(8)
    elif what == "cut":
        del bytes_[at:]
    elif what == "double":
        bytes_[at:at] = bytes_[at : at + 40]
    elif what == "drop":
        del bytes_[at]
    elif what == "swap":
        other = chance.randrange(len(bytes_))
        bytes_[at], bytes_[other] = bytes_[other], bytes_[at]
    if what == "remove":
        path.unlink()
    else:
        path.write_bytes(bytes_)
    return f"{what} at {at} of {file}", what == "remove" or bytes(bytes_) != (LOG / file).read_bytes()


@pytest.mark.parametrize("seed", range(DAMAGED))
def test_both_agree_on_a_damaged_log(tmp_path, seed):
    chance = random.Random(seed)
    folder = tmp_path / "log"
    shutil.copytree(LOG, folder)
    what, is_changed = change(folder, chance)
    theirs = Verifier(folder, KEY, [WITNESS]).run().report()
    report = ours(folder)
    assert report["verdict"] == theirs["verdict"], (what, report["faults"], theirs["faults"])
    if is_changed:
        assert theirs["verdict"] == "failed", what
        files = {fault["file"] for fault in report["faults"]}
        assert files & {fault["file"] for fault in theirs["faults"]}, what


class Author:
    """A log of our own hand, so that what only its key can say can be said."""

    NAME = "author.example/ledger/main"

    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        public = b"\x01" + self.private.public_key().public_bytes_raw()
        self.id = verify_log.sha256(self.NAME.encode(), b"\n", public)[:4]
        self.vkey = f"{self.NAME}+{self.id.hex()}+{base64.b64encode(public).decode()}"

    def note(self, text):
        signature = base64.b64encode(self.id + self.private.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.NAME} {signature}\n"

    def write(self, folder, count):
        """The first `count` of a row of records, in bundles and tiles, under one checkpoint."""
        records = [b'{"number":%d}' % number for number in range(count)]
        tree, leaves = verify_log.Tree(), [verify_log.leaf_hash(record) for record in records]
        for leaf in leaves:
            tree.push(leaf)
        for number in range(0, count, 256):
            width = min(256, count - number)
            parts = [len(record).to_bytes(2, "big") + record for record in records[number : number + width]]
            self.file(folder, verify_log.path_of("entries", number // 256, width), b"".join(parts))
            self.file(folder, verify_log.path_of(0, number // 256, width), b"".join(leaves[number : number + width]))
        full = [verify_log.Tree() for _ in range(count // 256)]
        for number, below in enumerate(full):
            for leaf in leaves[number * 256 : number * 256 + 256]:
                below.push(leaf)
        if full:
            self.file(folder, verify_log.path_of(1, 0, len(full)), b"".join(below.root() for below in full))
        checkpoint = self.note(f"{self.NAME}\n{count}\n{base64.b64encode(tree.root()).decode()}\n")
        for name, text in (("checkpoint", checkpoint), ("checkpoints", checkpoint + "\n"), ("vkey", self.vkey + "\n")):
            self.file(folder, name, text.encode())

    def drop(self, folder, first, before=0):
        self.file(folder, "dropped", self.note(f"{self.NAME}/dropped\n{first}\n{before}\n").encode())

    @staticmethod
    def file(folder, name, content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def cut(folder, *bundles):
    for number in bundles:
        (folder / verify_log.path_of("entries", number, 256)).unlink()


# What is done to a log of 1,000 records, and what both must say of it.
DROPS = {
    "as stated": (lambda author, log: (author.drop(log, 600), cut(log, 0, 1)), "retained", 488),
    "less than stated": (lambda author, log: (author.drop(log, 600, 300), cut(log, 0)), "retained", 744),
    "stated alone": (lambda author, log: author.drop(log, 600), "verified", 1000),
    "more than stated": (lambda author, log: (author.drop(log, 511), cut(log, 0, 1)), "failed", 0),
    "not stated": (lambda author, log: cut(log, 0), "failed", 0),
    "stated by a stranger": (lambda author, log: (Author().drop(log, 600), cut(log, 0)), "failed", 0),
    "less than before": (lambda author, log: (author.drop(log, 600, 601), cut(log, 0)), "failed", 0),
    "with its hashes": (
        lambda author, log: (author.drop(log, 600), cut(log, 0), (log / "tile/0/000").unlink()),
        "failed",
        0,
    ),
    "with a hash changed": (
        lambda author, log: (author.drop(log, 600), cut(log, 0), (log / "tile/0/000").write_bytes(bytes(8192))),
        "failed",
        0,
    ),
}


@pytest.mark.parametrize("case", DROPS)
def test_both_agree_on_a_log_whose_beginning_was_dropped(tmp_path, case):
    author, folder = Author(), tmp_path / "log"
    author.write(folder, 1000)
    done, verdict, proven = DROPS[case]
    done(author, folder)
    theirs = Verifier(folder, key_file(folder / "vkey")).run().report()
    report = ours(folder, folder / "vkey", ())
    assert (report["verdict"], report["proven"]) == (verdict, proven), report["faults"]
    assert (theirs["verdict"], theirs["proven"]) == (verdict, proven), theirs["faults"]


def test_both_agree_on_the_good_log():
    report, theirs = ours(LOG), Verifier(LOG, KEY, [WITNESS]).run().report()
    assert (report["verdict"], report["proven"]) == (theirs["verdict"], theirs["proven"])
    assert report["unfinished"] == theirs["unfinished"]


def test_both_agree_on_a_log_that_was_rolled_back(tmp_path):
    """The published checkpoint and the kept ones are those of 7 records; the witness saw 256."""
    folder = tmp_path / "log"
    shutil.copytree(LOG, folder)
    notes = verify_log.split_notes((folder / "checkpoints").read_bytes())
    kept = notes[: [n.split(b"\n")[1] for n in notes].index(b"7") + 1]
    (folder / "checkpoints").write_bytes(b"".join(note + b"\n" for note in kept))
    (folder / "checkpoint").write_bytes(kept[-1])
    theirs = Verifier(folder, KEY, [WITNESS]).run().report()
    for report in (ours(folder), theirs):
        assert report["verdict"] == "failed"
        assert any("rolled back" in fault["message"] for fault in report["faults"])


def test_both_agree_on_the_log_that_the_gate_just_wrote(tmp_path):
    """A copy of the running log: kept checkpoints first, so that the published one is not behind."""
    if "LEDGER" not in os.environ:
        pytest.fail("LEDGER is not set: run this by `cargo xtask clients`")
    source, folder = pathlib.Path(os.environ["LEDGER"]), tmp_path / "log"
    folder.mkdir()
    for name in ("checkpoint", "checkpoints", "vkey"):
        shutil.copy(source / name, folder / name)
    notes = verify_log.split_notes((folder / "checkpoints").read_bytes())
    (folder / "checkpoint").write_bytes(notes[-1])
    shutil.copytree(source / "tile", folder / "tile")
    theirs = Verifier(folder, key_file(folder / "vkey")).run().report()
    report = ours(folder, folder / "vkey", ())
    assert (report["faults"], theirs["faults"]) == ([], [])
    assert (report["verdict"], report["proven"]) == (theirs["verdict"], theirs["proven"])
