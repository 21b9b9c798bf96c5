"""The server is killed under full load: what was acknowledged is there, no batch is torn, and it is ready again."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
from size import FULL, sized
from soak.kept import assert_gapless
from soak.programs import assert_whole, command
from soak.service import Client, Crowd, Events, serving
from soak.test_kill import rounds
from soak.traffic import Traffic, all_reports, check_events, check_records, let_in, wait_for_load
from stores import PLACES

KILLS = sized(2, 100)
THERE = sized(2_000, 1_000_000)
SENDERS = sized(2, 6)
READY_SECONDS = 5.0


@pytest.mark.parametrize("kind", PLACES)
def test_a_server_killed_under_load_loses_nothing_and_is_soon_ready_again(kind: str, tmp_path: Path) -> None:
    store = PLACES[kind](tmp_path)
    assert command("--store", store, "demo", "--events", THERE, "--end", "2026-01-01").code == 0
    let_in(store)
    ready: list[float] = []
    peaks: list[int] = []
    crowd = Crowd()
    with serving(tmp_path, store) as server:
        traffic = Traffic(server, crowd, Events(sized(100_000, 10_000_000), seed=2))
        traffic.begin(SENDERS)
        for _, dice in rounds(KILLS, "served"):
            wait_for_load(traffic, crowd)
            time.sleep(dice.uniform(0, 1.5))
            peaks.append(server.peak())
            server.kill()
            ready.append(server.start())
        wait_for_load(traffic, crowd)
        crowd.over.set()
        crowd.end()
        reports = [one["id"] for one in all_reports(Client(server.port, traffic.key))]
        server.end()
    print(
        f"\n{KILLS} kills at {THERE:,} events: {len(traffic.places):,} acknowledged, {len(traffic.untold)} batches "
        f"unanswered, {traffic.read:,} reads, {len(traffic.saved) + len(traffic.deleted):,} reports saved, "
        f"{traffic.signed_in:,} sign-ins; ready after {statistics.median(ready):.2f} s, at most {max(ready):.2f} s; "
        f"at most {max(peaks) / 2**20:.0f} MiB"
    )
    assert traffic.read
    assert traffic.signed_in
    check_records(traffic, set(reports))
    check_events([traffic], store, THERE)
    assert_gapless(store)
    assert_whole(store)
    if FULL:
        assert max(ready) < READY_SECONDS
