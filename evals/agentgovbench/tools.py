"""The tools behind the gate: an MCP server on loopback that remembers what it was asked to do."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Tools:
    def __init__(self, tools):
        self.tools, self.calls, self.lock = tools, [], threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply(405)

            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
                if "id" not in message or "method" not in message:
                    return self.reply(202)
                result = outer.result(message["method"], message.get("params") or {})
                self.reply(200, {"jsonrpc": "2.0", "id": message["id"], **result})

            def reply(self, status, value=None):
                data = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                if value is not None:
                    self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def result(self, method, params):
        if method == "initialize":
            return {"result": {
                "protocolVersion": params.get("protocolVersion"),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "tools", "version": "1"},
            }}
        if method == "tools/list":
            return {"result": {"tools": [
                {"name": tool.name, "description": tool.description, "inputSchema": {"type": "object"}}
                for tool in self.tools
            ]}}
        if method == "tools/call":
            with self.lock:
                self.calls.append(params["name"])
            return {"result": {"content": [{"type": "text", "text": "done"}], "isError": False}}
        return {"error": {"code": -32601, "message": f"no method {method}"}}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
