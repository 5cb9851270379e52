"""An MCP server made of one case: `server.py CASES NUMBER REACHED stdio`, or `server.py CASES http PORT REACHED`.

It has the tools that the case names and answers as the case says. What reaches it is written to a file
of the case's number in the folder REACHED.
"""

import http.server
import json
import pathlib
import sys


class Case:
    def __init__(self, cases, number, reached):
        self.messages = json.loads(cases[number])["payload"].get("jsonrpc_messages", [])
        self.reached = pathlib.Path(reached) / str(number)

    def results(self, member):
        return [m["result"] for m in self.messages if isinstance(m.get("result"), dict) and member in m["result"]]

    def tools(self):
        """Those that the case describes; else plain ones of the names that it calls."""
        described = [tool for result in self.results("tools") for tool in result["tools"]]
        called = [m["params"]["name"] for m in self.messages if m.get("method") == "tools/call"]
        names = dict.fromkeys(called + (["read"] if self.results("content") else []))
        return described or [
            {"name": name, "description": f"The tool {name}.", "inputSchema": {"type": "object"}} for name in names
        ]

    def answer(self, message):
        """The answer to a message; nothing where it wants none."""
        method, params = message.get("method"), message.get("params", {})
        if "id" not in message or method is None:
            return None
        if method == "initialize":
            info = {"name": "case", "version": "1"}
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
        elif method == "tools/list":
            result = {"tools": self.tools()}
        elif method == "tools/call":
            with self.reached.open("a") as file:
                file.write(json.dumps(params) + "\n")
            result = next(iter(self.results("content")), {"content": [{"type": "text", "text": "done"}]})
        else:
            result = {}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def over_pipes(case):
    for line in sys.stdin:
        answer = case.answer(json.loads(line))
        if answer is not None:
            print(json.dumps(answer), flush=True)


def over_http(cases, port, reached):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = Case(cases, int(self.path.rsplit("/", 1)[1]), reached).answer(message)
            body = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(202 if answer is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
    if sys.argv[2] == "http":
        over_http(lines, int(sys.argv[3]), sys.argv[4])
    else:
        over_pipes(Case(lines, int(sys.argv[2]), sys.argv[3]))
