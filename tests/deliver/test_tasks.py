"""The queue of tasks: in order of time, claimed by one worker at a time, and kept by nobody who lost the claim."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from sealed import simple
from simulated import START, Clock, base_on

from trailbook.deliver import tasks
from trailbook.deliver.base import Base
from trailbook.deliver.tasks import LEASE, TASKS, Claim, Stopping, Task, wait_after
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import Outdated
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Record, Store

SECOND = timedelta(seconds=1)
RESULT = Record("result", "r1", b"whole")


def add(base: Base, *added: Task) -> None:
    """Put tasks into the queue."""
    base.keep([TASKS.record(task) for task in added])


def first_claim(base: Base, holder: str = "w1") -> Claim:
    """A claim on what is due first."""
    held = tasks.claim(base, next(tasks.due(base.store, base.clock())), holder)
    assert held is not None
    return held


def waiting(base: Base) -> list[Task]:
    """All tasks, in order of time."""
    return [one.value for one in TASKS.each(base.store, base.clock())]


def test_tasks_are_due_in_order_of_time_whatever_zone_they_were_given_in(store: Store) -> None:
    base = base_on(store, Clock())
    later = START + SECOND
    east = timezone(timedelta(hours=5))
    ordered = [Task("a", str(n), START - timedelta(days=n, microseconds=n)) for n in range(25, 0, -1)]
    add(base, Task("z", "late", later), Task("b", "now", START.astimezone(east)), *ordered)
    assert [one.value.subject for one in tasks.due(store, START)] == [*map(str, range(25, 0, -1)), "now"]
    assert tasks.overdue(store, START) == (26, timedelta(days=25, microseconds=25).total_seconds())
    assert len(list(tasks.due(store, later))) == 27


def test_an_empty_queue_has_nothing_due(store: Store) -> None:
    assert list(tasks.due(store, START)) == []
    assert tasks.overdue(store, START) == (0, 0)


def test_a_claimed_task_is_not_due_for_others_until_the_claim_ends(store: Store) -> None:
    clock = Clock()
    base = base_on(store, clock)
    add(base, Task("a", "s", START))
    found = next(tasks.due(store, START))
    held = tasks.claim(base, found, "w1")
    assert held is not None
    assert tasks.claim(base, found, "w2") is None
    assert list(tasks.due(store, START + LEASE - SECOND)) == []
    assert waiting(base) == [Task("a", "s", START + LEASE, 1, "w1")]
    clock.move(seconds=20)
    held.renew()
    assert list(tasks.due(store, START + LEASE)) == []
    clock.at += LEASE
    assert first_claim(base, "w2").task.tries == 2


def test_who_has_lost_the_claim_keeps_nothing(store: Store) -> None:
    clock = Clock()
    base = base_on(store, clock)
    add(base, Task("a", "s", START))
    lost = first_claim(base, "w1")
    lost.check()
    clock.at += LEASE
    mine = first_claim(base, "w2")
    for attempt in (lost.renew, lost.finish, lost.try_again, lost.let_go):
        with pytest.raises(Outdated):
            attempt()
    with pytest.raises(Outdated):
        lost.finish([RESULT], events=[simple(1)])
    with pytest.raises(Outdated, match="Another worker"):
        lost.check()
    assert store.record("result", "r1", clock()) is None
    assert store.count(OPERATOR, EVERYTHING) == 0
    mine.finish([RESULT], events=[simple(1, application="trailbook")])
    assert store.record("result", "r1", clock()) is not None
    assert store.count(OPERATOR, EVERYTHING) == 1
    assert waiting(base) == []


def test_a_claim_that_ended_but_that_nobody_took_still_holds(store: Store) -> None:
    clock = Clock()
    base = base_on(store, clock)
    add(base, Task("a", "s", START))
    held = first_claim(base)
    clock.at += LEASE * 3
    held.finish([RESULT])
    assert waiting(base) == []


def test_a_result_that_someone_else_changed_does_not_lose_the_claim(store: Store) -> None:
    base = base_on(store, Clock())
    add(base, Task("a", "s", START))
    base.keep([RESULT])
    held = first_claim(base)
    with pytest.raises(Outdated):
        held.finish([RESULT])
    assert not held.lost
    held.check()
    held.finish()


def test_what_is_finished_may_add_tasks_at_once(store: Store) -> None:
    base = base_on(store, Clock())
    add(base, Task("a", "s", START))
    following = Task("a", "s", START + SECOND)
    first_claim(base).finish([TASKS.record(following)])
    assert waiting(base) == [following]


def test_a_task_that_fails_waits_longer_each_time_and_one_put_off_begins_anew(store: Store) -> None:
    clock = Clock()
    base = base_on(store, clock)
    add(base, Task("a", "s", START))
    for tries in (1, 2, 3):
        first_claim(base).try_again()
        assert waiting(base) == [Task("a", "s", clock() + wait_after(tries), tries)]
        clock.at += wait_after(tries)
    held = first_claim(base)
    held.let_go()
    assert waiting(base) == [Task("a", "s", clock(), 3)]
    first_claim(base).put_off(clock() + SECOND)
    assert waiting(base) == [Task("a", "s", clock() + SECOND)]


def test_waiting_grows_from_half_a_minute_to_an_hour() -> None:
    waits = [wait_after(tries) for tries in (0, 1, 2, 3, 8, 9, 1_000_000)]
    assert [one.total_seconds() for one in waits] == [30, 30, 60, 120, 3600, 3600, 3600]


def test_who_is_asked_to_stop_learns_it_at_the_next_check(store: Store) -> None:
    base = base_on(store, Clock())
    add(base, Task("a", "s", START))
    held = first_claim(base)
    held.stop()
    with pytest.raises(Stopping):
        held.check()
    held.finish()
    held.renew()
    assert waiting(base) == []
