"""The official conformance suite against its reference server, alone and behind the gate.

`run.py --suite FOLDER --reference FOLDER --node PROGRAM [--spec VERSION]…`, inside `scene`, which has
started the gate. A scenario fails here where it comes out worse behind the gate than alone.
"""

import argparse
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
WAIT = 30.0
# One version of each era.
SPECS = ["2025-11-25", "2026-07-28"]
SUMMARY = re.compile(r"^[✓✗] (\S+): (\d+) passed, (\d+) failed", re.MULTILINE)


def main():
    words = argparse.ArgumentParser()
    for name in ("suite", "reference", "node"):
        words.add_argument(f"--{name}", required=True)
    words.add_argument("--spec", action="append")
    words = words.parse_args()
    counts = {"passed": 0, "failed": 0}
    for spec in words.spec or SPECS:
        alone, behind = compared(words, spec)
        print(f"\n{spec:45} {'alone':>12} {'behind':>12}")
        for name in sorted({*alone, *behind}):
            before, after = alone.get(name), behind.get(name)
            kept = after and (before is None or (after[0] >= before[0] and after[1] <= before[1]))
            counts["passed" if kept else "failed"] += 1
            print(f"{name:45} {shown(before):>12} {shown(after):>12}{'' if kept else '  worse'}")
        if not alone:
            raise SystemExit(f"the suite has no scenario for {spec}")
    print(f"\n{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(3 if counts["failed"] else 0)


def shown(counts):
    return "not run" if counts is None else f"{counts[0]} / {sum(counts)}"


def compared(words, spec):
    """What each scenario comes to: alone, then behind the gate."""
    port = int(os.environ["MCP_PORT"])
    with reference(words.reference, port):
        alone = scenarios(words, spec, f"http://127.0.0.1:{port}/mcp")
    with reference(words.reference, port), relay(words.node) as relayed:
        return alone, scenarios(words, spec, f"http://127.0.0.1:{relayed}/mcp/web")


def scenarios(words, spec, url):
    """Checks that passed and that failed, by scenario."""
    program = pathlib.Path(words.suite) / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [words.node, program, "server", "--url", url, "--suite", "all", "--spec-version", spec, "-o", folder],
            capture_output=True, text=True, timeout=300,
        )
    if os.environ.get("VERBOSE"):
        print(done.stdout, done.stderr)
    return {name: (int(passed), int(failed)) for name, passed, failed in SUMMARY.findall(done.stdout)}


@contextlib.contextmanager
def reference(folder, port):
    """The reference server, fresh: some scenarios change what it offers."""
    environment = {**os.environ, "PYTHONPATH": str(server_in(folder))}
    command = [sys.executable, "-m", "mcp_everything_server", "--port", str(port), "--log-level", "ERROR"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + WAIT
        while not reached(port):
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit("the reference server does not start")
        try:
            yield
        finally:
            process.terminate()


def server_in(folder):
    """Where the reference server is in the source distribution, unpacked at first use."""
    folder = pathlib.Path(folder)
    servers = list(folder.glob("*/examples/servers/everything-server"))
    if not servers:
        import tarfile

        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
        servers = list(folder.glob("*/examples/servers/everything-server"))
    return servers[0]


def reached(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def relay(node):
    """The port of the relay that adds the agent's credential."""
    command = [node, HERE / "relay.mjs", os.environ["GATE_URL"], os.environ["BOT_KEY"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
