"""Records: small documents that may change, each change from the version that was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import structs

from ..keys import microseconds, moment_of
from ..ports import Record
from ..versions import check_version

_COLUMNS = "kind, id, body, owner, version, expires_at"
_PUT = f"INSERT OR REPLACE INTO record ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_HOLDS = "(expires_at IS NULL OR expires_at > ?)"


def read_record(connection: sqlite3.Connection, kind: str, id: str, now: datetime) -> Record | None:
    """The record, or None if there is none that holds now."""
    sql = f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND id = ? AND {_HOLDS}"
    row = connection.execute(sql, (kind, id, microseconds(now))).fetchone()
    return None if row is None else _record(*row)


def read_records(
    connection: sqlite3.Connection, kind: str, now: datetime, owner: str | None, after: str, limit: int
) -> list[Record]:
    """The records of this kind (and owner) that hold now, by id, those after `after`."""
    owned, values = ("", ()) if owner is None else ("owner = ? AND", (owner,))
    sql = f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND {owned} id > ? AND {_HOLDS} ORDER BY id LIMIT ?"
    rows = connection.execute(sql, (kind, *values, after, microseconds(now), max(limit, 0)))
    return [_record(*row) for row in rows]


def keep_records(
    connection: sqlite3.Connection, changed: Sequence[Record], removed: Sequence[Record], now: datetime
) -> None:
    """Take away and keep, inside a write transaction. Raises Outdated."""
    for record in removed:
        check_version(record, read_record(connection, record.kind, record.id, now))
        connection.execute("DELETE FROM record WHERE kind = ? AND id = ?", (record.kind, record.id))
    for record in changed:
        check_version(record, read_record(connection, record.kind, record.id, now))
        connection.execute(_PUT, _row(structs.replace(record, version=record.version + 1)))


def all_records(connection: sqlite3.Connection, after: tuple[str, str], limit: int) -> list[Record]:
    """Records of any kind, also those that have expired, by kind and id, those after `after`."""
    sql = f"SELECT {_COLUMNS} FROM record WHERE (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?"
    return [_record(*row) for row in connection.execute(sql, (*after, limit))]


def replace_records(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Put these records in the place of all that are there, inside a write transaction."""
    connection.execute("DELETE FROM record")
    connection.executemany(_PUT, map(_row, records))


def forget_expired(connection: sqlite3.Connection, now: datetime) -> int:
    """Take away what expired; gives how many."""
    return connection.execute("DELETE FROM record WHERE expires_at <= ?", (microseconds(now),)).rowcount


def _row(record: Record) -> tuple[str, str, bytes, str, int, int | None]:
    expires_at = None if record.expires_at is None else microseconds(record.expires_at)
    return (record.kind, record.id, record.body, record.owner, record.version, expires_at)


def _record(kind: str, id: str, body: bytes, owner: str, version: int, expires_at: int | None) -> Record:
    return Record(kind, id, body, owner, version, None if expires_at is None else moment_of(expires_at))
