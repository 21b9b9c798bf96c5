"""Stores whose files were cut off or garbled: every command ends in one clear line, never in a traceback."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from size import sized
from soak.programs import command, imported, write_events

from trailbook.directory.viewer import OPERATOR
from trailbook.errors import StoreError
from trailbook.query.tree import EVERYTHING
from trailbook.store.sqlite.store import SqliteStore

SEED = os.environ.get("TRAILBOOK_SOAK_SEED", "1")
COMMANDS = (
    ("report",), ("report", "user:acme/u0004"), ("report", "--group-by", "action"), ("facets",), ("stats",), ("head",),
    ("verify",), ("doctor",), ("doctor", "--reindex"), ("directory", "list"),
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, its log beside it as a crash leaves it, and a file of further events."""
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "trail.db"
    imported(path, write_events(folder / "first.jsonl", 600, seed=1))
    with closing(SqliteStore(path)) as store:
        store._connections.get().execute("PRAGMA wal_autocheckpoint = 0")
        imported(path, write_events(folder / "second.jsonl", 300, seed=2))
        for name in ("trail.db", "trail.db-wal"):
            shutil.copy(folder / name, folder / f"{name}.kept")
    write_events(folder / "more.jsonl", 50, seed=3)
    return folder


def wreck(whole: Path, folder: Path) -> Path:
    """A copy of the store as a crash leaves it."""
    for name in ("trail.db", "trail.db-wal"):
        shutil.copy(whole / f"{name}.kept", folder / name)
    (folder / "trail.db-shm").unlink(missing_ok=True)
    return folder / "trail.db"


def assert_ends_well_or_clearly(store: Path, *more: tuple[object, ...]) -> set[int]:
    """Run every command; each succeeds, or says in one line what is wrong. Returns the exit codes."""
    codes = set()
    for arguments in (*COMMANDS, *more):
        ended = command("--store", store, *arguments)
        codes.add(ended.code)
        assert ended.code in (0, 1), (arguments, ended)
        if ended.code:
            assert ended.err.startswith("Error: "), (arguments, ended)
            assert len(ended.err.splitlines()) == 1, (arguments, ended)
    return codes


def test_the_store_that_is_wrecked_here_is_whole_at_first(whole: Path, tmp_path: Path) -> None:
    assert assert_ends_well_or_clearly(wreck(whole, tmp_path), ("import", whole / "more.jsonl")) == {0}


@pytest.mark.parametrize("length", sized([0, 1000, 8192], [0, 2, 99, 100, 511, 1000, 4095, 4096, 4097, 8192, 100_000]))
def test_a_store_cut_off_is_told(whole: Path, tmp_path: Path, length: int) -> None:
    store = wreck(whole, tmp_path)
    store.with_name("trail.db-wal").unlink()
    os.truncate(store, length)
    assert 1 in assert_ends_well_or_clearly(store, ("import", whole / "more.jsonl"))


def test_a_log_cut_off_or_garbled_leaves_what_is_whole_of_it(whole: Path, tmp_path: Path) -> None:
    size = (whole / "trail.db-wal.kept").stat().st_size
    dice = Random(f"log {SEED}")
    for turn in range(sized(3, 40)):
        store = wreck(whole, tmp_path)
        with store.with_name("trail.db-wal").open("r+b") as log:
            at = dice.randrange(size)
            if turn % 2:
                log.seek(at)
                log.write(dice.randbytes(5_000))
            else:
                log.truncate(at)
        with closing(SqliteStore(store)) as opened:
            assert opened.count(OPERATOR, EVERYTHING) in (600, 900)
            assert opened.verify({}, lambda done, total: None) == []
            assert opened.doctor(lambda done, total: None) == []


def test_a_garbled_store_is_told(whole: Path, tmp_path: Path) -> None:
    size = (whole / "trail.db.kept").stat().st_size
    for turn in range(sized(4, 150)):
        dice = Random(f"store {SEED} {turn}")
        store = wreck(whole, tmp_path)
        store.with_name("trail.db-wal").unlink()
        print(f"round {turn}, TRAILBOOK_SOAK_SEED={SEED}")
        with store.open("r+b") as file:
            for _ in range(dice.choice((1, 5, 50))):
                file.seek(dice.randrange(size))
                file.write(dice.randbytes(dice.choice((1, 8, 300))))
        # Nothing is written to it: on some garbage FTS5 takes all the memory there is.
        assert_ends_well_or_clearly(store)


def test_an_empty_file_is_no_store_to_read(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="There is no store here"):
        SqliteStore(tmp_path / "empty.db", create=False)
