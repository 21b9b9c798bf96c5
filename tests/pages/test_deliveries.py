"""The pages of deliveries: what was sent to whom and what became of it, its files, and trying again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import entered
import pytest
from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from msgspec.structs import replace
from paged import Reader, Seen
from playwright.sync_api import Page
from served import NOW, service

from trailbook.access.kept import ACCOUNTS, REPORTS
from trailbook.access.model import Account
from trailbook.deliver.deliveries import DEAD_LETTERS, DELIVERIES, Delivery, FileSent, begun, dead_letter
from trailbook.deliver.recipients import Kind, Recipient
from trailbook.deliver.runs import RUNS, Run
from trailbook.deliver.schedules import SCHEDULES, Schedule
from trailbook.deliver.times import Timing
from trailbook.directory.viewer import TenantScope
from trailbook.report.saved import SavedReport
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]


@pytest.fixture
def served() -> Service:
    """With nobody who works, so that deliveries stay as they are."""
    return service(worker=False)


@pytest.fixture
def bea(served: Service) -> Account:
    """An analyst of acme, who has two schedules."""
    account = entered.add(served, "bea", role="analyst", label="Bea")
    for id, title in (("s1", "Every Monday"), ("s2", HOSTILE)):
        schedule = Schedule(id, account.id, "acme", title, "r1", Timing("day"), "UTC", ())
        served.keep([SCHEDULES.record(schedule)])
    return account


def sent(served: Service, minute: int = 0, schedule: str = "s1", to: str = "a@example.com", **fields: Any) -> str:
    """A delivery that came to be that many minutes after nine."""
    kind: Kind = fields.pop("kind", "mail")
    recipient, at = Recipient(kind, to), NOW + timedelta(minutes=minute)
    run = f"{schedule}.{at:%Y%m%dT%H%M%SZ}"
    one = Delivery(f"{run}.{recipient.key}", run, schedule, "acme", recipient, at, **fields)
    served.keep(begun(one))
    if one.state == "dead":
        served.keep([DEAD_LETTERS.record(dead_letter(one))])
    return one.id


def lines(page: Seen) -> list[list[str]]:
    """The cells of each row."""
    return [[one.text for one in row.all("th") + row.all("td")] for row in page.root.one("tbody").all("tr")]


def test_what_was_sent_to_whom_and_what_became_of_it_newest_first(served: Service, bea: Account, read: Read) -> None:
    file = FileSent("xlsx", 1200, 34_567, "ab" * 32)
    sent(served, 1, kind="account", to=bea.id, state="sent", tries=1, sent_at=NOW, files=(file,))
    sent(served, 2, state="waiting", tries=3, next_at=NOW + timedelta(hours=1), error="The server is away.")
    id = sent(served, 3, "s2", state="sent", tries=2, sent_at=NOW, uncertain=True)
    page = read(bea).get("/deliveries")
    assert lines(page) == [
        [
            "Dec 1, 2021, 9:03 AM", "<script>alert(1)</script> �{{ 7 * 7 }}", "a@example.com Mail address",
            "sent perhaps twice Dec 1, 2021, 9:00 AM after 2 tries", "–",
        ],
        [
            "Dec 1, 2021, 9:02 AM", "Every Monday", "a@example.com Mail address",
            "waits next try Dec 1, 2021, 10:00 AM after 3 tries The server is away.", "–",
        ],
        [
            "Dec 1, 2021, 9:01 AM", "Every Monday", "Bea Account", "sent Dec 1, 2021, 9:00 AM",
            "Excel: 1,200 rows · 34.6 kB",
        ],
    ]  # fmt: skip
    assert page.links["Every Monday"] == "/schedules/s1"
    assert page.links["Excel"].startswith("/deliveries/s1.")
    assert page.links["Dec 1, 2021, 9:03 AM"] == f"/deliveries/{id}"
    assert id not in page.text


def test_one_that_was_given_up_is_tried_again(served: Service, bea: Account, read: Read) -> None:
    id = sent(served, state="dead", tries=12, error="No such mailbox.")
    sent(served, 1, state="sent")
    reader = read(bea)
    page = reader.get("/deliveries?state=dead")
    (line,) = lines(page)
    assert line[3] == "given up after 12 tries No such mailbox. Try again"
    answer = reader.send(page, f"/deliveries/{id}/retry")
    assert (answer.status, answer.headers["location"]) == (303, f"/deliveries/{id}")
    assert "It is tried again." in reader.get(f"/deliveries/{id}").text
    assert "There are none of this state." in reader.get("/deliveries?state=dead").text
    again = DELIVERIES.find(served.store, id, NOW)
    assert again is not None
    assert (again.value.state, again.value.tries) == ("waiting", 0)
    assert [one.action for one in entered.told(served, "schedules")] == ["retry"]


def test_only_those_of_one_state_are_shown_page_by_page(served: Service, bea: Account, read: Read) -> None:
    for minute in range(120):
        sent(served, minute, state="sent" if minute % 2 else "empty")
    reader = read(bea)
    page = reader.get("/deliveries?state=sent")
    assert len(lines(page)) == 50
    assert {line[3] for line in lines(page)} == {"sent"}
    assert lines(page)[0][0] == "Dec 1, 2021, 10:59 AM"
    page = reader.get(page.links["Older →"])
    assert len(lines(page)) == 10
    assert lines(page)[-1][0] == "Dec 1, 2021, 9:01 AM"
    assert "Older →" not in page.links
    assert page.links["First page"] == "/deliveries?state=sent"
    assert reader.get("/deliveries?state=odd").status == 422


def test_those_of_others_are_not_there_but_for_who_manages_the_reports(
    served: Service, bea: Account, amy: Account, read: Read
) -> None:
    id = sent(served, state="dead")
    assert len(lines(read(amy).get("/deliveries"))) == 1
    gus = read(entered.add(served, "gus", role="administrator", scope=TenantScope("globex")))
    page = gus.get("/deliveries")
    assert "Nothing has been delivered yet." in page.text
    assert gus.post(f"/deliveries/{id}/retry", csrf=page.token).status == 404
    carl = read(entered.add(served, "carl"))
    assert "Deliveries" not in carl.get("/").links
    assert "Nothing has been delivered yet." in carl.get("/deliveries").text


@pytest.fixture
def eve(served: Service) -> Account:
    """A reader of acme, who gets mail."""
    return entered.add(served, "eve@example.com", label="Eve")


def received(served: Service, account: Account) -> str:
    """A delivery of Bea's report to an account, of two files that were too large for the mail."""
    report = SavedReport("r1", "id-bea", "acme", "Sign-ins", {})
    was = SCHEDULES.find(served.store, "s1", NOW)
    assert was is not None
    to = Recipient("account", account.id)
    schedule = replace(was.value, recipients=(to,), zone="Europe/Berlin")
    files = (FileSent("csv", 3, 90, "ab" * 32), FileSent("xlsx", 3, 9_000, "cd" * 32))
    id = sent(served, kind="account", to=account.id, state="sent", tries=1, sent_at=NOW, viewer="Ann", files=files)
    run = Run(f"s1.{NOW:%Y%m%dT%H%M%SZ}", "s1", "acme", "Every Monday", NOW, NOW, definition={"zone": "UTC"})
    served.keep([SCHEDULES.record(schedule, was), REPORTS.record(report), RUNS.record(run)])
    return id


