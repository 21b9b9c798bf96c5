"""Tasks that run in a child of their own, so that CPU time and memory are theirs: `python -m bench.tasks NAME ...`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from trailbook.demo.trail import demo_events
from trailbook.directory.viewer import OPERATOR
from trailbook.event.canonical import encode
from trailbook.ingest.accept import Context
from trailbook.ingest.importing import import_file
from trailbook.ingest.mapping import NATIVE, load_map
from trailbook.render import FORMATS
from trailbook.render.csv import write as write_csv
from trailbook.render.options import Options
from trailbook.report.columns import DEFAULT_COLUMNS
from trailbook.report.definition import Definition
from trailbook.report.result import Report
from trailbook.report.run import run
from trailbook.store.ports import Store
from trailbook.wiring import open_store

from .formats.bare import BARE, rows_of
from .measure import Spent, spent_here
from .plain import Plain
from .plain import load as load_plain

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
"""The year of the demo's events; they are imported as if recorded while they occurred."""


def write_lines(lines: str, events: str) -> Spent:
    """Write the demo's events as JSON Lines."""

    def task() -> int:
        with open(lines, "wb") as file:
            for event in demo_events(int(events), 1, END):
                file.write(encode(event) + b"\n")
        return os.path.getsize(lines)

    return spent_here(task)


def import_lines(lines: str, store: str) -> Spent:
    """Import JSON Lines into a new store, in durable batches; the number of events stored."""

    def task() -> int:
        opened = open_store(store, create=True)
        context = Context(START, opened.directory())
        summary = import_file(lines, load_map(NATIVE), context, opened, now=lambda: START, progress=_progress)
        opened.close()
        return summary.stored

    return spent_here(task)


def import_plain(lines: str, database: str) -> Spent:
    """The same into the baseline's tables."""
    return spent_here(lambda: load_plain(Path(lines), Path(database)))


def export(store: str, limit: str) -> Spent:
    """Export the newest rows as CSV with all default columns; the number of rows."""

    def task() -> int:
        opened = open_store(store)
        report = run(opened, OPERATOR, Definition(limit=int(limit)), now=END)
        with open(os.devnull, "wb") as out:
            return write_csv(report, out, Options())

    return spent_here(task)


def export_plain(database: str, limit: str) -> Spent:
    """The same by csv.writer from the baseline's tables."""

    def task() -> int:
        with open(os.devnull, "w", encoding="utf-8", newline="") as out:
            return Plain(Path(database)).export(out, int(limit))

    return spent_here(task)


def write_texts(store: str, limit: str, file: str) -> Spent:
    """Write the texts of the newest rows as JSON lists, a row a line, for the bare libraries; its bytes."""

    def task() -> int:
        encode_list = msgspec.json.Encoder().encode
        with open(file, "wb") as out:
            out.writelines(encode_list(row) + b"\n" for row in _sixteen(open_store(store), limit).texts())
        return os.path.getsize(file)

    return spent_here(task)


def write_format(store: str, limit: str, format: str, file: str) -> Spent:
    """Write the newest rows as a file of a format; its bytes."""

    def task() -> int:
        with open(file, "wb") as out:
            FORMATS[format].write(_sixteen(open_store(store), limit), out, Options())
        return os.path.getsize(file)

    return spent_here(task)


def write_bare(texts: str, limit: str, format: str, file: str) -> Spent:
    """Write the same texts by the bare library; the bytes of the file."""

    def task() -> int:
        BARE[format](islice(rows_of(Path(texts)), int(limit)), Path(file))
        return os.path.getsize(file)

    return spent_here(task)


def _sixteen(store: Store, limit: str) -> Report:
    """The report of the newest rows in sixteen columns: the default ones and the outcome."""
    return run(store, OPERATOR, Definition(columns=(*DEFAULT_COLUMNS, "outcome"), limit=int(limit)), now=END)


def _progress(done: int, total: int, read: int) -> None:
    if read % 100_000 == 0:
        print(f"... {read:,} events imported, {done / total:.0%}", file=sys.stderr, flush=True)


TASKS: dict[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (write_lines, import_lines, import_plain, export, export_plain, write_texts, write_format, write_bare)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
