"""A directory tells of people and groups: `scim2-tester` over the whole protocol, and a leaver who is out at once."""

import time

import httpx2 as httpx
import pytest
from conftest import CONSOLE, need, operator
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import SearchRequest
from scim2_tester import Status, check_server

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
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


def test_many_are_told_of_at_once_and_found_in_order(directory):
    client = SyncSCIMClient(directory)
    client.discover()
    config = client.service_provider_config
    assert config.sort.supported and config.bulk.supported
    assert (config.bulk.max_operations, config.bulk.max_payload_size) == (1000, 2 * 1024 * 1024)
    mark = f"bulk-{time.time_ns()}"

    def create(path, name, data):
        return {"method": "POST", "path": path, "bulkId": name, "data": data}

    def somebody(name, family):
        return create("/Users", name, {"schemas": [USER], "userName": f"{name}@{mark}", "name": {"familyName": family}})

    # The group refers to people of whom only later operations tell.
    members = [{"value": "bulkId:Lee"}, {"value": "bulkId:max"}]
    group = create("/Groups", "staff", {"schemas": [GROUP], "displayName": mark, "members": members})
    operations = [group, somebody("kim", "Zola"), somebody("Lee", "Adams"), somebody("max", "moore")]
    said = client.bulk({"schemas": [BULK], "failOnErrors": 1, "Operations": operations}).operations
    assert [(one.bulk_id, one.status) for one in said] == [("staff", 201), ("kim", 201), ("Lee", 201), ("max", 201)], said
    assert all(one.location and one.version for one in said)

    user = client.get_resource_model("User")
    ours = f'userName ew "@{mark}"'
    for by, way, names in [
        ("userName", "ascending", ["kim", "Lee", "max"]),
        ("userName", "descending", ["max", "Lee", "kim"]),
        ("name.familyName", "ascending", ["Lee", "max", "kim"]),
    ]:
        asked = SearchRequest(filter=ours, sort_by=by, sort_order=SearchRequest.SortOrder(way))
        found = client.query(user, query_parameters=asked)
        assert [one.user_name.split("@")[0] for one in found.resources] == names
    found = directory.get("/Groups", params={"filter": f'displayName eq "{mark}"'}).json()["Resources"][0]
    assert {one["value"] for one in found["members"]} == {one.location.rsplit("/", 1)[1] for one in said[2:]}
