"""A program: one of those who use a store at the same time, for a while. Prints what it saw as JSON.

crowd.py import STORE EVENTS NUMBER SECONDS
crowd.py report STORE EVENTS NUMBER SECONDS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
from soak.programs import CONTEXT, END

from trailbook.directory.viewer import OPERATOR
from trailbook.event.canonical import Sealed, decode, encode
from trailbook.event.model import Event
from trailbook.ingest.importing import import_file
from trailbook.ingest.mapping import load_map
from trailbook.query.language import parse
from trailbook.query.resolve import resolve
from trailbook.query.tree import Condition
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import Receipt, Store
from trailbook.wiring import open_store

SIZES = ((1, 20), (100, 2_000), (10_000, 500), (10_000, 12_000))
"""Of a batch, and of a file."""
QUERIES = (
    "user:acme/u0004", "by.user:acme/u0007", "against.user:acme/u0011", "group:agents", "action:login outcome:failure",
    "-resource:calls", "tenant:globex", "resource:users changed:email", "role:admin -action:login", "",
)  # fmt: skip


class Slowest:
    """An appender that notes how long each batch took (seconds)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.seconds: list[float] = []

    def append(self, batch: Sequence[Sealed]) -> list[Receipt]:
        """See `ports.Appender.append`."""
        began = time.perf_counter()
        receipts = self._store.append(batch)
        self.seconds.append(time.perf_counter() - began)
        return receipts

    def append_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """See `ports.Appender.append_each`; the time is that from one batch's receipts to the next one's."""
        began = time.perf_counter()
        for receipts in self._store.append_each(batches):
            self.seconds.append(time.perf_counter() - began)
            yield receipts
            began = time.perf_counter()


def keep_importing(store: Store, events: Path, number: int, seconds: float) -> dict[str, object]:
    """Import file after file, of batches of all sizes, until the time is over."""
    dice = Random(f"importer {number}")
    first = [decode(line) for line in events.read_bytes().splitlines()]
    path = events.with_name(f"importer-{number}.jsonl")
    appender = Slowest(store)
    read = stored = turn = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        turn += 1
        batch, size = dice.choice(SIZES)
        path.write_bytes(b"".join(encode(moved(event, 16 * turn + number)) + b"\n" for event in first[:size]))
        mapping = load_map("native")
        summary = import_file(str(path), mapping, CONTEXT, appender, now=lambda: datetime.now(UTC), batch=batch)
        read, stored = read + summary.read, stored + summary.stored
    return {"read": read, "stored": stored, "appends": appender.seconds}


def moved(event: Event, turn: int) -> Event:
    """The same event some seconds later, under an id of its own."""
    id = str(UUID(int=UUID(event.id).int ^ (turn << 64)))
    return msgspec.structs.replace(event, id=id, occurred_at=event.occurred_at + timedelta(seconds=turn))


def keep_reporting(store: Store, events: Path, number: int, seconds: float) -> dict[str, object]:
    """Turn pages, and now and then run a whole report or a summary, until the time is over."""
    dice = Random(f"reporter {number}")
    pages: list[float] = []
    reports: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        query = dice.choice(QUERIES)
        condition = resolved(store, query)
        cursor = None
        for _ in range(dice.choice((1, 1, 3))):
            began = time.perf_counter()
            page = store.page(OPERATOR, condition, cursor=cursor)
            pages.append(time.perf_counter() - began)
            assert len({row.key for row in page.rows}) == len(page.rows)
            assert [row.key for row in page.rows] == sorted((row.key for row in page.rows), reverse=True)
            cursor = page.after
            if cursor is None:
                break
        if dice.random() < 0.05:
            began = time.perf_counter()
            grouped = dice.random() < 0.3
            definition = Definition(query=query, limit=200, group_by=("action",) if grouped else ())
            report = run(store, OPERATOR, definition, now=datetime.now(UTC))
            rows = sum(1 for _ in report.texts())
            assert rows == report.header.shown
            reports.append(time.perf_counter() - began)
    return {"pages": pages, "reports": reports}


def resolved(store: Store, query: str) -> Condition:
    """The query as the store takes it."""
    return resolve(
        parse(query),
        names=lambda kind, text: store.parties(OPERATOR, kind, text),
        now=END,
        zone=Definition().clock().zone,
    ).condition


if __name__ == "__main__":
    task, path, events, number, seconds = sys.argv[1:]
    does = {"import": keep_importing, "report": keep_reporting}[task]
    store = open_store(path)
    found = does(store, Path(events), int(number), float(seconds))
    store.close()
    print(json.dumps(found))
