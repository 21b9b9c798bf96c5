"""Room kept back on the disk: what is appended leaves it alone, records and their events may use it up."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from sealed import NOON, seal, simple
from size import sized
from soak.programs import start

from trailbook.directory.directory import Directory
from trailbook.directory.model import Changes, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import DiskFull, StoreError
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Record
from trailbook.store.sqlite import reserve as module
from trailbook.store.sqlite import store as store_module
from trailbook.store.sqlite.reserve import LAST, PIECE, Reserve, room_for
from trailbook.store.sqlite.store import SqliteStore

MIB = 1024 * 1024
SIZE = 2 * PIECE + MIB


def kept_back(path: Path) -> int:
    """Bytes on the disk that the reserve of the store really takes."""
    return path.with_name(path.name + "-reserve").stat().st_blocks * 512


def allow_no_more(store: SqliteStore) -> None:
    """The database may not grow from now on."""
    connection = store._connections.get()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def large(number: int) -> Record:
    """A record that needs new pages."""
    return Record("report", str(number), bytes(200_000))


def test_the_reserve_is_there_from_the_start_and_really_takes_room(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path, reserve=SIZE)):
        assert kept_back(path) >= SIZE
    with closing(SqliteStore(path, reserve=MIB)):
        assert MIB <= kept_back(path) < 2 * MIB
    with closing(SqliteStore(path)):
        assert MIB <= kept_back(path) < 2 * MIB


def test_where_room_cannot_be_allocated_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module.os, "posix_fallocate")
    with closing(SqliteStore(tmp_path / "trail.db", reserve=MIB)):
        assert kept_back(tmp_path / "trail.db") == MIB


def test_without_a_reserve_there_is_none(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        allow_no_more(store)
        with pytest.raises(DiskFull):
            store.keep([large(1)], now=NOON)
    assert not (tmp_path / "trail.db-reserve").exists()


def test_an_append_leaves_the_reserve_alone_and_what_is_kept_uses_it_up(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path, reserve=SIZE)) as store:
        allow_no_more(store)
        with pytest.raises(DiskFull):
            store.append([seal(simple(n)) for n in range(500)])
        assert kept_back(path) >= SIZE
        with pytest.raises(DiskFull):
            store.keep([large(1)], now=NOON, events=[seal(simple(1))])
        assert kept_back(path) == SIZE // LAST
        assert store.record("report", "1", NOON) is None
        assert store.count(OPERATOR, EVERYTHING) == 0


def test_the_last_of_the_reserve_is_for_taking_away_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trail.db"
    session = Record("session", "s-1", b"")
    keep_records = store_module.keep_records

    def full(*arguments: Any) -> None:
        if kept_back(path):
            raise DiskFull("The disk is full.")
        keep_records(*arguments)

    with closing(SqliteStore(path, reserve=SIZE)) as store:
        store.keep([session], now=NOON)
        monkeypatch.setattr(store_module, "keep_records", full)
        for taking in ([Record("session", "s-2", b"")], []), ([], [seal(simple(1))]):
            with pytest.raises(DiskFull):
                store.keep(taking[0], now=NOON, removed=[replace(session, version=1)], events=taking[1])
            assert kept_back(path) == SIZE // LAST
        store.keep([], now=NOON, removed=[replace(session, version=1)])
        assert kept_back(path) == 0
        assert store.record("session", "s-1", NOON) is None


def test_what_is_kept_tries_again_with_one_piece_of_the_reserve_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path, reserve=SIZE)) as store:
        tries = []

        def events(before: Directory, changes: Changes) -> list[object]:
            tries.append(kept_back(path))
            if len(tries) < 3:
                raise DiskFull("The disk is full.")
            return []

        added = Changes(added_profiles=(Profile("user", "acme", "u1", "Ann"),))
        store.change_directory(lambda known: added, events)  # type: ignore[arg-type]
        assert tries == [SIZE, SIZE - PIECE, SIZE - 2 * PIECE]
        assert list(store.directory().profiles) == list(added.added_profiles)
        assert kept_back(path) == SIZE - 2 * PIECE
        store.append([seal(simple(1))])
        assert kept_back(path) == SIZE


def test_an_append_needs_room_for_itself_beside_the_whole_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trail.db"
    free = [10 * SIZE]
    sealed = seal(simple(1))
    need = room_for(1, len(sealed.canonical))
    with closing(SqliteStore(path, reserve=SIZE)) as store:
        monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[0]))
        written = path.with_name("trail.db-wal").stat().st_size
        free[0] = need - 1
        with pytest.raises(DiskFull, match=r"but for what is kept back; .* Free some space"):
            store.append([sealed])
        assert path.with_name("trail.db-wal").stat().st_size == written
        free[0] = need
        assert store.append([sealed])[0].status == "stored"
        assert Reserve(path, SIZE).give_back(all_of_it=False)
        free[0] = need + PIECE - 1
        with pytest.raises(DiskFull):
            store.append([seal(simple(2))])
        assert kept_back(path) == SIZE - PIECE
        free[0] = 2 * need + PIECE
        assert store.append([seal(simple(2))])[0].status == "stored"
        assert kept_back(path) == SIZE


def test_a_reserve_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "trail.db-reserve").mkdir()
    with pytest.raises(StoreError, match=r"room to keep back on the disk cannot be had: Is a directory"):
        SqliteStore(tmp_path / "trail.db", reserve=SIZE)


SMALL_DISK = """
import json, subprocess, sys
from pathlib import Path
from sealed import NOON, seal, simple
from size import sized
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import DiskFull
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Record
from trailbook.store.sqlite.store import SqliteStore

