"""The directory in the settings: found, looked at over time, changed; nothing of other tenants."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import entered
from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from paged import Reader, Seen
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.directory.viewer import Root
from trailbook.event.model import PartyKey
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
PATH = "/settings/directory"


def made(reader: Reader, kind: str, id: str, name: str = "", **more: str) -> Seen:
    """Makes an entry; gives the answer."""
    form = reader.get(f"{PATH}/new?kind={kind}")
    return reader.send(form, PATH, id=id, name=name, **more)


def entry(kind: str, id: str, tenant: str = "acme") -> str:
    return f"{PATH}/entry?{urlencode({'kind': kind, 'tenant': tenant, 'id': id})}"


def test_a_user_is_made_found_and_looked_at_over_time(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    made(reader, "groups", "g1", "Call center")
    answer = made(reader, "users", "a/../b ?#", "Ann Exämple", groups="g1\ng2")
    assert answer.headers["location"] == entry("users", "a/../b ?#")
    page = reader.get(entry("users", "a/../b ?#"))
    assert page.heading == "Ann Exämple"
    assert "Call center g1 Group Dec 1, 2021, 9:00 AM open" in page.text
    for find in ("example", "a/..", "EXÄMPLE"):
        assert "Ann Exämple" in reader.get(f"{PATH}?{urlencode({'find': find})}").links
    assert "Nobody here has such a name or ID." in reader.get(f"{PATH}?find=bob").text
    assert "Ann Exämple" in reader.get(entry("groups", "g1")).links
    assert [event.action for event in entered.told(served, "users")] == ["create"]


def test_who_is_there_is_not_made_twice(read: Read, amy: Account) -> None:
    reader = read(amy)
    made(reader, "users", "u1", "Ann")
    page = made(reader, "users", "u1", "Bob")
    assert page.status == 400
    assert page.root.one("p", id="id-fault").text == "There is one of this ID already."
    assert reader.get(entry("users", "u1")).heading == "Ann"


def test_a_name_ends_the_one_before_and_stale_forms_nothing(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    made(reader, "users", "u1", "Ann")
    stale = reader.get(entry("users", "u1"))
    entered.later(served, minutes=30)
    answer = reader.send(reader.get(entry("users", "u1")), f"{PATH}/entry", name="Ann Married")
    assert answer.headers["location"] == entry("users", "u1")
    page = reader.get(entry("users", "u1"))
    assert "Ann Dec 1, 2021, 9:00 AM Dec 1, 2021, 9:30 AM Ann Married Dec 1, 2021, 9:30 AM open" in page.text
    refused = reader.send(stale, f"{PATH}/entry", name="Hannah")
    assert refused.status == 412
    assert "You had entered: Hannah" in refused.text
    assert reader.get(entry("users", "u1")).heading == "Ann Married"


def test_who_sees_all_tenants_begins_with_one_that_has_entries(read: Read, amy: Account, served: Service) -> None:
    all_seeing = read(entered.add(served, "zed", role="root", scope=Root(), user=PartyKey("user", "default", "zed")))
    assert all_seeing.get(PATH).root.one("input", id="tenant").attributes["value"] == "default"
    made(read(amy), "users", "u1", "Ann")
    page = all_seeing.get(PATH)
    assert page.root.one("input", id="tenant").attributes["value"] == "acme"
    assert "Ann" in page.text


def test_memberships_are_added_for_a_time_and_ended(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    made(reader, "users", "u1", "Ann")
    form = reader.get(entry("users", "u1"))
    sent = {"member_of": "r1", "belongs_to": "role", "valid_from": "2021-01-01T00:00", "valid_to": "2021-02-01T00:00"}
    assert reader.send(form, f"{PATH}/memberships", **sent).status == 303
    assert reader.send(form, f"{PATH}/memberships", member_of="g1", belongs_to="group").status == 303
    entered.later(served, minutes=30)
    page = reader.get(entry("users", "u1"))
    assert "r1 r1 Role Jan 1, 2021, 12:00 AM Feb 1, 2021, 12:00 AM" in page.text
    assert "The membership in “g1” ends now." in page.text
    assert reader.send(page, f"{PATH}/memberships/end").headers["location"] == entry("users", "u1")
    assert "g1 g1 Group Dec 1, 2021, 9:00 AM Dec 1, 2021, 9:30 AM" in reader.get(entry("users", "u1")).text


def test_what_is_wrong_is_told_at_its_field(read: Read, amy: Account) -> None:
    reader = read(amy)
    for given, field in (({"id": ""}, "id"), ({"id": "x", "groups": "g" * 1025}, "groups"), ({"id": "x" * 1025}, "id")):
        page = made(reader, "users", **{"id": "x", "name": HOSTILE, **given})
        assert page.status == 400
        assert page.root.all("p", id=f"{field}-fault"), field
    made(reader, "users", "u1", "Ann")
    form = reader.get(entry("users", "u1"))
    for given, field in (
        ({"member_of": ""}, "member_of"),
        ({"member_of": "g1", "valid_to": "2020-01-01T00:00"}, "valid_to"),
        ({"member_of": "g1", "valid_from": "soon"}, "valid_from"),
        ({"member_of": "g1", "group_tenant": "globex"}, "group_tenant"),
    ):
        page = reader.send(form, f"{PATH}/memberships", **{"belongs_to": "group", **given})
        assert page.status in (400, 403)
        assert page.root.all("p", id=f"{field}-fault"), field


def test_an_entry_ends_after_a_question(read: Read, amy: Account) -> None:
    reader = read(amy)
    made(reader, "groups", "g1", "Call center")
    page = reader.get(entry("groups", "g1"))
    assert "“Call center” ends now, with all memberships." in page.text
    assert reader.send(page, f"{PATH}/entry/end").headers["location"] == f"{PATH}?kind=groups&tenant=acme"
    assert reader.get(entry("groups", "g1")).status == 404


def test_root_makes_tenants_and_their_users(read: Read, root: Account) -> None:
    reader = read(root)
    assert made(reader, "tenants", "globex", "Globex Corp.").status == 303
    assert made(reader, "users", "u9", "Zoe", tenant="globex").status == 303
    assert "Globex Corp." in reader.get(f"{PATH}?kind=tenants").links
    assert "Zoe" in reader.get(f"{PATH}?tenant=globex").links


def test_the_directory_of_others_is_neither_seen_nor_changed(
    read: Read, amy: Account, ann: Account, root: Account
) -> None:
    made(read(root), "users", "u9", "Zoe", tenant="globex")
    assert "Zoe" not in read(amy).get(f"{PATH}?tenant=globex").text
    assert read(amy).get(entry("users", "u9", "globex")).status == 404
    assert made(read(amy), "users", "u8", "Eve", tenant="globex").status == 403
    assert made(read(amy), "tenants", "evil", "Evil").status == 403
    for path in (PATH, f"{PATH}/new", entry("users", "u1")):
        assert read(ann).get(path).status == 403
    assert "Directory" not in read(ann).get("/settings").links


def test_the_directory_reads_well_in_any_browser(visit: Open, read: Read, amy: Account) -> None:
    pages = (PATH, f"{PATH}?kind=tenants")
    for path in pages:
        for more in BOTH_LOOKS:
            page = visit(path, amy, **more)
            assert violations(page) == [], path
            assert not is_too_wide(page), path
    made(read(amy), "users", HOSTILE + "x" * 300, HOSTILE * 4, groups=f"{HOSTILE}\ng2", roles="r1")
    for path in (PATH, entry("users", HOSTILE + "x" * 300), f"{PATH}/new"):
        for more in BOTH_LOOKS:
            page = visit(path, amy, **more)
            assert violations(page) == [], path
            assert not is_too_wide(page), path
