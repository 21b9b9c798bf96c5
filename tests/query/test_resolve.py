"""Resolving: names become the parties that bore them, periods become moments, and what a query searches by is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from trailbook.errors import BadQuery
from trailbook.event.model import Kind, PartyKey
from trailbook.query.language import parse
from trailbook.query.resolve import MOST_PARTIES, Named, Resolution, fields_used, resolve
from trailbook.query.tree import EVERYTHING, And, Condition, Field, Not, Occurred, Or, Parties

NOW = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
ANN, ANN_TOO, BOB = PartyKey("user", "acme", "u1"), PartyKey("user", "globex", "u1"), PartyKey("user", "acme", "u2")
NORTH = PartyKey("group", "acme", "north")
KNOWN = {
    ("user", "Ann"): [ANN, ANN_TOO],
    ("user", "acme/u1"): [ANN],
    ("user", "bob"): [BOB],
    ("group", "north"): [NORTH],
}


def names(kind: Kind, value: str) -> Sequence[PartyKey]:
    return KNOWN.get((kind, value), [])


def resolved(text: str) -> Resolution:
    return resolve(parse(text), names=names, now=NOW, zone=ZoneInfo("Europe/Berlin"))


def test_a_name_in_two_tenants_is_two_people_and_both_are_told() -> None:
    assert resolved("user:Ann") == Resolution(Parties((ANN, ANN_TOO)), (Named("user", "Ann", (ANN, ANN_TOO)),))


def test_values_are_told_one_by_one_in_order_and_searched_together() -> None:
    found = resolved("by:bob,Ann,acme/u1 action:login -group:north user:bob")
    assert found.condition == And(
        (
            Parties((BOB, ANN, ANN_TOO), "by"),
            Field("action", ("login",)),
            Not(Parties((NORTH,))),
            Parties((BOB,)),
        )
    )
    assert found.parties == (
        Named("user", "bob", (BOB,)),
        Named("user", "Ann", (ANN, ANN_TOO)),
        Named("user", "acme/u1", (ANN,)),
        Named("group", "north", (NORTH,)),
    )


def test_a_value_that_stands_for_none_matches_nothing_and_is_told() -> None:
    assert resolved("against:carol") == Resolution(Parties((), "against"), (Named("user", "carol", ()),))


def test_a_name_is_looked_up_by_its_kind() -> None:
    assert resolved("role:north").parties == (Named("role", "north", ()),)


def test_each_value_is_looked_up_once() -> None:
    asked: list[str] = []

    def remember(kind: Kind, value: str) -> list[PartyKey]:
        asked.append(value)
        return [ANN]

    resolve(parse("user:Ann OR by:Ann OR -against:Ann"), names=remember, now=NOW, zone=ZoneInfo("UTC"))
    assert asked == ["Ann"]


def test_periods_become_moments_in_the_zone() -> None:
    day = Occurred(datetime(2021, 11, 16, 23, tzinfo=UTC), datetime(2021, 11, 17, 23, tzinfo=UTC))
    assert resolved("during:today").condition == day
    assert resolved("since:-1h OR until:2021-11-16").condition == Or(
        (Occurred(since=datetime(2021, 11, 17, 13, 7, tzinfo=UTC)), Occurred(until=day.since))
    )


def test_everything_stays_everything() -> None:
    assert resolved("") == Resolution(EVERYTHING, ())


def test_500_parties_for_a_value_are_asked_for_and_501_are_refused() -> None:
    def many(count: int) -> Condition:
        crowd = [PartyKey("user", "acme", f"u{number}") for number in range(count)]
        return resolve(parse("user:smith"), names=lambda kind, value: crowd, now=NOW, zone=ZoneInfo("UTC")).condition

    assert len(many(MOST_PARTIES).parties) == 500
    with pytest.raises(BadQuery, match="user:'smith' stands for 501 parties; 500 is the most") as refused:
        many(MOST_PARTIES + 1)
    assert "user:tenant/id" in refused.value.remedy


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("", set()),
        ("user:Ann", {"by.user", "against.user"}),
        ("by:Ann -against.group:north", {"by.user", "against.group"}),
        ("action:login OR (outcome:failure -ip:::1)", {"action", "outcome", "ip"}),
        ('password "a b" book:acme', {"words", "book"}),
        ("since:2021", {"time"}),
    ],
)
def test_what_a_query_searches_by_is_known(text: str, used: set[str]) -> None:
    assert fields_used(parse(text)) == used


def test_what_a_resolved_query_searches_by_is_the_same() -> None:
    text = "user:Ann by.group:north -(action:login OR during:today) call"
    assert fields_used(resolved(text).condition) == fields_used(parse(text))
