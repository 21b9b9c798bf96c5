"""A trail copied to another store and back, killed on the way again and again, is the same trail in the end."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations_with_replacement, pairwise
from pathlib import Path
from random import Random

import pytest
from size import sized
from soak.programs import command, program
from stores import PLACES

from trailbook.directory.viewer import OPERATOR
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Store
from trailbook.wiring import open_store

EVENTS = sized(3_000, 1_000_000)
BATCH = sized(200, 10_000)
KILLS = sized(2, 10)
"""On each of the two ways."""


@pytest.mark.parametrize(("kind", "other"), [*combinations_with_replacement(PLACES, 2)])
def test_a_trail_copied_there_and_back_is_the_same(kind: str, other: str, tmp_path: Path) -> None:
    stores = [place(tmp_path / name, one) for name, one in (("first", kind), ("second", other), ("third", kind))]
    for arguments in (
        ("demo", "--events", EVENTS, "--end", "2026-01-01"),
        ("key", "create", "--tenant", "acme", "--use", "ingest"),
    ):
        assert command("--store", stores[0], *arguments).code == 0
    for source, target in pairwise(stores):
        dice = Random(f"{source} {target}")
        before = 0
        for turn in range(KILLS):
            kill_at_it(source, target, dice)
            there = size(target)
            print(f"{kind} to {other}, kill {turn}: {there:,} of {EVENTS:,} there")
            assert before <= there < size(source)
            before = there
        ended = command("copy", source, target)
        assert ended.code == 0, ended
        copied, there = (int(figure.replace(",", "")) for figure in re.findall(r"[\d,]+(?= events| were)", ended.out))
        assert before <= there  # a batch may have become durable when its sender was dead already
        assert copied + there == size(source)
        assert command("--store", target, "verify").code == 0
    with closing(open_store(stores[0])) as first, closing(open_store(stores[2])) as third:
        assert third.heads(OPERATOR) == first.heads(OPERATOR)
        for kept, again in zip(everything(first), everything(third), strict=True):
            assert kept == again


def place(folder: Path, kind: str) -> str:
    """Where the store of a new folder is; made, if that is done beforehand."""
    folder.mkdir()
    return PLACES[kind](folder)


def kill_at_it(source: str, target: str, dice: Random) -> None:
    """Copy, and be killed at some moment after some batches."""
    copier = program("copier", source, target, BATCH)
    batches = dice.randint(0, sized(4, 8))
    assert copier.stdout is not None
    while batches and (line := copier.stdout.readline()):
        assert not line.startswith("end")
        batches -= line.startswith("+")
    time.sleep(dice.uniform(0, sized(0.02, 0.5)))
    copier.kill()
    copier.communicate()
    assert copier.returncode == -signal.SIGKILL


def size(store: str) -> int:
    """How many events there are, as `trailbook head` tells it."""
    ended = command("--store", store, "head", "--json")
    return sum(head["size"] for head in json.loads(ended.out).values()) if ended.code == 0 else 0


def everything(store: Store) -> Iterator[object]:
    """All that a store keeps: each book's bytes, ids and submissions, the order of all rows, people and records."""
    for book, head in store.heads(OPERATOR).items():
        for start in range(0, head.size, 5_000):
            for kept in store.kept(book, start, 5_000):
                yield kept.position, kept.sealed.event.id, kept.sealed.canonical, kept.sealed.submission
    for row in store.scan(OPERATOR, EVERYTHING, order="oldest"):
        yield row.position, row.event.tenant
    directory = store.directory()
    yield directory.profiles, directory.memberships, store.directory_version()
    yield store.kept_records(limit=1_000_000)
