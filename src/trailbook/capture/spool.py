"""The folder in which events wait until they are delivered; several processes may share it."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct

from ..errors import RecorderError
from . import loss, segment
from .loss import LossFile, Lost
from .segment import Segment, adopt_locked, create_locked
from .sink import Result

REJECTED = "rejected.jsonl"
MOST_REJECTED_BYTES = 16 << 20

log = logging.getLogger("trailbook.capture")


class SpoolFull(Exception):
    """There is no room for another event."""


class Batch(Struct):
    """Events that are to be sent next: those of a segment up to `end`, or the one that tells of a loss."""

    lines: list[bytes]
    source: Segment | LossFile
    end: int = 0


class Spool:
    """The part of the folder that this process holds: segments of its own, and those that others left behind.

    Any thread may append; one thread at a time takes batches. A file that a process holds is locked, so that what a
    killed process leaves is found unlocked and adopted, by one process only. `name` begins the names of new files and
    orders them by age; `lost` makes an empty Lost. All files hold at most about `most_bytes`.
    """

    def __init__(
        self, folder: Path, name: str, lost: Callable[[], Lost], most_bytes: int, segment_bytes: int = 4 << 20
    ) -> None:
        self._folder = folder
        self._name = name
        self._lost = lost
        self._most_bytes = most_bytes
        self._segment_bytes = min(segment_bytes, most_bytes)
        self._made = 0
        self._lock = Lock()
        self._sync_lock = Lock()
        self._writing: Segment | None = None
        self._waiting: deque[Segment] = deque()
        self._telling: deque[LossFile] = deque()
        self._is_full = False
        self._is_named = True
        """Whether the disk knows of the newest file."""
        self.appended = 0
        """Events appended by this process."""
        self.settled = 0
        """Those of them that are done with."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._losing = self._new_loss()
        except OSError as error:
            raise RecorderError(
                f"The spool cannot be written: {error.strerror}.",
                place=str(folder),
                remedy="Name a folder of the application's own with spool=.",
            ) from error

    @property
    def has_left_overs(self) -> bool:
        """Whether something waits that other processes have left behind."""
        return bool(self._waiting or self._telling)

    def append(self, line: bytes) -> tuple[Segment, int]:
        """Add an event; gives where it ends. Raises SpoolFull and OSError."""
        with self._lock:
            current = self._writing
            if current is None or current.size + len(line) > self._segment_bytes:
                current = self._new_segment(len(line))
            current.append(line)
            self.appended += 1
            return current, current.size

    def sync(self, end: tuple[Segment, int] | None = None) -> None:
        """Have everything on the disk, or what was appended up to `end`. Raises OSError.

        Threads that ask for it at once share one writing to the disk.
        """
        with self._sync_lock:
            with self._lock:
                segments = [end[0]] if end else [*self._waiting, *([self._writing] if self._writing else [])]
                is_named, self._is_named = self._is_named, True
            for one in segments:
                one.sync()
            if not is_named:
                folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)

    def lose(self, moment: datetime, reason: str) -> None:
        """Count an event that was not captured. Raises OSError."""
        with self._lock:
            self._losing.add(moment, reason)

    def next(self, most: int, most_bytes: int) -> Batch | None:
        """What is to be sent next: first what was lost, then events in their order. None if nothing is left."""
        with self._lock:
            if self._losing.lost.count and not self._telling:
                with suppress(OSError):  # with no room for another file, delivering the events makes some
                    spare = self._new_loss()
                    self._telling.append(self._losing)
                    self._losing = spare
            if self._telling:
                return Batch([self._telling[0].lost.line()], self._telling[0])
        while (source := self._oldest()) is not None:
            lines, end = source.read(most, most_bytes)
            if lines:
                return Batch(lines, source, end)
            if source.torn:
                log.warning("%s: its last %d bytes are no whole event", source.path, source.torn)
            self._finish(source)
            if source is self._writing:
                return None
        return None

    def done(self, batch: Batch) -> None:
        """The batch needs not be sent again."""
        if isinstance(batch.source, LossFile):
            with self._lock:
                self._telling.popleft().remove()
            return
        batch.source.take(batch.end)
        if batch.source.path.name.startswith(self._name):
            self.settled += len(batch.lines)
        self._finish(batch.source)

    def adopt(self) -> None:
        """Take over what processes that have ended left behind."""
        self._is_full = False
        try:
            found = sorted(self._folder.iterdir())
        except OSError:  # somebody removed the folder; it is made anew with the next file
            return
        for path in found:
            if path.name.startswith("."):
                continue
            if path.suffix == segment.SUFFIX and (file := adopt_locked(path)) is not None:
                with self._lock:
                    self._waiting.append(Segment(path, file))
            elif path.suffix == loss.SUFFIX and (file := adopt_locked(path)) is not None:
                left = LossFile.adopted(path, file)
                if left.lost.count:
                    with self._lock:
                        self._telling.append(left)
                else:
                    left.remove()

    def reject(self, line: bytes, result: Result) -> None:
        """Keep an event that was refused in `rejected.jsonl`, with the reason. Raises OSError, SpoolFull."""
        row = {"reason": result.reason, "field": result.field, "remedy": result.remedy, "event": msgspec.Raw(line)}
        text = msgspec.json.encode(row) + b"\n"
        file = os.open(self._folder / REJECTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size + len(text) > MOST_REJECTED_BYTES:
                raise SpoolFull(f"{REJECTED} is full")
            os.write(file, text)
        finally:
            os.close(file)

    def close(self) -> None:
        """Let go of everything; empty files are deleted, the rest waits for the next process."""
        with self._lock:
            for one in (*self._waiting, *([self._writing] if self._writing else [])):
                if one.taken == one.size:
                    one.remove()
                else:
                    one.close()
            self._waiting.clear()
            self._writing = None
            for left in (*self._telling, self._losing):
                if left.lost.count:
                    left.close()
                else:
                    left.remove()
            self._telling.clear()

    def forget(self) -> None:
        """After a fork, in the child: close what is the parent's without a change to it."""
        files: list[Segment | LossFile] = [*self._waiting, *self._telling, self._losing]
        for one in [*files, self._writing] if self._writing else files:
            one.close()

    def _oldest(self) -> Segment | None:
        with self._lock:
            return self._waiting[0] if self._waiting else self._writing

    def _finish(self, source: Segment) -> None:
        """Delete a segment of which everything is taken, unless it is small and still being written."""
        with self._sync_lock, self._lock:
            if source.taken + source.torn < source.size:
                return
            if source is self._writing:
                if source.size < self._segment_bytes // 4:
                    return
                self._writing = None
            elif self._waiting and source is self._waiting[0]:
                self._waiting.popleft()
            source.remove()
            self._is_full = False

    def _new_segment(self, needed: int) -> Segment:
        if self._is_full or self._used() + max(self._segment_bytes, needed) > self._most_bytes:
            self._is_full = True
            raise SpoolFull
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._new_path(segment.SUFFIX)
        made = Segment(path, create_locked(path))
        self._is_named = False
        if self._writing is not None:
            self._waiting.append(self._writing)
        self._writing = made
        return made

    def _new_loss(self) -> LossFile:
        return LossFile.create(self._new_path(loss.SUFFIX), self._lost())

    def _new_path(self, suffix: str) -> Path:
        self._made += 1
        return self._folder / f"{self._name}-{self._made:09d}{suffix}"

    def _used(self) -> int:
        """Bytes of all events that wait in the folder, whoever's they are."""
        used = 0
        for path in self._folder.glob(f"*{segment.SUFFIX}"):
            with suppress(FileNotFoundError):  # delivered by another process just now
                used += path.stat().st_size
        return used
