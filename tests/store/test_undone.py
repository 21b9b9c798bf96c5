"""Batches in PostgreSQL that others get in the way of, while the next is packed already: done again, and readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from psycopg.copy import LibpqWriter
from sealed import seal, simple
from stores import STORES

from trailbook.directory.model import Changes
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import StoreError
from trailbook.event.canonical import Sealed
from trailbook.query.tree import EVERYTHING
from trailbook.store.postgres import writer
from trailbook.store.postgres.connect import Undone

MANY = 300
"""Events that are worth a dictionary."""


def batch(start: int, count: int = MANY) -> list[Sealed]:
    """Events with something to compress."""
    return [
        seal(simple(n, details=f"What took place here, in words: number {n}.")) for n in range(start, start + count)
    ]


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """What is raised when a batch has been copied, the first time, the second and so on."""
    told: list[Exception | None] = []
    close = writer._Append._close_books

    def hindered(append: Any, books: Any) -> None:
        close(append, books)
        if told and (error := told.pop(0)) is not None:
            raise error

    monkeypatch.setattr(writer._Append, "_close_books", hindered)
    return told


def test_a_batch_that_was_undone_is_stored_again_with_all_that_follows(
    turns: list[Exception | None], tmp_path: Path
) -> None:
    turns += [Undone("Others were changing the same."), None, Undone("Others were changing the same.")]
    with closing(STORES["postgres"](tmp_path)) as store:
        statuses = [
            {receipt.status for receipt in receipts}
            for receipts in store.append_each([batch(0), batch(MANY), batch(0), batch(2 * MANY)])
        ]
        assert statuses == [{"stored"}, {"stored"}, {"duplicate"}, {"stored"}]
        assert len(list(store.scan(OPERATOR, EVERYTHING))) == 3 * MANY
        assert sorted(receipt.position for receipt in store.append(batch(0, 3 * MANY))) == list(range(3 * MANY))


def test_what_fails_leaves_what_was_acknowledged_and_the_store_in_use(
    turns: list[Exception | None], tmp_path: Path
) -> None:
    turns += [None, StoreError("The connection to the server was lost.")]
    with closing(STORES["postgres"](tmp_path)) as store:
        stored = store.append_each(iter([batch(0), batch(MANY), batch(2 * MANY)]))
        assert {receipt.status for receipt in next(stored)} == {"stored"}
        with pytest.raises(StoreError):
            next(stored)
        assert store.count(OPERATOR, EVERYTHING) == MANY
        assert {receipt.status for receipt in store.append(batch(MANY, 2 * MANY))} == {"stored"}
        assert len(list(store.scan(OPERATOR, EVERYTHING))) == 3 * MANY


def test_a_dictionary_that_was_undone_with_what_was_told_is_not_used(
    turns: list[Exception | None], tmp_path: Path
) -> None:
    turns += [Undone("Others were changing the same.")]
    with closing(STORES["postgres"](tmp_path)) as store:
        store.change_directory(lambda directory: Changes(), lambda before, changes: batch(0))
        assert len(list(store.scan(OPERATOR, EVERYTHING))) == MANY


def test_a_dictionary_of_the_next_batch_is_not_used_for_what_others_append_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish(patient: Any, exc: BaseException | None = None) -> None:
        while patient._meanwhile():
            pass
        LibpqWriter.finish(patient, exc)

    monkeypatch.setattr(writer._Patient, "finish", finish)
    with closing(STORES["postgres"](tmp_path)) as store:
        stored = store.append_each(iter([batch(0, 20), batch(MANY)]))
        next(stored)
        store.append(batch(20, 1))
        del stored
        assert len(list(store.scan(OPERATOR, EVERYTHING))) == 21


def test_after_a_copy_that_failed_the_next_batch_is_not_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = writer._Append._event
    bad = batch(MANY)[0].event.id
    gone_through = []

    def hindered(append: Any, row: Any) -> Any:
        if row.entry.event_id == bad:
            raise ValueError("This row cannot be made.")
        return made(append, row)

    def following() -> Iterator[Sealed]:
        for one in batch(2 * MANY):
            gone_through.append(one)
            yield one

    monkeypatch.setattr(writer._Append, "_event", hindered)
    with closing(STORES["postgres"](tmp_path)) as store:
        stored = store.append_each(iter([batch(0), batch(MANY), following()]))
        next(stored)
        with pytest.raises(ValueError, match="cannot be made"):
            next(stored)
        assert gone_through == []
        assert store.count(OPERATOR, EVERYTHING) == MANY
