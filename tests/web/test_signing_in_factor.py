"""The second factor, one-time links, and the first account of an installation."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from entered import NOW, PASSWORD, SESSION, add, browser, doing, holding, later, sign_in, token, told
from served import service
from starlette.testclient import TestClient

from trailbook.access import accounts
from trailbook.access.kept import ACCOUNTS, SESSIONS
from trailbook.access.links import LINKS, make_link
from trailbook.directory.viewer import Root
from trailbook.event.model import PartyKey
from trailbook.web.service import Service
from trailbook.web.signing_in import first_link, vouched_link

pytestmark = pytest.mark.usefixtures("every_store")

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MANAGED = "/api/v1/directory/users"


@pytest.fixture
def served() -> Service:
    return service()


def code(served: Service, secret: str = SECRET, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(served.clock(), counter_offset=steps)


def give(client: TestClient, code: str = "") -> tuple[int, dict]:
    answer = client.post(f"{SESSION}/otp", json={"code": code})
    return answer.status_code, answer.json()


def linked(served: Service, name: str = "ann", **made: timedelta) -> str:
    found = accounts.by_name(served.store, name, served.clock())
    assert found is not None
    text, decided = make_link(found, doing(served), served.randomness, **made)
    served.keep(decided.changed, events=decided.events)
    return text


def use(client: TestClient, token: str, password: str = "a password of my own") -> tuple[int, dict]:
    answer = client.post(f"{SESSION}/link", json={"token": token, "password": password})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "given",
    [{"role": "root", "scope": Root(), "user": PartyKey("user", "default", "ann")}, {"role": "administrator"}],
    ids=["root", "manages"],
)
def test_who_manages_has_to_set_up_a_second_factor_before_anything_else(served: Service, given: dict) -> None:
    add(served, **given)
    client = browser(served)
    assert sign_in(client)["second_factor"] == "set_up"
    refused = client.get(MANAGED)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This account needs its second factor."
    assert client.post(f"{SESSION}/password", json={"old": PASSWORD, "new": "another password"}).status_code == 403

    status, shown = give(client)
    assert (status, sorted(shown)) == (200, ["address", "secret"])
    assert re.fullmatch(r"[A-Z2-7]{32}", shown["secret"])
    assert shown["address"] == f"otpauth://totp/Trailbook:ann?secret={shown['secret']}&issuer=Trailbook"
    assert client.get(MANAGED).status_code == 403

    status, wrong = give(client, "000000")
    assert (status, wrong["place"], wrong["detail"]) == (400, "code", "This code is not made from the secret.")
    before = token(client)
    status, who = give(client, code(served, shown["secret"]))
    assert (status, who["second_factor"]) == (200, "none")
    assert client.get(MANAGED).status_code == 200
    assert token(client) != before
    assert len(SESSIONS.all(served.store, NOW)) == 1


def test_a_new_session_needs_a_code_and_none_twice(served: Service) -> None:
    add(served, otp=SECRET, role="administrator")
    client = browser(served)
    assert sign_in(client)["second_factor"] == "give"
    assert client.get(MANAGED).status_code == 403
    now = code(served)
    status, who = give(client, now)
    assert (status, who["second_factor"]) == (200, "none")
    other = browser(served)
    sign_in(other)
    assert give(other, now)[0] == 401
    assert give(other, code(served, steps=-1))[0] == 401
    assert give(other, code(served, steps=1))[0] == 200


def test_password_and_code_can_be_given_at_once(served: Service) -> None:
    add(served, otp=SECRET)
    client = browser(served)
    assert sign_in(client, otp=code(served))["second_factor"] == "none"
    again = client.post(SESSION, json={"name": "ann", "password": PASSWORD, "otp": code(served)})
    assert again.status_code == 401
    assert again.json()["detail"] == "The name, the password or the one-time password is wrong."
    assert told(served)[-1].reason == "wrong one-time password"


def test_a_second_factor_that_nobody_asks_for_counts_once_it_is_set_up(served: Service) -> None:
    add(served)
    client = browser(served)
    assert sign_in(client)["second_factor"] == "none"
    secret = give(client)[1]["secret"]
    holding(client, give(client, code(served, secret))[1])
    assert sign_in(browser(served))["second_factor"] == "give"
    (_, change) = told(served, "accounts")
    assert list(change.changes) == ["otp"]
    assert secret not in repr(change)


def test_a_set_up_second_factor_cannot_be_replaced_with_the_password_alone(served: Service) -> None:
    add(served, otp=SECRET)
    client = browser(served)
    sign_in(client)
    status, refused = give(client)
    assert (status, refused["detail"]) == (400, "A second factor is set up already.")
    assert "secret" not in refused


def test_a_secret_is_confirmed_in_time_and_in_the_session_that_it_was_shown_in(served: Service) -> None:
    add(served)
    client, other = browser(served), browser(served)
    sign_in(client)
    sign_in(other)
    secret = give(client)[1]["secret"]
    assert give(other, code(served, secret))[0] == 400
    later(served, minutes=15)
    assert give(client, code(served, secret))[0] == 400


def test_guessing_codes_is_slowed_down_though_the_password_is_right(served: Service) -> None:
    add(served, otp=SECRET)
    client = browser(served)
    codes = []
    for _ in range(6):
        sign_in(client)
        codes.append(give(client, "000000")[0])
    assert codes == [401, 401, 401, 401, 401, 429]


def test_a_key_has_no_second_factor(served: Service) -> None:
    assert browser(served).post(f"{SESSION}/otp", json={}).status_code == 401


def test_a_link_signs_in_once_and_sets_the_password(served: Service) -> None:
    add(served, password="")
    client = browser(served)
    text = linked(served)
    assert client.get(f"{SESSION}/link", params={"token": text}).status_code == 405
    status, who = use(client, text)
    assert (status, who["account"]["id"], who["second_factor"]) == (200, "id-ann", "none")
    assert client.get(SESSION).status_code == 200
    status, refused = use(browser(served), text)
    assert (status, refused["detail"]) == (401, "This link holds no longer.")
    sign_in(browser(served), password="a password of my own")


def test_a_link_ends_all_sessions_and_does_not_replace_the_second_factor(served: Service) -> None:
    add(served, otp=SECRET)
    client, other = browser(served), browser(served)
    sign_in(other)
    assert use(client, linked(served))[1]["second_factor"] == "give"
    assert other.get(SESSION).status_code == 401


def test_links_end_after_an_hour_and_with_the_next_one(served: Service) -> None:
    add(served)
    client = browser(served)
    first, second = linked(served), linked(served)
    unknown = use(client, "never-made")
    assert use(client, first)[0] == 401
    later(served, minutes=59)
    assert LINKS.all(served.store, served.clock())
    later(served, minutes=1)
    status, refused = use(client, second)
    assert status == unknown[0] == 401
    assert refused["detail"] == unknown[1]["detail"]


def test_a_link_of_a_disabled_account_holds_no_longer(served: Service) -> None:
    add(served)
    text = linked(served)
    was = accounts.by_name(served.store, "ann", NOW)
    decided = accounts.change(served.store, was, accounts.replace(was.value, disabled=True), doing(served))
    served.keep(decided.changed, removed=decided.removed)
    assert use(browser(served), text)[0] == 401


def test_a_link_is_not_used_up_by_a_password_that_is_refused(served: Service) -> None:
    add(served)
    text = linked(served)
    assert use(browser(served), text, "aaaaaaaaaaaaaaaaa")[0] == 400
    assert use(browser(served), text)[0] == 200


def test_a_link_and_its_use_are_told_but_not_its_token(served: Service) -> None:
    add(served)
    text = linked(served)
    use(browser(served), text)
    _, made, changed = told(served, "accounts")
    assert made.details == "One-time link made for ann"
    assert changed.initiator is not None
    assert (changed.initiator.id, list(changed.changes)) == ("ann", ["password"])
    assert [event.data for event in told(served)] == [{"how": "one-time link"}]
    assert text not in repr((made, changed, told(served)))


def test_the_first_start_makes_root_and_a_link_for_a_day(served: Service) -> None:
    text = first_link(served)
    assert text is not None
    (root,) = ACCOUNTS.all(served.store, NOW)
    assert (root.value.name, root.value.role, root.value.scope) == ("root", "root", Root())
    assert (root.value.password, root.value.user) == ("", PartyKey("user", "default", "root"))
    later(served, hours=23, minutes=59)
    status, who = use(browser(served), text)
    assert (status, who["seat"]["scope"], who["second_factor"]) == (200, {"type": "root"}, "set_up")
    assert first_link(served) is None


def test_a_start_that_nobody_followed_up_gives_another_link(served: Service) -> None:
    first, second = first_link(served), first_link(served)
    assert len(ACCOUNTS.all(served.store, NOW)) == 1
    assert first is not None
    assert second is not None
    assert use(browser(served), first)[0] == 401
    assert use(browser(served), second)[0] == 200


def test_whoever_starts_the_service_can_be_signed_in_at_once(served: Service) -> None:
    add(served, "root", role="root", scope=Root(), otp=pyotp.random_base32())
    elsewhere = browser(served)
    sign_in(elsewhere, "root")
    text = vouched_link(served)
    there = browser(served)
    answer = there.post(f"{SESSION}/link", json={"token": text})
    assert (answer.status_code, answer.json()["second_factor"]) == (200, "none")
    assert browser(served).post(f"{SESSION}/link", json={"token": text}).status_code == 401
    # Nothing was changed but that: the password holds, and so do other sessions.
    assert elsewhere.get(SESSION).status_code == 200
    assert told(served, "accounts")[-1].details == "One-time link made for root, which asks for no password"
    later(served, hours=1)
    expired = vouched_link(served)
    later(served, hours=1)
    assert browser(served).post(f"{SESSION}/link", json={"token": expired}).status_code == 401


def test_any_other_link_asks_for_a_password(served: Service) -> None:
    add(served)
    text = linked(served)
    answer = browser(served).post(f"{SESSION}/link", json={"token": text})
    assert (answer.status_code, answer.json()["place"]) == (400, "password")
    assert use(browser(served), text)[0] == 200
