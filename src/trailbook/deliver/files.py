"""The folder of files that are made of reports: bounded in size, and each file there whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import io
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from ..errors import DiskFull, NotThere, StoreError, Unreachable
from ..store.address import is_database

if TYPE_CHECKING:
    from ..settings import Settings

KEPT_FREE = 64 << 20
"""Bytes of the disk that files never take: events may be kept on the same one."""
STEP = 1 << 20
"""After so many bytes it is looked again how much room there is, since others make files too."""


class Made(Struct, frozen=True):
    """A file that was made: its name in the folder, its rows, its bytes, and their SHA-256 in hexadecimal."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Files:
    """A folder, which is made when it is needed, for at most `most_bytes`. Several processes may use the same one."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def make(self, name: str, write: Callable[[BinaryIO], int]) -> Made:
        """Make a file of what `write` writes; it gives the number of rows.

        The file is durable before it has its name. Raises DiskFull when there is no room for it, StoreError when the
        folder cannot be written to, and whatever `write` raises: then nothing of it is left.
        """
        part = self._folder / f"{name}.part"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                out = _Bounded(file, self._room)
                rows = write(out)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._folder / name)
            _sync(self._folder)
        except BaseException as error:
            with suppress(OSError):
                part.unlink()
            if isinstance(error, OSError):
                raise self._explained(error) from error
            raise
        return out.made(name, rows)

    def path(self, name: str) -> Path:
        """Where a file is. Raises NotThere."""
        path = self._folder / name
        if not path.is_file():
            raise NotThere("The file is no longer there.", remedy="Export it again.")
        return path

    def clear(self, stem: str, but: str = "") -> None:
        """Remove all files (but one) whose names begin with this and a dot, those included that were never finished."""
        for path in self._folder.glob(f"{glob.escape(stem)}.*"):
            if path.name != but:
                path.unlink(missing_ok=True)

    def used(self) -> int:
        """The bytes of all files, those included that are being made."""
        used = 0
        for path in self._folder.glob("*"):
            try:
                used += path.stat().st_size
            except FileNotFoundError:  # it has just been removed
                continue
        return used

    def _room(self) -> int:
        """How many bytes more may be written. Raises DiskFull if none."""
        room = min(self._most_bytes - self.used(), shutil.disk_usage(self._folder).free - KEPT_FREE)
        if room <= 0:
            raise self._full()
        return room

    def _full(self) -> DiskFull:
        return DiskFull(
            "There is no room left for the files of exports.",
            place=str(self._folder),
            remedy="Remove exports that are no longer needed, narrow this one, or raise the setting `export_bytes`.",
        )

    def _explained(self, error: OSError) -> StoreError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return self._full()
        return StoreError(
            f"The folder of exports cannot be written to: {error.strerror}.",
            place=str(self._folder),
            remedy="See the setting `export_folder`.",
        )


def files_of(settings: Settings) -> Files | None:
    """The files of an installation: in the folder of its settings, else beside the store's file; None if neither."""
    folder = settings.export_folder or ("" if is_database(settings.store) else f"{settings.store}-exports")
    return Files(Path(folder), settings.export_bytes) if folder else None


def files_needed(settings: Settings) -> Files:
    """The same, for what cannot be done without. Raises Unreachable if there is no folder."""
    files = files_of(settings)
    if files is None:
        raise Unreachable(
            "This server has no folder for the files of reports.",
            place="export_folder",
            remedy="Name one in the setting `export_folder`.",
        )
    return files


class Hashed(io.BufferedIOBase):
    """Writes to a file, and counts and hashes what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.written = 0

    def writable(self) -> bool:
        """It can be written to, and nothing else."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write all of it."""
        view = memoryview(data).cast("B")
        self._file.write(view)
        self._digest.update(view)
        self.written += len(view)
        return len(view)

    def made(self, name: str, rows: int) -> Made:
        """The file of this name that holds what was written."""
        return Made(name, rows, self.written, self._digest.hexdigest())


class _Bounded(Hashed):
    """Writes to a file as long as there is room."""

    def __init__(self, file: BinaryIO, room: Callable[[], int]) -> None:
        super().__init__(file)
        self._room = room
        self._left = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write all of it. Raises DiskFull, OSError."""
        size = memoryview(data).nbytes
        if self._left < size:
            self._file.flush()
            room = self._room()
            if size > room:
                raise OSError(errno.ENOSPC, "no room")
            self._left = max(size, min(room, STEP))
        self._left -= size
        return super().write(data)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
