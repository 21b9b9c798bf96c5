"""The pages of users, groups, roles and tenants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import entered
import pytest
from browser import BOTH_LOOKS, NARROW, is_too_wide, violations
from entered import told
from paged import Reader, Seen
from playwright.sync_api import Page
from trails import AT, event, sealed_trail

from trailbook.access.kept import ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.directory.model import Changes, Membership, Profile
from trailbook.directory.viewer import GroupScope, SelfScope
from trailbook.errors import TooSlow
from trailbook.event.model import Belonging, Event, Initiator, Target
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

JULY = datetime(2021, 7, 1, tzinfo=UTC)
NORTH = Belonging("g1", "North", "acme")
ANN = Initiator("u1", "Ann", "acme", groups=(NORTH,))
TO_ANN = Target("user", "u1", "Ann", "acme", groups=(NORTH,), roles=())
BOB = Initiator("u2", "Bob", "acme")
PROFILES = (
    Profile("user", "acme", "u1", "Ann", valid_to=JULY),
    Profile("user", "acme", "u1", "Ann Lee", valid_from=JULY),
    Profile("group", "acme", "g1", "North"),
    Profile("group", "acme", "g2", "South"),
    Profile("role", "acme", "r1", "Agent"),
    Profile("user", "globex", "u1", "Ann of Globex"),
)
MEMBERSHIPS = (
    Membership("acme", "u1", "group", "g1", valid_to=JULY),
    Membership("acme", "u1", "group", "g2", valid_from=JULY),
    Membership("acme", "u1", "role", "r1"),
)


def kept(served: Service, *events: Event) -> None:
    served.store.append(sealed_trail(events))


def known(served: Service) -> None:
    """A directory."""
    served.store.change_directory(lambda _: Changes(added_profiles=PROFILES, added_memberships=MEMBERSHIPS))


def part(page: Seen, name: str) -> str:
    return page.root.one("section", aria_labelledby=name).text


def lists(page: Seen, name: str) -> list[str]:
    return [one.text for one in page.root.one("section", aria_labelledby=name).all("li")]


def test_a_user_is_told_over_time_with_what_they_did_and_what_was_done_to_them(
    served: Service, ann: Account, read: Read
) -> None:
    known(served)
    kept(
        served,
        event(1, initiator=ANN, details="She played it"),
        event(2, AT + timedelta(days=1), initiator=BOB, targets=(TO_ANN,), details="He rated her", outcome="denied"),
        event(3, AT + timedelta(days=2), initiator=BOB),
    )
    page = read(ann).get("/users/acme/u1")
    assert page.heading == "Ann Lee"
    assert lists(page, "history") == [
        "Ann until Jul 1, 2021, 12:00 AM",
        "Ann Lee since Jul 1, 2021, 12:00 AM",
        "North until Jul 1, 2021, 12:00 AM",
        "South since Jul 1, 2021, 12:00 AM",
        "Agent for all that is known",
    ]
    assert part(page, "history").endswith("In the last event Groups North Roles none")
    assert lists(page, "did") == ["Nov 17, 2021, 2:07 PM Ann: She played it"]
    assert lists(page, "done") == ["Nov 18, 2021, 2:07 PM denied Bob: He rated her"]
    assert page.root.one("dl", class_="facts seen").text == (
        "First seen Nov 17, 2021, 2:07 PM Last seen Nov 18, 2021, 2:07 PM"
    )
    assert (page.links["South"], page.links["Agent"]) == ("/groups/acme/g2", "/roles/acme/r1")
    (did,) = page.root.one("section", aria_labelledby="did").all("a", class_="button")
    (done,) = page.root.one("section", aria_labelledby="done").all("a", class_="button")
    assert did.attributes["href"] == "/reports/new?query=by.user%3Aacme%2Fu1&zone=UTC"
    assert done.attributes["href"] == "/reports/new?query=against.user%3Aacme%2Fu1&zone=UTC"
    both = read(ann).get(page.links["Both ways in a report"])
    assert [row.all("td")[-1].text for row in both.root.one("tbody").all("tr")] == ["was affected", "did it"]


def test_a_group_a_role_and_a_tenant_have_pages_too(served: Service, ann: Account, read: Read) -> None:
    known(served)
    kept(served, event(1, initiator=ANN))
    group = read(ann).get("/groups/acme/g1")
    assert (group.heading, lists(group, "did")) == (
        "North",
        ["Nov 17, 2021, 2:07 PM Ann: Action play on resource calls"],
    )
    role = read(ann).get("/roles/acme/r1")
    assert role.links["Ann Lee"] == "/users/acme/u1"
    assert "Nothing that you may know of." in part(role, "did")
    tenant = read(ann).get("/tenants/acme")
    assert (tenant.heading, lists(tenant, "did")[-1]) == ("acme", lists(group, "did")[0])


def test_who_is_in_no_directory_has_the_name_of_their_last_event(served: Service, ann: Account, read: Read) -> None:
    kept(served, event(1, initiator=ANN), event(2, AT + timedelta(days=1), targets=(TO_ANN,), initiator=BOB))
    page = read(ann).get("/users/acme/u1")
    assert page.heading == "Ann"
    assert "The directory does not know of it" in part(page, "history")
    assert page.links["North"] == "/groups/acme/g1"
    assert read(ann).get("/groups/acme/g1").heading == "North"


def test_ids_of_any_kind_have_an_address(served: Service, root: Account, visit: Open) -> None:
    kept(served, event(1, initiator=Initiator("a/b?c#d ü&'\"", "Odd", "ten/ant%2F")))
    # Not with the client of the tests, which decodes paths twice.
    page = visit(f"/events/{event(1).id}", root)
    page.get_by_role("link", name="Odd").first.click()
    page.get_by_role("heading", name="Odd").wait_for()
    assert page.get_by_text("ten/ant%2F/a/b?c#d ü&'\"").count() == 1


def test_what_is_no_address_is_not_there(ann: Account, read: Read) -> None:
    for path in ("/users/acme", "/users/", "/groups/acme/", "/tenants/"):
        assert read(ann).get(path).status == 404


def test_who_is_not_there_and_whom_they_may_not_know_of_look_the_same(
    served: Service, ann: Account, root: Account, read: Read
) -> None:
    known(served)
    kept(served, event(1, tenant="globex", initiator=Initiator("u7", "Gus", "globex")), event(2, initiator=BOB))
    me = entered.add(served, "me", scope=SelfScope("acme", "u1"))
    south = entered.add(served, "so", scope=GroupScope("acme", ("g2",)))
    for account, foreign in (
        (ann, "users/globex/u7"), (ann, "users/globex/u1"), (me, "users/acme/u2"), (me, "groups/acme/g1"),
        (south, "groups/acme/g1"), (south, "users/acme/u2"),
    ):  # fmt: skip
        page, absent = read(account).get(f"/{foreign}"), read(account).get("/users/acme/nobody")
        assert (page.status, page.text.rpartition(",")[0]) == (404, absent.text.rpartition(",")[0])
    assert read(root).get("/users/globex/u7").status == 200


def test_who_manages_a_group_sees_its_members_as_of_their_time_in_it(served: Service, read: Read) -> None:
    known(served)
    page = read(entered.add(served, "so", scope=GroupScope("acme", ("g2",)))).get("/users/acme/u1")
    assert lists(page, "history") == [
        "Ann Lee since Jul 1, 2021, 12:00 AM",
        "South since Jul 1, 2021, 12:00 AM",
    ]


def test_what_is_hidden_is_not_told(served: Service, read: Read) -> None:
    known(served)
    kept(served, event(1, initiator=ANN), event(2, initiator=BOB, targets=(TO_ANN,)))
    role = AccessRole("r-1", "No initiators", frozenset({"view"}), frozenset({"initiator"}))
    served.keep([ROLES.record(role)])
    bea = read(entered.add(served, "bea", role="r-1"))
    page = bea.get("/users/acme/u1?parts=1")
    assert part(page, "did") == "What they did This would tell what is hidden from you."
    assert page.root.all("section", aria_labelledby="history") == []
    assert (page.heading, len(lists(page, "done"))) == ("u1", 1)
    assert "Ann" not in page.text
    assert "Affected: 1." in part(page, "activity")
    assert "Did:" not in part(page, "activity")
    for hidden in ({"initiator", "targets"}, {"date_time", "date", "time"}):
        role = AccessRole(f"r-{len(hidden)}{min(hidden)}", "Little", frozenset({"view"}), frozenset(hidden))
        served.keep([ROLES.record(role)])
        assert read(entered.add(served, f"bea{min(hidden)}", role=role.id)).get("/users/acme/u1").status == 403


def test_ids_of_events_that_are_hidden_are_in_no_link(served: Service, read: Read) -> None:
    kept(served, event(1, initiator=ANN))
    served.keep([ROLES.record(AccessRole("r-1", "No ids", frozenset({"view"}), frozenset({"id"})))])
    page = read(entered.add(served, "bea", role="r-1")).get("/users/acme/u1")
    assert page.root.one("dl", class_="facts seen").text.startswith("First seen Nov 17, 2021, 2:07 PM")
    assert event(1).id not in page.answer.text


def days(page: Seen) -> list[str]:
    return [row.text for row in page.root.one("table", class_="days").one("tbody").all("tr")]


def test_activity_is_told_by_day_in_the_zone_thirteen_weeks_at_a_time(
    served: Service, ann: Account, read: Read
) -> None:
    late = datetime(2021, 11, 17, 23, 30, tzinfo=UTC)
    kept(
        served,
        event(1, late, initiator=ANN, action="play"),
        event(2, late, initiator=ANN, action="play"),
        event(3, late - timedelta(days=2), initiator=BOB, targets=(TO_ANN,), action="rate"),
        event(4, late - timedelta(days=91), initiator=ANN, action="login"),
    )
    page = read(ann).get("/users/acme/u1?parts=1&zone=Europe/Berlin")
    assert "Did: 2. Affected: 1. Days with any: 2." in part(page, "activity")
    assert days(page) == ["Nov 16, 2021 0 1", "Nov 18, 2021 2 0"]
    assert page.links["Nov 18, 2021"] == "/reports/new?query=user%3Aacme%2Fu1&during=2021-11-18&zone=Europe%2FBerlin"
    assert [one.attributes["height"] for one in page.root.all("rect")] == ["50", "100"]
    assert [one.text for one in page.root.all("ol", class_="actions-list")] == ["2 play", "1 rate"]
    earlier = read(ann).get(page.links["Earlier weeks"].partition("#")[0])
    assert days(earlier) == ["Aug 19, 2021 1 0"]
    later = read(ann).get(earlier.links["Later weeks"].partition("#")[0])
    assert days(later) == days(page)
    fragment = read(ann).get("/parties/activity?kind=user&tenant=acme&id=u1&zone=Europe/Berlin")
    assert fragment.answer.text.strip() in page.answer.text.replace("&amp;parts=1", "")


def test_what_takes_too_long_says_so(
    served: Service, ann: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise TooSlow("It takes too long.")

    known(served)
    for name in ("page", "summary"):
        monkeypatch.setattr(f"trailbook.store.memory.MemoryReads.{name}", slow)
    page = read(ann).get("/users/acme/u1?parts=1")
    assert page.status == 200
    assert page.text.count("Finding these takes too long.") == 2
    assert "Counting takes too long." in page.text


def test_looking_at_somebody_counts_once_and_they_do_not_find_out(served: Service, ann: Account, read: Read) -> None:
    known(served)
    kept(served, event(1, initiator=ANN))
    reader = read(ann)
    reader.get("/users/acme/u1")
    reader.get("/parties/activity?kind=user&tenant=acme&id=u1")
    reader.client.get("/api/v1/events?query=user:acme/u1")
    (look,) = told(served, "reports")
    assert (look.action, look.data, look.targets) == ("open", {"query": "user:acme/u1"}, ())


def test_wrong_parameters_get_a_clear_message(served: Service, ann: Account, read: Read) -> None:
    known(served)
    assert "query.until" in read(ann).get("/users/acme/u1?until=soon").text
    assert "There is no time zone 'Mars'." in read(ann).get("/users/acme/u1?zone=Mars").text
    for far in ("0001-01-01", "9999-12-31"):
        assert "query.until" in read(ann).get(f"/users/acme/u1?parts=1&until={far}").text
    for edge in ("1716-01-01", "2284-01-01"):
        assert read(ann).get(f"/users/acme/u1?parts=1&until={edge}").status == 200


def test_the_page_of_a_party_reads_well_in_any_browser(served: Service, ann: Account, visit: Open) -> None:
    known(served)
    kept(served, event(1, initiator=ANN), event(2, initiator=BOB, targets=(TO_ANN,)))
    for path in ("/users/acme/u1", "/groups/acme/g2", "/roles/acme/r1", "/tenants/acme"):
        for more in BOTH_LOOKS:
            page = visit(path, ann, **more)
            page.locator("figure svg").wait_for()
            assert not is_too_wide(page)
            assert violations(page) == []
    plain = visit("/users/acme/u1", ann, java_script_enabled=False)
    plain.get_by_role("link", name="Show the activity by day").click()
    plain.locator("figure svg").wait_for()


def test_hostile_names_are_text(served: Service, ann: Account, visit: Open) -> None:
    name = "<img src=x onerror=alert(1)>{{ 7*7 }} \u202eevil\u0007 مريم 🧑‍🚀" * 9
    who = Initiator("<b>'\"&", name, "acme", groups=(Belonging("g", name, "acme"),))
    profile = Profile("user", "acme", "<b>'\"&", name[:1000])
    served.store.change_directory(lambda _: Changes(added_profiles=(profile,)))
    kept(served, event(1, initiator=who, details=name, action=name[:1000]))
    page = visit("/users/acme/%3Cb%3E'%22&", ann, viewport=NARROW)
    page.locator("figure svg").wait_for()
    assert page.evaluate("document.querySelectorAll('main img').length") == 0
    assert "\u202e" not in page.content()
    assert not is_too_wide(page)
    assert violations(page) == []


def test_who_is_signed_out_meanwhile_is_told_that_it_could_not_be_loaded(
    served: Service, ann: Account, visit: Open
) -> None:
    known(served)
    page = visit("/users/acme/u1", ann)
    page.locator("figure svg").wait_for()
    page.context.clear_cookies()
    page.evaluate("document.querySelector('.beside').innerHTML = ''")
    page.evaluate("import(document.querySelector('script[src*=beside]').src + '?again')")
    page.get_by_text("This could not be loaded.").wait_for()
    assert page.get_by_label("Password").count() == 0
