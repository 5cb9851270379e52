"""A browser, the console and the gate of the scene, and what the tests of pages share."""

import asyncio
import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

import httpx2 as httpx
import pyotp
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import expect, sync_playwright


def need(name):
    value = os.environ.get(name)
    assert value, f"{name} is not set: run this by `cargo xtask pages`"
    return value


CONSOLE = need("CONSOLE_URL")
GATE = need("GATE_URL")
BOT = need("BOT_KEY")
AXE = pathlib.Path(need("AXE")).read_text()
SHOTS = pathlib.Path(need("SHOTS"))
SERVER = pathlib.Path(__file__).parents[1] / "python/mcp_server.py"
PASSWORD = "seven blue lamps"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def operator(method, path, **more):
    transport = httpx.HTTPTransport(uds=need("ADMIN"))
    with httpx.Client(transport=transport, base_url="http://localhost") as socket:
        answer = socket.request(method, path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


def call(text, key=BOT, model="gpt-mock", **more):
    body = {"model": model, "messages": [{"role": "user", "content": text}]} | more
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{GATE}/llm/openai/v1/chat/completions", json=body, headers=headers, timeout=30)


@pytest.fixture(scope="session")
def tokens():
    made = {}
    for name, scope in [("ann", "write"), ("bob", "write"), ("eve", "read")]:
        made[name] = operator("POST", "/api/v1/tokens", json={"name": name, "scope": scope})["token"]
    return made


@pytest.fixture(scope="session")
def chromium():
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "there is no Chromium; on Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Person:
    """Somebody with a browser of their own; a message on the browser's console is a failure."""

    def __init__(self, browser, token, **more):
        headers = {"Authorization": f"Bearer {token}"}
        self.context = browser.new_context(extra_http_headers=headers, base_url=CONSOLE, **more)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.said = []
        self.page.on("console", lambda message: self.said.append(f"{message.text} {message.location.get('url')}") if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def quiet(self):
        # A stream that a navigation cuts is no fault.
        said = [text for text in self.said if "ERR_INCOMPLETE_CHUNKED" not in text and "net::ERR_ABORTED" not in text]
        assert said == [], said

    def open(self, path):
        answer = self.page.goto(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page


@pytest.fixture
def person(chromium, tokens):
    opened = []

    def new(name="ann", **more):
        opened.append(Person(chromium, tokens[name], viewport=more.pop("viewport", WIDE), **more))
        return opened[-1]

    yield new
    for one in opened:
        one.context.close()


# The paths of the pages that axe has seen.
SEEN = set()


def violations(page):
    SEEN.add(urllib.parse.urlsplit(page.url).path)
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found["violations"]]


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


class Somebody:
    """A person with a browser of their own and, once they have one, an authenticator app."""

    def __init__(self, browser, name, role, **more):
        self.name = name
        # Whoever has no role given is the first of all.
        made = operator("POST", "/api/v1/users", json={"name": name, "roles": [role]}) if role else None
        self.invitation = made["invitation"]["path"] if made else need("WELCOME")
        self.context = browser.new_context(base_url=CONSOLE, **more)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.app = None
        self.used = None

    def welcome(self):
        self.page.goto(self.invitation)
        self.check("welcome")
        if self.invitation == need("WELCOME"):
            self.page.get_by_label(re.compile("^Name")).fill(self.name)
        self.page.get_by_label(re.compile("A new password")).fill(PASSWORD)
        self.page.get_by_label("The same again").fill(PASSWORD)
        self.page.get_by_role("button", name="Go on").click()
        expect(self.page.get_by_text("Everybody here has a second factor")).to_be_visible()

    def enrol(self):
        self.welcome()
        self.check("enrol")
        secret = self.page.get_by_text("Secret:").locator("code").inner_text()
        self.app = pyotp.TOTP(secret.replace(" ", ""))
        self.page.get_by_label(re.compile("digits that it shows")).fill(self.code())
        self.page.get_by_role("button", name="Go on").click()
        expect(self.page.get_by_role("heading", name="You are in")).to_be_visible()
        self.page.get_by_role("link", name=re.compile("I have kept them")).click()
        return self

    def code(self):
        """A code that was not used yet: that of the next half minute counts already."""
        step = int(time.time()) // 30
        step = step if self.used is None or step > self.used else self.used + 1
        self.used = step
        return self.app.at(step * 30)

    def check(self, name):
        assert violations(self.page) == [], name
        width = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width[0] <= width[1], f"{name}: {width[0]} is wider than {width[1]}"

    def close(self):
        self.context.close()


@pytest.fixture
def somebody(chromium):
    opened = []

    def new(name, role, **more):
        opened.append(Somebody(chromium, name, role, **more))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


@contextlib.contextmanager
def web_server(*more):
    """The MCP server `web` of the scene; what is given besides is what its `echo` says of itself."""
    port = int(need("MCP_PORT"))
    with subprocess.Popen([sys.executable, SERVER, "http", str(port), *more], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not answers(port):
                assert time.monotonic() < deadline and process.poll() is None, "the server does not start"
            yield
        finally:
            process.terminate()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def echo(text):
    """What the tool `echo` of the server `web` says to the bot; nothing where it is not offered."""

    async def talk():
        headers = {"authorization": f"Bearer {BOT}"}
        http = httpx.AsyncClient(headers=headers, timeout=60)
        async with Client(streamable_http_client(f"{GATE}/mcp/web", http_client=http)) as mcp:
            if "echo" not in {tool.name for tool in (await mcp.list_tools()).tools}:
                return None
            return (await mcp.call_tool("echo", {"text": text})).content[0].text

    # The browser's own loop runs in this thread.
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(talk(), 60)).result()
