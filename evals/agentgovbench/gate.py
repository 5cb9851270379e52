"""The real gate in a folder of its own, and agents' ways through it."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import time
import urllib.parse

WAIT = 60.0
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"
PROTOCOL = "2025-06-18"


class Gate:
    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, folder, None
        self.log = open(folder / "log", "ab")
        self.port = self.console = None

    def start(self):
        addresses = self.folder / "data" / "addresses.json"
        addresses.unlink(missing_ok=True)
        self.process = subprocess.Popen([self.program, "up"], cwd=self.folder, stdout=self.log, stderr=self.log)
        self.until("the gate did not start", addresses.exists)
        found = json.loads(addresses.read_text())
        self.port, self.console = (int(found[name].rsplit(":", 1)[1]) for name in ("gate", "console"))

    def until(self, what, is_so):
        """Waits for a condition, as long as the gate runs."""
        end = time.monotonic() + WAIT
        while not is_so():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{what}:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(WAIT)
        self.log.close()

    def fill_disk(self, is_full):
        """The system takes no more bytes of the gate's, as on a full disk; or takes them again."""
        limit = "--fsize=1024:" if is_full else "--fsize=unlimited:"
        subprocess.run(["prlimit", "--pid", str(self.process.pid), limit], check=True)

    def is_ready(self):
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def portcullis(self, tenant, *words):
        """What a command prints, run by the operator in one of the tenants."""
        command = [self.program, "--tenant", tenant, *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def reload(self):
        """Takes up what was written anew."""
        os.kill(self.process.pid, signal.SIGHUP)

    def ask(self, verb, path, body=None, headers=(), port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        try:
            connection.request(verb, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def exchange(self, key, token, **more):
        """The token that an agent gets for one that it was handed; or the error."""
        form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": JWT, **more}
        headers = {"content-type": "application/x-www-form-urlencoded", "x-api-key": key}
        status, _, body = self.ask("POST", "/oauth/token", urllib.parse.urlencode(form), headers)
        found = json.loads(body)
        return found if status == 200 else {"error": found.get("error", f"status {status}")}

    def records(self, token):
        """All calls of tools that a tenant's log holds, oldest first."""
        found, cursor = [], ""
        while True:
            path = f"/api/v1/records?kind=mcp.call_tool&limit=200{cursor}"
            headers = {"authorization": f"Bearer {token}"}
            status, _, body = self.ask("GET", path, headers=headers, port=self.console)
            if status != 200:
                raise RuntimeError(f"records: {status} {body[:200]}")
            page = json.loads(body)
            found += page["records"]
            if not page.get("next_cursor"):
                return found[::-1]
            cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])


class Session:
    """One session of an agent with the tools."""

    def __init__(self, gate, server, credential):
        self.gate, self.path, self.number, self.id = gate, f"/mcp/{server}", 0, None
        self.credential = credential

    def post(self, method, params, trace=None):
        self.number += 1
        headers = {
            "authorization": f"Bearer {self.credential}",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": PROTOCOL,
            "traceparent": f"00-{trace or secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
        }
        if self.id:
            headers["mcp-session-id"] = self.id
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        status, found, body = self.gate.ask("POST", self.path, json.dumps(message), headers)
        return status, found, json.loads(body or b"null") or {}

    def open(self):
        client = {"name": "agentgovbench", "version": "1"}
        params = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        _, headers, _ = self.post("initialize", params)
        self.id = headers.get("mcp-session-id")

    def call(self, tool, arguments):
        """Whether the tool was let answer, and why not."""
        status, headers, message = self.post("tools/call", {"name": tool, "arguments": arguments})
        decision = headers.get("portcullis-decision", "")
        answered = status == 200 and "result" in message and decision in ("permit", "redact")
        error = message.get("error") or {}
        reason = error.get("message") or message.get("detail") or f"status {status}"
        return {"allowed": answered, "reason": None if answered else reason, "status": status,
                "failing": headers.get("portcullis-failing")}
