"""Disks that are full or read-only, folders that are missing, stores that others hold: one clear line, nothing lost."""

from __future__ import annotations

import ctypes
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from size import sized
from soak.programs import (
    CONTEXT,
    Ended,
    assert_whole,
    command,
    counts,
    imported,
    program,
    start,
    trailbook,
    write_events,
)  # fmt: skip

from trailbook.errors import StoreError
from trailbook.ingest.accept import accept
from trailbook.store.sqlite.store import SqliteStore

KEPT = 100
EVENTS = sized(2_000, 30_000)
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
"""Linux capabilities by which root passes over the permissions of files (capabilities(7))."""
PR_CAPBSET_DROP = 24
READ_ONLY = "The store cannot be written: its file, folder or disk is read-only. Check the permissions."


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file of events that are not in the store yet."""
    return write_events(tmp_path / "events.jsonl", EVENTS, seed=2)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with some events, alone in its folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    imported(folder / "trail.db", write_events(tmp_path / "first.jsonl", KEPT, seed=1))
    return folder / "trail.db"


def ended(process: subprocess.Popen[str]) -> Ended:
    """How a process ended."""
    out, err = process.communicate()
    return Ended(process.returncode, out, err)


def limited(*arguments: object, before: Callable[[], object]) -> Ended:
    """Run the command line as a process that calls `before` first."""
    return ended(trailbook(*arguments, preexec_fn=before, stderr=subprocess.PIPE))


def assert_one_line(result: Ended, *parts: str) -> None:
    """It failed with exit code 1 and one line that holds these parts."""
    assert result.code == 1, result
    assert result.err.startswith("Error: ")
    assert len(result.err.splitlines()) == 1, result.err
    for part in parts:
        assert part in result.err


def number_of_events(store: Path) -> int:
    """How many events the store has."""
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])


def assert_completed_by_the_next_run(store: Path, events: Path) -> None:
    """What was there before is kept, and the rest goes in."""
    there = number_of_events(store) - KEPT
    assert there >= 0
    assert imported(store, events) == (EVENTS, EVENTS - there, there, 0, 0)
    assert_whole(store)


@pytest.mark.parametrize("room", sized([100], [0, 100, 250]))
def test_a_file_that_may_not_grow_stops_an_import(store: Path, events: Path, room: int) -> None:
    most = store.stat().st_size + room * EVENTS

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    result = limited("--store", store, "import", events, before=limit)
    assert_one_line(result, str(store), "disk", "is kept")
    assert_completed_by_the_next_run(store, events)


def test_a_database_that_may_not_grow_stops_an_append_as_a_full_disk_does(store: Path, events: Path) -> None:
    full = SqliteStore(store)
    connection = full._connections.get()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with closing(full), pytest.raises(StoreError, match=r"The disk is full; .* Free some space"):
        accept(events.read_bytes().splitlines(), CONTEXT, full)
    assert number_of_events(store) == KEPT
    assert_completed_by_the_next_run(store, events)


def test_what_is_stored_is_acknowledged_even_if_the_log_cannot_be_written_back(store: Path, events: Path) -> None:
    lines = events.read_bytes().splitlines(keepends=True)[:1_000]
    events.write_bytes(b"".join(lines))
    most = store.stat().st_size + 4096

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    victim = program("victim", store, events, "batches", "cut", "", preexec_fn=limit, stderr=subprocess.DEVNULL)
    assert victim.stdout is not None
    acknowledged = 0
    for line in victim.stdout:
        if line.startswith("end"):
            break
        acknowledged += len(json.loads(line[1:]))
    victim.kill()
    victim.communicate()
    assert 0 < acknowledged == number_of_events(store) - KEPT


FULL_DISK = """
set -e
trailbook() { "$PYTHON" -c 'import trailbook.cli; trailbook.cli.main()' --store "$DISK/trail.db" "$@"; }
mount -t tmpfs -o size="$ROOM"k none "$DISK"
cp "$FIRST" "$DISK/trail.db"
code=0; trailbook import "$EVENTS" 2> "$OUT/error" || code=$?
echo $code > "$OUT/code"
trailbook report --limit 1 > "$OUT/report"
mount -o remount,size=1g "$DISK"
trailbook import "$EVENTS" > "$OUT/import"
cp "$DISK"/trail.db* "$OUT"
"""
"""In a mount namespace of its own, so that the disk vanishes with the process."""


@pytest.mark.parametrize("spare", sized([150], [50, 150, 300]))
def test_a_full_disk_stops_an_import_until_there_is_room(store: Path, events: Path, tmp_path: Path, spare: int) -> None:
    """`spare` is in bytes for each event that is to come."""
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*private, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here; the other tests of full disks stand in")
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    values = {
        "ROOM": (store.stat().st_size + spare * EVENTS) // 1024, "DISK": disk, "OUT": out, "FIRST": store,
        "EVENTS": events, "PYTHON": sys.executable,
    }  # fmt: skip
    script = "".join(f"{name}='{value}'\n" for name, value in values.items()) + FULL_DISK
    assert start([*private, script]).wait() == 0
    result = Ended(int((out / "code").read_text()), "", (out / "error").read_text())
    assert_one_line(result, str(disk / "trail.db"), "The disk is full", "Free some space")
    told = counts((out / "import").read_text())
    assert (told.read, told.stored + told.duplicates) == (EVENTS, EVENTS)
    assert f"of {KEPT + told.duplicates:,}" in (out / "report").read_text()
    assert_whole(out / "trail.db")
    assert number_of_events(out / "trail.db") == KEPT + EVENTS


def bound_by_permissions() -> None:
    """Even root, in this process: what a file's permissions forbid fails."""
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.parametrize(
    ("file", "folder", "told"),
    [
        pytest.param(0o444, 0o755, READ_ONLY, id="file"),
        pytest.param(0o444, 0o555, READ_ONLY, id="file and folder"),
        pytest.param(0o644, 0o555, READ_ONLY, id="folder"),
        pytest.param(0o000, 0o755, "The store cannot be opened. Check that", id="unreadable"),
    ],
)
def test_a_read_only_store_stops_an_import(store: Path, events: Path, file: int, folder: int, told: str) -> None:
    store.chmod(file)
    store.parent.chmod(folder)
    arguments = ("--store", store, "import", events, "--rejects", events.with_suffix(".rejects"))
    result = limited(*arguments, before=bound_by_permissions)
    store.parent.chmod(0o755)
    store.chmod(0o644)
    assert_one_line(result, str(store), told)
    assert number_of_events(store) == KEPT
    assert_completed_by_the_next_run(store, events)


def test_a_folder_that_is_missing_or_no_folder_is_told(tmp_path: Path, events: Path) -> None:
    told = "The store cannot be opened. Check that its folder exists"
    assert_one_line(
        command("--store", tmp_path / "nowhere" / "trail.db", "report"), "nowhere", "There is no store here."
    )
    assert_one_line(command("--store", events / "trail.db", "import", events), "events.jsonl", "folder")
    assert_one_line(command("--store", tmp_path, "import", events), str(tmp_path), told)
    assert_one_line(command("--store", tmp_path / "none.db", "report"), "none.db", "There is no store here.")
