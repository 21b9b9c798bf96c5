"""When a rule's threshold is reached: against a brute force over lists of events, in any order and any pieces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from size import sized

from trailbook.deliver.occurring import Match, Rule, Window, match_of, occurrences
from trailbook.event.model import Event, Initiator, Target

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def rule(threshold: int, minutes: int) -> Rule:
    return Rule(threshold, timedelta(minutes=minutes), "target")


def one_by_one(minutes: Sequence[float], group: str = "ann") -> list[Match]:
    return [Match(number, at(one), {group: group.title()}) for number, one in enumerate(minutes)]


def told(rule: Rule, matches: list[Match]) -> list[tuple[str, float, tuple[int, ...]]]:
    return [
        (one.group, (one.since - START) / timedelta(minutes=1), one.positions)
        for one in occurrences(rule, matches, 0, ())
    ]


def test_five_in_ten_minutes_are_an_occurrence_and_four_are_none() -> None:
    assert told(rule(5, 10), one_by_one([0, 2, 4, 6])) == []
    assert told(rule(5, 10), one_by_one([0, 2, 4, 6, 9])) == [("ann", 0, (0, 1, 2, 3, 4))]


def test_a_window_is_half_open() -> None:
    assert told(rule(2, 10), one_by_one([0, 10])) == []
    assert told(rule(2, 10), one_by_one([0, 9.999])) == [("ann", 0, (0, 1))]


def test_a_storm_is_told_once_for_each_window() -> None:
    assert [since for _, since, _ in told(rule(5, 10), one_by_one(range(60)))] == [0, 10, 20, 30, 40, 50]


def test_what_comes_late_counts_where_it_occurred() -> None:
    assert told(rule(3, 10), one_by_one([0, 5, 500, 600, 3])) == [("ann", 0, (0, 4, 1))]


def test_what_comes_late_into_a_window_that_was_told_is_no_news() -> None:
    assert len(told(rule(2, 10), one_by_one([0, 5, 500, 3, 4, 6]))) == 1


def test_each_group_counts_for_itself() -> None:
    matches = [Match(number, at(number), {"ann" if number % 2 else "bob": ""}) for number in range(8)]
    assert [group for group, _, _ in told(rule(4, 10), matches)] == ["bob", "ann"]


def test_an_event_is_of_each_user_that_it_was_done_to_and_of_who_did_it_if_that_is_proven() -> None:
    event = Event(
        id="0197a1b2-0000-7000-8000-000000000001",
        occurred_at=START,
        resource="users",
        action="login",
        initiator=Initiator("u1", "Eve", "acme", ip="::ffff:10.0.0.1", verified=False),
        targets=(Target("user", "u2", "Bob", "acme"), Target("calls", "42"), Target("user", "u3", "Cy", "acme")),
    )
    found = {by: set(match_of(event, 7, by).groups.values()) for by in ("", "initiator", "target", "user", "ip")}  # type: ignore[arg-type]
    assert found == {
        "": {""}, "initiator": set(), "target": {"Bob", "Cy"}, "user": {"Bob", "Cy"}, "ip": {"::ffff:10.0.0.1"},
    }  # fmt: skip


def brute_force(rule: Rule, matches: list[Match]) -> set[Window]:
    """Each event in turn: not in a window of its group; and of all windows that begin with one, the first full one."""
    windows: set[Window] = set()

    def free(match: Match, group: str) -> bool:
        return group in match.groups and not any(
            one.group == group and one.since <= match.at < one.since + rule.window for one in windows
        )

    for number, new in enumerate(matches):
        for group in new.groups:
            if not free(new, group):
                continue
            there = [one for one in matches[: number + 1] if free(one, group)]
            full = [
                first.at
                for first in there
                if first.at <= new.at < first.at + rule.window
                and sum(first.at <= one.at < first.at + rule.window for one in there) >= rule.threshold
            ]
            if full:
                windows.add(Window(group, min(full)))
    return windows


@settings(max_examples=sized(300, 10_000), deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 60), st.sets(st.sampled_from("abc"), max_size=2)), max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
    threshold=st.integers(1, 5),
    minutes=st.integers(1, 15),
)
def test_it_is_what_a_brute_force_finds_however_it_is_cut(
    events: list[tuple[int, set[str]]], cuts: list[int], threshold: int, minutes: int
) -> None:
    matches = [Match(number, at(minute), dict.fromkeys(groups, "")) for number, (minute, groups) in enumerate(events)]
    wanted = brute_force(rule(threshold, minutes), matches)
    edges = sorted({0, len(matches), *(cut for cut in cuts if cut < len(matches))})
    found: list[Window] = []
    for begin, end in pairwise(edges):
        new = occurrences(rule(threshold, minutes), matches[:end], begin, found)
        found += [one.window for one in new]
        assert all(len(one.positions) >= threshold for one in new)
    assert len(found) == len(set(found))
    assert set(found) == wanted
