"""Reads that may take only so long, and what threads keep open."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sealed import NOON, seal, simple
from stores import STORES

from trailbook.directory.viewer import OPERATOR, TenantScope, Viewer
from trailbook.errors import Busy, DiskFull, TooSlow
from trailbook.event.canonical import Sealed
from trailbook.query.tree import EVERYTHING, Field, Words
from trailbook.store import memory, reads
from trailbook.store.dimensions import facet_dimension
from trailbook.store.ports import Dimension, Reader, Store
from trailbook.store.postgres import rows as postgres_rows
from trailbook.store.sqlite import connect, rows
from trailbook.store.sqlite.store import SqliteStore

EVENTS = 300
ACME = Viewer("acme's auditor", TenantScope("acme"), since=NOON)
DETAILS = Dimension("details", lambda event: event.details)
REAL: dict[str, Callable[[Reader], object]] = {
    "page": lambda reader: reader.page(OPERATOR, EVERYTHING),
    "scan": lambda reader: list(reader.scan(OPERATOR, EVERYTHING)),
    "count": lambda reader: reader.count(OPERATOR, EVERYTHING),
    "count of words": lambda reader: reader.count(OPERATOR, Words("play calls")),
    "summary": lambda reader: reader.summary(OPERATOR, EVERYTHING, by=[facet_dimension("user")]),
    "summary by event": lambda reader: reader.summary(OPERATOR, EVERYTHING, by=[DETAILS]),
    "facet counts": lambda reader: reader.facet_counts(OPERATOR, Field("book", ("acme",)), "action"),
    "events": lambda reader: reader.events(OPERATOR, simple(7).id),
    "parties": lambda reader: reader.parties(ACME, "user", "u1"),
}


def batch(start: int = 0, count: int = EVENTS) -> list[Sealed]:
    """Events a second apart."""
    return [seal(simple(n, at=NOON + timedelta(seconds=n))) for n in range(start, start + count)]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite looks at the clock at every step."""
    monkeypatch.setattr(connect, "OPERATIONS", 1)


@pytest.mark.parametrize("read", REAL.values(), ids=REAL)
@pytest.mark.usefixtures("hasty")
def test_a_read_that_takes_longer_than_it_may_is_stopped_and_the_next_one_goes_on(
    store: Store, read: Callable[[Reader], object]
) -> None:
    store.append(batch())
    expected = read(store)
    for _ in range(2):
        with pytest.raises(TooSlow, match=r"took longer than allowed. Narrow the period"):
            read(store.limited(0))
        assert read(store.limited(60)) == expected
        assert read(store) == expected
    assert store.append(batch(EVENTS, 1))[0].position == EVENTS


@pytest.mark.parametrize("name", STORES)
def test_work_between_the_rows_is_bounded_too(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def slowly(*_: object) -> bool:
        looked_at.append(1)
        threading.Event().wait(0.01)
        return False

    for module in (rows, postgres_rows, memory):
        monkeypatch.setattr(module, "matches", slowly)
    with closing(STORES[name](tmp_path)) as store:  # type: ignore[type-var]
        store.append(batch())
        for read in (REAL["count of words"], lambda reader: list(reader.scan(OPERATOR, Words("play calls")))):
            looked_at.clear()
            with pytest.raises(TooSlow):
                read(store.limited(0.5))
            assert 0 < len(looked_at) < EVENTS / 2


def test_a_scan_may_take_any_time_in_all_as_long_as_each_step_is_quick(store: Store) -> None:
    store.append(batch())
    found = []
    for row in store.limited(0.5).scan(OPERATOR, EVERYTHING):
        if len(found) % 100 == 50:
            threading.Event().wait(0.3)
        found.append(row)
    assert len(found) == EVENTS


def test_what_a_scan_found_is_handed_on_before_more_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Iterator[int]:
        for number in range(100):
            yield number
            threading.Event().wait(0.02)

    monkeypatch.setattr(reads, "STEP_SECONDS", 0.0)
    numbers = found()
    assert [reads._some(numbers), reads._some(numbers)] == [[0], [1]]  # type: ignore[arg-type, comparison-overlap]
    monkeypatch.setattr(reads, "STEP_SECONDS", 60.0)
    assert len(reads._some(iter(range(70)))) == 50  # type: ignore[arg-type]


def test_a_scan_goes_from_thread_to_thread(store: Store) -> None:
    store.append(batch())
    with ThreadPoolExecutor(4) as pool:
        scan = store.limited(60).scan(OPERATOR, EVERYTHING, order="oldest")
        barrier = threading.Barrier(4)
        list(pool.map(lambda _: barrier.wait(), range(4)))
        positions = [pool.submit(next, scan).result().position for _ in range(EVENTS)]
        assert pool.submit(next, scan, None).result() is None
    assert positions == list(range(EVENTS))


def test_each_step_of_a_scan_is_on_the_connection_of_the_thread_that_takes_it(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db")) as store, ThreadPoolExecutor(1) as other:
        store.append(batch())
        scan = store.scan(OPERATOR, EVERYTHING, order="oldest")
        used: list[str] = []
        store._connections.get().set_trace_callback(used.append)
        assert len(other.submit(list, scan).result()) == EVENTS
        assert used == []


def test_what_ended_threads_had_open_is_closed_when_another_begins(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        store.append(batch(count=3))
        connections = []

        def ask() -> None:
            assert store.count(OPERATOR, EVERYTHING) == 3
            connections.append(store._connections.get())

        for _ in range(5):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        assert len(store._connections._all) == 2
        for closed in connections[:-1]:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                closed.execute("SELECT 1")
        assert store.count(OPERATOR, EVERYTHING) == 3


def test_the_page_cache_of_a_connection_is_as_large_as_told(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db", cache_bytes=2 * 1024 * 1024)) as store:
        assert store._connections.get().execute("PRAGMA cache_size").fetchone() == (-2048,)


def test_a_writer_that_waits_in_vain_says_that_the_store_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path, wait=0.1)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="being written by others for too long"):
            store.append(batch(count=1))
        with pytest.raises(Busy, match="being written by others for too long"):
            store.keep([], now=NOON)


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        connection = store._connections.get()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFull, match=r"The disk is full; nothing of this batch was stored. Free some space"):
            store.append(batch())
        assert store.count(OPERATOR, EVERYTHING) == 0


def test_no_room_for_the_shared_memory_of_the_log_is_a_full_disk_too() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    with pytest.raises(DiskFull, match=r"trail.db: The disk is full"), connect.explained(Path("trail.db")):
        raise error
