"""Signing in with OpenID Connect, against a provider on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from access.provider import CLIENT, SECRET, LocalProvider
from entered import SESSION, add, browser, later, sign_in, token, told
from served import NOW, service
from starlette.testclient import TestClient

from trailbook.access import accounts
from trailbook.access.kept import SESSIONS
from trailbook.access.openid import ALGORITHMS, STARTED
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

STATE_COOKIE = "__Host-trailbook-openid"


@pytest.fixture(scope="module")
def running() -> Iterator[LocalProvider]:
    provider = LocalProvider(lambda: int(NOW.timestamp()))
    yield provider
    provider.close()


@pytest.fixture
def provider(running: LocalProvider) -> LocalProvider:
    running.algorithm = "RS256"
    running.claims = {"sub": "s-1", "email": "ann@acme.example", "email_verified": True}
    running.lie = lambda claims: claims
    running.metadata = {}
    return running


@pytest.fixture
def served(provider: LocalProvider) -> Service:
    return service(
        openid_issuer=provider.issuer, openid_client=CLIENT, openid_secret=SECRET, url="https://testserver"
    )  # fmt: skip


@pytest.fixture
def client(served: Service) -> TestClient:
    return browser(served)


def go(client: TestClient) -> str:
    """Off to the provider, and the address that it sends the browser back to."""
    answer = client.get(f"{SESSION}/openid", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return httpx.get(answer.headers["location"]).headers["location"]


def back(client: TestClient, address: str) -> httpx.Response:
    return client.get(address, follow_redirects=False)


def refused(answer: httpx.Response) -> bool:
    said = answer.json()["detail"]
    return (answer.status_code, said) == (401, "The sign-in could not be confirmed.")


def test_the_browser_is_sent_to_the_provider_with_state_nonce_and_a_challenge(
    client: TestClient, provider: LocalProvider
) -> None:
    answer = client.get(f"{SESSION}/openid", follow_redirects=False)
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.issuer}/authorize"
    given = {name: values[0] for name, values in parse_qs(address.query).items()}
    state = given["state"]
    assert sorted(given) == [
        "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope",
        "state",
    ]  # fmt: skip
    assert given["redirect_uri"] == "https://testserver/api/v1/session/openid/callback"
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value == f"{STATE_COOKIE}={state}"
    assert sorted(attributes) == ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax", "Secure"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256"])
def test_an_account_is_found_by_its_verified_email_at_first_and_by_its_subject_from_then_on(
    served: Service, client: TestClient, provider: LocalProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    add(served, "Ann@acme.example", id="ann", password="", role="administrator")
    answer = back(client, go(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    who = client.get(SESSION).json()
    assert (who["account"]["id"], who["second_factor"]) == ("ann", "none")
    assert STATE_COOKIE not in client.cookies
    found = accounts.by_subject(served.store, provider.issuer, "s-1", NOW)
    assert found is not None
    assert found.value.id == "ann"
    changed = told(served, "accounts")[-1]
    assert {name: change.new for name, change in changed.changes.items()} == {
        "issuer": provider.issuer, "subject": "s-1",
    }  # fmt: skip
    assert changed.initiator is not None
    assert changed.initiator.id == "Ann@acme.example"
    assert told(served)[-1].data == {"how": "openid"}

    provider.claims = {"sub": "s-1", "email": "renamed@acme.example"}
    assert back(client, go(client)).status_code == 303
    assert client.get(SESSION).json()["account"]["id"] == "ann"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "s-2", "email": "nobody@acme.example", "email_verified": True},
        {"sub": "s-2", "email": "ann@acme.example"},
        {"sub": "s-2", "email": "ann@acme.example", "email_verified": False},
        {"sub": "s-2", "email": "ann@acme.example", "email_verified": "true"},
        {"sub": "s-2", "email": "änn@acme.example", "email_verified": True},
    ],
)
def test_no_account_is_made_and_only_a_verified_email_is_believed(
    served: Service, client: TestClient, provider: LocalProvider, claims: dict[str, Any]
) -> None:
    add(served, "ann@acme.example", password="")
    provider.claims = claims
    answer = back(client, go(client))
    assert refused(answer)
    assert "__Host-trailbook" not in client.cookies
    assert told(served)[-1].outcome == "failure"


@pytest.mark.parametrize(
    "given",
    [{}, {"issuer": "https://other.example", "subject": "x", "password": ""}, {"password": "", "disabled": True}],
    ids=["has a password", "has a subject", "is disabled"],
)
def test_an_account_that_somebody_has_is_not_taken_over_by_email(
    served: Service, client: TestClient, given: dict[str, Any]
) -> None:
    add(served, "ann@acme.example", **given)
    assert refused(back(client, go(client)))


@pytest.mark.parametrize(
    "lie",
    [
        lambda claims: {**claims, "nonce": "another"},
        lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
        lambda claims: {**claims, "aud": "another client"},
        lambda claims: {**claims, "aud": "another client", "azp": CLIENT},
        lambda claims: {**claims, "aud": [CLIENT, "another"], "azp": "another"},
        lambda claims: {**claims, "iss": "https://other.example"},
        lambda claims: {**claims, "exp": int(NOW.timestamp()) - 61},
        lambda claims: {**claims, "iat": int(NOW.timestamp()) + 3600},
        lambda claims: {**claims, "sub": ""},
        lambda claims: {**claims, "sub": 7},
        lambda claims: {**claims, "sub": "s" * 256},
        lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    ],
    ids=[
        "nonce", "no nonce", "audience", "audience for us", "party", "issuer", "expired", "not yet", "nobody",
        "number", "long", "endless",
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    served: Service, client: TestClient, provider: LocalProvider, lie: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    add(served, "ann@acme.example", password="")
    provider.lie = lie
    assert refused(back(client, go(client)))
    assert SESSIONS.all(served.store, NOW) == []


def forged_with_public_key(provider: LocalProvider, claims: dict[str, Any]) -> str:
    """Signed by HMAC with the provider's public key as the secret, which everybody knows."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims)]
    signature = hmac.digest(provider.rsa.as_pem(private=False), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_a_token_signed_by_nobody_or_with_a_public_key_is_refused(
    served: Service, client: TestClient, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(served, "ann@acme.example", password="")
    provider.algorithm = "none"
    assert refused(back(client, go(client)))
    monkeypatch.setattr(provider, "signed", lambda claims: forged_with_public_key(provider, claims))
    assert refused(back(client, go(client)))
    monkeypatch.setattr(provider, "signed", lambda claims: "no token")
    assert refused(back(client, go(client)))


def test_only_asymmetric_signatures_are_believed() -> None:
    assert {name[:2] for name in ALGORITHMS} == {"RS", "PS", "ES"}


def test_a_token_signed_with_a_key_that_is_not_the_providers_is_refused(
    served: Service, client: TestClient, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(served, "ann@acme.example", password="")
    stranger = LocalProvider(provider.now)
    stranger.close()
    monkeypatch.setattr(provider, "signed", stranger.signed)
    assert refused(back(client, go(client)))


def test_the_way_back_works_once(served: Service, client: TestClient) -> None:
    add(served, "ann@acme.example", password="")
    address = go(client)
    state = client.cookies[STATE_COOKIE]
    assert back(client, address).status_code == 303
    before = token(client)
    again = client.get(address, headers={"Cookie": f"{STATE_COOKIE}={state}"}, follow_redirects=False)
    assert refused(again)
    assert token(client) == before
    assert STARTED.all(served.store, NOW) == []


def test_somebody_elses_way_back_signs_nobody_in(served: Service, client: TestClient) -> None:
    """Who is made to open another's address would work in the other's account without noticing."""
    add(served, "ann@acme.example", password="")
    assert refused(back(browser(served), go(client)))
    other = browser(served)
    go(other)
    assert refused(back(other, go(client)))


def test_the_way_back_ends_after_ten_minutes(served: Service, client: TestClient) -> None:
    add(served, "ann@acme.example", password="")
    address = go(client)
    later(served, minutes=10)
    assert refused(back(client, address))


@pytest.mark.parametrize("change", [("code=", "code=x"), ("iss=http", "iss=https"), ("code=", "error=denied&c=")])
def test_an_answer_that_is_not_the_providers_is_refused(
    served: Service, client: TestClient, change: tuple[str, str]
) -> None:
    add(served, "ann@acme.example", password="")
    assert refused(back(client, go(client).replace(*change)))


def test_a_session_that_was_there_before_is_worth_nothing_afterwards(served: Service, client: TestClient) -> None:
    add(served)
    add(served, "ann@acme.example", password="")
    sign_in(client)
    before = token(client)
    assert back(client, go(client)).status_code == 303
    assert client.get(SESSION).json()["account"]["name"] == "ann@acme.example"
    fresh = browser(served)
    assert fresh.get(SESSION, headers={"Cookie": f"__Host-trailbook={before}"}).status_code == 401


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"authorization_endpoint": "http://provider.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"padding": "x" * (1 << 20)},
    ],
    ids=["issuer", "in the clear", "script", "none", "long"],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    client: TestClient, provider: LocalProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    answer = client.get(f"{SESSION}/openid", follow_redirects=False)
    assert (answer.status_code, answer.json()["place"]) == (503, "openid_issuer")


def test_a_provider_is_never_asked_in_the_clear() -> None:
    clear = service(openid_issuer="http://provider.example", openid_client=CLIENT)
    answer = browser(clear).get(f"{SESSION}/openid", follow_redirects=False)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "The OpenID Connect provider is not asked over TLS."


def test_a_provider_that_is_away_is_said_to_be() -> None:
    away = service(openid_issuer="http://127.0.0.1:9", openid_client=CLIENT)
    answer = browser(away).get(f"{SESSION}/openid", follow_redirects=False)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:trailbook:problem:unreachable")
    assert answer.json()["detail"] == "The OpenID Connect provider does not answer as it should."


def test_a_wrong_client_secret_is_refused_by_the_provider(provider: LocalProvider) -> None:
    served = service(
        openid_issuer=provider.issuer, openid_client=CLIENT, openid_secret="wrong", url="https://testserver"
    )  # fmt: skip
    add(served, "ann@acme.example", password="")
    client = browser(served)
    assert refused(back(client, go(client)))


def test_without_a_provider_there_is_no_single_sign_on() -> None:
    client = browser(service())
    for path in (f"{SESSION}/openid", f"{SESSION}/openid/callback"):
        assert client.get(path, follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "gone"), [("/reports/new?query=a%20b", "/reports/new?query=a%20b"), ("//x.example", "/")]
)
def test_the_browser_goes_on_to_the_page_that_it_wanted_and_to_no_other_site(
    served: Service, client: TestClient, wanted: str, gone: str
) -> None:
    add(served, "ann@acme.example", password="")
    answer = client.get(f"{SESSION}/openid", params={"next": wanted}, follow_redirects=False)
    done = back(client, httpx.get(answer.headers["location"]).headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, gone)
