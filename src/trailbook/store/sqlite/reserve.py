"""Room on the disk that is kept back for records and Trailbook's own events: a file there only to be made shorter."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import DiskFull, StoreError

PIECE = 4 * 1024 * 1024
"""Bytes that are given back at a time."""

LAST = 16
"""One part in so many of the reserve is for taking away alone, so that one can sign out of a full service."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


def room_for(events: int, size: int) -> int:
    """Bytes of the disk that so many events of this size (canonical bytes in all) may need, rather too many.

    They are their rows, the pages that these touch, and all of it again in the log.
    """
    return 1024 * 1024 + 4096 * events + 2 * size


class Reserve:
    """`size` bytes beside the store at `path`; 0: none. Several processes may share it."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = Path(f"{path}-reserve")
        self._size = size

    def secure(self, need: int) -> None:
        """See to it that the reserve is whole and that so many bytes are free beside it. Raises DiskFull, StoreError.

        A disk without room for both is left as it is.
        """
        if not self._size:
            return
        with self._explained():
            missing = self._size - self._there()
            if shutil.disk_usage(self.path.parent).free < max(missing, 0) + need:
                raise OSError(errno.ENOSPC, "")
            if missing:
                self._make_whole()

    def give_back(self, *, all_of_it: bool) -> bool:
        """Free a piece of the reserve, or of what is not the last of it; False if nothing is left to give."""
        last = 0 if all_of_it else self._size // LAST
        with self._explained():
            there = self._there() if self._size else 0
            if there > last:
                os.truncate(self.path, max(there - PIECE, last))
            return there > last

    def _there(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _make_whole(self) -> None:
        with open(self.path, "ab") as file:
            there = min(file.tell(), self._size)
            file.truncate(there)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, self._size)
            else:
                file.write(bytes(self._size - there))
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(
                    "The disk is full but for what is kept back; nothing of this batch was stored.",
                    place=str(self.path),
                    remedy="Free some space and run it again.",
                ) from error
            raise StoreError(
                f"The room to keep back on the disk cannot be had: {error.strerror}.",
                place=str(self.path),
                remedy="Check the permissions.",
            ) from error
