"""The command worker: what is due is done once, or as long as it runs; it ends in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.small import Cli
from exported import account, ask, content, fill, of
from soak.programs import trailbook
from stores import PLACES

from trailbook.deliver.base import Base
from trailbook.settings import Settings
from trailbook.wiring import open_store


@pytest.fixture(params=PLACES)
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Base]:
    """A trail whose settings are in the environment."""
    place, files = PLACES[request.param](tmp_path), str(tmp_path / "files")
    monkeypatch.setenv("TRAILBOOK_STORE", place)
    monkeypatch.setenv("TRAILBOOK_EXPORT_FOLDER", files)
    store = open_store(place, create=True)
    fill(store, 3)
    settings = Settings(store=place, export_folder=files)
    yield Base(store, settings, clock=lambda: datetime.now(UTC), randomness=os.urandom)
    store.close()


def test_what_is_due_is_done_once(base: Base, cli: Cli) -> None:
    ids = [ask(base, account(base), {"query": "app:web"}) for _ in range(2)]
    assert cli("worker", "--once") == (0, "2 tasks done.\n", "")
    assert [content(base, id).count(b"\r\n") for id in ids] == [4, 4]
    assert cli("worker", "--once").out == "0 tasks done.\n"


def test_a_worker_does_what_comes_until_it_is_told_to_end(base: Base) -> None:
    with trailbook("worker") as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "Waiting for what is due; Ctrl-C ends it.\n"
        id = ask(base, account(base), {"query": "app:web"})
        while of(base, id).state in ("waiting", "running"):
            assert worker.poll() is None
        assert content(base, id).count(b"\r\n") == 4
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
