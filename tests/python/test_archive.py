"""The archive in a bucket of a store that is not ours (`moto`), which checks signatures and conditions."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

import boto3
import httpx2 as httpx
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "logs"
REGION = "eu-central-1"
ALLOWED = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], "Version": "2012-10-17"}


class Store:
    """A store with one bucket, and a key that opens it."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = None
        self.start()
        self.url = f"http://127.0.0.1:{self.port}"
        # What the store of another test left in this process.
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"1000000")
        httpx.post(f"{self.url}/moto-api/reset")
        self.objects = self.client("s3", "setup", "setup")
        self.objects.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        people = self.client("iam", "setup", "setup")
        people.create_user(UserName="gate")
        people.put_user_policy(UserName="gate", PolicyName="all", PolicyDocument=json.dumps(ALLOWED))
        made = people.create_access_key(UserName="gate")["AccessKey"]
        self.key, self.secret = made["AccessKeyId"], made["SecretAccessKey"]
        # From here on every request is authenticated.
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0")
        self.objects = self.client("s3", self.key, self.secret)

    def client(self, service, key, secret):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret
        )

    def start(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self.server.start()

    def stop(self):
        self.server.stop()

    def keys(self, prefix=""):
        pages = self.objects.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


@pytest.fixture
def store():
    store = Store()
    yield store
    store.stop()


class Gate:
    """A gate whose log is archived, and nothing else."""

    def __init__(self, folder, endpoint, key, secret):
        self.folder = pathlib.Path(folder)
        self.variables = {**os.environ, "ARCHIVE_KEY": key, "ARCHIVE_SECRET": secret}
        self.process = None
        (self.folder / "portcullis.toml").write_text(
            f"""
[gate]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
[selftest]
enabled = false
[ledger]
segment_bytes = 4096
checkpoint_every = "50ms"
[data]
dir = "data"
archive = "s3://{BUCKET}/gate"
[archive]
endpoint = "{endpoint}"
region = "{REGION}"
every = "100ms"
access_key = {{ env = "ARCHIVE_KEY" }}
secret_key = {{ env = "ARCHIVE_SECRET" }}
"""
        )

    def run(self, *words):
        program = os.environ.get("PORTCULLIS_BIN")
        if program is None:
            pytest.fail("PORTCULLIS_BIN is not set: run this by `cargo xtask clients`")
        command = [program, *map(str, words)]
        return subprocess.run(
            command, cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=120
        )

    @contextlib.contextmanager
    def up(self):
        addresses = self.folder / "data/addresses.json"
        with open(self.folder / "stderr.log", "w") as log:
            command = [os.environ["PORTCULLIS_BIN"], "up"]
            self.process = subprocess.Popen(command, cwd=self.folder, env=self.variables, stderr=log)
            try:
                until("the gate", lambda: addresses.exists() or None)
                self.addresses = json.loads(addresses.read_text())
                yield self
            finally:
                self.process.terminate()
                self.process.wait(timeout=60)

    def calls(self, count):
        """Calls that are refused, which leaves a record each."""
        with httpx.Client(base_url=f"http://{self.addresses['gate']}", timeout=20) as client:
            for _ in range(count):
                assert client.post("/llm/none/v1/x", headers={"authorization": "Bearer pc_x"}).status_code == 401

    def status(self):
        transport = httpx.HTTPTransport(uds=str(self.folder / "data/admin.sock"))
        with httpx.Client(transport=transport, base_url="http://localhost", timeout=20) as client:
            return client.get("/api/v1/instance").json()["instance"]

    def archived(self):
        """Waits until all that is signed now is archived; how much that is."""
        signed = until("a checkpoint of all", lambda: (s := self.status()["log"])["checkpoint"] == s["size"] and s["size"])
        return until("the archive", lambda: (a := self.status()["archive"])["archived"] >= signed and a["archived"])

    def metric(self, name):
        text = httpx.get(f"http://{self.addresses['console']}/metrics", timeout=20).text
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(f"portcullis_{name} ")))


def until(what, look, limit=60):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"waited in vain for {what}")


def restored(gate, to):
    """On a machine that has the archive's place and key and nothing else."""
    done = gate.run("ledger", "restore", "--from", f"s3://{BUCKET}/gate/main", "--to", to)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED" in done.stdout, done.stdout
    return done.stdout


def test_the_archive_follows_the_log_and_restores_it_on_an_empty_machine(store, tmp_path):
    gate = Gate(tmp_path, store.url, store.key, store.secret)
    doctor = gate.run("doctor", "--json")
    archive = [finding for finding in json.loads(doctor.stdout)["findings"] if finding["check"] == "archive"]
    assert archive and archive[0]["state"] == "ok", archive
    assert store.keys() == [], "the trial leaves nothing"
    with gate.up():
        gate.calls(300)
        size = gate.archived()
        assert size >= 300
        keys = store.keys("gate/main/")
        assert {f"gate/main/{name}" for name in ("checkpoint", "vkey", "tile/0/000", "tile/entries/000")} <= set(keys)
        assert sum(key.endswith(".seg") for key in keys) > 3, keys
        gate.calls(300)
        assert gate.archived() >= size + 300
        # Tiles that have grown full since are not kept half full as well.
        assert not any("/tile/0/001.p/" in key for key in store.keys())
        assert gate.metric("archive_failing") == 0 and gate.metric("archive_written_bytes_total") > 0
    restored(gate, tmp_path / "restored")
    again = gate.run("ledger", "archive", "--json")
    assert again.returncode == 0, again.stderr
    nothing = gate.run("ledger", "archive", "--json")
    assert json.loads(nothing.stdout)["files"] == 0, nothing.stdout