def test_who_got_a_mail_without_its_files_takes_each_of_them_from_its_page(
    served: Service, bea: Account, eve: Account, read: Read
) -> None:
    """Eve sees neither the schedule nor the report, and finds her way back from signing in."""
    path = f"/deliveries/{received(served, eve)}"
    assert read().get(path).headers["location"] == f"/sign-in?next={quote(path, safe='')}"
    reader = read(eve)
    page = reader.get(path)
    assert (page.status, page.heading) == (200, "Every Monday")
    assert "Due Dec 1, 2021, 10:00 AM (time zone Europe/Berlin)" in page.text
    assert "Every Monday" not in page.links
    assert [(name, reader.client.get(page.links[name]).status_code) for name in ("CSV", "Excel")] == [
        ("CSV", 200), ("Excel", 200),
    ]  # fmt: skip
    assert read(bea).get(path).links["Every Monday"] == "/schedules/s1"
    for account in (bea, entered.add(served, "gus", scope=TenantScope("globex"))):
        assert "CSV" not in read(account).get(path).links
    assert reader.get(f"{path}x").status == read(account).get(path).status == 404


def test_files_that_may_no_longer_be_taken_are_not_offered(
    served: Service, bea: Account, eve: Account, read: Read
) -> None:
    path = f"/deliveries/{received(served, eve)}"
    found = ACCOUNTS.find(served.store, bea.id, NOW)
    assert found is not None
    served.keep([ACCOUNTS.record(replace(bea, disabled=True), found)])
    page = read(eve).get(path)
    assert "The account that asked for this may no longer sign in." in page.text
    assert "CSV" not in page.links
    schedule = SCHEDULES.find(served.store, "s1", NOW)
    assert schedule is not None
    served.keep([SCHEDULES.record(replace(schedule.value, recipients=()), schedule)])
    assert read(eve).get(path).status == 404


def test_the_link_of_a_mail_leads_through_signing_in_to_the_files(
    served: Service, bea: Account, eve: Account, visit: Open
) -> None:
    path = f"/deliveries/{received(served, eve)}"
    page = visit(path)
    page.get_by_label("Name").fill("eve@example.com")
    page.get_by_label("Password", exact=True).fill(entered.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename == "audit-trail-details-report-2021-12-01.xlsx"
    for look in BOTH_LOOKS:
        for account in (eve, bea):
            page = visit(path, account, **look)
            assert violations(page) == []
            assert not is_too_wide(page)


def test_the_page_is_accessible_empty_and_full(served: Service, bea: Account, visit: Open) -> None:
    for look in BOTH_LOOKS:
        page = visit("/deliveries", bea, **look)
        assert violations(page) == []
        assert not is_too_wide(page)
    file = FileSent("pdf", 10, 5_000, "cd" * 32)
    dead = sent(served, 1, "s2", state="dead", tries=12, error=f"{HOSTILE} " * 40)
    sent(served, 2, state="sent", to="https://hooks.example.com/" + "x" * 200, kind="webhook", files=(file, file))
    sent(served, 3, state="sent", uncertain=True, kind="account", to=bea.id, files=(file,))
    for look in BOTH_LOOKS:
        for path in ("/deliveries", "/deliveries?state=dead", f"/deliveries/{dead}"):
            page = visit(path, bea, **look)
            assert violations(page) == []
            assert not is_too_wide(page)
