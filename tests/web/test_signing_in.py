"""Signing in and out with a password: what is answered, what is told, and what no longer holds afterwards."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from entered import NOW, PASSWORD, SESSION, add, browser, later, sign_in, token, told
from served import service
from starlette.testclient import TestClient

from trailbook.access import passwords
from trailbook.access.kept import ACCOUNTS, SESSIONS
from trailbook.directory.viewer import TenantScope
from trailbook.errors import DiskFull
from trailbook.event.model import Initiator, Target
from trailbook.web import signing_in
from trailbook.web.app import make_app
from trailbook.web.service import Service
from trailbook.wiring import open_store

pytestmark = pytest.mark.usefixtures("every_store")


@pytest.fixture
def served() -> Service:
    return service()


def wrong(client: Any, name: str = "ann", password: str = "wrong") -> Any:
    return client.post(SESSION, json={"name": name, "password": password})


def test_signing_in_says_who_one_is_and_what_one_may(served: Service) -> None:
    add(served, label="Ann Lee")
    who = sign_in(browser(served))
    csrf = who.pop("csrf")
    assert len(csrf) == 43
    assert who == {
        "account": {"kind": "account", "id": "id-ann", "name": "Ann Lee", "tenant": "acme", "user": "ann"},
        "seat": {
            "scope": {"type": "tenant", "tenant": "acme"}, "rights": ["view"], "hidden": [], "applications": [],
            "since": None, "until": None, "expires_at": None,
        },
        "second_factor": "none",
        "expires_at": "2021-12-01T21:00:00Z",
    }  # fmt: skip


def test_the_cookie_is_for_this_host_alone_over_tls_and_no_script_reads_it(served: Service) -> None:
    add(served)
    client = browser(served)
    answer = client.post(SESSION, json={"name": "ann", "password": PASSWORD})
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value == f"__Host-trailbook={token(client)}"
    assert sorted(attributes) == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=lax", "Secure"]


def test_names_are_one_however_they_are_spelt(served: Service) -> None:
    add(served, "zoë")
    assert sign_in(browser(served), "ZOE")["account"]["id"] == "id-zoë"


def test_an_unknown_name_and_a_wrong_password_get_one_answer(served: Service) -> None:
    add(served)
    add(served, "gone", disabled=True)
    add(served, "late", expires_at=NOW)
    add(served, "roleless", role="no-such-role")
    add(served, "openid", password="")
    client = browser(served)
    answers = [
        wrong(client), wrong(client, "nobody"), wrong(client, "gone", PASSWORD), wrong(client, "late", PASSWORD),
        wrong(client, "roleless", PASSWORD), wrong(client, "openid", ""), wrong(client, "ann", "x" * 1024),
    ]  # fmt: skip
    bodies = {answer.text.replace(answer.headers["x-request-id"], "") for answer in answers}
    assert len(bodies) == 1
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json()["detail"] == "The name, the password or the one-time password is wrong."
    assert {tuple(sorted(answer.headers)) for answer in answers} == {tuple(sorted(answers[0].headers))}
    assert "set-cookie" not in answers[0].headers


def test_a_password_is_compared_for_unknown_names_too(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    add(served)
    compared = []
    monkeypatch.setattr(signing_in, "verify", lambda kept, given: compared.append((bool(kept), given)) or False)
    client = browser(served)
    wrong(client, "ann", "one")
    wrong(client, "nobody", "two")
    assert compared == [(True, "one"), (False, "two")]


def test_signing_in_and_out_are_events_in_the_book_of_the_account(served: Service) -> None:
    add(served, label="Ann Lee")
    client = browser(served)
    sign_in(client)
    assert client.delete(SESSION).status_code == 204
    entered, left = told(served)
    assert (entered.action, left.action) == ("sign_in", "sign_out")
    assert {one.outcome for one in (entered, left)} == {"success"}
    assert {one.tenant for one in (entered, left)} == {"acme"}
    assert {one.application for one in (entered, left)} == {"trailbook"}
    assert entered.data == {"how": "password"}
    assert entered.initiator is not None
    assert (entered.initiator.id, entered.initiator.name, entered.initiator.verified) == ("ann", "Ann Lee", True)


def test_a_failure_has_the_account_as_target_and_an_initiator_not_verified(served: Service) -> None:
    add(served, label="Ann Lee")
    wrong(browser(served))
    (failure,) = told(served)
    assert (failure.action, failure.outcome, failure.reason) == ("sign_in", "failure", "wrong password")
    assert failure.tenant == "acme"
    assert failure.targets == (Target("user", "ann", "Ann Lee", "acme"),)
    assert failure.initiator is not None
    assert (failure.initiator.id, failure.initiator.verified) == ("ann", False)
    assert failure.initiator.user_agent == "testclient"


def test_a_failure_with_an_unknown_name_tells_it_as_text_shortened(served: Service) -> None:
    wrong(browser(served), "n" * 256)
    (failure,) = told(served)
    assert failure.tenant == "default"
    assert failure.targets == ()
    assert failure.data == {"name": "n" * 100}
    assert failure.initiator == Initiator("unknown", "", "default", verified=False, user_agent="testclient")


def test_unknown_names_cannot_fill_the_disk(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "verify", lambda kept, given: False)
    monkeypatch.setattr(signing_in, "attempt", lambda records, guessed, now: None)
    client = browser(served)
    for number in range(70):
        wrong(client, f"nobody{number}")
    assert len(told(served)) == 60
    later(served, hours=1)
    wrong(client, "nobody")
    assert told(served)[-1].data == {"name": "nobody", "not_told_before": 10}


def test_passwords_and_tokens_are_in_no_event_answer_or_record(served: Service) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    wrong(client, "ann", "hunter2hunter2")
    assert served.store.record("session", token(client), NOW) is None
    said = repr(told(served)) + repr(told(served, "accounts")) + client.get(SESSION).text
    for secret in (PASSWORD, "hunter2hunter2", token(client), "argon2"):
        assert secret not in said


def test_what_does_not_fit_is_refused_without_repeating_the_password(served: Service) -> None:
    client = browser(served)
    for given in (
        {"name": "ann", "password": "secret" * 200},
        {"name": 7, "password": "secret"},
        {"password": "secret"},
    ):
        answer = client.post(SESSION, json=given)
        assert answer.status_code in (400, 422)
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\\ud800", "password": "x"}', b'{"name": "ann", "password": "\\ud800"}', b'{"name": "\xff"}', b"[]",
        b"", b"[" * 100_000, b'{"name": {}, "password": []}', b'{"name": "ann", "password": "x", "otp": 123456}',
    ],
    ids=range(8),
)  # fmt: skip
def test_what_cannot_be_read_is_the_senders_mistake(served: Service, body: bytes) -> None:
    answer = browser(served).post(SESSION, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def test_another_sites_form_cannot_sign_anybody_in(served: Service) -> None:
    """A form can send text/plain that happens to be JSON; it cannot send application/json."""
    add(served)
    body = f'{{"name": "ann", "password": "{PASSWORD}"}}'
    answer = browser(served).post(SESSION, content=body, headers={"Content-Type": "text/plain"})
    assert 400 <= answer.status_code < 500
    assert "set-cookie" not in answer.headers


def test_a_token_known_before_the_sign_in_is_worth_nothing_after_it(served: Service) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    before = token(client)
    sign_in(client)
    assert token(client) != before
    assert len(SESSIONS.all(served.store, NOW)) == 1
    client.cookies.clear()
    client.cookies.set("__Host-trailbook", before)
    assert client.get(SESSION).status_code == 401


def test_a_cookie_that_somebody_made_up_is_never_taken_over(served: Service) -> None:
    add(served)
    client = browser(served)
    headers = {"Cookie": "__Host-trailbook=planted"}
    answer = client.post(SESSION, json={"name": "ann", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 200
    assert "planted" not in answer.headers["set-cookie"]
    assert browser(served).get(SESSION, headers=headers).status_code == 401


def test_after_signing_out_the_cookie_is_worth_nothing_and_forgotten(served: Service) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    before = token(client)
    answer = client.delete(SESSION)
    assert answer.headers["set-cookie"].startswith('__Host-trailbook=""; ')
    assert "Max-Age=0" in answer.headers["set-cookie"]
    client.cookies.set("__Host-trailbook", before)
    assert client.get(SESSION).status_code == 401


def test_signing_out_works_when_there_is_no_room_to_tell_of_it(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    keep = served.store.keep

    def full(changed: Any, *, now: Any, removed: Any = (), events: Any = ()) -> Any:
        if list(events):
            raise DiskFull("There is no room left.")
        return keep(changed, now=now, removed=removed)

    monkeypatch.setattr(served.store, "keep", full)
    assert client.delete(SESSION).status_code == 204
    assert SESSIONS.all(served.store, NOW) == []


def test_changing_the_password_ends_all_other_sessions(served: Service) -> None:
    add(served)
    here, elsewhere = browser(served), browser(served)
    sign_in(here)
    sign_in(elsewhere)
    before = token(here)
    answer = here.post(f"{SESSION}/password", json={"old": PASSWORD, "new": "another long password"})
    assert answer.status_code == 200
    assert here.get(SESSION).status_code == 200
    assert token(here) != before
    assert elsewhere.get(SESSION).status_code == 401
    assert wrong(browser(served), "ann", PASSWORD).status_code == 401
    sign_in(browser(served), password="another long password")
    change = told(served, "accounts")[-1]
    assert (change.action, change.targets[0].id, list(change.changes)) == ("update", "ann", ["password"])
    assert change.changes["password"].new == "•••"


@pytest.mark.parametrize("new", ["short", "elevenchars", "aaaaaaaaaaaaaaaa"])
def test_a_password_that_is_easily_guessed_is_refused(served: Service, new: str) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    answer = client.post(f"{SESSION}/password", json={"old": PASSWORD, "new": new})
    assert answer.status_code in (400, 422)
    sign_in(client)


def test_changing_the_password_asks_for_the_old_one(served: Service) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    answer = client.post(f"{SESSION}/password", json={"old": "wrong", "new": "another long password"})
    assert answer.status_code == 401
    assert told(served)[-1].reason == "wrong password at its change"
    sign_in(client)


def test_a_password_hashed_with_other_parameters_is_hashed_anew(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = add(served).password
    monkeypatch.setattr(signing_in, "is_outdated", lambda kept: kept == before)
    sign_in(browser(served))
    found = ACCOUNTS.find(served.store, "id-ann", NOW)
    assert found is not None
    assert found.value.password != before
    sign_in(browser(served))


def test_guessing_is_slowed_down_on_every_process_of_the_service(tmp_path: Path) -> None:
    served = service(open_store(str(tmp_path / "trailbook.db"), create=True))
    add(served)
    other = service(open_store(str(tmp_path / "trailbook.db")))
    other.randomness = os.urandom
    clients = [browser(served), browser(other)]
    codes = [wrong(clients[number % 2]).status_code for number in range(7)]
    assert codes == [401, 401, 401, 401, 401, 429, 429]
    refused = wrong(clients[1], password=PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    for one in (served, other):
        later(one, seconds=1)
    assert wrong(clients[0]).status_code == 401
    assert wrong(clients[1]).headers["retry-after"] == "2"
    for one in (served, other):
        later(one, seconds=2)
    sign_in(clients[1])
    assert wrong(clients[0]).status_code == 401
    for one in (served, other):
        one.store.close()


def test_an_unknown_name_is_slowed_down_like_a_known_one(served: Service) -> None:
    client = browser(served)
    answers = [wrong(client, "nobody") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_whoever_tries_many_names_from_one_place_is_slowed_down(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in, "verify", lambda kept, given: False)
    client = browser(served)
    codes = [wrong(client, f"nobody{number}").status_code for number in range(21)]
    assert codes == [401] * 20 + [429]


def test_an_end_of_the_account_is_the_end_of_its_sessions(served: Service) -> None:
    add(served, expires_at=NOW + timedelta(minutes=30), scope=TenantScope("acme"))
    client = browser(served)
    sign_in(client)
    assert client.get(SESSION).status_code == 200
    later(served, minutes=30)
    assert client.get(SESSION).status_code == 401


def test_who_is_told_to_try_again_for_others_sign_in_has_not_failed(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(served)
    client = browser(served)
    sign_in(client)
    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    change = {"old": PASSWORD, "new": "a staple for the horse"}
    with passwords._Room(), passwords._Room():
        codes = [wrong(client).status_code for _ in range(6)]
        codes += [client.post(f"{SESSION}/password", json=change).status_code for _ in range(6)]
    assert codes == [429] * 12
    assert served.store.records("throttle", served.clock()) == []
    assert [one.action for one in told(served)] == ["sign_in"]


def test_queries_that_take_long_hold_up_neither_signing_in_and_out_nor_figures() -> None:
    served = service(threads=1)
    add(served)
    client = TestClient(make_app(served), base_url="https://testserver", client=("127.0.0.1", 1))
    asking, enough = threading.Event(), threading.Event()

    @client.app.get("/slow")  # type: ignore[attr-defined]
    def slow() -> None:
        asking.set()
        assert enough.wait(20)

    def meanwhile() -> list[int]:
        sign_in(client)
        asked = [client.get(SESSION), client.get("/metrics"), client.delete(SESSION)]
        return [answer.status_code for answer in asked]

    with client, ThreadPoolExecutor() as others:
        answer = others.submit(client.get, "/slow")
        assert asking.wait(10)
        try:
            assert others.submit(meanwhile).result(10) == [200, 200, 204]
        finally:
            enough.set()
        assert answer.result(10).status_code == 200
