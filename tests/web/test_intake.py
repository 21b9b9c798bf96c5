"""The intake: commits shared by requests, turns between tenants, bounds on what waits, and what goes wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from trailbook.capture.loss import Lost
from trailbook.directory.directory import Directory
from trailbook.errors import Busy, DiskFull, Overloaded
from trailbook.event.canonical import Sealed
from trailbook.ingest.accept import Context, Rejected
from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Receipt
from trailbook.web.intake import COMMIT_EVENTS, FairQueue, Intake, Parcel, Result, Room, Sender
from trailbook.web.metrics import Metrics

NOW = datetime(2021, 12, 1, 9, tzinfo=UTC)


class Gated:
    """A store that waits for its gate before each commit, notes what it was given, and fails as it is told to."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.commits: list[list[str]] = []
        self.failing: list[Exception] = []
        self.poison = ""

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        events = list(batch)
        self.entered.set()
        assert self.gate.wait(10)
        if self.failing and len(events) > 1:
            raise self.failing.pop()
        if any(sealed.event.details == self.poison for sealed in events if self.poison):
            raise ValueError("this one the store cannot take")
        self.commits.append([sealed.event.details for sealed in events])
        return self.store.append(events)


def item(details: str, **fields: object) -> bytes:
    more = "".join(f',"{name}":"{value}"' for name, value in fields.items())
    return f'{{"occurred_at":"2021-11-17T14:07:00Z","resource":"r","action":"a","details":"{details}"{more}}}'.encode()


def waiting(tenant: str, size: int) -> Any:
    """Something of this many events to put into a queue."""
    parcel = SimpleNamespace(sender=Sender(tenant), items=(b"",) * size)
    return SimpleNamespace(parcel=parcel, size=size)


class Bench:
    """An intake over a gated store, and short ways to put parcels in."""

    def __init__(self, events: int = 50_000, bytes_: int = 1 << 27) -> None:
        self.store = Gated()
        self.metrics = Metrics()
        self.intake = Intake(
            self.store,
            lambda: Context(NOW, Directory([], [])),
            events=events,
            bytes_=bytes_,
            metrics=self.metrics,
        )
        self._number = 0

    def put(self, *items: bytes, tenant: str = "acme", applications: tuple[str, ...] = ()) -> asyncio.Future[Any]:
        hold = self.intake.room.admit(tenant)
        hold.events(len(items))
        hold.bytes(sum(map(len, items)))
        self._number += 1
        base = self._number << 32
        sender = Sender(tenant, applications)
        return self.intake.put(Parcel(items, sender, lambda index: str(UUID(int=base + index)), hold))

    async def busy(self) -> asyncio.Future[list[Result]]:
        """Let the thread be in the middle of a commit, so that what is put in now waits."""
        first = self.put(item("first"), tenant="first")
        await asyncio.to_thread(self.store.entered.wait, 10)
        return first


def run(test: Callable[[Bench], Coroutine[Any, Any, None]], **bounds: int) -> Bench:
    bench = Bench(**bounds)

    async def whole() -> None:
        try:
            await test(bench)
        finally:
            bench.store.gate.set()
            await bench.intake.stop()

    asyncio.run(whole())
    return bench


def lost(number: int, count: object) -> bytes:
    """The event of a recorder that so many events were not captured."""
    told = Lost(str(UUID(int=number)), "shop").with_one(NOW, "the spool is full").line()
    return told.replace(b'"count":1', b'"count":' + str(count).encode())


def test_what_waits_together_is_committed_together_and_answered_apart() -> None:
    async def test(bench: Bench) -> None:
        first = await bench.busy()
        waiting = [bench.put(item(f"{number}")) for number in range(20)]
        bench.store.gate.set()
        assert [(await one)[0].position for one in waiting] == list(range(20))
        assert (await first)[0].status == "stored"

    bench = run(test)
    assert bench.store.commits == [["first"], [f"{number}" for number in range(20)]]


def test_nothing_is_answered_before_it_is_committed() -> None:
    async def test(bench: Bench) -> None:
        first = await bench.busy()
        await asyncio.sleep(0.05)
        assert not first.done()
        bench.store.gate.set()
        await first

    run(test)


