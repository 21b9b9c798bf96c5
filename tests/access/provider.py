"""An OpenID Connect provider on loopback that agrees to everything at once, and lies when a test wants it to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "trail book", "s/ecret"


class LocalProvider:
    """Signs in `claims` (subject, email ...) as whoever comes; `lie` may change the claims of an id_token."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}, private=True)
        self.ec = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}, private=True)
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {"sub": "s-1", "email": "ann@acme.example", "email_verified": True}
        self.lie: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                provider.asked.append(url.path)
                given = {name: values[0] for name, values in parse_qs(url.query).items()}
                if url.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(given))
                    self.end_headers()
                    return
                documents = {
                    "/.well-known/openid-configuration": provider.described(),
                    "/jwks": {"keys": [provider.rsa.as_dict(private=False), provider.ec.as_dict(private=False)]},
                }
                self._answer(200, documents[url.path])

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                given = {name: values[0] for name, values in parse_qs(body).items()}
                self._answer(*provider.token(given, self.headers.get("Authorization", "")))

            def _answer(self, status: int, document: dict[str, Any]) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **self.metadata,
        }

    def authorize(self, given: dict[str, str]) -> str:
        """Where the browser is sent back to, with a code."""
        assert given["response_type"] == "code"
        assert given["client_id"] == CLIENT
        assert given["code_challenge_method"] == "S256"
        assert "openid" in given["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = given
        return f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state'], 'iss': self.issuer})}"

    def token(self, given: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """What a code is exchanged for, once, by who started with it."""
        client, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote(client), unquote(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        started = self._codes.pop(given["code"], None)
        if started is None or create_s256_code_challenge(given["code_verifier"]) != started["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        assert given["redirect_uri"] == started["redirect_uri"]
        claims = self.lie(
            {
                "iss": self.issuer, "aud": CLIENT, "nonce": started["nonce"], "iat": self.now(),
                "exp": self.now() + 300, **self.claims,
            }
        )  # fmt: skip
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.signed(claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        if self.algorithm == "none":
            parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        key = self.ec if self.algorithm.startswith("ES") else self.rsa
        return jwt.encode({"alg": self.algorithm, "kid": key.kid}, claims, key, algorithms=[self.algorithm])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
