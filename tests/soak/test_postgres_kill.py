"""PostgreSQL is killed under full load, in part and as a whole, and so is one who uses it: the service goes on."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from postgres import Server as Postgres
from postgres import Stores
from size import sized
from soak.kept import assert_gapless
from soak.programs import assert_whole, command
from soak.service import HUNG, Client, Crowd, Events, Server, serving
from soak.test_kill import rounds
from soak.traffic import Traffic, all_reports, check_events, check_records, let_in, wait_for_load

TURNS = sized(1, 12)
"""How often each is killed."""
THERE = sized(1_000, 100_000)
SENDERS = sized(2, 4)


@pytest.fixture
def database() -> Iterator[Postgres]:
    """A PostgreSQL that writes through to the disk, to be killed."""
    made = Postgres()
    made.prepare()
    yield made
    made.end()


def kill_a_backend(database: Postgres, dice: Random) -> None:
    """With SIGKILL: PostgreSQL then ends all the others, and recovers."""
    with database.connect("postgres") as administrator:
        found = administrator.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'trailbook'")
        pids = [int(str(pid)) for (pid,) in found]
    if pids:
        os.kill(dice.choice(pids), signal.SIGKILL)


def end_a_backend(database: Postgres, dice: Random) -> None:
    """As an administrator does: the others go on."""
    with database.connect("postgres") as administrator:
        administrator.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'trailbook' ORDER BY random() LIMIT 3
        """)


def kill_the_postmaster(database: Postgres, dice: Random) -> None:
    """And start it again after some time."""
    database.kill()
    time.sleep(dice.uniform(0, sized(0.5, 3.0)))
    database.start()


def test_postgresql_killed_under_load_loses_nothing_and_the_service_goes_on(database: Postgres, tmp_path: Path) -> None:
    store = Stores(database).url(tmp_path)
    assert command("--store", store, "demo", "--events", THERE, "--end", "2026-01-01").code == 0
    let_in(store)
    crowd = Crowd()
    events = Events(sized(100_000, 10_000_000), seed=2)
    folders = tmp_path / "kept", tmp_path / "killed"
    for folder in folders:
        folder.mkdir()
    away: list[float] = []
    with ExitStack() as stack:
        stays, is_killed = (stack.enter_context(serving(folder, store)) for folder in folders)
        traffic = [Traffic(server, crowd, events) for server in (stays, is_killed)]
        for one in traffic:
            one.begin(SENDERS)

        def kill_a_client(database: Postgres, dice: Random) -> None:
            is_killed.kill()
            is_killed.start()

        kills: list[Callable[[Postgres, Random], None]] = [
            kill_a_backend, end_a_backend, kill_the_postmaster, kill_a_client
        ] * TURNS  # fmt: skip
        Random("kills").shuffle(kills)
        for turn, dice in rounds(len(kills), "postgres"):
            for one in traffic:
                wait_for_load(one, crowd)
            time.sleep(dice.uniform(0, 0.7))
            kills[turn](database, dice)
            away.append(seconds_until_ready(stays))
        for one in traffic:
            wait_for_load(one, crowd)
        crowd.over.set()
        crowd.end()
        reports = {one["id"] for one in all_reports(Client(stays.port, traffic[0].key))}
        for server in (stays, is_killed):
            server.end()
    acknowledged = sum(len(one.places) for one in traffic)
    print(
        f"\n{len(kills)} kills at {THERE:,} events: {acknowledged:,} acknowledged, "
        f"{sum(len(one.untold) for one in traffic)} batches unanswered, {sum(one.read for one in traffic):,} reads, "
        f"{sum(one.signed_in for one in traffic):,} sign-ins; away for {statistics.median(away):.2f} s, "
        f"at most {max(away):.2f} s"
    )
    for one in traffic:
        check_records(one, reports)
    check_events(traffic, store, THERE)
    assert_gapless(store)
    assert_whole(store)


def seconds_until_ready(server: Server) -> float:
    """How long the service still says that it is not ready; it must be the same process."""
    process, began = server.process, time.monotonic()
    client = Client(server.port)
    while client.get("/readyz").status != 200:
        assert process.poll() is None
        assert time.monotonic() - began < HUNG
        time.sleep(0.02)
    return time.monotonic() - began
