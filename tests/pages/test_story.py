"""The story from sign-in to a saved, shared report and its CSV, told in every way that a browser is used."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import entered
import pyotp
import pytest
from browser import NARROW, is_too_wide, violations
from entered import PASSWORD
from paged import Reader
from playwright.sync_api import Page
from served import NOW
from trails import event, sealed_trail

from trailbook.directory.viewer import SelfScope
from trailbook.event.model import Change, Event, Initiator, Target
from trailbook.web.service import Service

Open = Callable[..., Page]

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NORA = Initiator("nora", "Nora Novak", "acme", ip="192.0.2.7")
BOSS = Initiator("boss", "Max Boss", "acme")
HERSELF, BOB = Target("user", "nora", "Nora Novak", "acme"), Target("user", "bob", "Bob Brown", "acme")
TITLE = "Nora in March <b>"
FARTHEST = 150
"""Presses of Tab after which something is taken not to be reached with the keyboard."""


def happened() -> list[Event]:
    """What Nora, an administrator, did in March, what was done to her, and what is neither."""
    march = datetime.fromisoformat("2021-03-09T10:00:00+00:00")
    moved = {"role": Change("admin", "auditor")}
    return [
        event(1, march, initiator=NORA, resource="users", action="update", targets=(BOB,), details="Locked Bob Brown"),
        event(2, march + timedelta(days=1), initiator=NORA, resource="calls", action="export"),
        event(3, march + timedelta(days=2), initiator=BOSS, resource="users", action="update", targets=(HERSELF,),
              changes=moved, details="Took the role admin from Nora Novak"),
        event(4, march + timedelta(days=40), initiator=NORA, resource="users", action="login"),
        event(5, march, initiator=BOSS, resource="users", action="update", targets=(BOB,)),
        event(6, march, tenant="globex", initiator=Initiator("nora", "Nora Novak", "globex"), action="play"),
    ]  # fmt: skip


class Hand:
    """Somebody who works with the mouse, or a finger, and types."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, field: str, text: str) -> None:
        """Type into the field that a selector names."""
        self.page.locator(field).fill(text)

    def press(self, thing: str) -> None:
        """Press what a selector names: a button, a link."""
        self.page.locator(thing).first.click()

    def pick(self, field: str, value: str) -> None:
        """Pick one of a list."""
        self.page.locator(field).select_option(value)


class Keyboard(Hand):
    """Somebody who uses nothing but the keyboard, and sees where they are."""

    def _reach(self, thing: str) -> None:
        for _ in range(FARTHEST):
            self.page.keyboard.press("Tab")
            found = self.page.evaluate("""thing => {
                const on = document.activeElement;
                return on.matches(thing) && [on.matches(":focus-visible"), getComputedStyle(on).outlineStyle];
            }""", thing)  # fmt: skip
            if found:
                assert found == [True, "solid"], f"{thing} does not show that it has the focus"
                return
        raise AssertionError(f"{thing} is not reached with the keyboard")

    def fill(self, field: str, text: str) -> None:
        self._reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, thing: str) -> None:
        self._reach(thing)
        self.page.keyboard.press("Enter")

    def pick(self, field: str, value: str) -> None:
        self._reach(field)
        for _ in range(10):
            if self.page.locator(field).input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not reached in {field}")


WAYS: dict[str, tuple[type[Hand], dict[str, Any], str]] = {
    "with the mouse": (Hand, {}, "en"),
    "with scripts off": (Hand, {"java_script_enabled": False}, "en"),
    "with the keyboard": (Keyboard, {}, "en"),
    "on a phone": (Hand, {"viewport": NARROW, "has_touch": True}, "en"),
    "in German": (Hand, {"locale": "de-DE"}, "de"),
    "in dark": (Hand, {"color_scheme": "dark"}, "en"),
}
SAID = {
    "en": ("# of rows", "The report is saved.", "Mar 11, 2021", "Shared with you"),
    "de": ("Anzahl", "Der Bericht ist gespeichert.", "11.03.2021", "Mit Ihnen geteilt"),
}
"""What the pages say, by language: a heading, a message, a date, a shelf."""


