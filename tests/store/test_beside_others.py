"""Writing and reading beside others who use the same file: nobody waits long, and nothing looks damaged."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sealed import seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.errors import StoreError
from trailbook.query.tree import EVERYTHING
from trailbook.store.sqlite import writer
from trailbook.store.sqlite.store import SqliteStore

HUNG = 10.0
"""Seconds after which somebody has waited in vain."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with 3,000 events, closed."""
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path)) as store:
        store.append([seal(simple(n)) for n in range(3_000)])
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """The store, open."""
    with closing(SqliteStore(path)) as store:
        yield store


def log_size(path: Path) -> int:
    """Bytes of the write-ahead log."""
    return path.with_name(path.name + "-wal").stat().st_size


def test_a_reader_that_takes_its_time_holds_no_writer_up(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WAL_LIMIT", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchone()
        began = time.monotonic()
        for n in range(3):
            assert store.append([seal(simple(9_000 + n))])[0].status == "stored"
        assert time.monotonic() - began < HUNG
        assert log_size(path) > 0
    store.append([seal(simple(9_100))])
    assert log_size(path) == 0


def test_a_stream_that_is_read_slowly_does_not_hold_the_log(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WAL_LIMIT", 0)
    with closing(SqliteStore(path)) as other:
        rows = store.scan(OPERATOR, EVERYTHING)
        next(rows)
        other.append([seal(simple(9_000))])
        assert log_size(path) == 0
        assert sum(1 for _ in rows) == 2_999


def test_checks_hold_no_writer_up_and_take_nothing_new_for_damage(path: Path, store: SqliteStore) -> None:
    with closing(SqliteStore(path, wait=0.1)) as other:
        appended = []

        def append_another(done: int, total: int) -> None:
            appended.extend(other.append([seal(simple(9_000 + len(appended), user=f"new{len(appended)}"))]))

        assert store.doctor(append_another) == []
        assert store.verify({}, append_another) == []
    assert len(appended) >= 2
    assert {receipt.status for receipt in appended} == {"stored"}


def test_a_writer_gives_up_after_its_wait_and_can_try_again(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    # So many events are worth a compression dictionary, which must not outlive the failure unless it is stored.
    batch = [seal(simple(n)) for n in range(500)]
    with closing(SqliteStore(path, wait=0.1)) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"being written by others for too long. Try again."):
                store.append(batch)
            other.execute("ROLLBACK")
        assert store.count(OPERATOR, EVERYTHING) == 0
        assert {receipt.status for receipt in store.append(batch)} == {"stored"}
    with closing(SqliteStore(path)) as store:
        assert sum(1 for _ in store.scan(OPERATOR, EVERYTHING)) == 500


def test_a_store_can_be_made_by_many_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    outcomes: list[object] = []

    def make_and_append(n: int) -> None:
        start.wait()
        try:
            with closing(SqliteStore(tmp_path / "new.db")) as store:
                outcomes.extend(receipt.status for receipt in store.append([seal(simple(n))]))
        except StoreError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=make_and_append, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["stored"] * 8
