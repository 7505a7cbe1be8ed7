"""A small OpenID provider on this machine, which can state what is not so."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT, SECRET = "aether", "the client's secret"


@dataclass
class Provider:
    """What the provider knows, and what it says next.

    Attributes:
        issuer: Its address.
        claims: What it states on top of what it should, or instead; None leaves one out.
        signed_by: The key it signs with, where it is not its own.
        header: The token's header.
        description: What its description says instead.
    """

    issuer: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    signed_by: RSAKey | OctKey | None = None
    header: dict[str, str] = field(default_factory=lambda: {"alg": "RS256"})
    description: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)

    def visited(self, address: str) -> dict[str, str]:
        """Somebody has signed in here; what their browser is sent back with."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return {"code": "the-code", "state": self.asked["state"]}

    def about(self) -> dict[str, Any]:
        there = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return {**there, **self.description}

    def token(self, form: dict[str, str]) -> dict[str, str]:
        hashed = sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(hashed).decode().rstrip("=")
        good = (
            challenge == self.asked["code_challenge"]
            and (form["code"], form["client_secret"]) == ("the-code", SECRET)
            and form["redirect_uri"] == self.asked["redirect_uri"]
        )
        if not good:
            return {"error": "invalid_grant"}
        now = int(time())
        stated = {
            "iss": self.issuer,
            "sub": "7",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": self.asked["nonce"],
            "preferred_username": "Berta Böhm",
            **self.claims,
        }
        kept = {name: value for name, value in stated.items() if value is not None}
        if self.header["alg"] == "none":
            parts = [json.dumps(one).encode() for one in (self.header, kept)]
            encoded = [urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
            return {"id_token": ".".join([*encoded, ""])}
        key = self.signed_by or self.key
        return {"id_token": jwt.encode(self.header, kept, key, algorithms=[self.header["alg"]])}


@contextmanager
def provider() -> Iterator[Provider]:
    """The provider, running."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = KeySet([known.key]).as_dict(private=False)
            self._tell(known.about() if "well-known" in self.path else keys)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = known.token({name: one[0] for name, one in parse_qs(body).items()})
            self._tell(answer, 400 if "error" in answer else 200)

        def _tell(self, document: object, status: int = 200) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        known = Provider(f"http://127.0.0.1:{server.server_port}", RSAKey.generate_key(2048))
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield known
        server.shutdown()
