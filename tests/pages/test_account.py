"""One's own account: what it may do, its password, where it is signed in."""

from __future__ import annotations

from collections.abc import Callable

import entered
from browser import NARROW, is_too_wide, violations
from entered import PASSWORD, told
from paged import Reader
from playwright.sync_api import Page
from served import NOW

from trailbook.access.kept import SESSIONS
from trailbook.access.model import Account
from trailbook.directory.viewer import GroupScope
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
NEW = "four words that fit nowhere"


def test_the_account_says_in_words_what_it_may_do(read: Read, ann: Account, served: Service) -> None:
    page = read(ann).get("/account")
    assert "You see All events of the tenant acme You may See events" in page.text
    bea = entered.add(
        served, "bea", role="auditor", scope=GroupScope("acme", ("g1", "g2")), expires_at=NOW.replace(day=9)
    )
    page = read(bea).get("/account", Accept_Language="de")
    assert "Sie sehen Was die Gruppen g1 und g2 des Mandanten acme betrifft" in page.text
    assert "Sie dürfen Ereignisse sehen und Ereignisse herausgeben" in page.text
    assert "Ihr Zugang endet 09.12.2021, 09:00" in page.text


def test_changing_the_password_signs_out_everywhere_else(read: Read, ann: Account) -> None:
    here, there = read(ann), read(ann)
    page = here.get("/account")
    done = here.send(page, "/account/password", old=PASSWORD, password=NEW, again=NEW)
    assert (done.status, done.headers["location"]) == (303, "/account")
    assert "Your password is changed." in here.get("/account").text
    assert there.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    assert read().post("/sign-in", name="ann", password=NEW).status == 303


def test_a_password_that_does_not_fit_is_told_beside_the_form(read: Read, ann: Account) -> None:
    reader = read(ann)
    for old, new, again, status, said in (
        ("wrong", NEW, NEW, 401, "is wrong"),
        (PASSWORD, NEW, "other", 400, "not the same"),
        (PASSWORD, "short", "short", 400, "12 to 1,024"),
    ):
        page = reader.send(reader.get("/account"), "/account/password", old=old, password=new, again=again)
        assert (page.status, said in page.text) == (status, True)
    assert reader.get("/account").status == 200


def test_sessions_elsewhere_can_be_ended_one_by_one_or_all(read: Read, ann: Account, served: Service) -> None:
    here, first, second, third = read(ann), read(ann), read(ann), read(ann)
    page = here.get("/account")
    assert len(page.root.one("tbody").all("tr")) == 4
    ended = page.root.one("tbody").all("input", name="id")[0].attributes["value"]
    assert here.post("/account/sessions/end", csrf=page.token, id=ended).status == 303
    assert [one.get("/").status for one in (here, first, second, third)].count(303) == 1
    assert here.send(page, "/account/sessions/end-others").status == 303
    assert [one.get("/").status for one in (here, first, second, third)] == [200, 303, 303, 303]
    assert [event.data for event in told(served) if event.action == "revoke"] == [{"sessions": 1}, {"sessions": 2}]


def test_nobody_ends_the_session_of_somebody_else(read: Read, ann: Account, served: Service) -> None:
    bea = entered.add(served, "bea")
    reader, other = read(ann), read(bea)
    session = SESSIONS.all(served.store, NOW, owner=bea.id)[0].value.id
    assert reader.post("/account/sessions/end", csrf=reader.get("/account").token, id=session).status == 404
    assert other.get("/account").status == 200


def test_who_signs_in_elsewhere_has_no_password_to_change(read: Read, served: Service) -> None:
    eve = entered.add(served, "eve", password="", issuer="https://login.example.com", subject="e")
    page = read(eve).get("/account")
    assert "You sign in with your organisation" in page.text
    assert page.root.all("form", action="/account/password") == []
    fay = entered.add(served, "fay", password="")
    assert "You have no password yet." in read(fay).get("/account").text


def test_the_account_reads_well_in_any_browser(visit: Open, ann: Account, read: Read) -> None:
    read(ann)
    for more in ({}, {"color_scheme": "dark"}, {"viewport": NARROW}, {"locale": "de-DE"}):
        page = visit("/account", ann, **more)
        assert violations(page) == []
        assert not is_too_wide(page)
    page = visit("/account", ann)
    page.get_by_label("Your password now").fill("wrong")
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same password again").fill(NEW)
    page.keyboard.press("Enter")
    page.get_by_text("is wrong.").wait_for()
    assert violations(page) == []
