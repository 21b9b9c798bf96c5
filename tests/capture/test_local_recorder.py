"""The embedded mode: the same recorder, straight into a local store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trailbook.capture import acting_as
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import StoreError
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Row
from trailbook.wiring import local_recorder, open_store


def rows(path: Path) -> list[Row]:
    """What the store holds, oldest first."""
    store = open_store(str(path))
    try:
        return list(store.scan(OPERATOR, EVERYTHING, order="oldest"))
    finally:
        store.close()


def test_events_go_straight_into_the_store_masked_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trail.db"
    with local_recorder(str(path), "shop", tenant="acme", mask=["data.card"]) as ours, acting_as("u17", name="Ann"):
        id = ours.record("pay", "orders", data={"card": "4111", "sum": 3})
        assert ours.flush(10)
        ours.record("pay", "", id=id)
        ours.record("pay", "orders", id="no uuid")
        assert ours.flush(10)
        assert ours.stats().rejected == 2
    (row,) = rows(path)
    assert row.event.id == id
    assert (row.event.tenant, row.event.application) == ("acme", "shop")
    assert row.event.initiator is not None
    assert row.event.initiator.name == "Ann"
    assert row.event.data["sum"] == 3
    assert "4111" not in str(row.event.data)
    assert row.event.masked == ("data.card",)
    kept = (path.parent / "trail.db-spool" / "rejected.jsonl").read_text().splitlines()
    assert len(kept) == 2


def test_a_store_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "trail.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError):
        local_recorder(str(tmp_path / "trail.db"), "shop")


def test_a_fork_records_into_the_same_store(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with local_recorder(str(path), "shop") as ours:
        ours.record("a", "parent")
        assert ours.flush(10)
        child = os.fork()
        if not child:
            ours.record("a", "child")
            ours.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        ours.record("a", "parent")
    assert [row.event.resource for row in rows(path)] == ["parent", "child", "parent"]
