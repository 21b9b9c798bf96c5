"""The baseline in PostgreSQL: a table of events with a B-tree per filter and a link table of parties, filled by COPY.

As the one in SQLite, it has no words, no addresses, no proof, no check for duplicates, no names as they were, and it
keeps the JSON as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from ..plain import FIELDS, parties_of

BATCH = 1_000
_TABLES = """
    CREATE TABLE name (id int PRIMARY KEY, text text NOT NULL UNIQUE);
    CREATE TABLE event (
        id bigint, time bigint, tenant text, application text, resource text, action text, outcome text, json json
    );
    CREATE TABLE link (party int, time bigint, event bigint);
"""
_INDEXES = """
    ALTER TABLE event ADD PRIMARY KEY (id);
    CREATE INDEX by_time ON event (time);
    CREATE INDEX by_tenant ON event (tenant, time);
    CREATE INDEX by_application ON event (application, time);
    CREATE INDEX by_resource ON event (resource, time);
    CREATE INDEX by_action ON event (action, time);
    CREATE INDEX by_outcome ON event (outcome, time);
    ALTER TABLE link ADD PRIMARY KEY (party, time, event);
"""
_decode = msgspec.json.Decoder().decode
_MICROSECOND = 1_000_000
_SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def load(lines: Path, url: str, indexed: bool, timed: Callable[[Callable[[], None]], None]) -> int:
    """Store every line of a JSON Lines file, in durable batches; the number of them.

    `indexed`: the indexes are there from the start, else they are made at the end. `timed` calls what it is given: the
    storing of a batch.
    """
    names: dict[str, int] = {}
    stored = 0
    with psycopg.connect(url, autocommit=True) as connection, lines.open("rb") as file:
        connection.execute(_TABLES + (_INDEXES if indexed else ""))
        while batch := list(islice(file, BATCH)):
            events, links = [], []
            for number, line in enumerate(batch, stored):
                event = _decode(line)
                time = int(datetime.fromisoformat(event["occurred_at"]).timestamp() * _MICROSECOND)
                fields = "\t".join([event.get(field, "").translate(_SPECIAL) for field in FIELDS])
                events.append(f"{number}\t{time}\t{fields}\t{line.decode().rstrip().translate(_SPECIAL)}\n")
                for party in {names.setdefault(party, len(names)) for party in parties_of(event)}:
                    links.append(f"{party}\t{time}\t{number}\n")

            def store(events: list[str] = events, links: list[str] = links) -> None:
                with connection.transaction():
                    _copy(connection, "event", events)
                    _copy(connection, "link", links)

            timed(store)
            stored += len(batch)
        _copy(connection, "name", [f"{number}\t{text.translate(_SPECIAL)}\n" for text, number in names.items()])
        if not indexed:
            connection.execute(_INDEXES)
    return stored


def _copy(connection: psycopg.Connection[Any], table: str, rows: list[str]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        copy.write("".join(rows))


class Plain:
    """Questions to the hand-written tables, as those of `bench.plain`. `where` is SQL on `e`."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET jit = off")

    def involved(self) -> dict[str, int]:
        """The number of events of every party."""
        sql = """
            SELECT text, n FROM (SELECT party, count(*) AS n FROM link GROUP BY party) AS found
            JOIN name ON id = party
        """
        return dict(self._rows(sql))

    def page(self, parties: tuple[str, ...], where: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest rows, decoded."""
        source, order = self._source(parties, where)
        sql = f"SELECT e.json::text FROM {source} ORDER BY {order} DESC LIMIT {limit}"
        return [_decode(text) for (text,) in self._rows(sql)]

    def count(self, parties: tuple[str, ...], where: str) -> int:
        """The number of rows."""
        source, _ = self._source(parties, where)
        return int(next(self._rows(f"SELECT count(*) FROM {source}"))[0])

    def summary(self, tenant: str = "") -> list[tuple[int, str, int]]:
        """Day, action and number of rows, of one tenant or of all."""
        only = "WHERE tenant = %s" if tenant else ""
        sql = f"SELECT time / (86400 * {_MICROSECOND}::bigint), action, count(*) FROM event {only} GROUP BY 1, 2"
        return list(self._rows(sql, (tenant,) if tenant else ()))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _rows(self, sql: str, values: tuple[str, ...] = ()) -> Iterator[Any]:
        return iter(self._connection.execute(sql, values or None).fetchall())

    def _source(self, parties: tuple[str, ...], where: str) -> tuple[str, str]:
        first = ", ".join([f"link AS l{index}" for index in range(len(parties))] + ["event AS e"])
        conditions = [f"l{index}.party = {number}" for index, number in enumerate(self._numbers(parties))]
        conditions += [f"l{index}.event = l0.event AND l{index}.time = l0.time" for index in range(1, len(parties))]
        conditions += ["e.id = l0.event"] if parties else []
        conditions += [where] if where else []
        return f"{first} WHERE {' AND '.join(conditions) or 'true'}", "l0.time" if parties else "e.time"

    def _numbers(self, parties: tuple[str, ...]) -> list[int]:
        sql = "SELECT id FROM name WHERE text = %s"
        return [next(self._rows(sql, (party,)))[0] for party in parties]
