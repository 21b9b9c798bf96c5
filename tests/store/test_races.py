"""Records that several processes change at once, and processes that end in between."""

from __future__ import annotations

import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sealed import NOON
from soak.programs import start
from stores import PLACES

from trailbook.directory.viewer import OPERATOR
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Record
from trailbook.store.sqlite.store import SqliteStore
from trailbook.wiring import open_store

ROUNDS = 40
COUNTER = Record("counter", "c1", b"")
RACER = """
import sys
from msgspec import structs
from sealed import NOON, seal, simple
from trailbook.errors import Outdated
from trailbook.wiring import open_store

store, name, last = open_store(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
while (record := store.record("counter", "c1", NOON)).version < last:
    try:
        told = seal(simple(record.version * 10 + name))
        store.keep([structs.replace(record, body=record.body + b"%d " % name)], now=NOON, events=[told])
        print("won", record.version)
    except Outdated:
        print("lost", record.version)
store.close()
"""
ENDING = """
import atexit, sys
from sealed import seal, simple
from trailbook.wiring import open_store

store = open_store(sys.argv[1])
atexit.register(lambda: print(*[receipt.status for receipt in store.append([seal(simple(1))])]))
"""
CRASHER = """
import os, signal, sys
from pathlib import Path
from sealed import NOON, seal, simple
from trailbook.store.ports import Record
from trailbook.store.sqlite.store import SqliteStore

store, moment = SqliteStore(Path(sys.argv[1])), sys.argv[2]
crash = lambda sql: os.kill(os.getpid(), signal.SIGKILL) if moment in sql else None
store._connections.get().set_trace_callback(crash)
store.keep([Record("counter", "c2", b"")], now=NOON, removed=[Record("counter", "c1", b"", version=1)],
    events=[seal(simple(1))])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one record."""
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        store.keep([COUNTER], now=NOON)
    return tmp_path / "trail.db"


@pytest.mark.parametrize("kind", PLACES)
def test_of_two_processes_that_change_one_record_one_wins_and_the_other_is_outdated(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind](tmp_path)
    with closing(open_store(place, create=True)) as store:
        store.keep([COUNTER], now=NOON)
    racers = [start([sys.executable, "-c", RACER, place, str(name), str(ROUNDS)], stdin=-1) for name in (1, 2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    lines = [line for racer in racers for line in racer.communicate()[0].splitlines()]
    won = sorted(int(line.split()[1]) for line in lines if line.startswith("won"))
    lost = {int(line.split()[1]) for line in lines if line.startswith("lost")}
    assert won == list(range(1, max(won) + 1))
    assert lost <= set(won)
    with closing(open_store(place)) as store:
        record = store.record("counter", "c1", NOON)
        assert record is not None
        assert (record.version, len(record.body.split())) == (len(won) + 1, len(won))
        assert store.count(OPERATOR, EVERYTHING) == len(won)


@pytest.mark.parametrize("moment", ["DELETE FROM record", "INSERT OR REPLACE", "INTO event", "UPDATE book", "COMMIT"])
def test_a_process_that_is_killed_while_it_keeps_records_leaves_all_as_it_was(path: Path, moment: str) -> None:
    crasher = start([sys.executable, "-c", CRASHER, str(path), moment])
    crasher.communicate()
    assert crasher.returncode == -signal.SIGKILL
    with closing(SqliteStore(path)) as store:
        assert [record.id for record in store.records("counter", NOON)] == ["c1"]
        assert store.count(OPERATOR, EVERYTHING) == 0
        assert store.verify({}, lambda done, total: None) == []


def test_a_store_of_the_version_before_records_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(SqliteStore(path)):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("DROP TABLE record")
        old.execute("DELETE FROM setting WHERE name = 'directory_version'")
        old.execute("PRAGMA user_version = 1")
    with closing(SqliteStore(path)) as store:
        assert store.directory_version() == 0
        store.keep([Record("counter", "c1", b"")], now=NOON)
        assert [record.id for record in store.records("counter", NOON)] == ["c1"]


@pytest.mark.parametrize("kind", PLACES)
def test_a_process_that_is_ending_can_still_append(kind: str, tmp_path: Path) -> None:
    place = PLACES[kind](tmp_path)
    open_store(place, create=True).close()
    ending = start([sys.executable, "-c", ENDING, place])
    assert ending.communicate(timeout=60)[0].strip() == "stored"
