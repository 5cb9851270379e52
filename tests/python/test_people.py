"""People log in with authenticators that are not ours: pyotp, and what Yubico's fido2 encodes."""

import html
import re

import httpx2 as httpx
import pyotp
import pytest
from conftest import need
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2.cose import ES256, RS256, EdDSA
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

CONSOLE = need("CONSOLE_URL")
PASSWORD = "seven blue lamps"
FLAG = AuthenticatorData.FLAG
NEW, SHOWN = CollectedClientData.TYPE.CREATE, CollectedClientData.TYPE.GET


@pytest.fixture
def invite():
    """Adds a user as the operator at the socket; gives the path of the invitation."""

    def add(name, role="auditor"):
        with httpx.Client(transport=httpx.HTTPTransport(uds=need("ADMIN"))) as operator:
            made = operator.post("http://localhost/api/v1/users", json={"name": name, "roles": [role]})
        assert made.status_code == 201, made.text
        return made.json()["invitation"]["path"]

    return add


class Browser:
    def __init__(self):
        self.http = httpx.Client(base_url=CONSOLE, headers={"origin": CONSOLE}, timeout=20)

    def get(self, path):
        return self.http.get(path, headers={"accept": "text/html"})

    def post(self, path, **fields):
        return self.http.post(path, data=fields)

    def ask(self, path, body):
        return self.http.post(path, json=body, headers={"accept": "application/json"})

    def welcome(self, path):
        done = self.post(path, password=PASSWORD, again=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/enrol"), done.text

    def may_look(self):
        return self.http.get("/api/v1/agents").status_code == 200


def field(page, name):
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page.text)[1])


class Authenticator:
    """A key that verifies its user, written down by fido2."""

    def __init__(self, kind, flags=FLAG.UP | FLAG.UV):
        self.flags, self.counter, self.id = flags, 0, f"key-{kind}".encode()
        if kind == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
            self.public = ES256.from_cryptography_key(self.key.public_key())
            self.sign = lambda data: self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        elif kind == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
            self.public = EdDSA.from_cryptography_key(self.key.public_key())
            self.sign = self.key.sign
        else:
            self.key = rsa.generate_private_key(65537, 2048)
            self.public = RS256.from_cryptography_key(self.key.public_key())
            self.sign = lambda data: self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def client_data(self, kind, question):
        return CollectedClientData.create(kind, websafe_decode(question["challenge"]), CONSOLE)

    def data(self, question, new=b""):
        party = hashes.Hash(hashes.SHA256())
        party.update(question["party"].encode())
        flags = self.flags | (FLAG.AT if new else 0)
        return AuthenticatorData.create(party.finalize(), flags, self.counter, new)

    def create(self, question):
        credential = AttestedCredentialData.create(bytes(16), self.id, self.public)
        made = AttestationObject.create("none", self.data(question, credential), {})
        client_data = self.client_data(NEW, question)
        return {"client_data": websafe_encode(client_data), "attestation": websafe_encode(made)}

    def show(self, question):
        self.counter += 1
        client_data, data = self.client_data(SHOWN, question), self.data(question)
        return {
            "credential": websafe_encode(self.id),
            "client_data": websafe_encode(client_data),
            "authenticator_data": websafe_encode(data),
            "signature": websafe_encode(self.sign(data + client_data.hash)),
        }


def test_an_authenticator_app_of_somebody_elses_lets_in_once_a_code(invite):
    browser = Browser()
    browser.welcome(invite("app@example.com"))
    offer = browser.get("/enrol")
    secret = re.search(r"Secret: <code>([A-Z2-7 ]+)<", offer.text)[1].replace(" ", "")
    app = pyotp.TOTP(secret)
    code = app.now()
    fields = {"label": "Phone", "code": code, "secret": field(offer, "secret")}
    done = browser.post("/enrol", **fields, form_token=field(offer, "form_token"))
    assert done.status_code == 200, done.text
    assert browser.may_look()
    # The same code again is nobody's.
    again = Browser()
    first = again.post("/login", name="app@example.com", password=PASSWORD)
    assert first.headers["location"] == "/login/second"
    token = field(again.get("/login/second"), "form_token")
    refused = again.post("/login/second", code=code, form_token=token)
    assert refused.status_code == 401
    recovery = re.search(r"<li><code>([0-9a-z-]+)<", done.text)[1]
    assert again.post("/login/second", code=recovery, form_token=token).status_code == 303
    assert again.may_look()


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_lets_in_without_a_password(invite, kind):
    key, browser = Authenticator(kind), Browser()
    browser.welcome(invite(f"{kind}@example.com"))
    question = browser.ask("/enrol/passkey/question", {}).json()
    done = browser.ask("/enrol/passkey", {"registration": key.create(question)})
    assert done.status_code == 200, done.text
    assert len(done.json()["codes"]) == 10
    other = Browser()
    shown = key.show(other.ask("/login/passkey/question", {}).json())
    assert other.ask("/login/passkey", {"assertion": shown}).status_code == 200
    assert other.may_look()
    assert Browser().ask("/login/passkey", {"assertion": shown}).status_code == 403


def test_an_authenticator_that_does_not_know_its_user_is_refused(invite):
    browser = Browser()
    browser.welcome(invite("unverified@example.com"))
    question = browser.ask("/enrol/passkey/question", {}).json()
    key = Authenticator("ES256", flags=FLAG.UP)
    refused = browser.ask("/enrol/passkey", {"registration": key.create(question)})
    assert refused.status_code == 422
    assert "verify its user" in refused.json()["detail"]
