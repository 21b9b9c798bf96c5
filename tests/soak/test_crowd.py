"""Many use one store at the same time: two processes import while four others report."""

from __future__ import annotations

import json
from pathlib import Path

from size import FULL, sized
from soak.programs import assert_whole, imported, program, write_events

from trailbook.store.sqlite.writer import WAL_LIMIT


def test_two_import_while_four_report(tmp_path: Path) -> None:
    seconds = sized(4, 60)
    store = tmp_path / "trail.db"
    events = write_events(tmp_path / "first.jsonl", sized(3_000, 50_000), seed=7)
    imported(store, events)
    tasks = ["import"] * 2 + ["report"] * 4
    running = [program("crowd", task, store, events, number, seconds) for number, task in enumerate(tasks)]
    ended = [one.communicate() for one in running]
    assert [one.returncode for one in running] == [0] * len(tasks)
    found = [json.loads(out) for out, _ in ended]
    importers, reporters = found[:2], found[2:]
    pages = sorted(one for reporter in reporters for one in reporter["pages"])
    reports = sorted(one for reporter in reporters for one in reporter["reports"])
    appends = sorted(one for importer in importers for one in importer["appends"])
    stored = sum(importer["stored"] for importer in importers)
    log = max(reporter["log"] for reporter in reporters)
    print(
        f"\nIn {seconds} s: {stored:,} events in {len(appends):,} batches, {len(pages):,} pages, {len(reports)} reports"
    )
    for name, times in (("page", pages), ("report", reports), ("batch", appends)):
        p50, p99, worst = (1000 * times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99, 1))
        print(f"  {name:8} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms   worst {worst:8.1f} ms")
    print(f"  write-ahead log at most {log / 2**20:.0f} MiB")
    assert stored == sum(importer["read"] for importer in importers) > 0
    assert log < 2 * WAL_LIMIT
    if FULL:
        assert pages[int(len(pages) * 0.99)] < 0.1
    assert_whole(store)
