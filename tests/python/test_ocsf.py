"""Events of OCSF that the gate writes hold to the published schema, class by class."""

import json
import os
import pathlib
import time

import httpx2 as httpx
import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

EVENTS = pathlib.Path(os.environ.get("OCSF", "none"))
SCHEMA = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
# A model that is called, a stranger who is refused, a credential that is found, an agent that is added.
WANTED = {6003, 3002, 2004, 3004}
PATIENCE = 20

pytestmark = pytest.mark.skipif(not EVENTS.parent.is_dir(), reason="there is no gate in front")


def validator(event):
    name = SCHEMA.lookup_class_name_from_uid(event["class_uid"])
    return Draft202012Validator(SCHEMA.get_class_schema(name, event["metadata"]["profiles"]))


def call(key, text):
    url = f"{os.environ['GATE_URL']}/llm/openai/v1/chat/completions"
    body = {"model": "gpt-mock", "messages": [{"role": "user", "content": text}]}
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {key}"})


def events():
    text = EVENTS.read_text() if EVENTS.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def written():
    call(os.environ["BOT_KEY"], "hello")
    call(os.environ["BOT_KEY"], f"my key is {os.environ['TOKEN']}")
    call(os.environ["CLERK_KEY"], "hello")
    call("nobody", "hello")
    socket = httpx.Client(transport=httpx.HTTPTransport(uds=os.environ["ADMIN"]), base_url="http://localhost")
    assert socket.post("/api/v1/agents", json={"name": "added"}).status_code == 201
    assert socket.post("/api/v1/agents/added/suspend", json={"reason": "drill"}).is_success
    end = time.monotonic() + PATIENCE
    while True:
        found = events()
        is_last_written = any(event.get("activity_name") == "Suspend" for event in found)
        if is_last_written and WANTED <= {event["class_uid"] for event in found}:
            return found
        assert time.monotonic() < end, {event["class_uid"] for event in found}
        time.sleep(0.05)  # pause: between two looks


def test_every_event_holds_to_the_schema(written):
    for event in written:
        faults = [f"{list(fault.path)}: {fault.message}" for fault in validator(event).iter_errors(event)]
        assert not faults, f"{event['class_uid']}: {faults}"


def test_a_wrong_event_does_not_hold(written):
    event = dict(written[0], activity_id="one")
    assert list(validator(event).iter_errors(event))


def test_what_was_done_is_what_is_told(written):
    by_class = {uid: [event for event in written if event["class_uid"] == uid] for uid in WANTED}
    called = [event for event in by_class[6003] if event["actor"]["app_name"] == "bot"]
    model = {"ai_provider": "openai", "name": "gpt-mock"}
    assert any(event["ai_model"] == model and event["status"] == "Success" for event in called)
    assert any(event["status"] == "Failure" for event in by_class[3002])
    kinds = {event["finding_info"]["title"] for event in by_class[2004]}
    assert any(kind.startswith("secret.") for kind in kinds)
    assert {event["activity_name"] for event in by_class[3004]} >= {"Create", "Suspend"}
