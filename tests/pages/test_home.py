"""The start page: reports to start from, saved ones, what was opened last, and the way to the first event."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import entered
import pytest
from browser import NARROW, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page, expect
from sealed import seal, simple

from trailbook.access.kept import ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.directory.model import Changes, Profile
from trailbook.errors import TooSlow
from trailbook.report.definition import Definition
from trailbook.web.pages import home, starting
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
REPORTS = "/api/v1/reports"


def save(reader: Reader, title: str, **more: object) -> str:
    """Save a report; its id."""
    who = reader.client.get("/api/v1/session").json()
    answer = reader.client.post(REPORTS, json={"title": title, **more}, headers={"X-CSRF-Token": who["csrf"]})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def sections(page_text: str, *headings: str) -> list[str]:
    """The texts below each of these headings, in order."""
    found = []
    for heading in reversed(headings):
        page_text, _, below = page_text.rpartition(heading)
        found.append(below.strip())
    return found[::-1]


@pytest.mark.parametrize("start", starting.STARTS, ids=lambda start: start.title)
def test_each_report_to_start_from_can_be_asked_for(start: starting.Start) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(start.path).query).items()}
    assert asked == start.asks
    lists = {name: tuple(asked.pop(name).split(",")) for name in ("columns", "group_by") if name in asked}
    Definition(**asked, **lists)  # type: ignore[arg-type]


def test_what_was_done_to_a_user_is_asked_for_by_name(read: Read, ann: Account) -> None:
    page = read(ann).get("/start/done-to?user=+Zo%C3%AB+%22Z%22+OR+x%3Ay")
    query = parse_qs(urlsplit(page.headers["location"]).query)["query"][0]
    assert Definition(query=query).query == query == 'against.user:"Zoë \\"Z\\" OR x:y"'
    assert read(ann).get("/start/done-to").headers["location"] == "/reports/new"


def test_ones_own_reports_and_those_that_others_share_stand_apart(read: Read, served: Service) -> None:
    bea = entered.add(served, "bea", role="analyst", label="Bea Example")
    cay = entered.add(served, "cay", role="analyst")
    dan = entered.add(served, "dan")
    mine = save(read(bea), "Failed <i>sign-ins</i>", description="Each week.", sharing=[{"kind": "tenant"}])
    save(read(cay), "Cay's own")
    page = read(bea).get("/")
    own, others = sections(page.text, "Your reports", "Shared with you")
    assert "Failed <i>sign-ins</i> Each week. shared · Dec 1, 2021, 9:00 AM" in own
    assert "Cay" in others
    page = read(dan).get("/")
    own, others = sections(page.text, "Your reports", "Shared with you")
    assert "None yet" in own
    assert "Failed <i>sign-ins</i> Each week. by Bea Example" in others
    assert "Cay" not in page.text
    assert page.links["Failed <i>sign-ins</i>"] == f"/reports/{mine}"


def test_what_was_opened_last_stands_there_once_newest_first(read: Read, ann: Account, served: Service) -> None:
    reader = read(ann)
    for path in (
        "/api/v1/events?query=action:login&during=2021-11", f"{REPORTS}", "/api/v1/events",
        "/api/v1/events?query=action:login&during=2021-11&limit=1", "/api/v1/events?query=%3Cb%3E&since=2021",
    ):  # fmt: skip
        entered.later(served, minutes=11)
        assert reader.client.get(path).status_code == 200
    page = reader.get("/")
    (lately,) = sections(page.text, "Opened lately")
    told = [lately.index(text) for text in ("<b>", "action:login", "All events")]
    assert told == sorted(told)
    assert lately.count("action:login") == 1
    assert page.links["action:login"] == "/reports/new?query=action%3Alogin&during=2021-11"
    other = entered.add(served, "bea")
    assert "Nothing yet." in read(other).get("/").text


def test_home_does_not_wait_for_what_takes_long(read: Read, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> None:
        raise TooSlow("It took too long.")

    monkeypatch.setattr(home, "lately", slow)
    page = read(ann).get("/")
    assert (page.status, "This could not be read in time." in page.text) == (200, True)


def test_who_may_not_see_events_is_told_so(read: Read, served: Service) -> None:
    served.keep([ROLES.record(AccessRole("clerk", "Clerk", frozenset(("directory",))))])
    page = read(entered.add(served, "gus", role="clerk")).get("/")
    assert (page.status, page.root.all("a", href="/reports/new")) == (200, [])
    assert "You may not see events." in page.text


def test_without_events_home_says_how_to_send_the_first(visit: Open, ann: Account, served: Service) -> None:
    page = visit("/", ann)
    assert page.get_by_text("There are no events to see yet.").is_visible()
    assert violations(page) == []
    command = page.locator("pre").inner_text()
    assert "--tenant acme --use ingest > key.txt" in command
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command
    served.store.append([seal(simple(1))])
    page.reload()
    assert page.get_by_text("There are no events to see yet.").count() == 0


def test_a_user_is_offered_by_name_while_one_types(visit: Open, ann: Account, served: Service) -> None:
    people = (("u1", "Zoë Kim"), ("u2", "Zoë Lee"), ("u3", "Ann"))
    served.store.change_directory(lambda _: Changes(tuple(Profile("user", "acme", *one) for one in people)))
    page = visit("/", ann)
    page.locator("#user").press_sequentially("zoe")
    expect(page.locator("#user-options li")).to_have_text(["Zoë Kim acme/u1", "Zoë Lee acme/u2"])
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**query=against.user%3A%22Zo%C3%AB+Kim%22**")


def test_home_reads_well_in_any_browser(visit: Open, read: Read, served: Service) -> None:
    bea = entered.add(served, "bea", role="analyst", label="Bea \u202eExample" * 8)
    save(read(bea), "A report of a very long title " * 6, description="x" * 900)
    read(bea).client.get("/api/v1/events?query=" + "y" * 300)
    for more in ({}, {"color_scheme": "dark"}, {"viewport": NARROW}, {"locale": "de-DE"}):
        page = visit("/", bea, **more)
        assert violations(page) == []
        assert not is_too_wide(page)
