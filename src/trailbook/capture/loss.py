"""What could not be captured: how many events, from when to when and why, in a file that outlives the process."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..event.canonical import encode
from ..event.model import Event
from .segment import create_locked

SUFFIX = ".lost"
_ROOM = 16 << 10
"""Bytes taken beforehand: two names of a thousand characters and the reasons fit."""
_MOST_REASONS = 8
_LONGEST_REASON = 60
_RESOURCE, _ACTION = "recorder", "not_captured"


class Lost(Struct, frozen=True):
    """How many events were not captured, when the first and the last of them occurred, and how many for each reason.

    `id`, `application` and `tenant` are those of the event that will tell of it.
    """

    id: str
    application: str
    tenant: str = ""
    count: int = 0
    since: datetime | None = None
    until: datetime | None = None
    reasons: dict[str, int] = {}

    def with_one(self, moment: datetime, reason: str) -> Lost:
        """The same and one event more."""
        reason = reason[:_LONGEST_REASON]
        if reason not in self.reasons and len(self.reasons) == _MOST_REASONS:
            reason = "other"
        return replace(
            self,
            count=self.count + 1,
            since=min(self.since or moment, moment),
            until=max(self.until or moment, moment),
            reasons={**self.reasons, reason: self.reasons.get(reason, 0) + 1},
        )

    def line(self) -> bytes:
        """The event that tells of it; the same as often as it is asked for."""
        assert self.since is not None
        assert self.until is not None
        return encode(
            Event(
                id=self.id,
                occurred_at=self.until,
                tenant=self.tenant,
                application=self.application,
                resource=_RESOURCE,
                action=_ACTION,
                outcome="failure",
                details=f"{self.count} events were not captured",
                data={"count": self.count, "since": self.since, "until": self.until, "reasons": self.reasons},
            )
        )


def told_lost(event: Event) -> int:
    """How many events were not captured, if this is an event that tells of it; else 0."""
    if event.resource != _RESOURCE or event.action != _ACTION or not isinstance(event.data, dict):
        return 0
    count = event.data.get("count")
    return max(count, 0) if type(count) is int else 0


class LossFile:
    """A Lost in a file whose room was taken beforehand, so that it can be told of even when the disk is full."""

    def __init__(self, path: Path, file: int, lost: Lost) -> None:
        self.lost = lost
        self._path = path
        self._file = file
        self._length = 0

    @classmethod
    def create(cls, path: Path, lost: Lost) -> LossFile:
        """A new file. Raises OSError."""
        made = cls(path, create_locked(path), lost)
        made._length = _ROOM
        made._write()
        return made

    @classmethod
    def adopted(cls, path: Path, file: int) -> LossFile:
        """What another process left behind; nothing, if it had not written anything yet."""
        try:
            lost = msgspec.json.decode(os.pread(file, _ROOM, 0), type=Lost)
        except (msgspec.DecodeError, UnicodeDecodeError):
            lost = Lost("", "")
        return cls(path, file, lost)

    def add(self, moment: datetime, reason: str) -> None:
        """Count one event more. What cannot be written is at least remembered."""
        self.lost = self.lost.with_one(moment, reason)
        self._write()

    def remove(self) -> None:
        """Delete the file: it has been told of."""
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file; who finds it may adopt it."""
        os.close(self._file)

    def _write(self) -> None:
        text = msgspec.json.encode(self.lost)
        os.pwrite(self._file, text.ljust(self._length), 0)
        self._length = len(text)
