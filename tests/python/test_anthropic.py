"""The `anthropic` package, unmodified, with the gate as its base URL."""

import asyncio

import anthropic
import pytest
from conftest import FOX, HELLO, WEATHER, anthropic_client

ASK = {"max_tokens": 64, "messages": HELLO}
TOOLS = [{"name": WEATHER["name"], "description": WEATHER["description"], "input_schema": WEATHER["parameters"]}]


def test_message(bot):
    message = anthropic_client(bot).messages.create(model="claude-mock", **ASK)
    assert message.content[0].text == FOX
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 9)


def test_stream(bot):
    with anthropic_client(bot).messages.stream(model="claude-mock", **ASK) as stream:
        assert "".join(stream.text_stream) == FOX
        assert stream.get_final_message().stop_reason == "end_turn"


def test_async_and_async_stream(bot):
    async def talk():
        async with anthropic_client(bot, anthropic.AsyncAnthropic) as client:
            whole = await client.messages.create(model="claude-mock", **ASK)
            async with client.messages.stream(model="claude-mock", **ASK) as stream:
                said = "".join([text async for text in stream.text_stream])
            return whole.content[0].text, said

    assert asyncio.run(talk()) == (FOX, FOX)


def test_tools(bot):
    message = anthropic_client(bot).messages.create(model="claude-mock-tool", tools=TOOLS, **ASK)
    assert message.content[0].input == {"city": "Paris", "unit": "celsius", "days": 3}


def test_streamed_tools(bot):
    with anthropic_client(bot).messages.stream(model="claude-mock-tool", tools=TOOLS, **ASK) as stream:
        message = stream.get_final_message()
    assert message.content[0].input == {"city": "Paris", "unit": "celsius", "days": 3}


def test_count_tokens(bot):
    counted = anthropic_client(bot).messages.count_tokens(model="claude-mock", messages=HELLO)
    assert counted.input_tokens == 11


def test_a_secret_is_masked(bot, token):
    with anthropic_client(bot).messages.stream(model="claude-mock-leak", **ASK) as stream:
        said = "".join(stream.text_stream)
    assert token not in said and said.endswith("nobody should see it.")


def test_authentication_error():
    with pytest.raises(anthropic.AuthenticationError, match="act_"):
        anthropic_client("pc_nobody").messages.create(model="claude-mock", **ASK)


def test_permission_denied(clerk):
    with pytest.raises(anthropic.PermissionDeniedError, match="act_"):
        anthropic_client(clerk).messages.create(model="claude-mock", **ASK)


def test_rate_limit(poor):
    client = anthropic_client(poor)
    with pytest.raises(anthropic.RateLimitError, match="act_"):
        for _ in range(3):
            client.messages.create(model="claude-mock", **ASK)


def test_the_clients_own_timeout(bot):
    with pytest.raises(anthropic.APITimeoutError):
        anthropic_client(bot, timeout=0.3).messages.create(model="claude-mock-hang", **ASK)


def test_the_gates_timeout(bot):
    with pytest.raises(anthropic.APIStatusError) as raised:
        anthropic_client(bot).messages.create(model="claude-mock-hang", **ASK)
    assert raised.value.status_code == 504


def test_the_providers_errors_keep_their_class(bot):
    with pytest.raises(anthropic.InternalServerError, match="asked for 529"):
        anthropic_client(bot).messages.create(model="claude-mock-error-529", **ASK)
