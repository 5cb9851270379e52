"""A directory tells of people and groups: `scim2-tester` over the whole protocol, and a leaver who is out at once."""

import time

import httpx2 as httpx
import pytest
from conftest import CONSOLE, need, operator
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


@pytest.fixture(scope="module")
def directory():
    made = operator("POST", "/api/v1/tokens", json={"name": f"directory-{time.time_ns()}", "scope": "provision"})
    headers = {"authorization": f"Bearer {made['token']}", "content-type": "application/scim+json"}
    with httpx.Client(base_url=f"{CONSOLE}/scim/v2", headers=headers, timeout=20) as client:
        yield client


def test_the_whole_of_the_tester_passes(directory):
    results = check_server(SyncSCIMClient(directory))
    for result in results:
        assert result.status in GOOD, f"{result.title}: {result.resource_type}: {result.reason}\n{result.data}"
    # What is left out passes nothing: both kinds of resources were created, read, changed and deleted.
    seen = {(result.title, result.resource_type) for result in results}
    for title in ("object_creation", "object_replacement", "object_deletion", "check_add_attribute"):
        assert {(title, "User"), (title, "Group")} <= seen
    assert len(results) > 70, len(results)


def test_who_is_disabled_is_out_within_a_second_and_their_agent_stops(directory):
    made = directory.post("/Users", json={"schemas": [USER], "userName": "leaver@example.com"})
    assert made.status_code == 201, made.text
    agent = operator("POST", "/api/v1/agents", json={"name": "leavers-bot", "owner": "leaver@example.com", "roles": ["tester"]})
    call = {"model": "gpt-mock", "messages": [{"role": "user", "content": "hello"}]}
    chat = f"{need('GATE_URL')}/llm/openai/v1/chat/completions"
    headers = {"authorization": f"Bearer {agent['key']}"}
    before = httpx.post(chat, json=call, headers=headers, timeout=20)
    off = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    start = time.monotonic()
    assert directory.patch(f"/Users/{made.json()['id']}", json=off).status_code == 200
    after = httpx.post(chat, json=call, headers=headers, timeout=20)
    took = time.monotonic() - start
    assert (before.status_code, after.status_code) == (200, 403), (before.text, after.text)
    assert after.json()["error"]["code"] == "agent_contained"
    assert took < 1, took
    stored = operator("GET", "/api/v1/agents/leavers-bot")
    assert stored["standing"] == "suspended", stored
