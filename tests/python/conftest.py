"""What `scene` hands over in the environment, and the clients that the tests share."""

import os

import anthropic
import httpx2 as httpx
import openai
import pytest


def need(name):
    value = os.environ.get(name)
    assert value, f"{name} is not set: run this by `cargo xtask clients`"
    return value


GATE = need("GATE_URL")
CONSOLE = need("CONSOLE_URL")
OPENAI_BASE_URL = f"{GATE}/llm/openai/v1"
ANTHROPIC_BASE_URL = f"{GATE}/llm/anthropic"


def operator(method, path, **more):
    """As whoever owns the data folder, at the socket."""
    transport = httpx.HTTPTransport(uds=need("ADMIN"))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=20) as socket:
        answer = socket.request(method, path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


def openai_client(key, kind=openai.OpenAI, **options):
    options = {"max_retries": 0, "timeout": 20} | options
    return kind(base_url=OPENAI_BASE_URL, api_key=key, **options)


def anthropic_client(key, kind=anthropic.Anthropic, **options):
    options = {"max_retries": 0, "timeout": 20} | options
    return kind(base_url=ANTHROPIC_BASE_URL, api_key=key, **options)


@pytest.fixture
def bot():
    return need("BOT_KEY")


@pytest.fixture
def poor():
    return need("POOR_KEY")


@pytest.fixture
def clerk():
    return need("CLERK_KEY")


@pytest.fixture
def token():
    return need("TOKEN")


@pytest.fixture
def card():
    return need("CARD")


FOX = "The quick brown fox jumps over the lazy dog, and the river carries the moon away."
HELLO = [{"role": "user", "content": "hello"}]
WEATHER = {
    "name": "get_weather",
    "description": "the weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
