"""The `openai` package, unmodified, with the gate as its base URL."""

import asyncio
import json

import openai
import pytest
from conftest import FOX, HELLO, WEATHER, openai_client
from pydantic import BaseModel

TOOLS = [{"type": "function", "function": WEATHER}]


def test_chat(bot):
    answer = openai_client(bot).chat.completions.create(model="gpt-mock", messages=HELLO)
    assert answer.choices[0].message.content == FOX
    assert answer.usage.total_tokens == 20


def test_raw_answer_carries_the_record(bot):
    raw = openai_client(bot).chat.completions.with_raw_response.create(model="gpt-mock", messages=HELLO)
    assert raw.headers["portcullis-record"].startswith("act_")
    assert raw.headers["portcullis-decision"] == "permit"


def test_stream(bot):
    chunks = list(openai_client(bot).chat.completions.create(model="gpt-mock", messages=HELLO, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == FOX
    assert chunks[-1].usage.total_tokens == 20


def test_async_and_async_stream(bot):
    async def talk():
        async with openai_client(bot, openai.AsyncOpenAI) as client:
            whole = await client.chat.completions.create(model="gpt-mock", messages=HELLO)
            stream = await client.chat.completions.create(model="gpt-mock", messages=HELLO, stream=True)
            said = "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])
            return whole.choices[0].message.content, said

    assert asyncio.run(talk()) == (FOX, FOX)


def test_tools(bot):
    answer = openai_client(bot).chat.completions.create(model="gpt-mock-tool", messages=HELLO, tools=TOOLS)
    call = answer.choices[0].message.tool_calls[0].function
    assert call.name == "get_weather"
    assert json.loads(call.arguments)["city"] == "Paris"


def test_streamed_tools(bot):
    stream = openai_client(bot).chat.completions.create(model="gpt-mock-tool", messages=HELLO, tools=TOOLS, stream=True)
    deltas = [c.choices[0].delta for c in stream if c.choices]
    arguments = "".join(t.function.arguments or "" for d in deltas for t in d.tool_calls or [])
    assert json.loads(arguments) == {"city": "Paris", "unit": "celsius", "days": 3}


class Person(BaseModel):
    name: str
    age: int


def test_structured_output(bot):
    answer = openai_client(bot).chat.completions.parse(model="gpt-mock-json", messages=HELLO, response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)


def test_responses(bot):
    client = openai_client(bot)
    assert client.responses.create(model="gpt-mock", input="hello").output_text == FOX
    events = list(client.responses.create(model="gpt-mock", input="hello", stream=True))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == FOX
    assert events[-1].type == "response.completed"


def test_embeddings_and_models(bot):
    client = openai_client(bot)
    embedded = client.embeddings.create(model="gpt-mock", input="hello", encoding_format="float")
    assert embedded.data[0].embedding == [0.125, -0.5, 0.25]
    assert [m.id for m in client.models.list()] == ["gpt-mock", "gpt-mock-tool"]


def test_compressed(bot):
    # Of the codings, gzip is what this client asks for; the others are tested in Rust.
    answer = openai_client(bot).chat.completions.create(model="gpt-mock-gzip", messages=HELLO)
    assert answer.choices[0].message.content == FOX


def test_a_secret_is_masked_both_ways(bot, token):
    client = openai_client(bot)
    messages = [{"role": "user", "content": f"my token is {token}"}]
    raw = client.chat.completions.with_raw_response.create(model="gpt-mock", messages=messages)
    assert raw.headers["portcullis-decision"] == "redact"
    leak = client.chat.completions.create(model="gpt-mock-leak", messages=HELLO)
    assert token not in leak.choices[0].message.content
    stream = client.chat.completions.create(model="gpt-mock-leak", messages=HELLO, stream=True)
    said = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    assert token not in said and said.endswith("nobody should see it.")


def acts_on(error, *words):
    """The message says what to do, and names the record."""
    assert "act_" in str(error)
    for word in words:
        assert word in str(error)


def test_authentication_error():
    with pytest.raises(openai.AuthenticationError) as raised:
        openai_client("pc_nobody").chat.completions.create(model="gpt-mock", messages=HELLO)
    acts_on(raised.value)


def test_permission_denied(clerk):
    with pytest.raises(openai.PermissionDeniedError) as raised:
        openai_client(clerk).chat.completions.create(model="gpt-mock", messages=HELLO)
    acts_on(raised.value, "clerk")


def test_permission_denied_on_a_stream(clerk):
    with pytest.raises(openai.PermissionDeniedError):
        openai_client(clerk).chat.completions.create(model="gpt-mock", messages=HELLO, stream=True)


def test_rate_limit(poor):
    client = openai_client(poor)
    with pytest.raises(openai.RateLimitError) as raised:
        for _ in range(3):
            client.chat.completions.create(model="gpt-mock", messages=HELLO)
    acts_on(raised.value)
    assert int(raised.value.response.headers["retry-after"]) > 0


def test_the_clients_own_timeout(bot):
    with pytest.raises(openai.APITimeoutError):
        openai_client(bot, timeout=0.3).chat.completions.create(model="gpt-mock-hang", messages=HELLO)


def test_the_gates_timeout(bot):
    with pytest.raises(openai.APIStatusError) as raised:
        openai_client(bot).chat.completions.create(model="gpt-mock-hang", messages=HELLO)
    assert raised.value.status_code == 504
    acts_on(raised.value)


@pytest.mark.parametrize(
    "status, kind",
    [
        (400, openai.BadRequestError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_the_providers_errors_keep_their_class(bot, status, kind):
    with pytest.raises(kind, match=f"asked for {status}"):
        openai_client(bot).chat.completions.create(model=f"gpt-mock-error-{status}", messages=HELLO)


def test_a_broken_stream_raises(bot):
    # The client sees an error, never a short answer that looks whole.
    with pytest.raises(Exception) as raised:
        stream = openai_client(bot).chat.completions.create(model="gpt-mock-half", messages=HELLO, stream=True)
        list(stream)
    assert isinstance(raised.value, openai.APIError) or "peer closed" in str(raised.value) or "incomplete" in str(raised.value)
