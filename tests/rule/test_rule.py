"""The rule of the report, read aloud: hand-written events, queries, and the literal rows that they must give.

The chapters beside this file were written from the design alone. Each event goes the whole way, from what a producer
sends through ingest into every store; each query from its text to the rows of a report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from rule import belonging, books, conditions, history, identities, naming, sides, times
from rule.story import Case, Chapter
from stores import STORES

from trailbook.directory.load import read_json
from trailbook.directory.merge import merge
from trailbook.directory.viewer import Viewer
from trailbook.directory.visible import visible_parties_named
from trailbook.event.model import Kind, PartyKey
from trailbook.ingest.accept import Context, accept
from trailbook.query.language import parse
from trailbook.query.resolve import resolve
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import Store

CHAPTERS = {
    "sides": sides.CHAPTER,
    "naming": naming.CHAPTER,
    "books": books.CHAPTER,
    "identities": identities.CHAPTER,
    "belonging": belonging.CHAPTER,
    "history": history.CHAPTER,
    "conditions": conditions.CHAPTER,
    "times": times.CHAPTER,
}
CASES = [
    pytest.param(name, case, id=f"{name}: {case.says}") for name, chapter in CHAPTERS.items() for case in chapter.cases
]
NOON = datetime.fromisoformat("2021-11-17T12:00:00Z")
NOW = datetime.fromisoformat("2021-12-01T09:00:00Z")
SOON = timedelta(seconds=1)


class Told(NamedTuple):
    """A chapter in a store; `names` are the short names of its events by id."""

    store: Store
    names: dict[str, str]


@pytest.fixture(scope="module", params=STORES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told]]:
    """Every chapter, in a store of its own."""
    make = STORES[request.param]
    chapters = {name: tell(chapter, make(tmp_path_factory.mktemp(name))) for name, chapter in CHAPTERS.items()}
    yield chapters
    for one in chapters.values():
        one.store.close()


def tell(chapter: Chapter, store: Store) -> Told:
    """Import the chapter's directory, and submit its events as a producer would, those received together at once."""
    if chapter.directory:
        incoming = read_json(json.dumps(chapter.directory).encode(), "directory.json")
        store.change_directory(lambda known: merge(known, incoming, NOON))
    submissions = []
    for number, (name, event) in enumerate(chapter.events.items(), 1):
        sent = {"id": str(UUID(int=number)), "occurred_at": (NOON + timedelta(minutes=number)).isoformat(), **event}
        received = sent.pop("received", None)
        recorded = datetime.fromisoformat(received or sent["occurred_at"]) + (timedelta(0) if received else SOON)
        submissions.append((recorded, name, sent))
    for recorded, together in groupby(submissions, key=lambda one: one[0]):
        context = Context(recorded_at=recorded, directory=store.directory())
        outcome = accept([json.dumps(sent).encode() for _, _, sent in together], context, store)
        assert not outcome.rejected
    return Told(store, {sent["id"]: name for _, name, sent in submissions})


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(("chapter", "case"), CASES)
def test_a_query_finds_just_these_rows(told: dict[str, Told], chapter: str, case: Case) -> None:
    store, names = told[chapter]
    viewer = Viewer("whoever", case.viewer)
    directory = store.directory()

    def known(kind: Kind, text: str) -> list[PartyKey]:
        parties = {*store.parties(viewer, kind, text), *visible_parties_named(directory, viewer, kind, text)}
        return sorted(parties)

    resolution = resolve(parse(case.query), names=known, now=NOW, zone=ZoneInfo(case.zone))
    rows = list(store.scan(viewer, resolution.condition, order="oldest"))
    assert [names[row.event.id] for row in rows] == case.finds.split()
    assert store.count(viewer, resolution.condition) == len(case.finds.split())
    if case.means is not None:
        (named,) = resolution.parties
        assert [f"{party.tenant}/{party.id}" for party in named.parties] == case.means.split()


@pytest.mark.parametrize(("chapter", "case"), CASES)
def test_a_report_shows_just_these_rows(told: dict[str, Told], chapter: str, case: Case) -> None:
    store, names = told[chapter]
    viewer = Viewer("whoever", case.viewer)
    directory = store.directory()
    columns = sorted({column for shown in case.shows.values() for column in shown})
    report = run(
        store,
        viewer,
        Definition(query=case.query, columns=("id", *columns), zone=case.zone, order="oldest"),
        now=NOW,
        names=lambda kind, text: visible_parties_named(directory, viewer, kind, text),
    )
    rows = {names[id]: dict(zip(columns, texts, strict=True)) for id, *texts in report.texts()}
    assert list(rows) == case.finds.split()
    assert report.header.rows == len(case.finds.split())
    for name, shown in case.shows.items():
        assert {column: rows[name][column] for column in shown} == shown
    if case.late is not None:
        assert report.header.late == case.late
    if case.means is not None:
        several_or_none = len(case.means.split()) != 1
        assert bool(report.header.warnings) == several_or_none
        assert all(party in report.header.warnings[0] for party in case.means.split() if several_or_none)
