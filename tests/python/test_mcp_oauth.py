"""The `mcp` package finds out by itself how to get in: at the gate for an agent, elsewhere for a person.

The authorization server of the second kind is the package's own, with keys and tokens by joserfc.
"""

import asyncio
import base64
import secrets
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
import uvicorn
from conftest import GATE, need
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.exceptions import OAuthFlowError
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AuthorizationCode
from mcp.server.auth.routes import create_auth_routes
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

SERVER = need("AUTHORIZATION_URL")
PERSON = "ann@example.com"
BACK = "http://localhost/back"
# Started by the gate, so that no other module needs to run.
TOOLS = f"{GATE}/mcp/own"
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})


class Memory:
    """Where a client keeps its tokens."""

    def __init__(self, client=None):
        self.tokens, self.client = None, client

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class People:
    """Says that Ann has logged in, and gives out tokens for whoever acts for her."""

    def __init__(self):
        self.clients, self.codes = {}, {}

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def authorize(self, client, params):
        code = secrets.token_urlsafe(24)
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject=PERSON,
        )
        return f"{params.redirect_uri}?{urlencode({'code': code, 'state': params.state or ''})}"

    async def load_authorization_code(self, client, code):
        return self.codes.get(code)

    async def exchange_authorization_code(self, client, code):
        del self.codes[code.code]
        now = int(time.time())
        claims = {"iss": SERVER, "sub": code.subject, "client_id": client.client_id, "iat": now, "exp": now + 300}
        claims["aud"] = ["gate", code.resource]
        token = jwt.encode({"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}, claims, KEY)
        return OAuthToken(access_token=token, token_type="Bearer", expires_in=300)

    async def load_refresh_token(self, client, refresh_token):
        return None


PEOPLE = People()


@pytest.fixture(scope="module", autouse=True)
def authorization_server():
    async def discovery(_):
        return JSONResponse({"issuer": SERVER, "jwks_uri": f"{SERVER}/keys"})

    async def keys(_):
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    # An issuer is compared to the letter, and has no slash at its end.
    issuer = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True)).validate_python(SERVER)
    routes = create_auth_routes(PEOPLE, issuer)
    routes += [Route("/.well-known/openid-configuration", discovery), Route("/keys", keys)]
    port = urlsplit(SERVER).port
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline and thread.is_alive(), "the authorization server does not start"
    yield
    server.should_exit = True
    thread.join()


def add(provider):
    """What a tool answers to a client that was told nothing but its address."""

    async def talk():
        http = httpx2.AsyncClient(auth=provider, timeout=20)
        async with Client(streamable_http_client(TOOLS, http_client=http)) as mcp:
            return (await mcp.call_tool("add", {"a": 2, "b": 3})).content[0].text

    return asyncio.run(asyncio.wait_for(talk(), 60))


def refused(provider):
    with pytest.raises((OAuthFlowError, ExceptionGroup)) as failed:
        add(provider)
    return failed


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_an_agent_shows_its_key_where_discovery_leads(bot, method):
    memory = Memory()
    assert add(ClientCredentialsOAuthProvider(TOOLS, memory, "bot", bot, method, issuer=GATE)) == "5"
    assert memory.tokens.access_token != bot
    # The token is for that server alone.
    headers = {"authorization": f"Bearer {memory.tokens.access_token}"}
    assert httpx2.post(f"{GATE}/mcp/web", json={}, headers=headers).status_code == 401


def asserting(**more):
    """What the client signs with the agent's key, which comes with its public half (RFC 5958)."""
    body = "".join(need("SIGNING_KEY").splitlines()[1:-1])
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(body)[16:48])
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    claims = {"issuer": "bot", "subject": "bot", "signing_key": pem, "signing_algorithm": "EdDSA"} | more
    return SignedJWTParameters(**claims).create_assertion_provider()


def test_an_agent_asserts_who_it_is():
    memory = Memory()
    assert add(PrivateKeyJWTOAuthProvider(TOOLS, memory, "bot", asserting(), issuer=GATE)) == "5"


def test_who_asserts_what_is_not_so_gets_nothing():
    for wrong in ({"issuer": "clerk", "subject": "clerk"}, {"additional_claims": {"aud": "elsewhere"}}):
        memory = Memory()
        refused(PrivateKeyJWTOAuthProvider(TOOLS, memory, "bot", asserting(**wrong), issuer=GATE))
        assert memory.tokens is None
    memory = Memory()
    refused(ClientCredentialsOAuthProvider(TOOLS, memory, "bot", "pc_" + "x" * 43, issuer=GATE))
    assert memory.tokens is None


def person_client(client_id):
    """A client by which a person logs in with a browser."""
    about = {
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    registered = OAuthClientInformationFull(client_id=client_id, client_secret="known to both", **about)
    PEOPLE.clients[client_id] = registered
    memory, seen = Memory(registered), {}

    async def browse(url):
        answer = await httpx2.AsyncClient().get(url)
        seen.update(parse_qs(urlsplit(answer.headers["location"]).query))

    async def back():
        return AuthorizationCodeResult(code=seen["code"][0], state=seen["state"][0])

    return OAuthClientProvider(TOOLS, OAuthClientMetadata(**about), memory, browse, back), memory


def test_a_person_logs_in_elsewhere_for_an_agent():
    provider, memory = person_client("bot")
    assert add(provider) == "5"
    claims = jwt.decode(memory.tokens.access_token, KEY, algorithms=["ES256"]).claims
    assert (claims["sub"], claims["client_id"]) == (PERSON, "bot")
    assert TOOLS in claims["aud"]


def test_a_client_that_is_no_agent_of_the_gate_gets_in_nowhere():
    provider, memory = person_client("nobody")
    refused(provider)
    assert memory.tokens is not None
