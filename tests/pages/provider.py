"""An identity provider of OpenID Connect for one person, who is asked nothing."""

import contextlib
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from joserfc import jwt
from joserfc.jwk import ECKey

# One for all that is asked of it, as a provider's outlasts its restarts: the gate does not fetch keys anew each time.
KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": secrets.token_hex(8)})


class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        issuer = self.server.issuer
        if address.path == "/.well-known/openid-configuration":
            return self.say({
                "issuer": issuer, "authorization_endpoint": f"{issuer}/auth", "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"],
            })
        if address.path == "/jwks":
            return self.say({"keys": [KEY.as_dict(private=False)]})
        asked = dict(urllib.parse.parse_qsl(address.query))
        code = secrets.token_urlsafe()
        self.server.asked[code] = asked
        back = urllib.parse.urlencode({"code": code, "state": asked["state"], "iss": issuer})
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{back}")
        self.end_headers()

    def do_POST(self):
        body = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        asked, now = self.server.asked.pop(body["code"]), int(time.time())
        claims = {
            "iss": self.server.issuer, "aud": asked["client_id"], "nonce": asked["nonce"], "sub": self.server.person, "iat": now,
            "auth_time": now, "exp": now + 300, "amr": ["pwd", "mfa"], "email": self.server.person, "email_verified": True,
        }
        token = jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims, KEY)
        self.say({"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": token})

    def say(self, value):
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def provider(issuer, person):
    address = urllib.parse.urlsplit(issuer)
    server = http.server.ThreadingHTTPServer((address.hostname, address.port), Provider)
    server.issuer, server.person, server.asked = issuer, person, {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