@pytest.mark.parametrize("way", WAYS)
def test_what_an_administrator_did_in_march_and_what_was_done_to_her(
    visit: Open, served: Service, tmp_path: Path, way: str
) -> None:
    hand_of, more, language = WAYS[way]
    rows, saved, day, shelf = SAID[language]
    entered.add(served, "bea", role="analyst", label="Bea Auditor", otp=SECRET)
    dan = entered.add(served, "dan", label="Dan Reader")
    served.store.append(sealed_trail(happened()))

    page = visit("/", **more)
    hand = hand_of(page)

    def look() -> None:
        assert not is_too_wide(page)
        if more.get("java_script_enabled", True):
            assert violations(page) == []

    hand.fill("#name", "bea")
    hand.fill("#password", PASSWORD)
    hand.press("main button.main")
    page.wait_for_url("**/second-factor*")
    hand.fill("#code", pyotp.TOTP(SECRET).at(NOW))
    hand.press("main button.main")
    page.wait_for_url("/")
    look()

    hand.press("a[href='/reports/new']")
    page.wait_for_url("/reports/new")
    hand.fill("#query", 'user:"Nora Novak"')
    hand.fill("#during", "2021-03")
    if hand_of is Keyboard:
        page.keyboard.press("Enter")
    else:
        hand.press("form.query button.main")
    page.wait_for_url("**/reports/new?*during=2021-03*")
    look()
    main = page.locator("main")
    assert main.locator("tbody tr").count() == 3
    assert day in main.inner_text()
    assert "Took the role admin from Nora Novak" in main.inner_text()

    asked = page.url
    hand.press("main tbody a[href^='/events/']")
    page.wait_for_url("**/events/*")
    assert "Took the role admin from Nora Novak" in page.locator("h1").inner_text()
    assert "auditor" in main.inner_text()
    look()
    page.go_back()
    page.wait_for_url(asked)

    hand.press("#panel-save summary")
    hand.fill("#panel-save #title", TITLE)
    hand.pick("#panel-save #share", "tenant")
    hand.press("#panel-save form:has(#title) button.main")
    page.wait_for_url("**/reports/0*")
    assert page.locator("#said").inner_text() == saved
    assert page.locator("h1").inner_text() == TITLE
    assert rows in main.inner_text()
    look()

    hand.press("#panel-export > summary")
    with page.expect_download() as download:
        hand.press("a[href^='/api/v1/reports/'][href*='/csv']")
    download.value.save_as(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header[0] == "Audit - ID"
    assert [line[0][-1] for line in lines] == ["3", "2", "1"]

    address = page.url
    hand.press("form[action='/sign-out'] button")
    page.wait_for_url("/sign-in")
    reader = visit("/", dan, **more)
    assert shelf in reader.locator("main").inner_text()
    reader.locator("a", has_text=TITLE).first.click()
    reader.wait_for_url(address)
    assert reader.locator("main tbody tr").count() == 3
    assert reader.locator("#panel-save").count() == 0


def test_an_address_shows_the_same_to_the_same_reader_and_to_another_what_they_may_see(
    read: Callable[..., Reader], served: Service
) -> None:
    bea = entered.add(served, "bea", role="analyst")
    bob = entered.add(served, "bob", scope=SelfScope("acme", "bob"))
    served.store.append(sealed_trail(happened()))
    address = "/reports/new?query=by%3A%22Nora+Novak%22&during=2021-03"
    here, there = (read(bea).get(address).root.one("tbody").text for _ in range(2))
    assert here == there
    assert "export" in here
    his = read(bob).get(address).root.one("tbody").text
    assert "Locked Bob Brown" in his
    assert "export" not in his
