"""A browser, the console and the gate of the scene, and what the tests of pages share."""

import os
import pathlib
import shutil

import httpx2 as httpx
import pytest
from playwright.sync_api import sync_playwright


def need(name):
    value = os.environ.get(name)
    assert value, f"{name} is not set: run this by `cargo xtask pages`"
    return value


CONSOLE = need("CONSOLE_URL")
GATE = need("GATE_URL")
BOT = need("BOT_KEY")
AXE = pathlib.Path(need("AXE")).read_text()
SHOTS = pathlib.Path(need("SHOTS"))
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
        self.page.on("console", lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None)
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


def violations(page):
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found["violations"]]


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

