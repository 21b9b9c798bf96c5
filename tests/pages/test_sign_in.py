"""Signing in and out with a browser: password, second factor, one-time link, single sign-on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import entered
import pyotp
import pytest
from browser import NARROW, is_too_wide, violations
from entered import PASSWORD
from paged import Reader, reading
from playwright.sync_api import Page
from served import NOW, service

from trailbook.access.kept import ACCOUNTS, Found
from trailbook.access.links import make_link
from trailbook.access.model import Account
from trailbook.web.pages.sentences import SENTENCES
from trailbook.web.pages.showing import qr_code
from trailbook.web.service import Service
from trailbook.web.signing_in import vouched_link

Read = Callable[..., Reader]
Open = Callable[..., Page]
NEW = "four words that fit nowhere"


def link_to(served: Service, account: Account) -> str:
    """The token of a one-time link to the account."""
    found = ACCOUNTS.find(served.store, account.id, served.clock())
    assert found is not None
    token, decided = make_link(Found(found.value, found.record), entered.doing(served), served.randomness)
    served.keep(decided.changed, events=decided.events)
    return token


def code(secret: str) -> str:
    return pyotp.TOTP(secret).at(NOW.astimezone(UTC))


def test_who_signs_in_gets_where_they_wanted_to_go(read: Read, ann: Account) -> None:
    reader = read()
    page = reader.get("/sign-in?next=%2F%23x")
    answer = reader.send(page, "/sign-in", name="ann", password=PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, "/#x")
    assert "Ann Example" in reader.get("/").root.one("header").text


def test_a_wrong_password_is_told_beside_the_form_and_the_name_is_kept(read: Read, ann: Account) -> None:
    reader = read()
    for name in ("ann", "nobody"):
        page = reader.send(reader.get("/sign-in"), "/sign-in", name=name, password="wrong")
        assert page.status == 401
        assert "The name, the password or the one-time password is wrong." in page.text
        assert page.form("/sign-in")["name"] == name
        assert page.form("/sign-in")["password"] == ""


def test_after_too_many_tries_the_form_says_when_to_come_again(read: Read, ann: Account) -> None:
    reader = read()
    for _ in range(20):
        page = reader.send(reader.get("/sign-in"), "/sign-in", name="ann", password="wrong")
        if page.status == 429:
            break
    assert page.status == 429
    assert int(page.headers["retry-after"]) > 0
    assert "There were too many failed attempts to sign in." in page.text


def test_signing_in_leads_to_no_other_site(read: Read, ann: Account) -> None:
    answer = read().post("/sign-in", name="ann", password=PASSWORD, next="//evil.example")
    assert answer.headers["location"] == "/"


def test_who_needs_a_second_factor_sets_it_up_and_gives_it_from_then_on(
    read: Read, root: Account, served: Service
) -> None:
    reader = read()
    assert reader.post("/sign-in", name="root", password=PASSWORD).status == 303
    page = reader.get(reader.get("/").headers["location"])
    assert page.heading == "Set up a second factor"
    shown = reader.post("/second-factor", csrf=page.token, next="/")
    secret = shown.root.one("pre").text
    address = shown.links["Open in an app on this device"]
    assert address.startswith("otpauth://totp/Trailbook:root?secret=")
    assert str(qr_code(address)) in shown.answer.text
    assert str(qr_code(address + "x")) not in shown.answer.text
    wrong = reader.post("/second-factor", csrf=shown.token, code="000000", next="/")
    assert (wrong.status, "This code is not made from the secret." in wrong.text) == (400, True)
    done = reader.post("/second-factor", csrf=shown.token, code=code(secret), next="/")
    assert (done.status, done.headers["location"]) == (303, "/")
    assert reader.get("/").status == 200

    again = read()
    entered.later(served, minutes=5)
    again.post("/sign-in", name="root", password=PASSWORD)
    page = again.get("/second-factor")
    assert "Type the code that your app shows" in page.text
    given = again.send(page, "/second-factor", code=pyotp.TOTP(secret).at(served.clock()))
    assert (given.status, given.headers["location"]) == (303, "/")
    assert again.get("/").status == 200
    assert again.get("/second-factor").headers["location"] == "/"


def test_a_one_time_link_sets_a_password_once(read: Read, ann: Account, served: Service) -> None:
    reader, link = read(), f"https://testserver/sign-in#{link_to(served, ann)}"
    for password, again, told in ((NEW, "another", "not the same"), ("short", "short", "12 to 1,024 characters")):
        page = reader.post("/sign-in/link", token=link, password=password, again=again)
        assert (page.status, told in page.text) == (400, True)
        assert page.form("/sign-in/link")["token"] == link
    assert reader.post("/sign-in/link", token=link, password=NEW, again=NEW).headers["location"] == "/"
    assert "Your password is set." in reader.get("/").text
    assert "Your password is set." not in reader.get("/").text
    used = read().post("/sign-in/link", token=link, password=NEW, again=NEW)
    assert (used.status, "This link holds no longer." in used.text) == (401, True)


def test_who_signs_out_is_signed_out(read: Read, ann: Account) -> None:
    reader = read(ann)
    page = reader.get("/")
    cookie = reader.client.cookies["__Host-trailbook"]
    assert reader.send(page, "/sign-out").headers["location"] == "/sign-in"
    assert "You are signed out." in reader.get("/sign-in").text
    reader.client.cookies.set("__Host-trailbook", cookie)
    assert reader.get("/").headers["location"] == "/sign-in"


def test_single_sign_on_is_offered_where_it_is_set_up_and_fails_with_a_page() -> None:
    assert "Sign in with your organisation" not in reading(service()).get("/sign-in").links
    reader = reading(service(openid_issuer="https://login.example.com", openid_client="trailbook"))
    page = reader.get("/sign-in?next=%2Faccount")
    assert page.links["Sign in with your organisation"] == "/api/v1/session/openid?next=%2Faccount"
    page = reader.get("/api/v1/session/openid/callback?state=x&code=y")
    assert (page.status, page.links["Sign in"]) == (401, "/sign-in")


def test_what_went_wrong_is_told_in_the_language_of_the_page(read: Read, ann: Account) -> None:
    reader = read()
    reader.post("/language", language="de", next="/sign-in")
    page = reader.post("/sign-in", name="ann", password="wrong")
    assert "Der Name, das Passwort oder das Einmalpasswort ist falsch." in page.text
    page = reader.post("/sign-in/link", token="x", password="short", again="short")
    assert "Ein Passwort hat 12 bis 1.024 Zeichen." in page.text


def test_sentences_that_are_translated_are_said_somewhere() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_from_the_command_line_signs_in(visit: Open, ann: Account, served: Service, scripts: bool) -> None:
    token = link_to(served, ann)
    page = visit(f"/sign-in#{token}", java_script_enabled=scripts)
    if not scripts:
        page.get_by_role("link", name="Use a one-time link").click()
        page.get_by_label("Link").fill(token)
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same password again").fill(NEW)
    assert token not in page.url
    page.get_by_role("button", name="Set the password and sign in").click()
    page.get_by_role("heading", name="Ann Example").wait_for()
    assert page.locator("#said").inner_text() == "Your password is set. From now on you sign in with it."


@pytest.mark.parametrize("scripts", [True, False])
def test_whoever_starts_the_service_is_signed_in_by_opening_a_link(visit: Open, served: Service, scripts: bool) -> None:
    token = vouched_link(served)
    page = visit(f"/sign-in/once#{token}", java_script_enabled=scripts)
    if not scripts:
        page.get_by_label("Link").fill(f"http://127.0.0.1/sign-in/once#{token}")
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Welcome, Root").wait_for()
    again = visit(f"/sign-in/once#{token}")
    again.get_by_text("This link holds no longer.").wait_for()
    assert violations(again) == []


def test_signing_in_reads_well_in_any_browser(visit: Open, ann: Account, root: Account, served: Service) -> None:
    for more in ({}, {"color_scheme": "dark"}, {"viewport": NARROW}, {"locale": "de-DE"}):
        for path in ("/sign-in", "/sign-in/link"):
            page = visit(path, **more)
            assert violations(page) == []
            assert not is_too_wide(page)
    page = visit("/sign-in")
    page.get_by_label("Name").fill("root")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("is wrong.").wait_for()
    assert page.evaluate("document.activeElement.role") == "alert"
    assert violations(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show the secret").click()
    page.get_by_label("Code").wait_for()
    assert violations(page) == []
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert not is_too_wide(page)
