"""Workers: everything that is due is done, whoever dies when; nothing is kept twice; and they stop in order."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated import START, Clock, Died, Mortal, base_on
from size import sized
from stores import PLACES
from working import finish, told, work

from trailbook.deliver.base import Base
from trailbook.deliver.tasks import LEASE, TASKS, Claim, Task, wait_after
from trailbook.deliver.worker import AT_ONCE, Handler, Worker
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import Outdated
from trailbook.query.tree import EVERYTHING
from trailbook.settings import Settings
from trailbook.store.ports import Store
from trailbook.wiring import open_store


def add(base: Base, *subjects: str, kind: str = "work") -> None:
    """Put tasks into the queue that are due now."""
    base.keep([TASKS.record(Task(kind, subject, base.clock())) for subject in subjects])


def test_all_that_is_due_is_done_and_the_rest_waits(store: Store) -> None:
    base = base_on(store, Clock())
    add(base, "a", "b", "c")
    later = Task("work", "later", START + timedelta(seconds=1))
    base.keep([TASKS.record(later)])
    worker = Worker(base, {"work": finish})
    assert worker.run_due() == 3
    assert worker.run_due() == 0
    assert told(store) == {"a": 1, "b": 1, "c": 1}
    assert [one.value for one in TASKS.each(store, START)] == [later]


def test_a_task_of_an_unknown_kind_is_left_and_holds_nothing_up(store: Store) -> None:
    base = base_on(store, Clock())
    add(base, *map(str, range(30)), kind="newer")
    add(base, "mine")
    assert Worker(base, {"work": finish}).run_due() == 1
    assert told(store) == {"mine": 1}
    assert len(list(TASKS.each(store, START))) == 30


def test_a_task_that_fails_is_told_tried_again_later_and_holds_nothing_up(store: Store) -> None:
    clock, failed = Clock(), list[str]()
    base = base_on(store, clock)

    def fails_twice(base: Base, held: Claim) -> None:
        if held.task.subject == "bad" and held.task.tries < 3:
            raise ValueError(f"try {held.task.tries}")
        finish(base, held)

    add(base, "bad", "good")
    worker = Worker(base, {"work": fails_twice}, failed=lambda task, error: failed.append(str(error)))
    assert worker.run_due() == 2
    assert told(store) == {"good": 1}
    clock.at += wait_after(1)
    assert (worker.run_due(), worker.run_due()) == (1, 0)
    clock.at += wait_after(2)
    assert worker.run_due() == 1
    assert (told(store), failed) == ({"good": 1, "bad": 1}, ["try 1", "try 2"])


def test_a_task_whose_record_was_changed_meanwhile_is_begun_again_at_once_and_is_no_failure(store: Store) -> None:
    base, failed = base_on(store, Clock()), list[str]()

    def changed_twice(base: Base, held: Claim) -> None:
        if held.task.subject == "always" or held.task.tries < 3:
            raise Outdated("It was changed.")
        finish(base, held)

    add(base, "a")
    worker = Worker(base, {"work": changed_twice}, failed=lambda task, error: failed.append(str(error)))
    assert (worker.run_due(), told(store), failed) == (3, {"a": 1}, [])
    add(base, "always")
    assert worker.run_due() == AT_ONCE + 1
    assert failed == ["It was changed."]


def test_a_long_task_keeps_its_claim_as_long_as_its_worker_lives(store: Store) -> None:
    base = Base(store, Settings(), clock=lambda: datetime.now(UTC), randomness=os.urandom)
    add(base, "long")
    lease = timedelta(seconds=0.6)
    second = Worker(base, {"work": finish}, lease=lease)

    def long(base: Base, held: Claim) -> None:
        for _ in range(4):
            time.sleep(lease.total_seconds() / 2)
            assert second.run_due() == 0
        finish(base, held)

    failed: list[Exception] = []
    Worker(base, {"work": long}, lease=lease, failed=lambda task, error: failed.append(error)).run_due()
    assert failed == []
    assert told(store) == {"long": 1}


def test_who_stops_lets_go_of_the_task_at_once(store: Store) -> None:
    base = Base(store, Settings(), clock=lambda: datetime.now(UTC), randomness=os.urandom)
    add(base, "endless")
    begun = threading.Event()

    def endless(base: Base, held: Claim) -> None:
        begun.set()
        while True:
            held.check()
            time.sleep(0.001)

    worker = Worker(base, {"work": endless})
    worker.start()
    assert begun.wait(10)
    worker.stop()
    (left,) = [one.value for one in TASKS.each(store, base.clock())]
    assert (left.subject, left.tries, left.holder) == ("endless", 0, "")
    assert worker.run_due() == 0
    assert Worker(base, {"work": finish}).run_due() == 1


def test_a_worker_that_is_woken_looks_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.deliver.worker.POLL_SECONDS", 600.0)
    base = Base(store, Settings(), clock=lambda: datetime.now(UTC), randomness=os.urandom)
    ready = threading.Event()
    worker = Worker(base, {"work": lambda base, held: (finish(base, held), ready.set())[0]})
    worker.start()
    add(base, "a")
    worker.wake()
    assert ready.wait(10)
    worker.stop()


LIFE = st.sampled_from(["work", "work", "work", "fail", "wait", "slow", "other", "die"])
"""What happens next inside of a task."""


@settings(max_examples=sized(25, 1_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(1, 4), st.integers(1, 5))
def test_whoever_dies_when_every_task_is_done_and_nothing_is_kept_twice(
    store: Store, data: st.DataObject, workers: int, count: int
) -> None:
    begun: Counter[str] = Counter()
    clock, fate = Clock(), iter(data.draw(st.lists(LIFE, max_size=60)))
    deaths = iter(data.draw(st.lists(st.booleans(), max_size=40)))
    subjects = [f"{store.count(OPERATOR, EVERYTHING)}-{n}" for n in range(count)]
    before = told(store)

    def live(depth: int) -> None:
        """A worker, from its start to its end or death."""
        base = Mortal(store, clock, lambda: next(deaths, False))
        with suppress(Died):
            Worker(base, {"work": handler(depth)}).run_due()

    def handler(depth: int) -> Handler:
        def handle(base: Base, held: Claim) -> None:
            begun[held.task.subject] += 1
            while (step := next(fate, "work")) != "work":
                held.check()
                match step:
                    case "fail":
                        raise ValueError
                    case "wait":
                        return held.put_off(clock() + timedelta(seconds=5))
                    case "slow":
                        clock.move(seconds=20)
                        held.renew()
                    case "other" if depth:
                        clock.at += LEASE
                        live(depth - 1)
                    case "die":
                        raise Died
            finish(base, held)

        return handle

    add(base_on(store, clock), *subjects)
    for _ in range(workers):
        live(2)
        clock.move(seconds=7)
    last = base_on(store, clock)
    while list(TASKS.each(store, clock())):
        with suppress(Died):
            Worker(last, {"work": handler(0)}).run_due()
        clock.move(minutes=30)
    assert told(store) - before == dict.fromkeys(subjects, 1)
    assert set(begun) == set(subjects)


@pytest.mark.parametrize("kind", PLACES)
def test_two_processes_share_the_work_and_one_that_is_killed_loses_nothing(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind](tmp_path)
    store = open_store(place, create=True)
    base = Base(store, Settings(), clock=lambda: datetime.now(UTC), randomness=os.urandom)
    subjects = [str(n) for n in range(40)]
    add(base, *subjects)
    context = multiprocessing.get_context("spawn")
    first = [context.Process(target=work, args=(place, True)) for _ in range(2)]
    for one in first:
        one.start()
    for one in first:
        one.join(60)
    assert {one.exitcode for one in first} == {9}
    assert 0 < sum(told(store).values()) < 40
    work(place, False)
    assert told(store) == dict.fromkeys(subjects, 1)
    store.close()
