"""Auditors' seats in the settings: made for a period, a scope and a while, and ended."""

from __future__ import annotations

from collections.abc import Callable

from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from paged import Reader, Seen
from playwright.sync_api import Page

from trailbook.access.model import Account

Read = Callable[..., Reader]
Open = Callable[..., Page]
PATH = "/settings/seats"


def made(reader: Reader, **more: object) -> Seen:
    """Makes a seat; gives the page with its one-time link."""
    given = {"name": "ada", "tenant": "acme", "expires_at": "2022-01-01T00:00", "export": "on", **more}
    return reader.send(reader.get(f"{PATH}/new"), PATH, **given)


def test_a_seat_is_made_and_its_link_shown_once(read: Read, amy: Account) -> None:
    reader = read(amy)
    page = made(reader, since="2021-01-01T00:00", until="2021-07-01T00:00", hidden=["ip"])
    assert page.heading == "“ada” can sign in now"
    assert "/sign-in#" in page.text
    text = reader.get(PATH).text
    assert "/sign-in#" not in text
    assert "Jan 1, 2021, 12:00 AM – Jul 1, 2021, 12:00 AM" in text
    assert "See and take out events without Audit - Initiator IP Jan 1, 2022, 12:00 AM" in text


def test_a_seat_that_may_not_take_out_says_so(read: Read, amy: Account) -> None:
    assert made(read(amy), export="").status == 200
    assert "take out" not in read(amy).get(PATH).text


def test_a_seat_ends_after_a_question(read: Read, amy: Account) -> None:
    reader = read(amy)
    made(reader)
    page = reader.get(PATH)
    assert "“ada” is signed out everywhere at once and cannot sign in any more." in page.text
    (action,) = [one.attributes["action"] for one in page.root.all("form") if one.attributes["action"].endswith("/end")]
    assert reader.send(page, action).headers["location"] == PATH
    page = reader.get(PATH)
    assert "ended" in page.text
    assert action not in page.answer.text
    refused = reader.post(action.replace("/end", "/link"), csrf=page.token)
    assert (refused.status, "The account is disabled, or has expired." in refused.text) == (400, True)


def test_a_seat_gets_a_new_link(read: Read, amy: Account) -> None:
    reader = read(amy)
    made(reader)
    page = reader.get(PATH)
    (action,) = [
        one.attributes["action"] for one in page.root.all("form") if one.attributes["action"].endswith("/link")
    ]
    assert "A one-time link for “ada”" in reader.send(page, action).heading


def test_what_is_wrong_is_told_at_its_field(read: Read, amy: Account) -> None:
    reader = read(amy)
    for given, field in (
        ({"name": ""}, "name"),
        ({"name": "amy"}, "name"),
        ({"expires_at": ""}, "expires_at"),
        ({"expires_at": "2021-01-01T00:00"}, "expires_at"),
        ({"since": "2021-07-01T00:00", "until": "2021-01-01T00:00"}, "until"),
        ({"hidden": ["x"]}, "hidden"),
    ):
        page = made(reader, **{"label": HOSTILE, **given})
        assert page.status == 400, given
        assert page.root.all("p", id=f"{field}-fault"), given
        assert "checked" in page.root.one("input", name="export").attributes
    assert made(reader, tenant="globex").root.all("p", id="tenant-fault")


def test_who_does_not_manage_access_may_not_open_them(read: Read, ann: Account) -> None:
    for path in (PATH, f"{PATH}/new"):
        assert read(ann).get(path).status == 403


def test_seats_read_well_in_any_browser(visit: Open, read: Read, amy: Account) -> None:
    for _state in ("empty", "full"):
        for path in (PATH, f"{PATH}/new"):
            for more in BOTH_LOOKS:
                page = visit(path, amy, **more)
                assert violations(page) == [], path
                assert not is_too_wide(page), path
        made(read(amy), label=HOSTILE * 4, hidden=["ip", "data"])