disk, room, reserve = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "none", disk], check=True)
path = disk / "trail.db"
kept_back = lambda: Path(f"{path}-reserve").stat().st_blocks * 512
told = {}

def append(store):
    number = store.count(OPERATOR, EVERYTHING)
    batch = [seal(simple(number + n, details=f"{number + n:x}" * 100)) for n in range(200)]
    return len(store.append(batch))

def refused(do):
    try:
        do()
    except DiskFull:
        return True

store = SqliteStore(path, reserve=reserve)
appended = 0
while not refused(lambda: append(store)):
    appended += 200
told["appended"], told["whole"] = appended, kept_back() == reserve
told["read"] = sum(1 for _ in store.scan(OPERATOR, EVERYTHING))

own = 0
def keep():
    global own
    event = seal(simple(1_000_000 + own, application="trailbook"))
    store.keep([Record("session", str(own), bytes(100_000))], now=NOON, events=[event])
    own += 1
while own < 1_000 and not refused(keep):
    told.setdefault("refused", refused(lambda: append(store)))
told["own"], told["left"] = own, kept_back()
store.close()

store = SqliteStore(path, reserve=reserve)
told["read at last"] = store.count(OPERATOR, EVERYTHING)
told["still refused"] = refused(lambda: append(store))
subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
told["again"], told["whole again"] = append(store), kept_back() == reserve
told["kept"] = len(store.records("session", NOON, limit=2_000))
told["problems"] = [str(one) for one in store.verify({}, lambda done, total: None)]
store.close()
print(json.dumps(told))
"""
"""Run in a mount namespace of its own, so that the disk vanishes with the process."""


def test_on_a_disk_that_fills_up_reads_and_records_go_on_and_appends_when_there_is_room(tmp_path: Path) -> None:
    private = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*private, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here; the other tests of the reserve stand in")
    program = start([*private, sys.executable, "-c", SMALL_DISK, str(tmp_path), str(sized(20, 32) * MIB), str(SIZE)])
    out, _ = program.communicate()
    told = json.loads(out)
    assert told["appended"] > 0
    assert told["read"] == told["appended"]
    assert told["whole"]
    assert told["refused"]
    assert SIZE // 100_000 // 2 < told["own"] == told["kept"]
    assert told["left"] == SIZE // LAST
    assert told["read at last"] == told["appended"] + told["own"]
    assert told["still refused"]
    assert (told["again"], told["whole again"], told["problems"]) == (200, True, [])
