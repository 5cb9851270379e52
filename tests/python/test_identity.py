"""Identity providers and signers that are not ours: joserfc (of the authlib project), http-message-signatures."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
import types
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from conftest import FOX, GATE, HELLO, need, openai_client
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

ISSUER = need("ISSUER_URL")
PERSON = "ann@example.com"
CHAT = "/llm/openai/v1/chat/completions"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"

KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "okp", "use": "sig"}),
}


class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        documents = {
            "/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"},
            "/jwks": {"keys": [key.as_dict(private=False) for key in KEYS.values()]},
        }
        body = json.dumps(documents.get(self.path, {})).encode()
        self.send_response(200 if self.path in documents else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module", autouse=True)
def provider():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", urlsplit(ISSUER).port), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()


def id_token(algorithm, **more):
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": PERSON, "aud": "gate", "iat": now, "exp": now + 300} | more
    key = KEYS[algorithm]
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])


def exchange(key, token, **more):
    form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": JWT_TYPE} | more
    return httpx.post(f"{GATE}/oauth/token", data=form, headers={"x-api-key": key})


def claims_of(token):
    """What a tool behind the gate reads, with the gate's published key."""
    keys = KeySet.import_key_set(httpx.get(f"{GATE}/.well-known/jwks.json").json())
    return jwt.decode(token, keys, algorithms=["EdDSA"]).claims


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_persons_token_is_exchanged_and_used(bot, clerk, algorithm):
    answer = exchange(bot, id_token(algorithm))
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "mail.read"
    token = answer.json()["access_token"]
    said = openai_client(token).chat.completions.create(model="gpt-mock", messages=HELLO)
    assert said.choices[0].message.content == FOX
    claims = claims_of(token)
    assert (claims["sub"], claims["act"]["sub"]) == (PERSON, "bot")
    further = claims_of(exchange(clerk, token).json()["access_token"])
    assert (further["act"]["sub"], further["act"]["act"]["sub"]) == ("clerk", "bot")


def test_a_token_for_somebody_else_is_refused(bot):
    for token in (id_token("RS256", aud="other"), id_token("RS256", exp=int(time.time()) - 1), id_token("RS256")[:-8]):
        answer = exchange(bot, token)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert exchange(bot, id_token("RS256"), scope="admin").json()["error"] == "invalid_scope"


class Resolver(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        # The key comes with its public half (RFC 5958), which the library does not read.
        body = "".join(need("SIGNING_KEY").splitlines()[1:-1])
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(body)[16:48])

    def resolve_public_key(self, key_id):
        raise NotImplementedError


def signed(body):
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    headers = {"content-type": "application/json", "content-digest": f"sha-256=:{digest}:"}
    request = types.SimpleNamespace(method="POST", url=GATE + CHAT, headers=headers)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Resolver())
    covered = ("@method", "@authority", "@path", "content-digest")
    signer.sign(request, key_id="bot-key", covered_component_ids=covered,
                nonce=secrets.token_hex(16), use_existing_digest=True)
    return request.headers


def test_a_foreign_signer_is_understood_once():
    body = json.dumps({"model": "gpt-mock", "messages": HELLO}).encode()
    headers = signed(body)
    assert httpx.post(GATE + CHAT, content=body, headers=headers).status_code == 200
    assert httpx.post(GATE + CHAT, content=body, headers=headers).status_code == 401
    assert httpx.post(GATE + CHAT, content=body + b" ", headers=signed(body)).status_code == 401
