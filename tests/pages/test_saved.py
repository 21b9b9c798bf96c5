"""The pages of saved reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import entered
from browser import BOTH_LOOKS, is_too_wide, violations
from entered import told
from paged import Reader, Seen
from pages.planned import HOSTILE, saved
from playwright.sync_api import Page, expect
from trails import AT, event, sealed_trail

from trailbook.access.kept import ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.directory.model import Changes, Profile
from trailbook.directory.viewer import TenantScope
from trailbook.event.model import Initiator
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

API = "/api/v1/reports"


def filled(served: Service, rows: int = 3) -> None:
    served.store.append(sealed_trail([event(n, AT + timedelta(minutes=n)) for n in range(1, rows + 1)]))


def cells(page: Seen) -> list[list[str]]:
    (table,) = page.root.all("tbody")
    return [[cell.text for cell in row.all("td")] for row in table.all("tr")]


def test_a_saved_report_shows_its_rows_and_what_it_is(served: Service, bea: Account, read: Read) -> None:
    filled(served)
    reader = read(bea)
    path = saved(
        reader, description="What was <b>played</b>", sharing=[{"kind": "group", "id": "g1"}],
        definition={
            "query": "action:play", "during": "2021-11", "columns": ["details", {"key": "resource", "label": "Of"}],
        },
    )  # fmt: skip
    page = reader.get(path)
    assert page.heading == "Plays"
    assert "What was <b>played</b>" in page.text
    assert "Shared with: the group g1" in page.text
    assert "From Nov 1, 2021, 12:00 AM to before Dec 1, 2021, 12:00 AM (time zone UTC)" in page.text
    assert "# of rows: 3" in page.text
    assert [row[1:] for row in cells(page)] == [["Action play on resource calls", "calls Only this Not this"]] * 3
    assert [one.text for one in page.root.all("th")][1:] == ["Audit - Details", "Of"]
    assert page.root.all("a", class_="button main")[0].attributes["href"] == f"/reports/new/from/{path.split('/')[-1]}"
    assert (page.links["CSV"], page.links["JSON Lines"]) == (f"/api/v1{path}/csv", f"/api/v1{path}/jsonl")


def test_its_rows_are_paged_counted_and_narrowed(served: Service, bea: Account, read: Read) -> None:
    filled(served, 60)
    reader = read(bea)
    path = saved(reader, definition={"query": "action:play", "columns": ["id"], "limit": 25})
    first = reader.get(path)
    assert len(cells(first)) == 25
    second = reader.get(first.links["Older →"])
    third = reader.get(second.links["Older →"])
    assert [len(cells(one)) for one in (second, third)] == [25, 10]
    assert cells(reader.get(third.links["← Newer"])) == cells(second)
    assert cells(reader.get(second.links["First page"])) == cells(first)
    counted = reader.get(first.links["count"])
    assert "# of rows: 60" in counted.text
    assert reader.get(f"{path}/count").root.text == "60"
    narrowed = reader.get(f"{path}?since=2021-11-17T14:57:31Z&until=2021-11-18")
    assert "# of rows: 11" in narrowed.text
    assert narrowed.links["CSV"].endswith("csv?since=2021-11-17T14%3A57%3A31Z&until=2021-11-18")


def test_a_grouped_report_shows_its_groups(served: Service, bea: Account, read: Read) -> None:
    filled(served)
    reader = read(bea)
    page = reader.get(saved(reader, definition={"query": "-app:trailbook", "group_by": ["action"]}))
    assert cells(page) == [["play", "3", ""]]
    assert "# of rows: 3" in page.text


def test_what_a_name_in_it_means_is_told_in_the_readers_language(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader, definition={"query": "user:nobody"})
    assert "User “nobody”: nobody of this name" in reader.get(path).text
    assert "Benutzer" in reader.get(path, Accept_Language="de").root.one("div", class_="notice warning").text


def test_looking_at_it_counts_once_and_stands_in_its_history(served: Service, bea: Account, read: Read) -> None:
    filled(served, 60)
    reader = read(bea)
    path = saved(reader)
    reader.get(path)
    reader.get(f"{path}/count")
    reader.client.get(f"/api/v1{path}/rows")
    reader.client.get(f"/api/v1{path}/csv")
    looks = [one for one in told(served, "reports") if one.action == "open"]
    assert [(one.tenant, [ref.name for ref in one.related]) for one in looks] == [("acme", ["Plays"])]
    said = reader.get(path).root.one("section", aria_labelledby="history")
    assert sorted(one.text.partition("AM ")[2] for one in said.all("li")) == [
        "Bea exported it", "Bea opened it", "Bea saved it",
    ]  # fmt: skip


def test_who_may_not_change_a_report_is_not_offered_to(served: Service, ann: Account, bea: Account, read: Read) -> None:
    filled(served)
    path = saved(read(bea), sharing=[{"kind": "tenant"}])
    reader = read(ann)
    page = reader.get(path)
    assert "by Bea · Shared with: everybody of acme" in page.text
    assert (page.links.get("CSV"), page.links.get("Name and sharing")) == (None, None)
    assert "Open in the builder" in page.links
    assert [one for one in page.root.all("form", method="post") if path in one.attributes["action"]] == []
    token = page.root.all("input", name="csrf")[0].attributes["value"]
    assert reader.get(f"{path}/change").status == 403
    for action in ("change", "delete", "duplicate"):
        assert reader.post(f"{path}/{action}", csrf=token).status == 403


def test_a_report_that_is_not_there_and_one_that_is_not_theirs_look_the_same(
    served: Service, ann: Account, bea: Account, read: Read
) -> None:
    path = saved(read(bea))
    gus = entered.add(served, "gus", role="analyst", scope=TenantScope("globex"))
    for account in (ann, gus):
        reader = read(account)
        token = reader.get("/reports").root.all("input", name="csrf")[0].attributes["value"]
        for more in ("", "/count", "/change"):
            page, absent = reader.get(path + more), reader.get(f"/reports/none{more}")
            assert (page.status, page.text.rpartition(",")[0]) == (404, absent.text.rpartition(",")[0])
        for action in ("change", "delete", "duplicate", "restore"):
            assert reader.post(f"{path}/{action}", csrf=token).status == 404


def test_a_report_is_renamed_described_and_shared(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader, sharing=[{"kind": "group", "id": "g1"}])
    page = reader.get(f"{path}/change")
    form = {name: value for name, value in page.form(f"{path}/change").items() if name != "share"}
    sent = reader.post(
        f"{path}/change",
        **{**form, "title": "Played", "share": ["tenant:", "group:g1"], "more": "role", "more_id": "r:1"},
    )
    assert (sent.status, sent.headers["location"]) == (303, path)
    after = reader.get(path)
    assert after.heading == "Played"
    assert "Shared with: everybody of acme, the group g1, the access role r:1" in after.text
    assert "The report is changed." in after.text
    assert reader.client.get(f"/api/v1{path}").json()["definition"] == {"query": "action:play"}
    old = reader.post(f"{path}/change", **{**form, "title": "Mine"})
    assert (old.status, "This has been changed since it was read." in old.text) == (412, True)
    now = reader.get(f"{path}/change").form(f"{path}/change")
    for wrong in ({"title": ""}, {"more": "group"}, {"share": "nobody"}):
        again = reader.post(f"{path}/change", **{**now, **wrong})
        assert (again.status, again.heading) == (400, "Name and sharing")
    assert reader.get(path).heading == "Played"


def test_groups_and_access_roles_to_share_with_are_offered_by_name(served: Service, bea: Account, read: Read) -> None:
    groups = (
        Profile("group", "acme", "g1", "North"), Profile("group", "acme", "g0", "Gone", valid_to=AT),
        Profile("group", "globex", "g7", "Foreign"),
    )  # fmt: skip
    served.store.change_directory(lambda _: Changes(added_profiles=groups))
    reader = read(bea)
    page = reader.get(f"{saved(reader)}/change")
    offered = [(one.attributes["value"], one.text) for one in page.root.one("datalist").all("option")]
    assert offered[:2] == [("g1", "North"), ("root", "Root")]


def test_a_copy_is_ones_own_and_private(served: Service, bea: Account, read: Read) -> None:
    cem = read(entered.add(served, "cem", role="analyst"))
    path = saved(read(bea), title="x" * 199, description="d", sharing=[{"kind": "tenant"}])
    sent = cem.send(cem.get(path), f"{path}/duplicate")
    copy = cem.client.get(f"/api/v1{sent.headers['location']}").json()
    assert copy["title"] == ("Copy of " + "x" * 199)[:200]
    assert (copy["owner"], copy["sharing"], copy["description"]) == ("id-cem", [], "d")
    assert copy["definition"] == {"query": "action:play"}


def test_a_report_that_was_deleted_can_be_brought_back_for_ten_minutes(
    served: Service, bea: Account, read: Read
) -> None:
    reader = read(bea)
    path = saved(reader, description="d", sharing=[{"kind": "tenant"}])
    before = reader.client.get(f"/api/v1{path}").json()
    for _ in range(2):
        sent = reader.send(reader.get(path), f"{path}/delete")
        gone = reader.get(sent.headers["location"])
        assert "“Plays” is deleted." in gone.text
        assert reader.get(path).status == 404
        assert reader.send(gone, f"{path}/restore").headers["location"] == path
        after = reader.client.get(f"/api/v1{path}").json()
        assert after == {**before, "updated_at": after["updated_at"], "version": 1}
    last = reader.get(reader.send(reader.get(path), f"{path}/delete").headers["location"])
    entered.later(served, minutes=11)
    assert "is deleted" not in reader.get(f"/reports?deleted={path.split('/')[-1]}").text
    assert reader.send(last, f"{path}/restore").status == 404
    actions = [one.action for one in told(served, "reports") if one.action in ("create", "delete", "restore")]
    assert actions == ["create", "delete", "restore", "delete", "restore", "delete"]


def test_nobody_else_brings_a_report_back(served: Service, ann: Account, bea: Account, read: Read) -> None:
    reader = read(bea)
    path = saved(reader, sharing=[{"kind": "tenant"}])
    reader.send(reader.get(path), f"{path}/delete")
    other = read(entered.add(served, "cem", role="analyst", scope=TenantScope("globex")))
    for one in (read(ann), other):
        page = one.get(f"/reports?deleted={path.split('/')[-1]}")
        assert "Plays" not in page.text
        token = page.root.all("input", name="csrf")[0].attributes["value"]
        assert one.post(f"{path}/restore", csrf=token).status == 404


def test_the_list_has_what_one_may_see(served: Service, ann: Account, bea: Account, read: Read) -> None:
    reader = read(bea)
    assert "No reports are saved yet." in reader.get("/reports").text
    saved(reader, title="Shared", sharing=[{"kind": "tenant"}])
    private = saved(reader, title="Private")
    page = reader.get("/reports")
    assert [row.text.partition(" Dec")[0] for row in page.root.one("tbody").all("tr")] == [
        "Shared yours everybody of acme", "Private yours nobody",
    ]  # fmt: skip
    assert page.links["Private"] == private
    (row,) = read(ann).get("/reports").root.one("tbody").all("tr")
    assert row.text.startswith("Shared Bea everybody of acme")
    ways = read(ann).get("/reports").root.one("nav").all("a", aria_current="page")
    assert [one.text for one in ways] == ["Reports"]
    assert [one.text for one in read(ann).get("/reports/new").root.all("a", aria_current="page")] == ["New report"]


def test_a_long_list_goes_on(served: Service, bea: Account, read: Read) -> None:
    reader = read(bea)
    for number in range(101):
        saved(reader, title=f"R{number}")
    page = reader.get("/reports")
    rest = reader.get(page.links["More reports →"])
    assert [len(one.root.one("tbody").all("tr")) for one in (page, rest)] == [100, 1]
    assert rest.links["First page"] == "/reports"


def test_a_report_that_asks_for_what_one_may_not_says_so_and_can_still_be_deleted(
    served: Service, bea: Account, read: Read
) -> None:
    reader = read(bea)
    path = saved(reader)
    for narrowing, said in (("since=soon", "since"), ("cursor=AAAA", "This cursor was not made by Trailbook.")):
        page = reader.get(f"{path}?{narrowing}")
        assert (page.status, said in page.text) == (400, True)
        assert page.form(f"{path}/delete")
    assert "query.whatever" in reader.get(f"{path}?whatever=1").text


def test_rows_do_not_tell_a_book_that_is_hidden(served: Service, bea: Account, read: Read) -> None:
    filled(served)
    path = saved(read(bea), sharing=[{"kind": "tenant"}], definition={"query": "action:play", "columns": ["action"]})
    role = AccessRole("r-1", "No books", frozenset({"view"}), frozenset({"book"}))
    served.keep([ROLES.record(role)])
    cem = read(entered.add(served, "cem", role="r-1"))
    for where in (path, "/reports/new?columns=action&query=action:play"):
        (link, *_) = cem.get(where).root.all("td", class_="open")[0].all("a")
        assert link.attributes["href"].startswith(f"/events/{event(3).id}")
        assert "book" not in link.attributes["href"]


def test_saved_reports_read_well_in_any_browser(served: Service, bea: Account, read: Read, visit: Open) -> None:
    served.store.append(sealed_trail([event(n, initiator=Initiator(HOSTILE), details=HOSTILE) for n in range(12)]))
    reader = read(bea)
    shares = [{"kind": "group", "id": HOSTILE}, {"kind": "tenant"}]
    path = saved(
        reader, title=HOSTILE, description=HOSTILE * 5, sharing=shares, definition={"query": "app:web", "limit": 10}
    )
    empty = saved(reader, definition={"query": "action:none"})
    groups = saved(reader, definition={"group_by": ["action", "day"]})
    for where in (path, empty, groups, f"{path}/change", "/reports"):
        for more in BOTH_LOOKS:
            page = visit(where, bea, **more)
            expect(page.locator("[aria-busy]")).to_have_count(0)
            assert page.evaluate("document.querySelectorAll('main img').length") == 0
            assert not is_too_wide(page)
            assert violations(page) == []
    page = visit(path, bea)
    page.get_by_role("heading", name="# of rows: 12").wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("status").get_by_text("The report is back.").wait_for()
