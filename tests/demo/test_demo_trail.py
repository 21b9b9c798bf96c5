"""The demo's trail: the same for the same arguments, lifelike in time and size, and with every behaviour in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import msgspec
import pytest

from trailbook.demo.trail import arrivals, demo_events
from trailbook.event.model import SERVER_FIELDS, Event

END = datetime(2024, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def trail() -> list[Event]:
    return list(demo_events(10_000, 1, END))


def test_the_same_arguments_give_the_same_events(trail: list[Event]) -> None:
    assert list(demo_events(10_000, 1, END)) == trail


def test_another_seed_gives_other_events(trail: list[Event]) -> None:
    other = list(demo_events(10_000, 2, END))
    assert {one.id for one in other}.isdisjoint({one.id for one in trail})


@pytest.mark.parametrize("count", [0, 1, 7, 999, 10_001])
def test_there_are_as_many_events_as_asked_for(count: int) -> None:
    assert sum(1 for _ in demo_events(count, 1, END)) == count


def test_ids_are_unique_and_of_version_7(trail: list[Event]) -> None:
    ids = [one.id for one in trail]
    assert len(set(ids)) == 10_000
    assert all(one[14] == "7" and one[19] in "89ab" for one in ids)


def test_a_bigger_run_spreads_other_events_over_the_same_year(trail: list[Event]) -> None:
    bigger = list(demo_events(20_000, 1, END))
    assert bigger[9_999].occurred_at < END - timedelta(days=150)
    assert {one.id for one in bigger}.isdisjoint({one.id for one in trail})


def test_a_run_of_millions_starts_at_once() -> None:
    assert len(list(islice(demo_events(10_000_000, 1, END), 100))) == 100


def test_big_runs_have_fifty_companies_and_thousands_of_users() -> None:
    some = list(islice(demo_events(10_000_000, 1, END), 30_000))
    assert len({one.tenant for one in some}) > 40
    assert len({(one.initiator.tenant, one.initiator.id) for one in some if one.initiator}) > 1500


def test_every_event_is_one_that_a_producer_may_send(trail: list[Event]) -> None:
    for one in trail:
        assert msgspec.json.decode(msgspec.json.encode(one), type=Event) == one
        assert not any(getattr(one, field) for field in SERVER_FIELDS)


def test_an_event_is_about_as_long_as_a_real_one(trail: list[Event]) -> None:
    assert 1000 < sum(len(msgspec.json.encode(one)) for one in trail) / 10_000 < 1400


def test_events_arrive_in_order_of_time_except_a_few_late_ones(trail: list[Event]) -> None:
    in_time = [one for one in trail if one.application != "mobile"]
    assert all(earlier.occurred_at <= later.occurred_at for earlier, later in pairwise(in_time))
    late = [
        later for earlier, later in pairwise(trail) if later.occurred_at < earlier.occurred_at - timedelta(hours=24)
    ]
    assert 10 < len(late) < 150
    assert {one.application for one in late} == {"mobile"}


def test_an_event_arrives_when_it_occurs_or_days_later_from_a_telephone_that_was_offline(trail: list[Event]) -> None:
    waited = {
        one.application: moment - one.occurred_at > timedelta(hours=24)
        for moment, one in arrivals(trail)
        if moment != one.occurred_at
    }
    assert waited == {"mobile": True}
    assert [one for _, one in arrivals(trail)] == trail


def test_the_trail_fills_the_year_before_its_end(trail: list[Event]) -> None:
    months = Counter((one.occurred_at.year, one.occurred_at.month) for one in trail)
    assert trail[-1].occurred_at < END
    assert trail[0].occurred_at >= END - timedelta(days=365)
    assert len([month for month, number in months.items() if number > 500]) == 12


def test_working_days_are_busier_than_nights_and_weekends(trail: list[Event]) -> None:
    # The company acme is five hours behind UTC.
    local = [one.occurred_at - timedelta(hours=5) for one in trail if one.tenant == "acme"]
    by_hour = Counter(moment.hour for moment in local)
    by_weekday = Counter(moment.weekday() for moment in local)
    assert by_hour[10] > 8 * by_hour[3]
    assert by_hour[10] > by_hour[12]
    assert by_weekday[1] > 3 * by_weekday[5] > 3 * by_weekday[6]


def test_companies_and_people_are_of_very_different_sizes(trail: list[Event]) -> None:
    companies = Counter(one.tenant for one in trail)
    assert len(companies) == 13
    assert companies["acme"] > 5 * companies["rio-azul"] > 5 * companies["trailbook-cloud"]
    people = Counter(one.initiator.id for one in trail if one.tenant == "acme" and one.initiator)
    assert people.most_common(1)[0][1] > 20 * min(people.values())


BEHAVIOURS: dict[str, Callable[[Event], bool]] = {
    "a sign-in": lambda e: e.action == "login" and e.outcome == "success",
    "a failed sign-in": lambda e: (
        e.action == "login"
        and e.outcome == "failure"
        and e.initiator is not None
        and not e.initiator.verified
        and e.targets[0].kind == "user"
        and e.targets[0].id == e.initiator.id
    ),
    "a call played": lambda e: (e.resource, e.action) == ("calls", "play") and e.targets[0].kind == "calls",
    "calls exported": lambda e: e.action == "export" and e.outcome == "success",
    "an export denied": lambda e: e.action == "export" and e.outcome == "denied" and bool(e.reason),
    "a look at a profile denied": lambda e: e.action == "view" and e.resource == "users" and e.outcome == "denied",
    "an agent evaluated": lambda e: e.resource == "evaluations" and e.targets[0].kind == "user",
    "a user edited by an administrator": lambda e: (
        (e.resource, e.action) == ("users", "update")
        and bool(e.changes)
        and e.initiator is not None
        and e.initiator.tenant == e.tenant
        and [role.name for role in e.initiator.roles or ()] == ["admin"]
    ),
    "a user edited by the user": lambda e: (
        e.action == "update"
        and e.resource == "users"
        and e.initiator is not None
        and e.initiator.party() == e.targets[0].party()
    ),
    "a move that names both groups": lambda e: (
        "groups" in e.changes and [one.kind for one in e.targets] == ["user", "group", "group"]
    ),
    "a move that names only the field": lambda e: "groups" in e.changes and len(e.targets) == 1,
    "a role granted, naming it": lambda e: "roles" in e.changes and [one.kind for one in e.targets] == ["user", "role"],
    "a role granted, naming only the field": lambda e: "roles" in e.changes and len(e.targets) == 1,
    "a user renamed": lambda e: (
        "name" in e.changes and e.changes["name"].old == e.targets[0].name != e.changes["name"].new
    ),
    "a group edited": lambda e: e.resource == "groups" and e.targets[0].kind == "group",
    "a role edited": lambda e: e.resource == "roles" and e.targets[0].kind == "role",
    "a tenant edited": lambda e: e.resource == "tenants" and e.targets[0].kind == "tenant",
    "a report mailed by the worker": lambda e: (
        (e.application, e.resource, e.action) == ("celery", "reports", "send_email")
        and e.initiator is not None
        and e.initiator.type == "service"
        and e.related[0].kind == "reports"
    ),
    "a night job": lambda e: e.application == "cron" and e.initiator is not None and e.initiator.type == "system",
    "support acting as a user": lambda e: (
        e.initiator is not None
        and e.initiator.acts_as is not None
        and e.initiator.tenant == "trailbook-cloud"
        and e.initiator.acts_as.tenant == e.tenant
    ),
    "an operator editing a user of a company": lambda e: (
        e.initiator is not None
        and e.initiator.tenant == "trailbook-cloud"
        and e.tenant != "trailbook-cloud"
        and bool(e.targets)
        and e.targets[0].kind == "user"
    ),
    "nobody as initiator": lambda e: e.initiator is None,
    "groups left to the directory": lambda e: (
        e.initiator is not None and e.initiator.groups is None and e.initiator.roles is None
    ),
    "a name from right to left": lambda e: e.initiator is not None and any("א" <= c <= "ي" for c in e.initiator.name),
    "a name in Han or kana": lambda e: e.initiator is not None and any("ぁ" <= c <= "龯" for c in e.initiator.name),
    "a name with an emoji": lambda e: e.initiator is not None and any(c > "\U0001f000" for c in e.initiator.name),
    "an IPv6 address": lambda e: e.initiator is not None and ":" in e.initiator.ip,
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_ten_thousand_events_show_the_behaviour(trail: list[Event], behaviour: str) -> None:
    assert any(map(BEHAVIOURS[behaviour], trail))


def test_one_name_is_two_people_in_two_companies(trail: list[Event]) -> None:
    bearers = {(e.initiator.tenant, e.initiator.id) for e in trail if e.initiator and e.initiator.name == "Alex Kim"}
    assert {tenant for tenant, _ in bearers} >= {"acme", "globex"}


def test_events_before_and_after_a_change_show_the_user_as_it_was_then(trail: list[Event]) -> None:
    moves = [one for one in trail if "groups" in one.changes]
    assert moves
    shown = 0
    for move in moves:
        user = move.targets[0]
        assert user.groups is not None
        for one in trail:
            who = one.initiator
            if who is None or who.groups is None or who.party() != user.party():
                continue
            key = "old" if one.occurred_at < move.occurred_at else "new"
            others = [m for m in moves if m is not move and m.targets[0].party() == user.party()]
            if not others:
                assert [group.id for group in who.groups] == getattr(move.changes["groups"], key)
                shown += 1
    assert shown > 10


def test_a_failed_sign_in_of_a_stranger_comes_from_elsewhere(trail: list[Event]) -> None:
    failures = [one for one in trail if one.action == "login" and one.outcome == "failure"]
    assert any(one.initiator and one.initiator.ip.startswith("192.0.2.") for one in failures)
