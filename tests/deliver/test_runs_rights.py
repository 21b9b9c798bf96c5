"""Who receives what: rights, scope, sharing and recipients are those of when a schedule runs, and of each try."""

from __future__ import annotations

from pathlib import Path

import pytest
from deliver.scheduled import ACME, ANN, BOB, OUTSIDE, Office
from msgspec.structs import replace
from sealed import seal, simple

from trailbook.access.kept import ACCOUNTS, REPORTS, ROLES
from trailbook.access.model import AccessRole
from trailbook.deliver.channel import Failed
from trailbook.deliver.recipients import DOMAINS, Domains, Recipient
from trailbook.deliver.times import Timing
from trailbook.directory.viewer import GroupScope, Root, SelfScope, TenantScope
from trailbook.event.model import Belonging, Initiator, PartyKey
from trailbook.report.saved import Share
from trailbook.store.ports import Store

NORTH = (Belonging("north", "North", "acme"),)


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    """Beside the calls of u0, u1 and u2, one of a member of north, and one that is another tenant's."""
    made = Office(store, tmp_path)
    at = made.clock()
    member = Initiator("mia", "Mia Member", "acme", groups=NORTH)
    made.store.append(
        [
            seal(simple(50, at.replace(hour=7), initiator=member)),
            seal(simple(51, at.replace(hour=7), tenant="globex")),
        ]
    )
    return made


def rows(office: Office, to: str) -> int:
    """In the file that somebody received last."""
    return [one for one in office.sent if one.message.to == to][-1].files[0].count("\n") - 1


def test_an_account_gets_what_both_it_and_the_owner_may_see(office: Office) -> None:
    office.account("bob", "reader", SelfScope("acme", "u1"))
    office.account("eve", "reader", GroupScope("acme", ("north",)))
    office.account("root", "root", ACME)
    office.add(recipients=(ANN, BOB, Recipient("account", "eve"), Recipient("account", "root")))
    office.work(minutes=5)
    found = {one: rows(office, f"{one}@example.com") for one in ("ann", "bob", "eve", "root")}
    assert found == {"ann": 10, "bob": 3, "eve": 1, "root": 10}
    office.account("ann", "analyst", GroupScope("acme", ("north",)))
    office.work(minutes=5)
    found = {one: rows(office, f"{one}@example.com") for one in ("ann", "bob", "eve", "root")}
    assert found == {"ann": 1, "bob": 0, "eve": 1, "root": 1}
    bobs = next(one for one in office.deliveries()[4:] if one.recipient == BOB)
    assert bobs.viewer == "Bob, as far as Ann sees it"


@pytest.mark.parametrize(("home", "count"), [("head-office", 10), ("acme", 11)])
def test_who_sees_all_tenants_sends_to_the_outside_what_is_of_the_reports(
    office: Office, home: str, count: int
) -> None:
    """What leaves is what the tenant lets leave; it is not asked about the events of others."""
    office.account("ann", "root", Root())
    found = ACCOUNTS.find(office.store, "ann", office.clock())
    user = PartyKey("user", home, "ann")
    office.base.keep([ACCOUNTS.record(replace(found.value, user=user), found)])
    office.add(recipients=(ANN, OUTSIDE, Recipient("folder", "weekly")))
    office.work(minutes=5)
    assert rows(office, "ann@example.com") == 11
    assert rows(office, "cfo@example.com") == rows(office, "acme/weekly") == count


def test_a_column_that_is_hidden_from_either_does_not_leave(office: Office) -> None:
    """Asked for by name, it is refused, as it is when they open the report; else it is left out."""
    office.base.keep([ROLES.record(AccessRole("no-ip", "No addresses", frozenset(("view",)), frozenset(("ip",))))])
    office.account("bob", "no-ip", ACME)
    office.add(recipients=(ANN, BOB))
    assert office.work(minutes=5) == 1
    dead = next(one for one in office.deliveries() if one.recipient == BOB)
    assert dead.state == "dead"
    assert "hidden" in dead.error
    found = REPORTS.find(office.store, "r1", office.clock())
    office.base.keep([REPORTS.record(replace(found.value, definition={}), found)])
    assert office.work(minutes=5) == 2
    heads = {one.message.to: one.files[0].splitlines()[0] for one in office.sent[-2:]}
    assert "Initiator IP" in heads["ann@example.com"]
    assert "Initiator IP" not in heads["bob@example.com"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"disabled": True}, "may no longer sign in"),
        ({"role": "auditor"}, "The account that asked for this may not schedule reports."),
        ({"role": "gone"}, "may no longer sign in"),
        ({"scope": TenantScope("globex")}, "gone, or not shared"),
    ],
)
def test_a_schedule_whose_owner_may_no_longer_stops_and_says_so(office: Office, change, reason: str) -> None:
    office.add(recipients=(ANN, BOB, OUTSIDE))
    office.account("ann", **{"role": "analyst", "scope": ACME, **change})
    assert office.work(minutes=5) == 0
    schedule = office.schedule()
    assert not schedule.active
    assert reason in schedule.stopped
    (run,) = office.runs()
    assert (run.state, run.reason) == ("stopped", schedule.stopped)
    (event,) = office.events()
    assert (event.action, event.outcome, event.reason) == ("stop", "failure", schedule.stopped)
    assert event.details == f"Weekly calls: {schedule.stopped}"
    assert office.work(minutes=30) == 0