def test_a_tenant_with_many_waiting_does_not_delay_another() -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        noisy = [bench.put(*[item(f"noisy {number}")] * 600, tenant="noisy") for number in range(4)]
        quiet = bench.put(item("quiet"), tenant="quiet")
        large = bench.put(*[item("large")] * COMMIT_EVENTS, tenant="large")
        bench.store.gate.set()
        await quiet
        assert not noisy[-1].done()
        await asyncio.gather(large, *noisy)

    commits = [sorted(set(commit)) for commit in run(test).store.commits[1:]]
    assert commits == [["large"], ["noisy 0", "quiet"], ["noisy 1"], ["noisy 2"], ["noisy 3"]]


def test_those_who_come_anew_do_not_go_before_one_who_had_no_turn() -> None:
    queue = FairQueue()
    for tenant, size in (("noisy", 10), ("first", 5)):
        queue.put(waiting(tenant, size))
    taken = []
    for number in range(4):
        taken.append([one.parcel.sender.tenant for one in queue.take(10, 1_000)])
        queue.put(waiting(f"new {number}", 5))
    assert taken == [["first"], ["noisy"], ["new 0", "new 1"], ["new 2"]]


def test_a_parcel_larger_than_a_commit_goes_by_itself_and_whole() -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        small, large = bench.put(item("small")), bench.put(*[item("large")] * (COMMIT_EVENTS + 1))
        bench.store.gate.set()
        assert len(await small) == 1
        assert len(await large) == COMMIT_EVENTS + 1

    assert [len(commit) for commit in run(test).store.commits] == [1, 1, COMMIT_EVENTS + 1]


def test_results_stand_in_the_order_of_the_items_among_rejected_and_duplicate_ones() -> None:
    async def test(bench: Bench) -> None:
        bench.store.gate.set()
        id = str(UUID(int=7))
        results = await bench.put(
            item("a"), b"{", item("b", id=id), item("b", id=id), b"1", item("c", id=id), item("d")
        )
        assert [one.index if isinstance(one, Rejected) else one.status for one in results] == [
            "stored", 1, "stored", "duplicate", 4, "conflict", "stored",
        ]  # fmt: skip
        assert [one.position for one in results if isinstance(one, Receipt)] == [0, 1, 1, 1, 2]

    told = run(test).metrics.text({}).decode()
    for result, events in (("stored", 3), ("duplicate", 1), ("conflict", 1), ("rejected", 2)):
        assert f'trailbook_events_total{{result="{result}"}} {events}.0\n' in told


def test_events_that_a_recorder_could_not_capture_are_counted_once() -> None:
    async def test(bench: Bench) -> None:
        bench.store.gate.set()
        await bench.put(lost(1, 1), lost(1, 1), lost(2, 40), item("no loss", resource="recorder"))
        await bench.put(lost(1, 1), *(lost(3 + n, odd) for n, odd in enumerate((-9, "true", '"7"', "[]", 0.5))))

    told = run(test).metrics.text({}).decode()
    assert "trailbook_not_captured_total 41.0\n" in told


@pytest.mark.parametrize("error", [DiskFull("There is no room left."), Busy("Others are writing.")])
def test_a_full_disk_or_a_busy_store_fails_all_that_share_the_commit_and_it_recovers(error: Exception) -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        waiting = [bench.put(item("1")), bench.put(item("2"), tenant="globex")]
        bench.store.failing = [error]
        bench.store.gate.set()
        for one in waiting:
            with pytest.raises(type(error)):
                await one
        assert (await bench.put(item("3")))[0].position == 0

    assert run(test).store.commits == [["first"], ["3"]]


def test_what_waits_behind_a_commit_that_waited_in_vain_is_told_at_once() -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        large = [bench.put(*(item(str(n)) for n in range(COMMIT_EVENTS))) for _ in range(3)]
        bench.store.failing = [Busy("Others are writing.")]
        bench.store.gate.set()
        for one in large:
            with pytest.raises(Busy):
                await one
        assert bench.intake.room.events == 0
        assert (await bench.put(item("after")))[0].position == 0

    assert run(test).store.commits == [["first"], ["after"]]


