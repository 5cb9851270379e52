"""The two ends that the gate stands between here: an MCP server and a model API, on loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROTOCOL = "2025-06-18"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"null")

    def reply(self, status, value=None):
        data = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if value is not None:
            self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.reply(405)


def start(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def mcp_server(suite):
    """Streamable HTTP without sessions: one JSON answer for each request."""

    class Tools(Handler):
        def do_POST(self):
            message = self.body()
            if "id" not in message or "method" not in message:
                return self.reply(202)
            answer = {"jsonrpc": "2.0", "id": message["id"]}
            try:
                answer["result"] = self.result(message["method"], message.get("params") or {})
            except KeyError as error:
                answer["error"] = {"code": -32601, "message": f"no {error}"}
            self.reply(200, answer)

        def result(self, method, params):
            if method == "initialize":
                return {
                    "protocolVersion": params.get("protocolVersion", PROTOCOL),
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": suite.suite.name, "version": "1"},
                }
            if method == "ping":
                return {}
            if method == "tools/list":
                return {"tools": suite.tools()}
            if method == "tools/call":
                return suite.call(params["name"], params.get("arguments") or {})
            raise KeyError(method)

    return start(Tools)


def model_api():
    """Answers every chat with one word; what matters is what it is asked."""

    class Model(Handler):
        def do_POST(self):
            self.body()
            message = {"role": "assistant", "content": "Yes."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            self.reply(200, {"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                             "choices": [choice], "usage": usage})

    return start(Model)
