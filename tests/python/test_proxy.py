"""The console behind nginx, which ends TLS in front of it under a name of its own."""

import datetime
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import httpx2 as httpx
import pyotp
import pytest
from conftest import need
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.utils import websafe_decode
from fido2.webauthn import CollectedClientData
from test_people import PASSWORD, Authenticator, field

NAME = "console.example.com"
PUBLIC = f"https://{NAME}"

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        location / {{
            proxy_pass http://{console};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
        }}
    }}
}}
"""

CONFIGURATION = """
[gate]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
public_url = "{public}"
[data]
dir = "data"
[people.sso]
issuer = "{issuer}"
client_id = "portcullis"
"""


def until(what, look):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited for {what}")


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


class Provider(http.server.BaseHTTPRequestHandler):
    """As much of an identity provider as there is before anybody logs in."""

    def do_GET(self):
        here = f"http://{self.headers['host']}"
        document = {"issuer": here, "authorization_endpoint": f"{here}/auth", "token_endpoint": f"{here}/token", "jwks_uri": f"{here}/keys"}
        body = json.dumps({"keys": []} if self.path == "/keys" else document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    def __init__(self, folder, port, console):
        self.folder, self.port, self.console = folder, port, console
        self.context = ssl.create_default_context(cafile=folder / "cert.pem")

    def browser(self, origin=PUBLIC, host=NAME):
        """Reaches the name where nginx is; a browser says where its page is from."""
        headers = {"host": host, "origin": origin, "accept": "text/html"}
        hooks = {"request": [lambda request: request.extensions.update(sni_hostname=NAME)]}
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}", headers=headers, verify=self.context, event_hooks=hooks, timeout=20)

    def invite(self, name):
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(self.folder / "data/admin.sock"))) as operator:
            made = operator.post("http://localhost/api/v1/users", json={"name": name, "roles": ["auditor"]})
        assert made.status_code == 201, made.text
        return made.json()["invitation"]["url"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    assert nginx, "there is no nginx; on Debian: apt-get install nginx-light"
    folder = tmp_path_factory.mktemp("proxy")
    certificate(folder)
    provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    issuer = f"http://127.0.0.1:{provider.server_port}"
    (folder / "portcullis.toml").write_text(CONFIGURATION.format(public=PUBLIC, issuer=issuer))
    gate = subprocess.Popen([need("PORTCULLIS_BIN"), "up"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    addresses = folder / "data/addresses.json"
    console = until("the console", lambda: addresses.exists() and json.loads(addresses.read_text() or "{}").get("console"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, console=console))
    proxy = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    found = Site(pathlib.Path(folder), port, console)

    def answers():
        try:
            return found.browser().get("/login").status_code == 200
        except httpx.HTTPError:
            return False

    until("nginx", answers)
    yield found
    for one in (proxy, gate):
        one.terminate()
        one.wait(20)
    provider.shutdown()


def enrol(browser, link):
    assert link.startswith(f"{PUBLIC}/welcome/"), link
    done = browser.post(link.removeprefix(PUBLIC), data={"password": PASSWORD, "again": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/enrol"), done.text
    return done


def test_people_log_in_by_links_and_cookies_of_the_public_name(site):
    browser = site.browser()
    done = enrol(browser, site.invite("app@example.com"))
    cookie = done.headers["set-cookie"]
    assert cookie.startswith("__Host-portcullis=") and "; Secure" in cookie, cookie
    offer = browser.get("/enrol")
    secret = offer.text.split("Secret: <code>")[1].split("<")[0].replace(" ", "")
    fields = {name: field(offer, name) for name in ("secret", "form_token")}
    done = browser.post("/enrol", data=fields | {"label": "Phone", "code": pyotp.TOTP(secret).now()})
    assert done.status_code == 200, done.text
    assert browser.get("/api/v1/agents").status_code == 200
    assert browser.get("/").status_code == 200


def test_a_passkey_belongs_to_the_public_name(site):
    class Key(Authenticator):
        def client_data(self, kind, question):
            return CollectedClientData.create(kind, websafe_decode(question["challenge"]), PUBLIC)

    browser, key = site.browser(), Key("ES256")
    enrol(browser, site.invite("key@example.com"))
    question = browser.post("/enrol/passkey/question", json={}).json()
    assert question["party"] == NAME
    done = browser.post("/enrol/passkey", json={"registration": key.create(question)})
    assert done.status_code == 200, done.text
    other = site.browser()
    shown = key.show(other.post("/login/passkey/question", json={}).json())
    assert other.post("/login/passkey", json={"assertion": shown}).status_code == 200
    assert other.get("/api/v1/agents").status_code == 200


def test_the_identity_provider_sends_browsers_back_to_the_public_name(site):
    answer = site.browser().get("/login/sso")
    assert answer.status_code == 303, answer.text
    asked = urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{PUBLIC}/login/sso/callback"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-portcullis-sso=") and "; Secure" in cookie, cookie


def test_no_other_name_is_answered_and_no_other_page_sends_forms(site):
    assert site.browser(host="evil.example.com").get("/login").status_code in (400, 403, 421)
    fields = {"name": "app@example.com", "password": PASSWORD}
    for origin in ("https://evil.example.com", f"http://{site.console}", f"http://{NAME}", "null"):
        refused = site.browser(origin=origin).post("/login", data=fields)
        assert refused.status_code == 403, f"{origin}: {refused.status_code}"
    assert site.browser().post("/login", data=fields).status_code == 303
