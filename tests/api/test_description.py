"""Every operation that the API describes, called with what its description allows and with what it
does not: no server error, no answer that is not described, nothing without a token, no bad data taken.
"""

import functools
import os

import httpx2 as httpx
import schemathesis
from hypothesis import settings
from schemathesis.checks import positive_data_acceptance

CONSOLE = os.environ["CONSOLE_URL"]
# Names that exist, without which most operations would never find anything to work on.
KNOWN = {
    "agent": "bot",
    "log": "main",
    "person": "ann@example.com",
    "provider": "openai",
    "tenant": "main",
    "token": "spare",
    "user": "eve@example.com",
}


@schemathesis.auth()
class AdminToken:
    """Told as a credential, so that it is left out where the same is tried without."""

    def get(self, case, context):
        return made_token()

    def set(self, case, data, context):
        case.headers["authorization"] = f"Bearer {data}"


@functools.cache
def made_token():
    socket = httpx.HTTPTransport(uds=os.environ["ADMIN"])
    with httpx.Client(transport=socket, base_url="http://localhost/api/v1") as operator:
        user = {"name": KNOWN["user"], "roles": ["auditor"]}
        operator.post("/users", json=user).raise_for_status()
        spare = {"name": KNOWN["token"], "scope": "read"}
        operator.post("/tokens", json=spare).raise_for_status()
        made = operator.post("/tokens", json={"name": "caller", "scope": "write"})
    return made.raise_for_status().json()["token"]


@schemathesis.hook
def map_path_parameters(_, parameters):
    return {name: KNOWN.get(name, value) for name, value in (parameters or {}).items()}


description = schemathesis.openapi.from_url(f"{CONSOLE}/api/openapi.json")


# Rules that no schema tells, such as which words are no name, may refuse what a schema allows.
@description.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True)
def test_it_answers_as_it_is_described(case):
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
