"""Cases of egress security, each through the real gate by the transport that it names.

`run.py --gate PROGRAM FILE.jsonl[.gz]`. A case is blocked where one of its messages does not get
through as it was; a transport that the gate does not carry yet is reported as such, never as passed.
"""

import argparse
import collections
import gzip
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
WAIT = 60.0
# What an operator can say of tools by the verbs of their names; of all others the careful values hold.
READS = ("read", "get", "list", "search", "find", "query", "describe", "view", "show")
WRITES = ("write", "edit", "create", "save", "append", "update", "move")
TOOLS = "".join(
    f'[[mcp.tool]]\nname = "{verb}_*"\neffect = "{effect}"\n'
    for verbs, effect in ((READS, "read"), (WRITES, "write"))
    for verb in verbs
)
CARRIED = ("mcp_stdio", "mcp_http")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--gate", required=True)
    words.add_argument("file")
    words = words.parse_args()
    opened = gzip.open if words.file.endswith(".gz") else open
    with opened(words.file, "rt") as file:
        cases = [json.loads(line) for line in file if line.strip()]
    totals = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder, Gate(words.gate, pathlib.Path(folder), cases) as gate:
        for number, case in enumerate(cases):
            verdict, why = gate.verdict(number, case) if case["transport"] in CARRIED else ("not yet", "")
            passed = "not yet" if verdict == "not yet" else "passed" if verdict == case["expected_verdict"] else "FAILED"
            totals[case["category"]][passed] += 1
            print(f"{passed:8} {case['id']:45} {case['transport']:12} expected {case['expected_verdict']:6} {verdict:8} {why}")
    print(f"\n{'category':26} {'passed':>8} {'failed':>8} {'not yet':>8}")
    for category, counts in sorted(totals.items()):
        print(f"{category:26} {counts['passed']:8} {counts['FAILED']:8} {counts['not yet']:8}")
    counts = sum(totals.values(), collections.Counter())
    print(f"\n{counts['passed']} passed, {counts['FAILED']} failed, {counts['not yet']} not yet", flush=True)
    sys.exit(3 if counts["FAILED"] else 0)


class Gate:
    """The gate in a folder, with one server for each case."""

    def __init__(self, program, folder, cases):
        self.program, self.folder = program, folder
        (folder / "reached").mkdir()
        lines = folder / "cases.jsonl"
        lines.write_text("".join(json.dumps(case) + "\n" for case in cases))
        port = free_port()
        script = str(HERE / "server.py")
        web = [sys.executable, script, str(lines), "http", str(port), str(folder / "reached")]
        self.web = subprocess.Popen(web)
        sections = [(HERE / "gate.toml").read_text()]
        for number, case in enumerate(cases):
            own = [sys.executable, script, str(lines), str(number), str(folder / "reached"), "stdio"]
            where = f"url = \"http://127.0.0.1:{port}/{number}\"" if case["transport"] == "mcp_http" else f"command = {json.dumps(own)}"
            sections.append(f'[[mcp]]\nname = "case-{number}"\n{where}\n{TOOLS}')
        (folder / "portcullis.toml").write_text("\n".join(sections))
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen([program, "up"], cwd=folder, stdout=self.log, stderr=self.log)

    def __enter__(self):
        end, addresses = time.monotonic() + WAIT, self.folder / "data" / "addresses.json"
        while not addresses.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit("the gate did not start:\n" + (self.folder / "log").read_text())
            time.sleep(0.05)
        port = int(json.loads(addresses.read_text())["gate"].rsplit(":", 1)[1])
        made = subprocess.run([self.program, "agent", "add", "assistant", "--json"], cwd=self.folder,
                              capture_output=True, text=True, check=True)
        self.key = json.loads(made.stdout)["key"]
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.web.terminate()
        self.process.wait(WAIT)
        self.web.wait(WAIT)
        self.log.close()

    def verdict(self, number, case):
        """Whether all of a case gets through, and why not."""
        session = Session(self, number)
        if why := session.open():
            return "block", why
        for message in case["payload"]["jsonrpc_messages"]:
            why = session.feed(message, self.folder / "reached" / str(number))
            if why:
                return "block", why
        return "allow", ""


class Session:
    def __init__(self, gate, number):
        self.gate, self.number, self.id = gate, number, None

    def post(self, message):
        headers = {"authorization": f"Bearer {self.gate.key}", "content-type": "application/json",
                   "accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
        if self.id:
            headers["mcp-session-id"] = self.id
        self.gate.connection.request("POST", f"/mcp/case-{self.number}", json.dumps(message), headers)
        answer = self.gate.connection.getresponse()
        body = answer.read().decode()
        data = [line[5:] for line in body.splitlines() if line.startswith("data:")]
        return answer, json.loads(data[-1] if data else body or "{}")

    def open(self):
        client = {"name": "evaluation", "version": "1"}
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        answer, said = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
        if "error" in said:
            return said["error"]["message"]
        self.id = answer.getheader("mcp-session-id")
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.listed = self.post({"jsonrpc": "2.0", "id": 0, "method": "tools/list"})[1]["result"]["tools"]
        return ""

    def feed(self, message, reached):
        """Why a message does not get through as it is; nothing where it does."""
        if "method" in message:
            return self.ask(message, reached)
        result = message.get("result", {})
        if "tools" in result:
            missing = [tool["name"] for tool in result["tools"] if tool not in self.listed]
            return f"not offered to the agent: {', '.join(missing)}" if missing else ""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {}}}
        said = self.post(call)[1]
        if said.get("result", {}).get("content") == result.get("content"):
            return ""
        return said.get("error", {}).get("message", "it arrives changed")

    def ask(self, message, reached):
        before = count(reached)
        answer, said = self.post(message)
        decision = answer.getheader("portcullis-decision")
        if "error" in said or decision in ("deny", "hold"):
            return said.get("error", {}).get("message", str(said))
        if count(reached) == before:
            return "it did not arrive"
        arrived = json.loads(reached.read_text().splitlines()[-1])
        # A value that was masked did not leave, but the call did: that counts as let through.
        return "" if arrived.get("name") == message["params"].get("name") else "another tool was called"


def count(file):
    return len(file.read_text().splitlines()) if file.exists() else 0


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


if __name__ == "__main__":
    main()
