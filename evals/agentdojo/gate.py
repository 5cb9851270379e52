"""The real gate in a temporary folder, and an agent's way through it."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import time

WAIT = 30.0


class Gate:
    def __init__(self, program, folder, suite, mcp_port, model_port, detectors):
        self.program, self.folder = program, pathlib.Path(folder)
        declared = (pathlib.Path(__file__).parent / f"{suite}.toml").read_text()
        (self.folder / "portcullis.toml").write_text(
            CONFIG.format(suite=suite, mcp=mcp_port, model=model_port, enabled=detectors)
            + declared.replace("[[tool]]", "[[mcp.tool]]")
        )
        self.suite = suite
        self.environment = {**os.environ, "MODEL_KEY": "of-the-evaluation"}
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [program, "up"], cwd=folder, env=self.environment, stdout=self.log, stderr=self.log
        )
        self.port = self.ready()
        self.key = json.loads(self.portcullis("agent", "add", "assistant", "--json"))["key"]

    def ready(self):
        """The port that the gate says it listens on, once it does."""
        end = time.monotonic() + WAIT
        addresses = self.folder / "data" / "addresses.json"
        while time.monotonic() < end and self.process.poll() is None:
            if addresses.exists():
                return int(json.loads(addresses.read_text())["gate"].rsplit(":", 1)[1])
            time.sleep(0.05)
        raise SystemExit("the gate did not start:\n" + (self.folder / "log").read_text())

    def portcullis(self, *words):
        """What a command prints."""
        done = subprocess.run([self.program, *words], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT)
        self.log.close()

    def approve(self, approval):
        """What a person does who looks at a held call and agrees."""
        self.portcullis("approval", "approve", approval)

    def deny(self, approval):
        """What a person does who did not want the call."""
        self.portcullis("approval", "deny", approval, "--reason", "nobody asked for this")


class Held(Exception):
    """The gate keeps a call for a person, or refuses it for good."""

    def __init__(self, decision, reason, approval):
        super().__init__(reason)
        self.decision, self.reason, self.approval = decision, reason, approval


class Session:
    """One task of the agent: its model and its tools under one name."""

    def __init__(self, gate, name):
        self.gate, self.name, self.number, self.mcp = gate, name, 0, None
        self.connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=60)

    def post(self, path, value):
        headers = {
            "authorization": f"Bearer {self.gate.key}",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "portcullis-session": self.name,
        }
        if self.mcp:
            headers["mcp-session-id"] = self.mcp
            headers["mcp-protocol-version"] = "2025-06-18"
        self.connection.request("POST", path, json.dumps(value), headers)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def ask_model(self, messages):
        """Whether the gate let the request through."""
        answer, _ = self.post("/llm/sim/v1/chat/completions", {"model": "m", "messages": messages})
        return answer.status == 200

    def rpc(self, method, params):
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        answer, body = self.post(f"/mcp/{self.gate.suite}", message)
        return answer, json.loads(last_event(answer, body))

    def open(self):
        client = {"name": "evaluation", "version": "1"}
        answer, _ = self.rpc("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                            "clientInfo": client})
        self.mcp = answer.getheader("mcp-session-id")
        self.post(f"/mcp/{self.gate.suite}", {"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, name, arguments):
        """The result, or `Held`."""
        answer, message = self.rpc("tools/call", {"name": name, "arguments": arguments})
        decision = answer.getheader("portcullis-decision")
        if decision in ("hold", "deny"):
            error = message.get("error") or {}
            reason = error.get("message", str(message))
            approval = re.search(r"approval approve (act_[0-9a-f-]+)", reason)
            raise Held(decision, reason, approval and approval.group(1))
        if "error" in message:
            raise Held("deny", message["error"]["message"], None)
        return message["result"]


def last_event(answer, body):
    """The last message of an answer, streamed or not."""
    if "text/event-stream" not in (answer.getheader("content-type") or ""):
        return body
    data = [line[5:] for line in body.decode().splitlines() if line.startswith("data:")]
    return data[-1]


CONFIG = """
[gate]
listen = "127.0.0.1:0"

[console]
listen = "127.0.0.1:0"

[data]
dir = "data"

[inspect]
enabled = {enabled}

[[provider]]
name = "sim"
kind = "openai"
base_url = "http://127.0.0.1:{model}"
api_key = {{ env = "MODEL_KEY" }}

[[mcp]]
name = "{suite}"
url = "http://127.0.0.1:{mcp}/mcp"

"""