def test_a_request_that_the_store_refuses_does_not_take_the_others_down() -> None:
    async def test(bench: Bench) -> None:
        bench.store.poison = "poison"
        await bench.busy()
        before, bad, after = bench.put(item("before")), bench.put(item("poison")), bench.put(item("after"))
        bench.store.gate.set()
        assert [(await one)[0].position for one in (before, after)] == [0, 1]
        with pytest.raises(ValueError, match="cannot take"):
            await bad

    assert run(test).store.commits == [["first"], ["before"], ["after"]]


def test_one_who_has_gone_does_not_disturb_the_others_and_gives_its_room_back() -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        gone, staying = bench.put(item("gone")), bench.put(item("staying"))
        gone.cancel()
        bench.store.gate.set()
        assert (await staying)[0].position == 1
        assert (bench.intake.room.events, bench.intake.room.bytes) == (0, 0)

    assert run(test).store.commits[1] == ["gone", "staying"]


def test_stopping_stores_and_answers_what_waits_and_takes_nothing_more() -> None:
    async def test(bench: Bench) -> None:
        await bench.busy()
        waiting = [bench.put(*[item("x")] * COMMIT_EVENTS) for _ in range(3)]
        stopped = asyncio.create_task(bench.intake.stop())
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded, match="about to stop"):
            bench.put(item("late"))
        bench.store.gate.set()
        await stopped
        assert [one[0].status for one in await asyncio.gather(*waiting)] == ["stored"] * 3

    run(test)


def test_it_can_be_started_again_after_it_was_stopped() -> None:
    async def test(bench: Bench) -> None:
        bench.store.gate.set()
        await bench.put(item("before"))
        await bench.intake.stop()
        bench.intake.start()
        assert (await bench.put(item("after")))[0].position == 1

    run(test)


def test_a_sender_is_bound_to_its_book_and_its_applications() -> None:
    async def test(bench: Bench) -> None:
        bench.store.gate.set()
        items = (item("own", tenant="acme"), item("foreign", tenant="globex"), item("a", application="web"))
        results = await bench.put(*items, applications=("web",))
        assert [one.error.place if isinstance(one, Rejected) else one.book for one in results] == [
            "acme", "tenant", "acme",
        ]  # fmt: skip
        several = await bench.put(item("b"), item("c", application="cron"), applications=("web", "celery"))
        assert [one.error.problem for one in several] == [
            "`application` is missing, and the key may send events of several.",
            "This is not one of the applications that the key may send events of.",
        ]
        seen = 'trailbook_last_event_seconds{application="web"}'
        assert f"{seen} {NOW.timestamp():.7e}\n" in bench.metrics.text({}).decode()

    run(test)


def test_the_book_is_the_senders_whoever_the_initiator_belongs_to() -> None:
    async def test(bench: Bench) -> None:
        bench.store.gate.set()
        foreign = (
            b'{"occurred_at":"2021-11-17T14:07:00Z","resource":"r","action":"a","initiator":{"id":"u","tenant":"x"}}'
        )
        assert (await bench.put(foreign))[0].book == "acme"

    run(test)


def test_a_tenant_that_holds_half_of_the_room_gets_no_more_and_others_do() -> None:
    room = Room(10, 100)
    hold = room.admit("acme")
    hold.events(5)
    with pytest.raises(Overloaded, match="of this tenant") as caught:
        room.admit("acme")
    assert caught.value.retry_after == 1
    other = room.admit("globex")
    other.events(5)
    with pytest.raises(Overloaded, match="than may"):
        other.events(1)
    other.release()
    other.release()
    assert (room.events, room.bytes) == (5, 0)


def test_bytes_that_wait_are_bounded_while_they_come_in() -> None:
    room = Room(10, 100)
    hold = room.admit("acme")
    hold.bytes(60)
    with pytest.raises(Overloaded):
        hold.bytes(41)
    hold.release()
    assert room.bytes == 0
    room.admit("acme")
