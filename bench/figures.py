"""The figures: each measured here, beside the baseline, against the aim that this project has set itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from trailbook.directory.viewer import OPERATOR
from trailbook.report.clock import zone_named
from trailbook.store.dimensions import bucket, facet_dimension
from trailbook.store.sqlite.connect import CACHE_BYTES
from trailbook.wiring import open_store

from .asker import Asker
from .making import Made
from .measure import Figure, cpu_ms, in_child, tell
from .plain import Plain
from .questions import PAGE, Question, cast_of, crowd, pages

PAGE_MS, COUNT_MS, SUMMARY_MS = 5.0, 15.0, 300.0
IMPORT_RATE, EXPORT_RATE = 20_000, 40_000
DISK_SHARE = 0.45
GROWTH = 1.5
YEAR = "during:2025"

Cpu = Callable[[Callable[[], object]], float]
"""Tells the CPU time of a call in milliseconds."""


def figures(made: Made, page_aims: dict[str, float], runs: int) -> Iterator[Figure]:
    """All figures of a trail, as medians of `runs`.

    `page_aims`: the most milliseconds for a page by question, where it is not the usual one. The aims for counts and
    summaries are for a million events, as their time grows with what they count.
    """
    yield from _reading(made, page_aims, partial(cpu_ms, runs=runs))
    yield from _writing(made)
    yield from _exporting(made)
    yield from _checking(made)


def _reading(made: Made, page_aims: dict[str, float], cpu: Cpu) -> Iterator[Figure]:
    store, plain = open_store(str(made.store)), Plain(made.plain)
    asker = Asker(store)
    tell("choosing busy and rare parties")
    cast = cast_of(plain)
    for question in pages(cast):
        tell(f"page: {question.what}")
        aim = page_aims.get(question.what, PAGE_MS) if question.aimed else None
        condition = asker.resolved(question.query)
        ours = cpu(lambda condition=condition: asker.page(condition))  # type: ignore[misc]
        theirs = cpu(partial(plain.page, question.parties, question.where))
        yield Figure(f"page of {PAGE}: {question.what}", "ms", ours, theirs, aim)
    tell("page: as of now")
    condition = asker.resolved(crowd(cast))
    yield Figure(f"page of {PAGE}: 500 people, as of now", "ms", cpu(lambda: asker.page(condition)))
    for question in pages(cast):
        if question.what in ("busy user", "group and action"):
            tell(f"report: {question.what}")
            yield Figure(f"report of {PAGE}, all rows counted: {question.what}", "ms",
                         cpu(partial(asker.report, question.query)))  # fmt: skip
    small = made.events <= 1_000_000
    yield from _counting(asker, plain, next(one for one in pages(cast) if one.what == "group and action"), small, cpu)
    yield from _summing(asker, plain, cast.busy("tenant").partition("/")[2], small, cpu)
    store.close()


def _counting(asker: Asker, plain: Plain, question: Question, small: bool, cpu: Cpu) -> Iterator[Figure]:
    tell("count")
    condition = asker.resolved(f"{question.query} {YEAR}")
    number = asker.store.count(OPERATOR, condition)
    ours = cpu(lambda: asker.store.count(OPERATOR, condition))
    theirs = cpu(partial(plain.count, question.parties, question.where))
    yield Figure("count: group and action in a year", "ms", ours, theirs, COUNT_MS if small else None,
                 note=f"{number:,} rows")  # fmt: skip


def _summing(asker: Asker, plain: Plain, tenant: str, small: bool, cpu: Cpu) -> Iterator[Figure]:
    by = [bucket("day", zone_named("UTC")), facet_dimension("action")]
    for what, query, only in (("all", YEAR, ""), ("one tenant", f"tenant:{tenant} {YEAR}", tenant)):
        tell(f"summary: {what}")
        condition = asker.resolved(query)
        ours = cpu(lambda condition=condition: asker.store.summary(OPERATOR, condition, by=by))  # type: ignore[misc]
        theirs = cpu(partial(plain.summary, only))
        yield Figure(f"summary of a year by day and action: {what}", "ms", ours, theirs, SUMMARY_MS if small else None)


def _writing(made: Made) -> Iterator[Figure]:
    ours, theirs = made.cost["import"], made.cost["plain"]
    yield Figure("import of JSON Lines, durable, by 10,000", "events/CPU s", made.events / ours.cpu,
                 made.events / theirs.cpu, IMPORT_RATE, more=True)  # fmt: skip
    yield Figure("memory of the import", "MiB", ours.memory / 2**20, theirs.memory / 2**20)
    size = made.lines.stat().st_size
    share, plain_share = made.store.stat().st_size / size, made.plain.stat().st_size / size
    yield Figure("bytes on disk, indexes included / JSON Lines", "share", share, plain_share, DISK_SHARE)
    yield Figure("the same beside gzip of the JSON Lines alone", "share", share, made.gzip_share)


def _exporting(made: Made) -> Iterator[Figure]:
    most = min(made.events, 1_000_000)
    few = most // 10
    tell(f"CSV: {few:,} rows")
    less = in_child("export", made.store, few)
    tell(f"CSV: {most:,} rows")
    ours, theirs = in_child("export", made.store, most), in_child("export_plain", made.plain, most)
    yield Figure("CSV export, sixteen columns", "rows/CPU s", most / ours.cpu, most / theirs.cpu, EXPORT_RATE,
                 more=True)  # fmt: skip
    yield Figure(f"memory of the export of {few:,} rows", "MiB", less.memory / 2**20)
    # A long export fills SQLite's page cache, a short one does not.
    yield Figure(f"memory of the export of {most:,} rows", "MiB", ours.memory / 2**20, theirs.memory / 2**20,
                 (less.memory + CACHE_BYTES) / 2**20)  # fmt: skip


def _checking(made: Made) -> Iterator[Figure]:
    store = open_store(str(made.store))
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("verify: recompute all books", lambda: store.verify({}, lambda done, total: None)),
        ("doctor: compare index and table", lambda: store.doctor(lambda done, total: None)),
    )
    for what, check in checks:
        tell(what)
        started = time.process_time()
        problems = check()
        assert problems == [], problems
        yield Figure(what, "events/CPU s", made.events / (time.process_time() - started), more=True)
    store.close()
