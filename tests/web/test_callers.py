"""Who is asking: keys and sessions as they are sent with requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from entered import NOW, SESSION, add, browser, later, sign_in, token
from msgspec.structs import replace
from served import service
from starlette.testclient import TestClient

from trailbook.access.kept import ACCOUNTS, KEYS, SESSIONS
from trailbook.access.keys import make_key
from trailbook.access.sessions import token_id
from trailbook.errors import Busy
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")


@pytest.fixture
def served() -> Service:
    return service()


@pytest.fixture
def client(served: Service) -> Iterator[TestClient]:
    """Signed in as a reader of acme."""
    add(served)
    client = browser(served)
    sign_in(client)
    return client


def key(served: Service, **given: object) -> str:
    text, kept = make_key(
        served.randomness, name="web", tenant="acme", uses=frozenset(["read"]), created_by="a", created_at=NOW, **given
    )
    served.keep([KEYS.record(kept)])
    return text


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_key_says_who_is_asking(served: Service) -> None:
    text = key(served)
    answer = browser(served).get(SESSION, headers=bearer(text))
    assert answer.status_code == 200
    who = answer.json()
    assert who["account"] == {
        "kind": "key", "id": text[3:11], "name": "web", "tenant": "acme", "user": f"key:{text[3:11]}",
    }  # fmt: skip
    assert (who["seat"]["rights"], who["csrf"], who["second_factor"]) == (["export", "view"], "", "none")


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "No key or session was given."),
        ("", "No key or session was given."),
        ("Basic YW5uOnB3", "No key or session was given."),
        ("Bearer", "This is not a whole key: a part of it is missing or mistyped."),
        ("Bearer tb_short", "This is not a whole key: a part of it is missing or mistyped."),
    ],
)
def test_who_is_not_known_is_told_how_to_be(served: Service, header: str | None, detail: str) -> None:
    answer = browser(served).get(SESSION, headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)
    assert answer.headers["www-authenticate"] == 'Bearer realm="trailbook"'
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_revoked_and_expired_keys_get_byte_equal_answers(served: Service) -> None:
    gone, ended = key(served), key(served, expires_at=NOW)
    found = KEYS.find(served.store, gone[3:11], NOW)
    assert found is not None
    served.keep([KEYS.record(replace(found.value, revoked_at=NOW), found)])
    unknown, _ = make_key(
        served.randomness, name="", tenant="", uses=frozenset(), created_by="", created_at=NOW
    )  # fmt: skip
    client = browser(served)
    answers = [client.get(SESSION, headers=bearer(text)) for text in (gone, ended, unknown)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text.replace(answer.headers["x-request-id"], "") for answer in answers}) == 1


def test_the_last_use_of_a_key_is_kept_once_a_minute(served: Service) -> None:
    text = key(served)
    client = browser(served)

    def used() -> tuple[object, int]:
        client.get(SESSION, headers=bearer(text))
        found = KEYS.find(served.store, text[3:11], NOW)
        assert found is not None
        return found.value.last_used_at, found.record.version

    assert used() == (NOW, 2)
    later(served, seconds=59)
    assert used() == (NOW, 2)
    later(served, seconds=1)
    assert used() == (NOW + timedelta(minutes=1), 3)


def test_a_use_that_cannot_be_kept_does_not_fail_the_request(
    served: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = key(served)
    later(served, minutes=5)

    def busy(*given: object, **named: object) -> None:
        raise Busy("Others are writing.")

    monkeypatch.setattr(served.store, "keep", busy)
    assert browser(served).get(SESSION, headers=bearer(text)).status_code == 200
    assert client.get(SESSION).status_code == 200


def test_a_key_that_does_not_hold_is_not_made_good_by_a_cookie(client: TestClient) -> None:
    assert client.get(SESSION, headers=bearer("tb_wrong")).status_code == 401
    assert client.get(SESSION, headers={"Authorization": "Basic YW5uOnB3"}).status_code == 401


@pytest.mark.parametrize("given", [None, "", "wrong", "ä".encode(), b"\xff"])
def test_a_change_without_the_sessions_token_is_refused(client: TestClient, given: str | bytes | None) -> None:
    del client.headers["X-CSRF-Token"]
    answer = client.delete(SESSION, headers={} if given is None else {"X-CSRF-Token": given})
    assert (answer.status_code, answer.json()["place"]) == (403, "X-CSRF-Token")
    assert client.get(SESSION).status_code == 200


def test_the_token_of_another_session_is_not_this_ones(served: Service, client: TestClient) -> None:
    other = browser(served)
    sign_in(other)
    answer = client.delete(SESSION, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})
    assert answer.status_code == 403


def test_a_key_needs_no_token_because_no_browser_sends_it_by_itself(served: Service) -> None:
    answer = browser(served).delete(SESSION, headers=bearer(key(served)))
    assert (answer.status_code, answer.json()["detail"]) == (403, "A key is not signed in.")


@pytest.mark.parametrize("forged", ["x", "0" * 43, "%00", "../../etc", "a" * 100_000, "ä"])
def test_a_forged_cookie_is_nobodys(served: Service, forged: str) -> None:
    answer = browser(served).get(SESSION, headers={"Cookie": f"__Host-trailbook={forged}".encode("latin-1")})
    assert answer.status_code == 401


def test_the_id_of_a_session_is_not_its_token(served: Service, client: TestClient) -> None:
    (found,) = SESSIONS.all(served.store, NOW)
    assert found.value.id == token_id(token(client))
    answer = browser(served).get(SESSION, headers={"Cookie": f"__Host-trailbook={found.value.id}"})
    assert answer.status_code == 401


def test_a_session_left_alone_ends_and_one_in_use_goes_on_to_its_end(served: Service, client: TestClient) -> None:
    for _ in range(13):
        later(served, minutes=50)
        assert client.get(SESSION).status_code == 200
    later(served, minutes=69)
    assert client.get(SESSION).status_code == 401

    sign_in(client)
    later(served, minutes=60)
    assert client.get(SESSION).status_code == 401


def test_a_session_ends_after_its_hours_though_it_is_in_use(served: Service, client: TestClient) -> None:
    for _ in range(14):
        later(served, minutes=50)
        assert client.get(SESSION).status_code == 200
    later(served, minutes=20)
    assert client.get(SESSION).status_code == 401


def test_when_a_session_was_seen_is_kept_once_a_minute(served: Service, client: TestClient) -> None:
    later(served, seconds=59)
    client.get(SESSION)
    assert [found.value.seen_at for found in SESSIONS.all(served.store, NOW)] == [NOW]
    later(served, seconds=1)
    client.get(SESSION)
    assert [found.value.seen_at for found in SESSIONS.all(served.store, NOW)] == [NOW + timedelta(minutes=1)]


@pytest.mark.parametrize("change", [{"disabled": True}, {"expires_at": NOW}, {"role": "no-such-role"}])
def test_a_session_holds_only_while_its_account_and_role_do(
    served: Service, client: TestClient, change: dict[str, object]
) -> None:
    found = ACCOUNTS.find(served.store, "id-ann", NOW)
    assert found is not None
    served.keep([ACCOUNTS.record(replace(found.value, **change), found)])
    answer = client.get(SESSION)
    assert (answer.status_code, answer.json()["detail"]) == (401, "You are not signed in, or no longer.")


def test_more_rights_ask_for_the_second_factor_in_sessions_that_are_there_already(
    served: Service, client: TestClient
) -> None:
    found = ACCOUNTS.find(served.store, "id-ann", NOW)
    assert found is not None
    served.keep([ACCOUNTS.record(replace(found.value, role="administrator"), found)])
    assert client.get(SESSION).json()["second_factor"] == "set_up"
