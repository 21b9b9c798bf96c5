"""Many use one store at the same time: some processes import while others report."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from size import FULL, sized
from soak.kept import assert_gapless, kept_events
from soak.programs import assert_whole, imported, program, write_events
from stores import LOGS, PLACES

from trailbook.store.sqlite.writer import WAL_LIMIT

IMPORTERS, REPORTERS = sized((2, 2), (4, 4))
SECONDS = sized(2, 120)
MOST_SECONDS = 0.1
"""That a page takes, but for one in a hundred."""


@pytest.mark.parametrize("kind", PLACES)
def test_some_import_while_others_report(kind: str, tmp_path: Path) -> None:
    store = PLACES[kind](tmp_path)
    events = write_events(tmp_path / "first.jsonl", sized(3_000, 50_000), seed=7)
    there = imported(store, events).stored
    tasks = ["import"] * IMPORTERS + ["report"] * REPORTERS
    running = [program("crowd", task, store, events, number, SECONDS) for number, task in enumerate(tasks)]
    log = largest_log(tmp_path)
    ended = [one.communicate() for one in running]
    assert [one.returncode for one in running] == [0] * len(tasks)
    found = [json.loads(out) for out, _ in ended]
    importers, reporters = found[:IMPORTERS], found[IMPORTERS:]
    pages = sorted(one for reporter in reporters for one in reporter["pages"])
    reports = sorted(one for reporter in reporters for one in reporter["reports"])
    appends = sorted(one for importer in importers for one in importer["appends"])
    stored = sum(importer["stored"] for importer in importers)
    print(
        f"\nIn {SECONDS} s on {kind}: {stored:,} events in {len(appends):,} batches, {len(pages):,} pages, "
        f"{len(reports)} reports"
    )
    for name, times in (("page", pages), ("report", reports), ("batch", appends)):
        p50, p99, worst = (1000 * times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99, 1))
        print(f"  {name:8} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms   worst {worst:8.1f} ms")
    print(f"  write-ahead log at most {log / 2**20:.0f} MiB")
    assert stored == sum(importer["read"] for importer in importers) > 0
    assert log < 2 * WAL_LIMIT
    ids = [(kept.book, kept.id) for kept in kept_events(store)]
    assert len(ids) == len(set(ids)) == there + stored
    assert_gapless(store)
    assert_whole(store)
    assert "deadlock" not in LOGS[kind]()
    if FULL:
        assert pages[int(len(pages) * 0.99)] < MOST_SECONDS


def largest_log(folder: Path) -> int:
    """Bytes of the write-ahead log in the folder at most, if there is one, as long as they work on it."""
    largest, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        largest = max([largest, *(log.stat().st_size for log in folder.glob("*-wal"))])
        time.sleep(0.1)
    return largest
