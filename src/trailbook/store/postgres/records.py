"""Records: small documents that may change, each change from the version that was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

from msgspec import structs

from ..keys import microseconds, moment_of
from ..ports import Record
from ..versions import check_version
from .connect import Connection

_COLUMNS = "kind, id, body, owner, version, expires_at"
_HOLDS = "(expires_at IS NULL OR expires_at > %s)"
_PUT = f"""
    INSERT INTO trailbook.record ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, owner = excluded.owner, version = excluded.version,
    expires_at = excluded.expires_at
"""
_CHANGING = 2
"""The first number of the advisory locks on records."""
_CHUNK = 1_000


def read_record(connection: Connection, kind: str, id: str, now: datetime) -> Record | None:
    """The record, or None if there is none that holds now."""
    if "\0" in kind + id:  # PostgreSQL has no text with it, nor a way to ask for one.
        return None
    sql = f"SELECT {_COLUMNS} FROM trailbook.record WHERE kind = %s AND id = %s AND {_HOLDS}"
    rows = connection.rows(sql, (kind, id, microseconds(now)))
    return _record(*rows[0]) if rows else None


def read_records(
    connection: Connection, kind: str, now: datetime, owner: str | None, after: str, limit: int
) -> list[Record]:
    """The records of this kind (and owner) that hold now, by id, those after `after`."""
    if "\0" in kind + (owner or "") + after:
        return []
    owned, values = ("", ()) if owner is None else ("owner = %s AND", (owner,))
    sql = f"""
        SELECT {_COLUMNS} FROM trailbook.record WHERE kind = %s AND {owned} id > %s AND {_HOLDS} ORDER BY id LIMIT %s
    """
    rows = connection.rows(sql, (kind, *values, after, microseconds(now), max(limit, 0)))
    return [_record(*row) for row in rows]


def keep_records(connection: Connection, changed: Sequence[Record], removed: Sequence[Record], now: datetime) -> None:
    """Take away and keep, inside a write transaction. Raises Outdated."""
    _lock(connection, [*changed, *removed])
    for record in removed:
        check_version(record, read_record(connection, record.kind, record.id, now))
        connection.run("DELETE FROM trailbook.record WHERE kind = %s AND id = %s", (record.kind, record.id))
    for record in changed:
        check_version(record, read_record(connection, record.kind, record.id, now))
        connection.run(_PUT, _row(structs.replace(record, version=record.version + 1)))


def all_records(connection: Connection, after: tuple[str, str], limit: int) -> list[Record]:
    """Records of any kind, also those that have expired, by kind and id, those after `after`."""
    sql = f"SELECT {_COLUMNS} FROM trailbook.record WHERE (kind, id) > (%s, %s) ORDER BY kind, id LIMIT %s"
    return [_record(*row) for row in connection.rows(sql, (*after, limit))]


def replace_records(connection: Connection, records: Iterable[Record]) -> None:
    """Put these records in the place of all that are there, inside a write transaction."""
    connection.run("DELETE FROM trailbook.record")
    with connection.raw.cursor() as cursor:
        cursor.executemany(_PUT, map(_row, records))


def forget_expired(connection: Connection, now: datetime) -> int:
    """Take away what expired; gives how many."""
    return connection.run("DELETE FROM trailbook.record WHERE expires_at <= %s", (microseconds(now),))


def _lock(connection: Connection, records: Sequence[Record]) -> None:
    """Keep others from changing these records until the transaction ends, those not there yet too; by turns."""
    names = {f"{record.kind}\0{record.id}" for record in records}
    numbers = sorted(
        int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big", signed=True) for name in names
    )
    for number in numbers:
        connection.rows("SELECT pg_advisory_xact_lock(%s, %s)::text", (_CHANGING, number))


def _row(record: Record) -> tuple[str, str, bytes, str, int, int | None]:
    expires_at = None if record.expires_at is None else microseconds(record.expires_at)
    return (record.kind, record.id, record.body, record.owner, record.version, expires_at)


def _record(kind: str, id: str, body: bytes, owner: str, version: int, expires_at: int | None) -> Record:
    return Record(kind, id, bytes(body), owner, version, None if expires_at is None else moment_of(expires_at))
