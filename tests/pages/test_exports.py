"""The pages of exports: asked for from the builder and a saved report, watched, taken, given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import entered
import pytest
from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from entered import later, told
from msgspec.structs import replace
from paged import Reader, Seen, reading
from playwright.sync_api import Page, expect
from served import service
from trails import AT, event, sealed_trail

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account
from trailbook.deliver.exports import EXPORTS
from trailbook.directory.viewer import SelfScope
from trailbook.settings import Settings
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]


@pytest.fixture
def served(tmp_path: Path) -> Service:
    """With a folder for files, three events of acme, and nobody who works unless told to."""
    made = service(export_folder=str(tmp_path / "files"), exports_waiting=3, worker=False)
    made.store.append(sealed_trail([event(n, AT + timedelta(minutes=n)) for n in range(1, 4)]))
    return made


def ask(reader: Reader, query: str = "", title: str = "", format: str = "csv", **more: str) -> str:
    """Ask for a file of what the builder shows; gives the export's id."""
    page = reader.get(f"/reports/new?{query}")
    assert page.status == 200, page.text
    answer = reader.send(page, "/exports", file_format=format, file_title=title, **more)
    assert answer.status == 303, answer.text
    path, _, row = answer.headers["location"].partition("#export-")
    assert path == "/exports"
    return row


def row(page: Seen, id: str) -> list[str]:
    """What the list says of an export."""
    line = page.root.one("tr", id=f"export-{id}")
    return [line.one("th").text, *(one.text for one in line.all("td"))]


def change(served: Service, id: str, **fields: Any) -> None:
    """Have an export be otherwise, as a worker would."""
    found = EXPORTS.find(served.store, id, served.clock())
    assert found is not None
    served.keep([EXPORTS.record(replace(found.value, **fields), found)])


def test_a_file_is_asked_for_in_the_builder_watched_and_taken(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader, "query=action:play&columns=action,ip=From&order=oldest", "All plays")
    page = reader.get("/exports")
    assert "The file is being made. You may leave this page." in page.text
    assert [row(page, id)[n] for n in (0, 4, 5)] == ["All plays action:play", "CSV", "Dec 1, 2021, 9:00 AM"]
    assert row(page, id)[1].startswith("waiting")
    assert page.links["Refresh"] == "/exports"
    served.worker.run_due()
    page = reader.get("/exports")
    assert row(page, id)[1:4] == [
        "done",
        "3 rows · 97 byte kept until Dec 8, 2021, 9:00 AM",
        "Download Manifest Remove",
    ]
    assert "Refresh" not in page.links
    file = reader.client.get(page.links["Download"])
    assert file.text.splitlines()[0] == '"Audit - Action","From"'
    assert [one.action for one in told(served, "exports")] == ["create"]


def test_a_saved_report_is_exported_in_the_background_as_it_is_and_narrowed(
    served: Service, bea: Account, read: Read
) -> None:
    reader = read(bea)
    token = reader.client.get("/api/v1/session").json()["csrf"]
    body = {"title": "Plays by day", "definition": {"query": "action:play", "group_by": ["day"]}}
    path = reader.client.post("/api/v1/reports", json=body, headers={"X-CSRF-Token": token}).json()["id"]
    page = reader.get(f"/reports/{path}?during=2021-11")
    assert page.links["PDF"] == f"/api/v1/reports/{path}/pdf?during=2021-11"
    id = reader.send(page, "/exports", file_format="jsonl").headers["location"].partition("#export-")[2]
    served.worker.run_due()
    page = reader.get(f"/exports/{id}")
    assert page.heading == "Plays by day"
    assert "During 2021-11" in page.text
    assert "Version of the saved report 1" in page.text
    assert page.links["The saved report"] == f"/reports/{path}?during=2021-11"


