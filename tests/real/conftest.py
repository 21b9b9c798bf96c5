"""Real logs in a store of their own, and the rows of reports on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailbook.directory.directory import Directory
from trailbook.directory.viewer import OPERATOR
from trailbook.event.model import Event
from trailbook.ingest.accept import Context
from trailbook.ingest.importing import ImportSummary, import_file
from trailbook.ingest.sniff import detect_format
from trailbook.report.definition import from_dict
from trailbook.report.run import run
from trailbook.store.sqlite.store import SqliteStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Trail:
    """A store in a folder, filled by importing files as the command line does, without naming their format."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "trail.db")
        self.rejects = folder / "rejects.jsonl"

    def bring_in(self, path: Path) -> ImportSummary:
        """Import a file."""
        context = Context(NOW, Directory((), ()))
        mapping = detect_format(str(path))
        return import_file(str(path), mapping, context, self.store, now=lambda: NOW, rejects_path=str(self.rejects))

    def found(self, query: str) -> list[Event]:
        """The events in the rows of the report on a query."""
        report = run(self.store, OPERATOR, from_dict({"query": query}), now=NOW)
        rows = [row.event for row in report.read()]
        assert len(rows) == report.header.rows
        return rows

    def actions(self, query: str) -> Counter[str]:
        """How many rows of the report on a query have which action."""
        return Counter(event.action for event in self.found(query))


@pytest.fixture(scope="module")
def new_trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Trail]]:
    """Makes empty trails."""
    made: list[Trail] = []

    def make() -> Trail:
        made.append(Trail(tmp_path_factory.mktemp("trail")))
        return made[-1]

    yield make
    for one in made:
        one.store.close()
