// A server of the official SDK, for the gate to stand before: `mcp_server.mjs stdio` or `mcp_server.mjs http PORT`.

import { randomUUID } from "node:crypto";
import http from "node:http";

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

function build() {
  const server = new McpServer({ name: "own", version: "1.0.0" });
  const numbers = { a: z.number().int(), b: z.number().int() };
  server.registerTool("add", { description: "Adds two whole numbers.", inputSchema: numbers }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  server.registerTool(
    "ask",
    { description: "Asks which colour is wanted.", inputSchema: {} },
    async () => {
      const requestedSchema = { type: "object", properties: { colour: { type: "string" } }, required: ["colour"] };
      const answer = await server.server.elicitInput({ message: "Which colour?", requestedSchema });
      return { content: [{ type: "text", text: `${answer.action} ${answer.content?.colour ?? ""}` }] };
    },
  );
  let grown = 0;
  server.registerTool("grow", { description: "Has one more tool from now on.", inputSchema: {} }, async () => {
    grown += 1;
    server.registerTool(`grown_${grown}`, { description: "Does nothing.", inputSchema: {} }, async () => ({ content: [] }));
    return { content: [{ type: "text", text: String(grown) }] };
  });
  return server;
}

async function serve(port) {
  const sessions = new Map();
  const listener = http.createServer(async (request, response) => {
    let transport = sessions.get(request.headers["mcp-session-id"]);
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await build().connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  listener.listen(port, "127.0.0.1");
}

const [way, port] = process.argv.slice(2);
if (way === "stdio") {
  await build().connect(new StdioServerTransport());
} else {
  await serve(Number(port));
}
