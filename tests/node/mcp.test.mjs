// The `@modelcontextprotocol/sdk` package and its successor `@modelcontextprotocol/client`, unmodified, against a
// server of the first behind the gate.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";

const { GATE_URL, BOT_KEY, CLERK_KEY, MCP_PORT } = process.env;
assert(GATE_URL && BOT_KEY && CLERK_KEY && MCP_PORT, "run this by `cargo xtask clients`");

let server;

function reached(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy() && true)).once("error", () => resolve(false));
  });
}

before(async () => {
  const script = fileURLToPath(new URL("mcp_server.mjs", import.meta.url));
  server = spawn(process.execPath, [script, "http", MCP_PORT], { stdio: "inherit" });
  const deadline = Date.now() + 20_000;
  while (!(await reached(Number(MCP_PORT)))) {
    assert(Date.now() < deadline && server.exitCode === null, "the server does not start");
  }
});

after(() => server.kill());

async function connect(path, key) {
  const client = new Client({ name: "tests", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { colour: "green" } }));
  const headers = { authorization: `Bearer ${key}` };
  const transport = new StreamableHTTPClientTransport(new URL(GATE_URL + path), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport };
}

for (const [path, prefix] of [["/mcp/web", ""], ["/mcp/own", ""], ["/mcp", "own__"], ["/mcp", "web__"]]) {
  test(`tools at ${path} ${prefix}`, async () => {
    const { client, transport } = await connect(path, BOT_KEY);
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert(names.includes(`${prefix}add`) && names.includes(`${prefix}ask`), names.join());
    const sum = await client.callTool({ name: `${prefix}add`, arguments: { a: 2, b: 3 } });
    assert.equal(sum.content[0].text, "5");
    const wrong = await client.callTool({ name: `${prefix}add`, arguments: { a: "two", b: 3 } });
    assert(wrong.isError && wrong.content[0].text.includes("arguments.a must be of type integer"));
    // What a server asks outside of the answer to a call is heard only on its own path.
    if (prefix !== "web__") {
      const asked = await client.callTool({ name: `${prefix}ask`, arguments: {} });
      assert.equal(asked.content[0].text, "accept green");
    }
    await transport.terminateSession();
    await client.close();
  });
}

test("an unknown tool is the SDK's own error", async () => {
  const { client } = await connect("/mcp/own", BOT_KEY);
  await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), (error) => {
    return error instanceof McpError && error.code === -32602 && error.data.record.startsWith("act_");
  });
  await client.close();
});

test("who may nothing gets no session", async () => {
  await assert.rejects(connect("/mcp/own", CLERK_KEY), McpError);
});

// A client of 2026-07-28 hears a server with sessions by `subscriptions/listen`.
for (const [path, prefix] of [["/mcp/web", ""], ["/mcp/own", ""], ["/mcp", "web__"], ["/mcp", "own__"]]) {
  test(`news at ${path} ${prefix}`, async () => {
    const client = new ModernClient({ name: "tests", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    const news = new Promise((resolve) => client.setNotificationHandler("notifications/tools/list_changed", resolve));
    const headers = { authorization: `Bearer ${BOT_KEY}` };
    const transport = new ModernTransport(new URL(GATE_URL + path), { requestInit: { headers } });
    await client.connect(transport);
    const listening = await client.listen({ toolsListChanged: true });
    assert.deepEqual(listening.honoredFilter, { toolsListChanged: true });
    await client.callTool({ name: `${prefix}grow`, arguments: {} });
    await news;
    await listening.close();
    assert.equal(await listening.closed, "local");
    await client.close();
  });
}
