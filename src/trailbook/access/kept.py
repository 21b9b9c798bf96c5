"""How the values of access are kept: each type as records of its own kind, JSON inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from ..store.ports import Record, Records
from .model import AccessRole, Account, ApiKey, Session

T = TypeVar("T")
_encoder = msgspec.json.Encoder(order="deterministic")


class Found(NamedTuple, Generic[T]):
    """A value and the record it was read from, which is what a change of it has to be told."""

    value: T
    record: Record


class Shelf(Generic[T]):
    """The records of one kind, as values of one type."""

    def __init__(
        self,
        kind: str,
        type: type[T],
        *,
        id: Callable[[T], str],
        owner: Callable[[T], str] = lambda value: "",
        expires_at: Callable[[T], datetime | None] = lambda value: None,
    ) -> None:
        self.kind = kind
        self._decoder = msgspec.json.Decoder(type)
        self._id = id
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

    def read(self, record: Record) -> Found[T]:
        """The value in a record."""
        return Found(self._decoder.decode(record.body), record)

    def record(self, value: T, was: Found[T] | None = None) -> Record:
        """The record to keep: of a new value, or of one that changed from what it was."""
        version = 0 if was is None else was.record.version
        return Record(
            self.kind, self._id(value), _encoder.encode(value), self._owner(value), version, self._expires_at(value)
        )


def _field(name: str) -> Callable[[Any], Any]:
    return lambda value: getattr(value, name)


ROLES = Shelf("access_role", AccessRole, id=_field("id"), owner=_field("tenant"))
ACCOUNTS = Shelf("account", Account, id=_field("id"), owner=lambda account: getattr(account.scope, "tenant", ""))
"""Accounts; owned by the tenant of their scope, root's by nobody."""
KEYS = Shelf("key", ApiKey, id=_field("id"), owner=_field("tenant"))
SESSIONS = Shelf("session", Session, id=_field("id"), owner=_field("account"), expires_at=_field("expires_at"))
