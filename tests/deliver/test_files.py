"""The folder of files: each is there whole or not at all, hashed as written, and all together bounded."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pytest
from exported import left

from trailbook.deliver import files as files_module
from trailbook.deliver.files import KEPT_FREE, STEP, Files, files_of
from trailbook.errors import DiskFull, NotThere, StoreError
from trailbook.settings import Settings


def writing(*chunks: bytes, rows: int = 3) -> Any:
    """What writes these."""

    def write(out: BinaryIO) -> int:
        for chunk in chunks:
            assert out.write(chunk) == len(chunk)
        return rows

    return write


def test_a_file_is_made_whole_with_its_rows_bytes_and_hash(tmp_path: Path) -> None:
    files = Files(tmp_path / "new" / "folder", 1 << 20)
    made = files.make("e1.aa.csv", writing(b"one,", memoryview(b"two"), bytearray(b"\n"), b""))  # type: ignore[arg-type]
    assert (made.name, made.rows, made.bytes) == ("e1.aa.csv", 3, 8)
    assert made.sha256 == hashlib.sha256(b"one,two\n").hexdigest()
    path = files.path("e1.aa.csv")
    assert path.read_bytes() == b"one,two\n"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert files.used() == 8


def test_nobody_sees_a_file_that_is_being_made(tmp_path: Path) -> None:
    files = Files(tmp_path, 1 << 20)

    def write(out: BinaryIO) -> int:
        out.write(b"half")
        with pytest.raises(NotThere):
            files.path("e1.csv")
        return 1

    files.make("e1.csv", write)
    assert left(tmp_path) == ["e1.csv"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_what_fails_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def write(out: BinaryIO) -> int:
        out.write(b"half")
        raise error

    with pytest.raises(type(error)):
        Files(tmp_path, 1 << 20).make("e1.csv", write)
    assert left(tmp_path) == []


def test_files_together_stay_within_their_bound_and_what_is_beyond_leaves_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path, 3 * STEP)
    files.make("e1.csv", writing(b"x" * STEP, b"x" * STEP))
    with pytest.raises(DiskFull, match="no room left for the files"):
        files.make("e2.csv", writing(b"x" * (STEP // 2), b"x" * (STEP // 2), b"x"))
    with pytest.raises(DiskFull):
        files.make("e2.csv", writing(b"x" * (STEP + 1)))
    assert left(tmp_path) == ["e1.csv"]
    files.make("e2.csv", writing(b"x" * STEP))
    with pytest.raises(DiskFull):
        files.make("e3.csv", writing(b"x"))
    files.clear("e1")
    files.make("e3.csv", writing(b"x"))
    assert left(tmp_path) == ["e2.csv", "e3.csv"]


def test_two_that_are_made_at_the_same_time_share_the_bound(tmp_path: Path) -> None:
    files, both = Files(tmp_path, 4 * STEP), threading.Barrier(2)
    failed: list[DiskFull] = []

    def make(name: str) -> None:
        def write(out: BinaryIO) -> int:
            out.write(b"x" * STEP)
            both.wait(10)
            for _ in range(3 * 16):
                out.write(b"x" * (STEP // 16))
            return 1

        try:
            files.make(name, write)
        except DiskFull as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(name,)) for name in ("a.csv", "b.csv")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed
    assert files.used() <= 4 * STEP


class Usage(NamedTuple):
    free: int


def test_the_rest_of_the_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path, 1 << 30)
    free = KEPT_FREE + 10
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(free))
    files.make("e1.csv", writing(b"0123456789"))
    with pytest.raises(DiskFull):
        files.make("e2.csv", writing(b"0123456789a"))
    free = KEPT_FREE
    with pytest.raises(DiskFull):
        files.make("e2.csv", writing(b"0"))
    assert left(tmp_path) == ["e1.csv"]


def test_a_disk_that_is_full_is_a_clear_failure_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files_module.os, "fsync", full)
    with pytest.raises(DiskFull, match="no room left"):
        Files(tmp_path, 1 << 20).make("e1.csv", writing(b"x"))
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_is_a_clear_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written to: Not a directory"):
        Files(tmp_path / "file" / "folder", 1 << 20).make("e1.csv", writing(b"x"))


def test_clearing_takes_what_was_never_finished_and_nobody_elses(tmp_path: Path) -> None:
    files = Files(tmp_path, 1 << 20)
    for name in ("e1.aa.csv", "e1.bb.csv.part", "e10.csv", "e.csv", "f[1].csv"):
        (tmp_path / name).write_text("x")
    files.clear("e1")
    files.clear("f[1]")
    files.clear("missing")
    assert left(tmp_path) == ["e.csv", "e10.csv"]


def test_the_folder_is_beside_a_file_and_has_to_be_named_for_a_database(tmp_path: Path) -> None:
    beside = files_of(Settings(store=str(tmp_path / "trail.db")))
    assert beside is not None
    beside.make("e1.csv", writing(b"x"))
    assert left(tmp_path / "trail.db-exports") == ["e1.csv"]
    assert files_of(Settings(store="postgresql://host/database")) is None
    named = files_of(Settings(store="postgresql://host/database", export_folder=str(tmp_path / "named")))
    assert named is not None
    named.make("e1.csv", writing(b"x"))
    assert left(tmp_path / "named") == ["e1.csv"]
