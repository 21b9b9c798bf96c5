"""A file of the spool: entries with length and CRC, one behind the other, held by a lock while somebody uses it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from struct import Struct
from zlib import crc32

from ..event.limits import MAX_BYTES

SUFFIX = ".events"
_TAKEN = Struct("<Q")
"""At the start of the file, little-endian: up to where the entries are done with."""
_HEAD = Struct("<II")
"""Before each entry, little-endian: its length in bytes and its CRC-32."""


def create_locked(path: Path) -> int:
    """A new file, open and locked before anybody else can find it under its name. Raises OSError."""
    hidden = path.with_name(f".{path.name}")
    file = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(hidden, path)
    except OSError:
        os.close(file)
        raise
    return file


def adopt_locked(path: Path) -> int | None:
    """A file that nobody uses any more, open and locked; None if somebody does, or it is gone."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_nlink:  # else whoever had it was done with it just now
            return file
    except OSError:
        pass
    os.close(file)
    return None


class Segment:
    """Entries are appended by any one thread at a time, and read and taken by another."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self.size = max(os.fstat(file).st_size, _TAKEN.size)
        self.taken = _TAKEN.size
        """Bytes from the start whose entries are done with."""
        self.torn = 0
        """Bytes at the end that are no whole entries: what was being written when the power failed."""
        self._file = file
        self._synced = self.size
        start = os.pread(file, _TAKEN.size, 0)
        if len(start) == _TAKEN.size and _TAKEN.size <= _TAKEN.unpack(start)[0] <= self.size:
            self.taken = _TAKEN.unpack(start)[0]

    def append(self, payload: bytes) -> None:
        """Add an entry. When this returns, it outlives this process; after `sync`, the machine. Raises OSError."""
        entry = _HEAD.pack(len(payload), crc32(payload)) + payload
        if (written := os.pwrite(self._file, entry, self.size)) != len(entry):
            os.ftruncate(self._file, self.size)
            raise OSError(errno.ENOSPC, f"only {written} bytes of {len(entry)} could be written")
        self.size += len(entry)

    def sync(self) -> None:
        """Have all that was appended on the disk, unless it is done with and the file gone. Raises OSError."""
        if (size := self.size) > self._synced and self._file >= 0:
            os.fdatasync(self._file)
            self._synced = size

    def read(self, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        """The next entries, at least one if there is any, and where they end. Raises OSError."""
        size, at = self.size, self.taken
        piece = os.pread(self._file, min(size - at, most_bytes), at)
        if len(piece) >= _HEAD.size:
            whole = _HEAD.size + min(_HEAD.unpack_from(piece)[0], MAX_BYTES)
            if len(piece) < whole <= size - at:
                piece = os.pread(self._file, whole, at)
        payloads: list[bytes] = []
        start = 0
        while len(payloads) < most and len(piece) - start >= _HEAD.size:
            length, check = _HEAD.unpack_from(piece, start)
            payload = piece[start + _HEAD.size : start + _HEAD.size + length]
            if not length or len(payload) != length or crc32(payload) != check:
                break
            payloads.append(payload)
            start += _HEAD.size + length
        if not payloads and at < size:
            self.torn, start = size - at, size - at
        return payloads, at + start

    def take(self, end: int) -> None:
        """The entries up to `end` are done with. Raises OSError: then they may be read once more after a crash."""
        self.taken = end
        os.pwrite(self._file, _TAKEN.pack(end), 0)

    def remove(self) -> None:
        """Delete the file and let go of it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file; who finds it may adopt it."""
        file, self._file = self._file, -1
        os.close(file)
