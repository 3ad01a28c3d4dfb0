"""A sign-in service on loopback that keeps the rules of OpenID Connect, and breaks one when a test asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "lineshaft", "a secret of ours"
Claims = dict[str, Any]


class FakeOidc:
    """Answers until it is closed. Tests set what it says.

    `claims` changes what the ID token says, `sign` how it is signed, `facts` what the service says of itself,
    `refuses` the person's answer.
    """

    key = RSAKey.generate_key(2048, {"kid": "now", "use": "sig"}, private=True)
    stranger = RSAKey.generate_key(2048, {"kid": "now", "use": "sig"}, private=True)

    def __init__(self) -> None:
        self.subject, self.name = "4711", "Li.Na"
        self.claims: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = self.signed
        self.facts: Claims = {}
        self.refuses = ""
        self.codes: dict[str, dict[str, str]] = {}
        service = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.get(self)

            def do_POST(self) -> None:
                service.post(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        address = urlsplit(request.path)
        query = dict(parse_qsl(address.query))
        if address.path == "/.well-known/openid-configuration":
            known = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            tell(request, 200, known | self.facts)
        elif address.path == "/keys":
            tell(request, 200, KeySet([self.key]).as_dict(private=False))
        elif address.path == "/authorize":
            self._authorize(request, query)
        else:
            tell(request, 404, {})

    def _authorize(self, request: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        """The person is there and agrees, at once."""
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
        if wanted.items() - query.items() or "openid" not in query["scope"].split():
            tell(request, 400, {"error": "invalid_request"})
            return
        answer = {"state": query["state"], "iss": self.issuer}
        if self.refuses:
            answer["error"] = self.refuses
        else:
            answer["code"] = secrets.token_urlsafe()
            self.codes[answer["code"]] = query
        request.send_response(302)
        request.send_header("Location", f"{query['redirect_uri']}?{urlencode(answer)}")
        request.end_headers()

    def post(self, request: BaseHTTPRequestHandler) -> None:
        """The token endpoint: who asks, with which code, with the verifier of whoever began."""
        form = dict(parse_qsl(request.rfile.read(int(request.headers["Content-Length"])).decode()))
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if request.headers["Authorization"] != f"Basic {basic}":
            tell(request, 401, {"error": "invalid_client"})
        elif (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != text_of(challenge)
        ):
            tell(request, 400, {"error": "invalid_grant"})
        else:
            now = int(time.time())
            claims = {
                "iss": self.issuer,
                "sub": self.subject,
                "aud": CLIENT_ID,
                "iat": now,
                "exp": now + 300,
                "nonce": asked["nonce"],
                "preferred_username": self.name,
            }
            tokens = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 300}
            tell(request, 200, tokens | {"id_token": self.sign(self.claims(claims))})

    def signed(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "now"}, claims, self.key)

    def signed_by_a_stranger(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "now"}, claims, self.stranger)

    def signed_with_a_key_of_its_own(self, claims: Claims) -> str:
        """The token brings the key it is to be checked with."""
        own = {"jwk": self.stranger.as_dict(private=False), "jku": f"{self.issuer}/keys"}
        return pack({"alg": "RS256", **own}, claims, self.signed_by_a_stranger(claims).rpartition(".")[2])

    def signed_by_the_public_key(self, claims: Claims) -> str:
        """What everybody can read, taken as a shared secret."""
        signed = pack({"alg": "HS256", "kid": "now"}, claims, "")[:-1]
        mac = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{text_of(mac)}"

    def unsigned(self, claims: Claims) -> str:
        return pack({"alg": "none"}, claims, "")


def pack(header: Claims, claims: Claims, signature: str) -> str:
    return ".".join((*(text_of(json.dumps(part).encode()) for part in (header, claims)), signature))


def text_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def tell(request: BaseHTTPRequestHandler, status: int, content: Claims) -> None:
    body = json.dumps(content).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def asked_of(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
