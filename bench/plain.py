"""The baseline: what one would write by hand, a table of events with a B-tree per filter and a link table of parties.

It has no words, no addresses, no proof, no check for duplicates, no names as they were; it keeps the JSON as it came.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import msgspec

BATCH = 10_000
_SCHEMA = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536;
    CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE event (
        id INTEGER PRIMARY KEY, time INTEGER, tenant TEXT, application TEXT, resource TEXT, action TEXT, outcome TEXT,
        json TEXT
    );
    CREATE INDEX by_time ON event (time);
    CREATE INDEX by_tenant ON event (tenant, time);
    CREATE INDEX by_application ON event (application, time);
    CREATE INDEX by_resource ON event (resource, time);
    CREATE INDEX by_action ON event (action, time);
    CREATE INDEX by_outcome ON event (outcome, time);
    CREATE TABLE link (party INTEGER, time INTEGER, event INTEGER, PRIMARY KEY (party, time, event)) WITHOUT ROWID;
"""
FIELDS = ("tenant", "application", "resource", "action", "outcome")
_decode = msgspec.json.Decoder().decode
_MICROSECOND = 1_000_000


def load(lines: Path, database: Path) -> int:
    """Store every line of a JSON Lines file, in durable batches; the number of them."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript(_SCHEMA)
    names: dict[str, int] = {}
    stored = 0
    with lines.open("rb") as file:
        while batch := list(islice(file, BATCH)):
            events, links = [], []
            for number, line in enumerate(batch, stored):
                event = _decode(line)
                time = int(datetime.fromisoformat(event["occurred_at"]).timestamp() * _MICROSECOND)
                fields = [event.get(field, "") for field in FIELDS]
                events.append((number, time, *fields, line.decode()))
                parties = {names.setdefault(party, len(names)) for party in parties_of(event)}
                links += [(party, time, number) for party in parties]
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", events)
            connection.executemany("INSERT INTO link VALUES (?, ?, ?)", sorted(links))
            connection.execute("COMMIT")
            stored += len(batch)
    connection.executemany("INSERT INTO name VALUES (?, ?)", [(number, text) for text, number in names.items()])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return stored


def parties_of(event: dict[str, Any]) -> Iterator[str]:
    """The users, groups, roles and tenants that an event involves, as `kind:tenant/id`."""
    initiator = event.get("initiator")
    users = [initiator] if initiator else []
    for target in event.get("targets", ()):
        if target["kind"] == "user":
            users.append(target)
        elif target["kind"] in ("group", "role", "tenant"):
            yield f"{target['kind']}:{target.get('tenant') or event['tenant']}/{target['id']}"
    for user in users:
        tenant = user.get("tenant") or event["tenant"]
        yield f"user:{tenant}/{user['id']}"
        yield f"tenant:{tenant}/{tenant}"
        for kind in ("group", "role"):
            for one in user.get(f"{kind}s") or ():
                yield f"{kind}:{one.get('tenant') or tenant}/{one['id']}"


class Plain:
    """Questions to the hand-written tables. `where` is SQL on `e`; `party` goes through the link table."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None)
        self._connection.execute("PRAGMA cache_size = -65536")

    def involved(self) -> dict[str, int]:
        """The number of events of every party."""
        sql = "SELECT text, count(*) FROM link JOIN name ON name.id = link.party GROUP BY party"
        return dict(self._connection.execute(sql))

    def page(self, parties: tuple[str, ...], where: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest rows, decoded."""
        source, order = self._source(parties, where)
        sql = f"SELECT e.json FROM {source} ORDER BY {order} DESC LIMIT ?"
        return [_decode(text) for (text,) in self._connection.execute(sql, (*self._numbers(parties), limit))]

    def count(self, parties: tuple[str, ...], where: str) -> int:
        """The number of rows."""
        source, _ = self._source(parties, where)
        (number,) = self._connection.execute(f"SELECT count(*) FROM {source}", self._numbers(parties)).fetchone()
        return int(number)

    def summary(self, tenant: str = "") -> list[tuple[int, str, int]]:
        """Day, action and number of rows, of one tenant or of all."""
        sql = f"""
            SELECT time / (86400 * {_MICROSECOND}), action, count(*) FROM event
            WHERE ? = '' OR tenant = ? GROUP BY 1, 2
        """
        return self._connection.execute(sql, (tenant, tenant)).fetchall()

    def export(self, out: TextIO, limit: int) -> int:
        """Write rows with the sixteen columns of the report through csv.writer; the number of them."""
        write = csv.writer(out).writerow
        written = 0
        for (text,) in self._connection.execute("SELECT json FROM event ORDER BY time DESC LIMIT ?", (limit,)):
            write(cells(_decode(text)))
            written += 1
        return written

    def _source(self, parties: tuple[str, ...], where: str) -> tuple[str, str]:
        first = " JOIN ".join(f"link AS l{index}" for index in range(len(parties)))
        conditions = [f"l{index}.party = ?" for index in range(len(parties))]
        conditions += [f"l{index}.event = l0.event AND l{index}.time = l0.time" for index in range(1, len(parties))]
        if where:
            conditions.append(where)
        join = f"{first} CROSS JOIN event AS e ON e.id = l0.event" if parties else "event AS e"
        return f"{join} WHERE {' AND '.join(conditions) or '1'}", "l0.time" if parties else "e.time"

    def _numbers(self, parties: tuple[str, ...]) -> tuple[int, ...]:
        sql = "SELECT id FROM name WHERE text = ?"
        return tuple(self._connection.execute(sql, (party,)).fetchone()[0] for party in parties)


def cells(event: dict[str, Any]) -> list[str]:
    """The sixteen columns of an event, by hand."""
    at = datetime.fromisoformat(event["occurred_at"]).astimezone(UTC)
    date, time = f"{at:%b} {at.day}, {at.year}", at.strftime("%I:%M %p")
    who = event.get("initiator") or {}
    related = (*event.get("targets", ()), *event.get("related", ()))
    return [
        event["id"], f"{date}, {time}", who.get("name") or who.get("id", ""), event["resource"], event["action"],
        event.get("details", ""), date, time, event.get("application", ""), who.get("ip", ""), who.get("tenant", ""),
        ", ".join(one.get("name") or one["id"] for one in who.get("groups", ())),
        ", ".join(f"{one.get('name') or one['id']} ({one['kind']})" for one in related),
        msgspec.json.encode(event.get("data")).decode(), msgspec.json.encode(event.get("changes", {})).decode(), "1",
    ]  # fmt: skip
