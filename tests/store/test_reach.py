"""What a read looks at: only what its viewer may see, however much else the store holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sealed import seal, simple

from trailbook.directory.viewer import parse_viewer
from trailbook.event.model import Event, PartyKey
from trailbook.query.tree import Parties
from trailbook.store.dimensions import facet_dimension
from trailbook.store.sqlite.bodies import Bodies
from trailbook.store.sqlite.store import SqliteStore


@pytest.mark.parametrize("scope", ["tenant:acme", "groups:acme/g1", "self:acme/u1"])
def test_counts_at_the_heads_that_a_viewer_sees_read_no_event_of_other_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    store, viewer = SqliteStore(tmp_path / "trail.db"), parse_viewer(scope)
    store.append([seal(simple(number, tenant="globex" if number % 2 else "acme")) for number in range(40)])
    read: list[str] = []
    original = Bodies.event

    def event(self: Bodies, connection: sqlite3.Connection, body: bytes) -> Event:
        found = original(self, connection, body)
        read.append(found.tenant)
        return found

    monkeypatch.setattr(Bodies, "event", event)
    asked, heads = Parties((PartyKey("user", "acme", "u1"),)), store.heads(viewer)
    expected = 0 if scope.startswith("groups") else 20
    assert list(heads) == ["acme"]
    assert store.count(viewer, asked, heads=heads) == expected
    assert sum(store.summary(viewer, asked, by=[facet_dimension("action")], heads=heads).values()) == expected
    assert "globex" not in read
    store.close()
