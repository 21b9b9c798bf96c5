"""OpenID Connect: the authorization code flow with PKCE, and what a provider's word about somebody is worth.

OpenID Connect Core 1.0, sections 3.1 and 5.7; Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from ..errors import NotSignedIn, Unreachable
from .kept import Shelf
from .sessions import token, token_id

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that are believed: asymmetric ones only, so that neither `none` nor a key that is public can sign."""

_LEEWAY = 60
_WITHIN = timedelta(minutes=10)
_LONGEST_ANSWER = 1 << 20


class Started(Struct, frozen=True):
    """A sign-in on its way: `id` is the SHA-256 of its state; `verifier` proves to the provider that it is ours.

    `next` is the path that the browser wanted to go to.
    """

    id: str
    nonce: str
    verifier: str
    expires_at: datetime
    next: str = "/"


STARTED = Shelf("openid", Started, expires_at=lambda one: one.expires_at)


class Person(Struct, frozen=True):
    """Whom a provider vouches for; `email` is empty unless the provider says that it has verified it."""

    issuer: str
    subject: str
    email: str = ""


class Provider:
    """An OpenID Connect provider, asked over `http` at every sign-in: its keys may have changed."""

    def __init__(self, issuer: str, client: str, secret: str, back: str, http: httpx.Client) -> None:
        self.issuer = issuer
        self._client = client
        self._secret = secret
        self._back = back
        self._http = http

    def start(self, now: datetime, randomness: Callable[[int], bytes]) -> tuple[str, str, Started]:
        """Where to send the browser, the state to tie to it, and what to keep until it is back. Raises Unreachable."""
        state, nonce, verifier = token(randomness), token(randomness), token(randomness)
        url = prepare_grant_uri(
            self._metadata("authorization_endpoint"),
            self._client,
            "code",
            self._back,
            "openid email",
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return str(url), state, Started(token_id(state), nonce, verifier, now + _WITHIN)

    def finish(self, started: Started, answer: Mapping[str, str], now: datetime) -> Person:
        """Whom the provider vouches for, from the parameters it sent back. Raises NotSignedIn, Unreachable."""
        if answer.get("iss", self.issuer) != self.issuer or not answer.get("code"):
            raise refused()
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._back,
            "code_verifier": started.verifier,
            "client_id": self._client,
        }
        auth = (quote(self._client, ""), quote(self._secret, "")) if self._secret else None
        given = self._ask("POST", self._metadata("token_endpoint"), data=form, auth=auth, refused_is=refused())
        return self._person(str(given.get("id_token", "")), started.nonce, now)

    def _person(self, id_token: str, nonce: str, now: datetime) -> Person:
        try:
            keys = KeySet.import_key_set(self._ask("GET", self._metadata("jwks_uri")))  # type: ignore[arg-type]
            signed = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self._client}},
                {"nonce": nonce, "client_id": self._client},
            )
            claims.validate(int(now.timestamp()), _LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused() from error
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise refused()
        verified = isinstance(email, str) and claims.get("email_verified") is True
        return Person(self.issuer, subject, email if verified else "")

    def _metadata(self, name: str) -> str:
        if not _is_safe(self.issuer):
            raise Unreachable(
                "The OpenID Connect provider is not asked over TLS.",
                place="openid_issuer",
                remedy="Give an issuer that begins with https.",
            )
        found = self._ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        address = found.get(name)
        if found.get("issuer") != self.issuer or not isinstance(address, str) or not _is_safe(address):
            raise Unreachable(
                "The OpenID Connect provider does not describe itself as the issuer that it should be.",
                place="openid_issuer",
                remedy="Compare the setting with the `issuer` in its openid-configuration.",
            )
        return address

    def _ask(
        self,
        method: str,
        url: str,
        *,
        data: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        refused_is: NotSignedIn | None = None,
    ) -> dict[str, Any]:
        """The JSON object that the provider answers; `refused_is` is raised if it answers that it will not."""
        try:
            with self._http.stream(method, url, data=data, auth=auth or httpx.USE_CLIENT_DEFAULT) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _LONGEST_ANSWER:
                        raise ValueError("too long")
            if response.status_code in (400, 401, 403) and refused_is is not None:
                raise refused_is
            if response.status_code != 200:
                raise ValueError("not an answer")
            return msgspec.json.decode(body, type=dict[str, Any])
        except (httpx.HTTPError, ValueError) as error:  # msgspec's errors are ValueErrors
            raise Unreachable(
                "The OpenID Connect provider does not answer as it should.",
                place="openid_issuer",
                remedy="Try again in a moment, or sign in with a password.",
            ) from error


def refused() -> NotSignedIn:
    """The one answer to everything that a provider did not vouch for."""
    return NotSignedIn("The sign-in could not be confirmed.", place="openid", remedy="Start again.")


def _is_safe(url: str) -> bool:
    """Whether nobody between here and there can listen: over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))