def test_the_page_of_an_export_says_what_its_file_is(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader, "query=action:play&columns=action,ip=From&during=2021-11&zone=Europe/Berlin")
    assert "What the file is" not in reader.get(f"/exports/{id}").text
    served.worker.run_due()
    page = reader.get(f"/exports/{id}")
    made = EXPORTS.find(served.store, id, served.clock()).value.made  # type: ignore[union-attr]
    assert f"SHA-256 {made.sha256} # of rows 3" in page.text  # type: ignore[union-attr]
    assert "From Nov 1, 2021, 12:00 AM to before Dec 1, 2021, 12:00 AM (time zone Europe/Berlin)" in page.text
    assert "Read as Bea: All events of the tenant acme" in page.text
    assert "From the column Audit - Initiator IP" in page.text
    assert "Head of the book acme" in page.text
    manifest = reader.client.get(page.links["Manifest"]).json()
    assert manifest["report"]["heads"]["acme"]["root"] in page.text
    again = reader.get(page.links["The same in the builder"])
    assert "# of rows: 3" in again.text


def test_groups_are_exported_from_the_builder(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    page = reader.get("/reports/new?group_by=action")
    assert "CSV" not in page.links
    id = ask(reader, "group_by=action")
    served.worker.run_due()
    file = reader.client.get(reader.get(f"/exports/{id}").links["Download"])
    assert '"play","3"' in file.text


def test_how_far_it_is_and_what_is_left_is_told(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader)
    change(served, id, state="running", rows=25_000, of=100_000, started_at=served.clock())
    later(served, minutes=1)
    page = reader.get("/exports")
    assert row(page, id)[1] == "being made 25,000 of 100,000 rows · 25% · about 3 minutes left"
    (bar,) = page.root.all("progress")
    assert (bar.attributes["max"], bar.attributes["value"]) == ("100000", "25000")
    assert "25.000 von 100.000 Zeilen · 25 % · noch etwa 3 Minuten" in reader.get("/exports", Accept_Language="de").text
    change(served, id, of=None)
    assert row(reader.get("/exports"), id)[1] == "being made counting …"


def test_one_that_failed_says_why(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader)
    change(served, id, state="failed", error=f"No room for {HOSTILE}", ended_at=served.clock())
    assert row(reader.get("/exports"), id)[1] == "failed No room for <script>alert(1)</script> �{{ 7 * 7 }}"


def test_one_is_cancelled_and_removed(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader)
    answer = reader.send(reader.get("/exports"), f"/exports/{id}/give-up")
    assert (answer.status, answer.headers["location"]) == (303, "/exports")
    page = reader.get("/exports")
    assert "The export is cancelled." in page.text
    assert row(page, id)[1:4] == ["cancelled", "listed until Dec 8, 2021, 9:00 AM", "Remove"]
    reader.send(page, f"/exports/{id}/give-up")
    page = reader.get("/exports")
    assert "The export is removed." in page.text
    assert "There are no exports here." in page.text
    assert [one.action for one in told(served, "exports")] == ["create", "cancel", "delete"]


def test_others_see_nothing_of_it_but_who_manages_the_reports(
    served: Service, bea: Account, amy: Account, read: Read
) -> None:
    id = ask(read(bea))
    assert row(read(amy).get("/exports"), id)[5] == "Dec 1, 2021, 9:00 AM by Bea"
    cleo = read(entered.add(served, "cleo", role="analyst", scope=SelfScope("acme", "cleo")))
    assert "There are no exports here." in cleo.get("/exports").text
    assert cleo.get(f"/exports/{id}").status == 404
    assert cleo.post(f"/exports/{id}/give-up", csrf=cleo.get("/exports").token).status == 404


def test_a_file_of_what_one_may_no_longer_see_is_not_offered(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    id = ask(reader)
    served.worker.run_due()
    was = ACCOUNTS.find(served.store, bea.id, served.clock())
    assert was is not None
    served.keep([ACCOUNTS.record(replace(was.value, scope=SelfScope("acme", "u1")), was)])
    page = reader.get("/exports")
    assert row(page, id)[3] == "Its file may hold what you may no longer see, or take out. Remove"
    assert "What the file is" not in reader.get(f"/exports/{id}").text


def test_as_many_as_may_wait_is_the_most(bea: Account, read: Read) -> None:
    reader = read(bea)
    for _ in range(3):
        ask(reader)
    answer = reader.send(reader.get("/reports/new"), "/exports", file_format="csv")
    assert answer.status == 429
    assert "3 of your exports are yet to end" in answer.text


def test_the_newest_come_first_and_the_older_ones_on_further_pages(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    first = ask(reader)
    found = EXPORTS.find(served.store, first, served.clock())
    assert found is not None
    served.keep([EXPORTS.record(replace(found.value, id=f"{first}-{n:02}", state="failed")) for n in range(60)])
    page = reader.get("/exports")
    ids = [one.attributes["id"][-2:] for one in page.root.all("tr")[1:]]
    assert ids == [f"{n:02}" for n in range(59, 9, -1)]
    page = reader.get(page.links["Older →"])
    assert len(page.root.all("tr")) == 12
    assert page.links["First page"] == "/exports"


def test_who_may_not_export_finds_no_menu_and_is_refused(served: Service, ann: Account, read: Read) -> None:
    reader = read(ann)
    page = reader.get("/reports/new")
    assert "Exports" not in page.links
    assert not page.root.all("form", action="/exports")
    answer = reader.post("/exports", csrf=page.token, file_format="csv", state="")
    assert answer.status == 403


def test_without_a_folder_for_files_nothing_is_made_in_the_background(read: Read) -> None:
    bare = service()
    bare.settings = Settings(store="postgresql://nowhere/trail")
    reader = reading(bare, entered.add(bare, role="analyst"))
    page = reader.get("/reports/new")
    assert "CSV" in page.links
    assert not page.root.all("form", action="/exports")


def test_the_pages_are_accessible_empty_and_full(served: Service, bea: Account, read: Read, visit: Open) -> None:
    for look in BOTH_LOOKS:
        page = visit("/exports", bea, **look)
        assert violations(page) == []
        assert not is_too_wide(page)
    reader = read(bea)
    ids = [ask(reader, title=title) for title in ("All", "x" * 200, "كل شيء <b>\u0022</b>")]
    change(served, ids[0], state="running", rows=5, of=10, started_at=served.clock())
    change(served, ids[1], state="failed", error="No room. " * 30)
    served.worker.run_due()
    for look in BOTH_LOOKS:
        for path in ("/exports", f"/exports/{ids[2]}", f"/exports/{ids[0]}", "/reports/new?panel=export"):
            page = visit(path, bea, **look)
            assert violations(page) == [], path
            assert not is_too_wide(page), path


def test_with_scripts_the_page_follows_by_itself_and_keeps_the_focus(
    served: Service, bea: Account, read: Read, visit: Open
) -> None:
    id = ask(read(bea), title="Plays")
    page = visit("/exports", bea)
    change(served, id, state="running", rows=1, of=3, started_at=served.clock())
    expect(page.get_by_text("1 of 3 rows")).to_be_visible()
    page.get_by_role("button", name="Cancel: Plays").focus()
    change(served, id, state="waiting", rows=0)
    expect(page.locator(".chip")).to_have_text("waiting")
    served.worker.run_due()
    expect(page.get_by_role("link", name="Download: Plays")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Plays: done")
    expect(page.get_by_text("Refresh")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download: Plays").click()
    assert download.value.suggested_filename == "plays-2021-12-01.csv"


def test_the_menu_says_the_number_of_rows_once_it_is_counted(served: Service, bea: Account, visit: Open) -> None:
    served.store.append(sealed_trail([event(n, AT + timedelta(minutes=n)) for n in range(4, 64)]))
    page = visit("/reports/new?query=action:play", bea)
    page.keyboard.press("e")
    expect(page.locator("#panel-export")).to_contain_text("# of rows: 63")
    page.get_by_label("Format").select_option("pdf")
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
