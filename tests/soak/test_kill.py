"""Killed with SIGKILL at random moments: nothing acknowledged is lost, no batch is torn, the next run completes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from size import sized
from soak.kept import kept_events
from soak.programs import assert_whole, batches, command, imported, program, trailbook, write_events
from stores import OWNED, PLACES

from trailbook.errors import StoreError
from trailbook.event.canonical import decode

SEED = os.environ.get("TRAILBOOK_SOAK_SEED", "1")
EVENTS = sized(2_500, 4_000)
BATCH_OF_IMPORT = 10_000


class Stored(NamedTuple):
    """What the store holds at a place."""

    id: str
    leaf: str


def stored_events(store: str) -> dict[tuple[str, int], Stored]:
    """Each event by its book and position; none if there is no store, as its maker was killed."""
    try:
        return {(kept.book, kept.position): Stored(kept.id, kept.leaf) for kept in kept_events(store)}
    except StoreError as error:
        if error.problem != "There is no store here.":
            raise
        return {}


def rounds(number: int, name: str) -> Iterator[tuple[int, Random]]:
    """So many rounds, each with dice of its own, printed to be thrown again."""
    for turn in range(number):
        print(f"{name}, round {turn}, TRAILBOOK_SOAK_SEED={SEED}")
        yield turn, Random(f"{SEED} {name} {turn}")


def kill_after(victim: subprocess.Popen[str], sign: str, times: int, seconds: float) -> list[str]:
    """Read the victim's lines; `seconds` after `times` of them began with `sign`, kill it. Returns all its lines."""
    lines: list[str] = []
    assert victim.stdout is not None
    for line in victim.stdout:
        lines.append(line)
        times -= line.startswith(sign)
        if times == 0 or line.startswith("end"):
            time.sleep(seconds)
            break
    victim.kill()
    lines += victim.stdout
    victim.stdout.close()
    assert victim.wait() == -signal.SIGKILL
    return lines


def assert_kept(store: str, lines: list[str]) -> set[str]:
    """Every receipt's event is where the receipt says, with its bytes. Returns the ids acknowledged."""
    there = stored_events(store)
    acknowledged = set()
    for line in lines:
        # The last line may have been cut off by the kill: then it was not an acknowledgement yet.
        if line.startswith("+") and line.endswith("\n"):
            for id, status, book, position, leaf in json.loads(line[1:]):
                assert status == "stored"
                assert there[book, position] == (id, leaf)
                acknowledged.add(id)
    return acknowledged


WRITERS = {
    "anywhere": ("plain", "", sized(1, 12)),
    "committing": ("plain", "COMMIT", sized(0, 8)),
    "cutting the log": ("cut", "wal_checkpoint", sized(1, 8)),
    "training a dictionary": ("train", "train", sized(1, 6)),
    "storing a dictionary": ("train", "INTO body_dictionary", sized(0, 4)),
}
"""What a writer is doing when it is killed: its habit, the moment it tells of, and how often we kill it there."""
OF_A_FILE = ("committing", "cutting the log", "storing a dictionary")
"""Statements of SQLite."""
KILLED = [(kind, name) for kind in PLACES for name in WRITERS if kind == "sqlite" or name not in OF_A_FILE]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in KILLED if WRITERS[name][2]])
def test_a_killed_writer_loses_nothing_acknowledged_and_tears_no_batch(kind: str, name: str, tmp_path: Path) -> None:
    store = PLACES[kind](tmp_path)
    habit, moment, number = WRITERS[name]
    for turn, dice in rounds(number, name):
        file = write_events(tmp_path / f"{turn}.jsonl", EVENTS, seed=turn)
        seed = f"batches {turn}"
        victim = program("victim", store, file, seed, habit, moment)
        lines = kill_after(victim, ">" if moment else "+", dice.randint(1, 5), dice.uniform(0, 0.04))
        acknowledged = assert_kept(store, lines)
        there = {one.id for one in stored_events(store).values()}
        present = 0
        for batch in batches(file.read_bytes().splitlines(), seed):
            ids = {decode(line).id for line in batch}
            assert ids <= there or not ids & there, "a batch was torn"
            assert ids <= there or not ids & acknowledged
            present += len(ids & there)
        print(f"  {len(acknowledged):,} acknowledged, {present:,} stored of {EVENTS:,}")
        assert len(acknowledged) <= present <= EVENTS
        assert imported(store, file) == (EVENTS, EVENTS - present, present, 0, 0)
        assert_whole(store)


@pytest.mark.parametrize("kind", PLACES)
def test_a_killed_import_is_completed_by_the_next_run(kind: str, tmp_path: Path) -> None:
    number = sized(1, 8)
    events = sized(6_000, 30_000)
    killed = 0
    for turn, dice in rounds(5 * number, "import"):
        file = write_events(tmp_path / f"{turn}.jsonl", events, seed=turn)
        (folder := tmp_path / str(turn)).mkdir()
        store = PLACES[kind](folder)
        killed += was_killed(trailbook("--store", store, "import", file), dice.uniform(0.4, sized(1.5, 6.0)))
        present = len(stored_events(store))
        print(f"  {present:,} stored of {events:,}")
        assert present % BATCH_OF_IMPORT == 0 or present == events
        assert imported(store, file) == (events, events - present, present, 0, 0)
        assert_whole(store)
        if killed == number:
            break
    assert killed == number


@pytest.mark.parametrize("kind", PLACES)
def test_a_killed_reindex_leaves_an_index_that_agrees(kind: str, tmp_path: Path) -> None:
    store = OWNED[kind](tmp_path)
    number = sized(1, 4)
    events = sized(3_000, 20_000)
    imported(store, write_events(tmp_path / "events.jsonl", events, seed=1))
    killed = 0
    for _, dice in rounds(5 * number, "reindex"):
        killed += was_killed(trailbook("--store", store, "doctor", "--reindex"), dice.uniform(0.4, sized(1.0, 4.0)))
        assert_whole(store)
        if killed == number:
            break
    assert killed == number
    assert len(stored_events(store)) == events
    assert command("--store", store, "doctor", "--reindex").code == 0


def was_killed(victim: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after so long, at whatever it is then, unless it came to its end before."""
    try:
        victim.wait(seconds)
    except subprocess.TimeoutExpired:
        victim.kill()
    victim.communicate()
    assert victim.returncode in (0, -signal.SIGKILL)
    return victim.returncode != 0
