"""The pages of schedules: made, looked at before, changed, paused, tried and deleted, on a report and in the list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import entered
import pytest
from browser import BOTH_LOOKS, is_too_wide, violations
from msgspec.structs import replace
from paged import Reader, Seen
from pages.planned import HOSTILE, kept, saved, work
from playwright.sync_api import Page, expect
from served import service

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account
from trailbook.deliver.channel import Refused
from trailbook.deliver.recipients import DOMAINS, Domains
from trailbook.directory.viewer import TenantScope
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

SENT: dict[str, Any] = {
    "every": "week", "days": ["mon"], "at": "08:00", "during": "last-week", "formats": ["csv"],
    "accounts": ["id-bea@example.com"], "missed": "latest", "do": "save",
}  # fmt: skip
"""What a form sends beside its lines of text."""


@pytest.fixture
def served(tmp_path: Path) -> Service:
    return service(export_folder=str(tmp_path), zone="Europe/Berlin", mail_host="localhost", mail_from="a@b.example")


def scheduled(reader: Reader, path: str, **given: Any) -> Seen:
    """The answer to the form of a new schedule of the report there."""
    return reader.send(reader.get(f"{path}/schedules/new"), f"{path}/schedules", **{**SENT, **given})


def test_a_form_says_when_it_would_run_before_anything_is_kept(bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader)
    first = reader.get(f"{path}/schedules/new")
    assert first.root.one("section", aria_label="Next runs").text.startswith("Every Monday at 08:00 Monday, December 6")
    zone = first.root.one("input", id="zone").attributes["value"]
    assert zone == "Europe/Berlin"
    sent = {"every": "month", "day": "0", "at": "07:30", "do": "show", "title": "Mine", "zone": "Asia/Tokyo"}
    shown = scheduled(reader, path, **sent)
    assert shown.status == 200
    told = shown.root.one("section", aria_label="Next runs")
    assert told.one("strong").text == "On the last day of every month at 07:30"
    assert [one.text for one in told.all("li")] == [
        "Friday, December 31, 2021, 7:30 AM +09:00",
        "Monday, January 31, 2022, 7:30 AM +09:00",
        "Monday, February 28, 2022, 7:30 AM +09:00",
    ]
    assert shown.root.one("input", id="title").attributes["value"] == "Mine"
    assert "checked" in shown.root.one("input", id="every-month").attributes
    assert kept(reader, "/schedules")["items"] == []
    german = reader.get("/schedules/times?every=day&at=08:00&zone=UTC", Accept_Language="de")
    assert german.root.one("strong").text == "Jeden Tag um 08:00"
    assert "This is not a time of day." in reader.get("/schedules/times?every=day&at=late&zone=UTC").root.text


def test_a_schedule_is_made_and_stands_on_its_report_and_in_the_list(bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader)
    assert "It does not run by itself yet." in reader.get(path).text
    assert "Nothing is scheduled yet." in reader.get("/schedules").text
    made = scheduled(reader, path, title="Weekly", text="Look\r\nat it", skip_empty="on", attach_mib="2.5")
    assert made.status == 303, made.text
    address = made.headers["location"]
    given = kept(reader, address)
    assert given["recipients"] == [{"kind": "account", "to": bea.id}]
    assert given["timing"] == {"every": "week", "at": "08:00", "days": ["mon"], "day": 1, "cron": ""}
    assert (given["during"], given["text"], given["skip_empty"]) == ("last-week", "Look\nat it", True)
    assert (given["attach_bytes"], given["formats"], given["zone"]) == (5 << 19, ["csv"], "Europe/Berlin")
    page = reader.get(address)
    assert page.heading == "Weekly"
    assert "Every Monday at 08:00 (time zone Europe/Berlin)" in page.text
    assert "Account: Bea" in page.text
    assert "It has not run yet." in page.text
    for where in (path, "/schedules"):
        listed = reader.get(where)
        assert listed.links["Weekly"] == address
        assert "Monday, December 6, 2021, 8:00 AM +01:00" in listed.text


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"every": "cron", "cron": "* * * * *"}, "cron", "This is due more often than every 5 minutes."),
        ({"every": "week", "days": []}, "days", "It is not said on which days."),
        ({"zone": "Mars/Base"}, "zone", "Mars/Base"),
        ({"subject": "{secret}"}, "subject", "{secret}"),
        ({"formats": []}, "formats", "Choose at least one."),
        ({"attach_mib": "much"}, "attach_mib", "This is no number."),
        ({"attach_mib": "1e999"}, "attach_mib", "This is no number."),
        ({"mails": "a@example.com\nb@example.org"}, "mails", "This is about a@example.com."),
        ({"more_accounts": "nobody@example.com"}, "more_accounts", "This is about nobody@example.com."),
        ({"accounts": []}, "accounts", "Choose at least one."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_kept(
    bea: Account, read: Read, wrong: dict[str, Any], field: str, said: str
) -> None:
    reader = read(bea)
    path = saved(reader)
    page = scheduled(reader, path, title="Mine", **wrong)
    assert page.status in (400, 403)
    assert page.links["To the field"] == f"#{field}"
    assert said in page.text
    assert page.root.one("input", id="title").attributes["value"] == "Mine"
    assert kept(reader, "/schedules")["items"] == []


def test_accounts_of_the_tenant_are_offered_to_who_manages_them_and_addresses_to_who_may_export(
    served: Service, bea: Account, boss: Account, read: Read
) -> None:
    entered.add(served, "cem@globex.example", scope=TenantScope("globex"), label="Cem")
    served.keep([DOMAINS.record(Domains("acme", ("example.org",)))])
    path = saved(read(bea), sharing=[{"kind": "tenant"}])
    offered = [
        {one.attributes["value"] for one in page.root.all("input", name="accounts")}
        for page in (read(account).get(f"{path}/schedules/new") for account in (bea, boss))
    ]
    assert offered == [{bea.id}, {bea.id, boss.id}]
    page = read(boss).get(f"{path}/schedules/new")
    assert "example.org" in page.text
    assert page.links["Outside domains"] == "/settings/domains"
    assert "Outside domains" not in read(bea).get(f"{path}/schedules/new").links
    made = scheduled(read(boss), path, accounts=[bea.id], mails="\n x@example.org \n", webhooks="https://example.org/h")
    assert [one["to"] for one in kept(read(boss), made.headers["location"])["recipients"]] == [
        bea.id, "x@example.org", "https://example.org/h",
    ]  # fmt: skip


def test_a_schedule_is_changed_and_what_was_not_touched_stays(bea: Account, read: Read) -> None:
    reader = read(bea)
    address = scheduled(reader, saved(reader), more_accounts="").headers["location"]
    page = reader.get(f"{address}/change")
    ticked = [one.attributes["value"] for one in page.root.all("input", type="checkbox") if "checked" in one.attributes]
    assert ticked == ["mon", "csv", bea.id]
    form = page.form(f"{address}/change")
    sent = reader.post(f"{address}/change", **{**SENT, **form, "title": "Other", "every": "day"})
    assert sent.headers["location"] == address
    now = kept(reader, address)
    assert (now["title"], now["timing"]["every"], now["attach_bytes"]) == ("Other", "day", 5 << 20)
    stale = reader.post(f"{address}/change", **{**SENT, **form, "title": "Stale"})
    assert stale.status == 412
    assert "Somebody else has changed this since you opened the page." in stale.text
    assert "You had entered: Stale" in stale.text
    assert kept(reader, address)["title"] == "Other"


@pytest.mark.parametrize(("typed", "bytes"), [("0", 0), ("5", 5 << 20), ("0.01", 10_486), ("4.768372", 5_000_000)])
def test_a_size_stands_in_the_form_as_it_was_typed(bea: Account, read: Read, typed: str, bytes: int) -> None:
    reader = read(bea)
    address = scheduled(reader, saved(reader), attach_mib=typed).headers["location"]
    assert kept(reader, address)["attach_bytes"] == bytes
    assert reader.get(f"{address}/change").root.one("input", id="attach_mib").attributes["value"] == typed


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"query": "action:play"}, "The report's own: All time"),
        ({"query": "action:play", "during": "last-month"}, "The report's own: Last month"),
        ({"query": "action:play", "since": "2021-11-01"}, "The report's own: 2021-11-01 – …"),
        ({"query": "action:play since:-7d"}, "The report's own"),
    ],
)
def test_the_period_of_the_report_is_said_where_it_is_left_to_it(
    bea: Account, read: Read, definition: dict[str, str], said: str
) -> None:
    reader = read(bea)
    path = saved(reader, definition=definition)
    assert reader.get(f"{path}/schedules/new").root.one("select", id="during").all("option")[0].text == said
    address = scheduled(reader, path, during="").headers["location"]
    assert f"Period {said} Formats" in reader.get(address).text


def test_a_schedule_is_paused_resumed_and_deleted(bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader)
    address = scheduled(reader, path).headers["location"]
    paused = reader.send(reader.get(address), f"{address}/pause")
    assert paused.status == 303
    page = reader.get(address)
    assert "It is paused, and does not run." in page.text
    assert "paused" in reader.get(path).text
    form = reader.get(f"{address}/change").form(f"{address}/change")
    reader.post(f"{address}/change", **{**SENT, **form, "title": "Still paused"})
    assert kept(reader, address)["active"] is False
    reader.send(reader.get(address), f"{address}/resume")
    assert kept(reader, address)["active"] is True
    gone = reader.send(reader.get(address), f"{address}/delete")
    assert gone.headers["location"] == path
    assert reader.get(address).status == 404
    assert "It does not run by itself yet." in reader.get(path).text


def test_a_test_goes_to_oneself_alone_and_shows_what_became_of_it(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    address = scheduled(reader, saved(reader)).headers["location"]
    assert reader.send(reader.get(address), f"{address}/test").headers["location"] == address
    page = reader.get(address)
    assert "It runs now, and goes to you alone." in page.text
    assert page.root.one("tbody").text.endswith("10:00 AM test Bea waits –")
    assert [one.to for one in work(served)] == ["bea@example.com"]
    page = reader.get(address)
    assert page.root.one("tbody").text == "Dec 1, 2021, 10:00 AM test Bea sent Dec 1, 2021, 10:00 AM 0"
    assert reader.get(page.links["Dec 1, 2021, 10:00 AM"]).heading == page.heading
    reader.send(reader.get(address), f"{address}/test")
    work(served, Refused(f"no such box {HOSTILE}"))
    dead = reader.get(address)
    assert "given up" in dead.text
    assert "no such box" in dead.text
    assert dead.root.one("tbody").all("img") == []


def test_a_schedule_that_stopped_says_why_and_runs_again_once_mended(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader)
    address = scheduled(reader, path).headers["location"]
    served.keep([ACCOUNTS.record(replace(bea, role="reader"), ACCOUNTS.find(served.store, bea.id, served.clock()))])
    entered.later(served, days=7)
    work(served)
    served.keep([ACCOUNTS.record(bea, ACCOUNTS.find(served.store, bea.id, served.clock()))])
    reader = read(bea)
    page = reader.get(address)
    why = kept(reader, address)["stopped"]
    assert why
    assert f"It has stopped: {why}" in page.text
    assert why in reader.get(path).text
    assert why in reader.get("/schedules").text
    reader.send(page, f"{address}/resume")
    assert kept(reader, address)["active"] is True


def test_a_schedule_without_its_report_says_so_and_can_only_be_deleted(bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader)
    address = scheduled(reader, path).headers["location"]
    gone = reader.get(reader.send(reader.get(path), f"{path}/delete").headers["location"])
    assert "Its schedules stop when they are due next." in gone.text
    page = reader.get(address)
    assert "Its report is deleted, or not shared with you any longer." in page.text
    assert {form.attributes["action"] for form in page.root.one("main").all("form")} == {f"{address}/delete"}
    assert "Edit" not in page.links
    assert reader.send(page, f"{address}/delete").headers["location"] == "/schedules"


def test_who_manages_reports_sees_tries_and_deletes_but_does_not_change(
    bea: Account, boss: Account, read: Read
) -> None:
    path = saved(read(bea), sharing=[{"kind": "tenant"}])
    address = scheduled(read(bea), path).headers["location"]
    reader = read(boss)
    page = reader.get(address)
    assert "It runs as Bea." in page.text
    assert "Edit" not in page.links
    actions = [one.attributes["action"] for one in page.root.one("main").all("form", method="post")]
    assert actions == [f"{address}/test", f"{address}/delete"]
    assert reader.post(f"{address}/pause", csrf=page.token, version="1").status == 403
    assert reader.send(page, f"{address}/delete").status == 303


def test_nobody_else_finds_out_that_there_is_a_schedule(
    served: Service, ann: Account, bea: Account, read: Read
) -> None:
    path = saved(read(bea), sharing=[{"kind": "tenant"}])
    address = scheduled(read(bea), path).headers["location"]
    gus = entered.add(served, "gus", role="administrator", scope=TenantScope("globex"))
    for account in (ann, gus):
        reader = read(account)
        token = reader.get("/settings").token
        for more in ("", "/change"):
            assert (
                reader.get(address + more).text.rpartition(",")[0]
                == reader.get(f"/schedules/none{more}").text.rpartition(",")[0]
            )
            assert reader.get(address + more).status == 404
        for more in ("/change", "/pause", "/resume", "/test", "/delete"):
            assert reader.post(address + more, csrf=token).status == 404
    assert read(ann).get(f"{path}/schedules/new").status == 403
    assert "Schedules" not in read(ann).get(path).text
    assert address not in read(ann).get(path).answer.text


def test_schedules_read_well_in_any_browser(served: Service, bea: Account, read: Read, visit: Open) -> None:
    reader = read(bea)
    path = saved(reader, title=HOSTILE)
    looks = ["/schedules", path, f"{path}/schedules/new"]
    address = scheduled(
        reader, path, title=HOSTILE, text=HOSTILE * 9, folders="a/b", every="month", day="0",
    ).headers["location"]  # fmt: skip
    reader.send(reader.get(address), f"{address}/test")
    work(served, Refused(HOSTILE * 20))
    for where in (*looks, address, f"{address}/change"):
        for more in BOTH_LOOKS:
            page = visit(where, bea, **more)
            expect(page.locator("[aria-busy]")).to_have_count(0)
            assert page.evaluate("document.querySelectorAll('main img').length") == 0
            assert not is_too_wide(page), where
            assert violations(page) == []


def test_with_scripts_the_form_says_at_once_when_it_would_run(bea: Account, read: Read, visit: Open) -> None:
    page = visit(f"{saved(read(bea))}/schedules/new", bea)
    expect(page.get_by_role("button", name="Show when it runs")).to_be_hidden()
    expect(page.get_by_label("Cron expression", exact=True)).to_be_hidden()
    page.get_by_label("By a cron expression").check()
    expect(page.get_by_label("Time of day")).to_be_hidden()
    page.get_by_label("Cron expression", exact=True).fill("0 9 * * mon")
    expect(page.get_by_role("region", name="Next runs").get_by_role("listitem").first).to_contain_text("9:00 AM")
    page.get_by_role("button", name="Make the schedule").click()
    expect(page.get_by_role("status")).to_have_text("The schedule is kept.")