def test_a_report_that_is_no_longer_shared_stops_its_schedule(office: Office) -> None:
    found = REPORTS.find(office.store, "r1", office.clock())
    shared = replace(found.value, owner="bob", sharing=(Share("tenant"),))
    office.base.keep([REPORTS.record(shared, found)])
    office.base.keep([ROLES.record(AccessRole("timer", "Timer", frozenset(("view", "schedule"))))])
    office.account("ann", "timer", ACME)
    office.add()
    assert office.work(minutes=5) == 1
    found = REPORTS.find(office.store, "r1", office.clock())
    office.base.keep([REPORTS.record(replace(shared, sharing=()), found)])
    assert office.work(minutes=5) == 0
    assert "not shared" in office.schedule().stopped


def test_without_the_right_to_export_nothing_leaves_to_the_outside(office: Office) -> None:
    role = AccessRole("timer", "Timer", frozenset(("view", "schedule", "reports")))
    office.base.keep([ROLES.record(role)])
    office.account("ann", "timer", ACME)
    office.add(recipients=(ANN,))
    assert office.work(minutes=5) == 1
    office.change(recipients=(ANN, OUTSIDE))
    assert office.work(minutes=5) == 0
    assert "export" in office.schedule().stopped


def test_a_domain_that_is_no_longer_allowed_gets_nothing(office: Office) -> None:
    hook = Recipient("webhook", "https://example.com/hook")
    office.add(recipients=(OUTSIDE, hook))
    assert office.work(minutes=5) == 2
    found = DOMAINS.find(office.store, "acme", office.clock())
    office.base.keep([DOMAINS.record(Domains("acme", ("example.org",)), found)])
    assert office.work(minutes=5) == 0
    assert {one.error.split(".")[0] for one in office.deliveries()[2:]} == {"Nothing may be sent to example"}


def test_a_folder_is_below_the_tenant(office: Office) -> None:
    office.add(recipients=(Recipient("folder", "weekly"),))
    office.work(minutes=5)
    assert office.sent[0].message.to == "acme/weekly"


def test_a_recipient_who_was_taken_off_or_may_no_longer_gets_nothing(office: Office) -> None:
    office.add(recipients=(ANN, BOB))
    assert office.work(minutes=5) == 2
    office.change(recipients=(ANN,))
    office.work(minutes=5)
    assert [one.message.to for one in office.sent[2:]] == ["ann@example.com"]
    office.change(recipients=(ANN, BOB))
    office.account("bob", "reader", ACME, disabled=True)
    office.work(minutes=5)
    assert [one.message.to for one in office.sent[3:]] == ["ann@example.com"]
    office.account("bob", "reader", TenantScope("globex"))
    office.work(minutes=5)
    assert [one.message.to for one in office.sent[4:]] == ["ann@example.com"]
    assert [one.error for one in office.deliveries() if one.state == "dead"] == [
        "There is no such account, or there is nothing of this that it may see. Take it off.",
    ] * 2


@pytest.mark.parametrize(
    ("change", "state", "count"),
    [
        (lambda office: office.account("ann", "analyst", ACME, disabled=True), "dead", 0),
        (lambda office: office.change(recipients=(BOB,)), "void", 0),
        (lambda office: office.account("ann", "analyst", SelfScope("acme", "u1")), "sent", 3),
    ],
)
def test_rights_are_checked_again_at_each_try(office: Office, change, state: str, count: int) -> None:
    """The first try failed; what the second sends is what is theirs by then."""
    office.add(timing=Timing("day", "11:00"))  # in Berlin: an hour from now

    def away(message: object) -> None:
        raise Failed("Away.")

    office.fails = away
    office.work(hours=1)
    assert office.deliveries()[0].files[0].rows == 10
    change(office)
    office.fails = lambda message: None
    office.work(minutes=2)
    (delivery,) = office.deliveries()
    assert delivery.state == state
    assert (rows(office, "ann@example.com") if office.sent else 0) == count
