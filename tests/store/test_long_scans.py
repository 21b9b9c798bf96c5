"""A scan of many chunks goes through each row once: its work grows with the rows, and not faster."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sealed import NOON, seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.query.tree import EVERYTHING, Condition, Field
from trailbook.store.ports import Order
from trailbook.store.sqlite import reader, rows
from trailbook.store.sqlite.store import SqliteStore


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("condition", [EVERYTHING, Field("action", ("play",))], ids=["table", "index"])
def test_a_chunk_costs_the_same_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: Condition, order: Order
) -> None:
    for module in (rows, reader):
        monkeypatch.setattr(module, "CHUNK", 50)
    store = SqliteStore(tmp_path / "trail.db")
    store.append([seal(simple(n, at=NOON + timedelta(seconds=n))) for n in range(2_000)])
    steps: list[int] = []
    connection: sqlite3.Connection = store._connections.get()
    connection.set_progress_handler(lambda: steps.append(1), 100)
    costs = []
    for number, _ in enumerate(store.scan(OPERATOR, condition, order=order)):
        if number in (100, 400, 1_600, 1_900):
            costs.append(len(steps))
    store.close()
    first, last = costs[1] - costs[0], costs[3] - costs[2]
    assert first > 0
    assert last < 1.5 * first
