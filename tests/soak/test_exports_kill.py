"""Workers that are killed at random moments while they export: each export ends once, with a file that is right."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from exported import account, ask, content, fill, left, of, own_events
from size import sized
from soak.programs import program
from stores import PLACES

from trailbook.deliver.base import Base
from trailbook.deliver.exports import MANIFESTS
from trailbook.deliver.tasks import TASKS
from trailbook.settings import Settings
from trailbook.wiring import open_store

EVENTS = sized(1_000, 5_000)
EXPORTS = sized(3, 12)
KILLS = sized(4, 40)
LEASE_SECONDS = 0.6
HUNG = sized(120.0, 1_200.0)


@pytest.mark.parametrize("kind", PLACES)
def test_each_export_ends_done_once_with_a_right_file_whenever_workers_are_killed(kind: str, tmp_path: Path) -> None:
    place, files, dice = PLACES[kind](tmp_path), tmp_path / "files", Random(kind)
    store = open_store(place, create=True)
    fill(store, EVENTS)
    settings = Settings(store=place, export_folder=str(files))
    base = Base(store, settings, clock=lambda: datetime.now(UTC), randomness=os.urandom)
    caller = account(base)
    ids = [ask(base, caller, {"query": "app:web", "columns": ["details"]}) for _ in range(EXPORTS)]
    workers = [_start(place, files) for _ in range(2)]
    until = time.monotonic() + HUNG
    kills = 0
    while any(of(base, id).state in ("waiting", "running") for id in ids):
        assert time.monotonic() < until, [of(base, id) for id in ids]
        time.sleep(dice.uniform(0.0, 0.5))
        if kills < KILLS:
            kills += 1
            victim = dice.randrange(2)
            workers[victim].kill()
            workers[victim].communicate()
            workers[victim] = _start(place, files)
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert kills > 1
    expected = {f"Call {number}" for number in range(EVENTS)}
    for id in ids:
        rows = [row[0] for row in csv.reader(io.StringIO(content(base, id).decode()))][1:]
        assert (len(rows), set(rows), of(base, id).state) == (EVENTS, expected, "done")
        found = MANIFESTS.find(store, id, base.clock())
        assert found is not None
        assert found.value.manifest.file.sha256 == of(base, id).made.sha256  # type: ignore[union-attr]
    assert sorted(event.related[0].id for event in own_events(store, "export")) == sorted(ids)
    assert len(left(files)) == EXPORTS
    assert [one.value.kind for one in TASKS.each(store, base.clock())] == ["clear_export"] * EXPORTS
    store.close()


def _start(place: str, files: Path) -> subprocess.Popen[str]:
    started = program("exporter", place, files, LEASE_SECONDS, stdin=subprocess.PIPE)
    assert started.stdout is not None
    assert started.stdout.readline() == "started\n"
    return started