def test_a_wrong_key_is_said_and_stops_nothing(store, tmp_path):
    gate = Gate(tmp_path, store.url, store.key, store.secret[::-1])
    doctor = gate.run("doctor", "--json")
    archive = next(f for f in json.loads(doctor.stdout)["findings"] if f["check"] == "archive")
    assert archive["state"] == "failed" and "403" in archive["detail"], archive
    with gate.up():
        gate.calls(5)
        failing = until("a failure", lambda: (a := gate.status()["archive"])["state"] == "failing" and a)
        assert "SignatureDoesNotMatch" in failing["error"] or "403" in failing["error"], failing
        assert gate.metric("archive_failing") == 1 and gate.metric("archive_behind_records") > 0
        gate.calls(5)
    for text in (doctor.stdout, (tmp_path / "stderr.log").read_text()):
        assert gate.variables["ARCHIVE_SECRET"] not in text


def test_what_waits_while_the_store_is_gone_is_archived_when_it_is_back(store, tmp_path):
    gate = Gate(tmp_path, store.url, store.key, store.secret)
    with gate.up():
        gate.calls(5)
        gate.archived()
        store.stop()
        gate.calls(100)
        until("a failure", lambda: gate.status()["archive"]["state"] == "failing")
        store.start()
        gate.archived()
        assert gate.status()["archive"]["state"] == "running"
    restored(gate, tmp_path / "restored")


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/000", "vkey"])
def test_an_object_that_somebody_changed_is_found_and_not_repaired_over(store, tmp_path, path):
    gate = Gate(tmp_path, store.url, store.key, store.secret)
    with gate.up():
        gate.calls(300)
        gate.archived()
    key = f"gate/main/{path}"
    changed = bytearray(store.objects.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    changed[0] ^= 1
    store.objects.put_object(Bucket=BUCKET, Key=key, Body=bytes(changed))
    done = gate.run("ledger", "archive")
    assert done.returncode == 1 and f"{path} is there already and is another one" in done.stderr, done.stderr
    assert store.objects.get_object(Bucket=BUCKET, Key=key)["Body"].read() == bytes(changed)
    back = gate.run("ledger", "restore", "--from", f"s3://{BUCKET}/gate/main", "--to", "back", "--vkey", "data/ledger/main/vkey")
    assert back.returncode != 0, back.stdout


def test_another_log_does_not_take_the_place_of_the_first(store, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (Gate(tmp_path / name, store.url, store.key, store.secret) for name in ("one", "two"))
    with one.up():
        one.calls(5)
        one.archived()
    before = {key: store.objects.head_object(Bucket=BUCKET, Key=key)["ETag"] for key in store.keys()}
    with two.up():
        two.calls(5)
        failing = until("a failure", lambda: (a := two.status()["archive"])["state"] == "failing" and a)
        assert "vkey is there already" in failing["error"], failing
    assert {key: store.objects.head_object(Bucket=BUCKET, Key=key)["ETag"] for key in store.keys()} == before


def test_a_store_that_never_answers_slows_nobody(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        gate = Gate(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", "key", "secret")
        with gate.up():
            until("the archive to be asked", lambda: asked(silent))
            start = time.monotonic()
            gate.calls(100)
            assert time.monotonic() - start < 20
            stopped = time.monotonic()
        assert time.monotonic() - stopped < 20, "nor does it hold up the end"


def asked(silent):
    silent.settimeout(0.01)
    with contextlib.suppress(TimeoutError):
        silent.accept()[0].detach()
        return True


class Careless(http.server.BaseHTTPRequestHandler):
    """A store that takes conditions and does not look at them."""

    protocol_version = "HTTP/1.1"
    objects = {}

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("etag", '"x"')
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.objects[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self.answer(200)

    def do_GET(self):
        found = self.objects.get(self.path)
        self.answer(200 if found else 404, found or b"")

    def do_DELETE(self):
        self.objects.pop(self.path, None)
        self.answer(204)

    def log_message(self, *_):
        pass


def test_a_store_without_conditions_is_found_out_by_doctor(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        gate = Gate(tmp_path, f"http://127.0.0.1:{server.server_port}", "key", "secret")
        doctor = gate.run("doctor", "--json")
        archive = next(f for f in json.loads(doctor.stdout)["findings"] if f["check"] == "archive")
        assert archive["state"] == "failed" and "If-None-Match" in archive["detail"], archive
        assert Careless.objects == {}
    finally:
        server.shutdown()
