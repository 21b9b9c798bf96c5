"""How values are kept: each type as records of its own kind, JSON inside; those of access, and saved reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from ..report.saved import SavedReport
from ..store.ports import Record, Records
from .model import AccessRole, Account, ApiKey, Session


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Identified)
_encoder = msgspec.json.Encoder(order="deterministic")


class Found(NamedTuple, Generic[T]):
    """A value and the record it was read from, which is what a change of it has to be told."""

    value: T
    record: Record


class Shelf(Generic[T]):
    """The records of one kind, as values of one type, kept by their ids."""

    def __init__(
        self,
        kind: str,
        type: type[T],
        *,
        owner: Callable[[T], str] = lambda value: "",
        expires_at: Callable[[T], datetime | None] = lambda value: None,
    ) -> None:
        self.kind = kind
        self._decoder = msgspec.json.Decoder(type)
        self._owner = owner
        self._expires_at = expires_at

    def find(self, records: Records, id: str, now: datetime) -> Found[T] | None:
        """The value of this id, or None if there is none that holds now."""
        record = records.record(self.kind, id, now)
        return None if record is None else self.read(record)

    def all(
        self, records: Records, now: datetime, *, owner: str | None = None, after: str = "", limit: int = 1_000
    ) -> list[Found[T]]:
        """The values that hold now (of this owner): by id, those after `after`, at most `limit`."""
        return [self.read(one) for one in records.records(self.kind, now, owner=owner, after=after, limit=limit)]

    def each(self, records: Records, now: datetime, *, owner: str | None = None, after: str = "") -> Iterator[Found[T]]:
        """All the values that `all` gives, however many there are."""
        while found := self.all(records, now, owner=owner, after=after):
            yield from found
            after = found[-1].record.id

    def read(self, record: Record) -> Found[T]:
        """The value in a record."""
        return Found(self._decoder.decode(record.body), record)

    def record(self, value: T, was: Found[T] | None = None) -> Record:
        """The record to keep: of a new value, or of one that changed from what it was."""
        version = 0 if was is None else was.record.version
        return Record(self.kind, value.id, _encoder.encode(value), self._owner(value), version, self._expires_at(value))


ROLES = Shelf("access_role", AccessRole, owner=attrgetter("tenant"))
ACCOUNTS = Shelf("account", Account, owner=lambda account: getattr(account.scope, "tenant", ""))
"""Accounts; owned by the tenant of their scope, root's by nobody."""
KEYS = Shelf("key", ApiKey, owner=attrgetter("tenant"))
SESSIONS = Shelf("session", Session, owner=attrgetter("account"), expires_at=attrgetter("expires_at"))

UNDO = timedelta(minutes=10)
"""How long a report that was deleted can be brought back."""
REPORTS = Shelf("report", SavedReport, owner=attrgetter("tenant"))
DELETED = Shelf(
    "deleted_report",
    SavedReport,
    owner=attrgetter("tenant"),
    expires_at=lambda report: report.updated_at and report.updated_at + UNDO,
)
"""Reports that were deleted lately, with that moment as when they were changed last."""
