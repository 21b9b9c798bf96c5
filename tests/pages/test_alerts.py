"""The pages of alerts: made, tried, changed, paused and deleted, with when they occurred and who was told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import entered
import pytest
from browser import BOTH_LOOKS, is_too_wide, violations
from msgspec.structs import replace
from paged import Reader, Seen
from pages.planned import HOSTILE, kept, work
from playwright.sync_api import Page, expect
from served import NOW, service
from trails import event, sealed_trail

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account
from trailbook.deliver.channel import Message, Refused
from trailbook.directory.viewer import TenantScope
from trailbook.event.model import Initiator
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

SENT: dict[str, Any] = {
    "title": "Many calls", "query": "resource:calls", "threshold": "3", "minutes": "10", "by": "initiator",
    "accounts": ["id-bea@example.com"], "do": "save",
}  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Service:
    return service(export_folder=str(tmp_path), mail_host="localhost", mail_from="a@b.example")


def made(reader: Reader, **given: Any) -> Seen:
    """The answer to the form of a new alert."""
    return reader.send(reader.get("/alerts/new"), "/alerts", **{**SENT, **given})


def called(served: Service, first: int, **fields: Any) -> None:
    """Three calls of one user within ten minutes."""
    calls = [event(first + n, NOW - timedelta(minutes=9 - n), **fields) for n in range(3)]
    served.store.append(sealed_trail([replace(one, recorded_at=NOW) for one in calls]))


def occurred(served: Service, error: Exception | None = None, **fields: Any) -> list[Message]:
    """Let three calls happen, and what watches for them look; what was sent."""
    called(served, 1, **fields)
    entered.later(served, minutes=1)
    return work(served, error) + work(served, error)


def test_an_alert_is_made_and_stands_in_the_list(bea: Account, read: Read) -> None:
    reader = read(bea)
    assert "There are no alerts yet." in reader.get("/alerts").text
    sent = made(reader, above_path="report.rows", above_number="10.5", text="Look\r\nat it")
    assert sent.status == 303, sent.text
    address = sent.headers["location"]
    given = kept(reader, address)
    assert given["recipients"] == [{"kind": "account", "to": bea.id}]
    assert (given["query"], given["threshold"], given["minutes"], given["by"]) == ("resource:calls", 3, 10, "initiator")
    assert (given["above"], given["text"]) == ({"path": "report.rows", "number": 10.5}, "Look\nat it")
    page = reader.get(address)
    assert page.heading == "Many calls"
    assert "3 or more events of one user who did it, within 10 minutes" in page.text
    assert "report.rows > 10.5" in page.text
    assert "Account: Bea" in page.text
    assert "It has not occurred yet." in page.text
    listed = reader.get("/alerts")
    assert listed.links["Many calls"] == address
    assert "resource:calls: 3 or more events of one user who did it, within 10 minutes on watch" in listed.text
    german = reader.get("/alerts", Accept_Language="de").text
    assert "3 oder mehr Ereignisse eines Benutzers, der sie ausgelöst hat, binnen 10 Minuten" in german


def test_an_alert_is_tried_before_it_is_kept(served: Service, bea: Account, read: Read) -> None:
    called(served, 1)
    called(served, 11, initiator=Initiator("u2", HOSTILE, "acme"))
    reader = read(bea)
    page = made(reader, do="try", title="")
    assert page.status == 200
    assert "In the last 7 days it would have told this 2 times:" in page.text
    rows = page.root.one("tbody").all("tr")
    assert {row.all("td")[0].text.partition(" (")[2] for row in rows} == {"acme/u1)", "acme/u2)"}
    (link,) = next(row for row in rows if "u1" in row.text).all("a")
    assert link.text == "3 events"
    found = reader.get(link.attributes["href"])
    assert "# of rows: 3" in found.text
    assert page.root.one("input", id="threshold").attributes["value"] == "3"
    assert "it would have told nothing" in made(reader, do="try", threshold="4").text
    assert (
        "# of rows: 6"
        in reader.get(made(reader, do="try", by="").root.one("tbody").all("a")[0].attributes["href"]).text
    )
    assert kept(reader, "/alerts")["items"] == []


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"query": "resource:calls since:-7d"}, "query", "its query has no period"),
        ({"query": "acton:login"}, "query", "acton"),
        ({"threshold": "0"}, "threshold", "greater than or equal to 1"),
        ({"minutes": "soon"}, "minutes", "valid integer"),
        ({"above_path": "a..b", "above_number": "1"}, "above_path", "This is no path."),
        ({"above_path": "rows"}, "above_number", "Fill in this field."),
        ({"title": ""}, "title", "Fill in this field."),
        ({"more_accounts": "nobody@example.com"}, "more_accounts", "This is about nobody@example.com."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_kept(
    bea: Account, read: Read, wrong: dict[str, Any], field: str, said: str
) -> None:
    reader = read(bea)
    page = made(reader, **wrong)
    assert page.status in (400, 403)
    assert page.links["To the field"] == f"#{field}"
    assert said in page.text
    assert kept(reader, "/alerts")["items"] == []


def test_what_occurred_is_listed_with_its_events_and_who_was_told(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    address = made(reader).headers["location"]
    assert [one.to for one in occurred(served)] == ["bea@example.com"]
    page = reader.get(address)
    (row,) = page.root.one("tbody").all("tr")
    assert row.text == "Dec 1, 2021, 8:51 AM Ann (acme/u1) 3 events Bea sent"
    assert "# of rows: 3" in reader.get(page.links["3 events"]).text
    assert reader.get(page.links["sent"]).heading == page.heading
    whole = reader.get(page.links["All that became of it, in a report"])
    assert "fire" in whole.text


def test_an_alert_is_changed_paused_resumed_and_deleted(bea: Account, read: Read) -> None:
    reader = read(bea)
    address = made(reader).headers["location"]
    page = reader.get(f"{address}/change")
    form = page.form(f"{address}/change")
    assert page.root.one("option", selected="").attributes["value"] == "initiator"
    sent = reader.post(f"{address}/change", **{**SENT, **form, "title": "Other", "minutes": "20"})
    assert sent.headers["location"] == address
    assert (kept(reader, address)["title"], kept(reader, address)["minutes"]) == ("Other", 20)
    stale = reader.post(f"{address}/change", **{**SENT, **form, "title": "Stale"})
    assert (stale.status, "You had entered: Stale" in stale.text) == (412, True)
    reader.send(reader.get(address), f"{address}/pause")
    assert kept(reader, address)["active"] is False
    assert "It is paused, and does not look." in reader.get(address).text
    assert "paused" in reader.get("/alerts").text
    reader.send(reader.get(address), f"{address}/resume")
    assert kept(reader, address)["active"] is True
    assert reader.send(reader.get(address), f"{address}/delete").headers["location"] == "/alerts"
    assert reader.get(address).status == 404


def test_an_alert_that_stopped_says_why(served: Service, bea: Account, read: Read) -> None:
    address = made(read(bea)).headers["location"]
    served.keep([ACCOUNTS.record(replace(bea, role="reader"), ACCOUNTS.find(served.store, bea.id, served.clock()))])
    occurred(served)
    served.keep([ACCOUNTS.record(bea, ACCOUNTS.find(served.store, bea.id, served.clock()))])
    reader = read(bea)
    why = kept(reader, address)["stopped"]
    assert why
    assert f"It has stopped: {why}" in reader.get(address).text
    assert why in reader.get("/alerts").text


def test_who_manages_reports_sees_and_deletes_but_neither_changes_nor_sees_whom_it_was_about(
    served: Service, bea: Account, boss: Account, read: Read
) -> None:
    address = made(read(bea)).headers["location"]
    occurred(served)
    reader = read(boss)
    page = reader.get(address)
    assert "by Bea" in page.text
    assert "acme/u1" not in page.text
    actions = [one.attributes["action"] for one in page.root.one("main").all("form", method="post")]
    assert actions == [f"{address}/delete"]
    assert reader.post(f"{address}/pause", csrf=page.token, version="1").status == 403
    assert reader.send(page, f"{address}/delete").status == 303


def test_nobody_else_finds_out_that_there_is_one(served: Service, ann: Account, bea: Account, read: Read) -> None:
    address = made(read(bea)).headers["location"]
    gus = entered.add(served, "gus", role="administrator", scope=TenantScope("globex"))
    for account in (ann, gus):
        reader = read(account)
        token = reader.get("/settings").token
        for more in ("", "/change"):
            page, absent = reader.get(address + more), reader.get(f"/alerts/none{more}")
            assert (page.status, page.text.rpartition(",")[0]) == (404, absent.text.rpartition(",")[0])
        for more in ("/change", "/pause", "/resume", "/delete"):
            assert reader.post(address + more, csrf=token).status == 404
    assert read(ann).get("/alerts/new").status == 403
    assert "Alerts" not in read(ann).get("/").links


def test_root_says_in_whose_book_an_alert_looks(served: Service, root: Account, read: Read) -> None:
    mailed = replace(root, name="root@example.com")
    served.keep([ACCOUNTS.record(mailed, ACCOUNTS.find(served.store, root.id, served.clock()))])
    called(served, 1)
    reader = read(mailed)
    assert "would have told this once" in made(reader, do="try", tenant="acme").text
    assert "would have told nothing" in made(reader, do="try", tenant="globex").text
    sent = made(reader, accounts=[root.id], tenant="acme")
    assert sent.status == 303, sent.text
    assert kept(reader, sent.headers["location"])["tenant"] == "acme"


def test_alerts_read_well_in_any_browser(served: Service, bea: Account, read: Read, visit: Open) -> None:
    reader = read(bea)
    looks = [("/alerts", bea), ("/alerts/new", bea)]
    address = made(
        reader, title=HOSTILE, text=HOSTILE * 9, above_path="a", above_number="-1", folders="a/b",
    ).headers["location"]  # fmt: skip
    occurred(served, Refused(HOSTILE * 20), initiator=Initiator("u1", HOSTILE, "acme"), data={"a": 1})
    for where, account in (*looks, (address, bea), (f"{address}/change", bea)):
        for more in BOTH_LOOKS:
            page = visit(where, account, **more)
            assert page.evaluate("document.querySelectorAll('main img').length") == 0
            assert not is_too_wide(page), where
            assert violations(page) == []


def test_the_query_completes_and_what_was_tried_is_shown(
    served: Service, bea: Account, read: Read, visit: Open
) -> None:
    called(served, 1)
    page = visit("/alerts/new", bea)
    query = page.get_by_role("combobox", name="Query")
    query.press_sequentially("resource:ca")
    page.get_by_role("option", name="calls").first.click()
    expect(query).to_have_value("resource:calls ")
    page.get_by_label("So many events or more").fill("3")
    page.get_by_role("button", name="Try it on the last 7 days").click()
    tried = page.get_by_role("region", name="What it would have told")
    expect(tried).to_contain_text("it would have told this once")
    assert violations(page) == []
    assert not is_too_wide(page)
