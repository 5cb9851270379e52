"""The `mcp` package, unmodified, against its own server behind the gate: over HTTP and over pipes."""

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from conftest import GATE, need
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

SERVER = Path(__file__).with_name("mcp_server.py")


@pytest.fixture(scope="module", autouse=True)
def web_server():
    port = int(need("MCP_PORT"))
    with subprocess.Popen([sys.executable, SERVER, "http", str(port)]) as process:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None, "the server does not start"
        yield
        process.terminate()


def client(key, path, **options):
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=20)
    return Client(streamable_http_client(f"{GATE}{path}", http_client=http), **options)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


# One server that knows both eras; over pipes a session has a process, so only the older era is spoken.
WAYS = [("/mcp/web", "auto"), ("/mcp/web", "legacy"), ("/mcp/own", "auto"), ("/mcp/own", "legacy")]


@pytest.mark.parametrize(("path", "mode"), WAYS)
def test_tools(bot, path, mode):
    async def talk():
        async with client(bot, path, mode=mode) as mcp:
            tools = {tool.name for tool in (await mcp.list_tools()).tools}
            assert tools == {"add", "echo", "count", "fail"}
            assert (await mcp.call_tool("add", {"a": 2, "b": 3})).content[0].text == "5"
            failed = await mcp.call_tool("fail", {})
            assert failed.is_error
            wrong = await mcp.call_tool("add", {"a": "two", "b": 3})
            assert wrong.is_error and "arguments.a must be of type integer" in wrong.content[0].text

    run(talk())


@pytest.mark.parametrize(("path", "mode"), WAYS)
def test_progress(bot, path, mode):
    seen = []

    async def note(progress, total, message):
        seen.append((progress, total))

    async def talk():
        async with client(bot, path, mode=mode) as mcp:
            result = await mcp.call_tool("count", {"upto": 3}, progress_callback=note)
            assert result.content[0].text == "done"

    run(talk())
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("path", "mode"), WAYS)
def test_resources_and_prompts(bot, path, mode):
    async def talk():
        async with client(bot, path, mode=mode) as mcp:
            assert [str(r.uri) for r in (await mcp.list_resources()).resources] == ["notes://today"]
            assert (await mcp.read_resource("notes://today")).contents[0].text == "nothing yet"
            assert [p.name for p in (await mcp.list_prompts()).prompts] == ["greeting"]
            prompt = await mcp.get_prompt("greeting", {"name": "Ann"})
            assert "Say hello to Ann." in prompt.messages[0].content.text

    run(talk())


@pytest.mark.parametrize(("path", "mode"), WAYS)
def test_secrets_do_not_come_back(bot, token, path, mode):
    async def talk():
        async with client(bot, path, mode=mode) as mcp:
            result = await mcp.call_tool("echo", {"text": f"my token is {token}"})
            assert "my token is" in result.content[0].text and token not in result.content[0].text

    run(talk())


def test_all_servers_as_one(bot):
    async def talk():
        async with client(bot, "/mcp") as mcp:
            tools = {tool.name for tool in (await mcp.list_tools()).tools}
            assert {"own__add", "web__add"} <= tools
            assert (await mcp.call_tool("own__add", {"a": 2, "b": 3})).content[0].text == "5"
            assert (await mcp.call_tool("web__add", {"a": 4, "b": 3})).content[0].text == "7"

    run(talk())


@pytest.mark.parametrize("path", ["/mcp/own", "/mcp/web"])
def test_who_may_nothing_gets_the_protocols_own_error(clerk, path):
    async def talk():
        async with client(clerk, path):
            pass

    with pytest.raises((MCPError, ExceptionGroup)):
        run(talk())
