"""The figures of the store in PostgreSQL: each beside plain SQL in the same server, against this project's aims."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

from tools.private_postgres import Server
from trailbook.directory.viewer import OPERATOR
from trailbook.report.clock import zone_named
from trailbook.store.dimensions import bucket, facet_dimension
from trailbook.store.ports import LocalStore
from trailbook.wiring import open_store

from ..asker import Asker
from ..figures import YEAR
from ..making import Made
from ..measure import Figure, tell
from ..questions import PAGE, Cast, cast_of, pages
from .plain import Plain
from .server import OURS, PLAIN, cpu_of

P50_MS, P99_MS, COUNT_MS = 10.0, 50.0, 100.0
RATE = 20_000
TIMES_EMBEDDED = 1.6
FEWEST, SECONDS = 5, 15.0
"""How often each is done at least, and for how long at most if that was often enough."""
_BYTES = """
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
    WHERE relkind = 'r' AND relnamespace = %s::text::regnamespace
"""
_PARTS = """
    SELECT CASE WHEN c.relkind = 'i' THEN 'index' ELSE 'table' END,
        CASE WHEN t.relispartition THEN 'event' ELSE t.relname END, coalesce(a.amname, ''),
        sum(CASE WHEN c.relkind = 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END)::bigint
    FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
    JOIN pg_class AS t ON t.oid = coalesce(i.indrelid, c.oid) LEFT JOIN pg_am AS a ON a.oid = c.relam
    WHERE t.relnamespace = 'trailbook'::regnamespace AND c.relkind IN ('r', 'i') GROUP BY 1, 2, 3
    ORDER BY 4 DESC LIMIT 6
"""


class Took(NamedTuple):
    """What a call takes, in milliseconds: of the clock, and CPU of client and server together."""

    p50: float
    p99: float
    cpu: float


def figures(made: Made, server: Server, runs: int) -> Iterator[Figure]:
    """All figures of a trail: those of a call of so many `runs`, unless they take too long."""
    with closing(open_store(server.url(OURS))) as store, closing(Plain(server.url(PLAIN))) as plain:
        took = partial(_took, server, runs)
        tell("choosing busy and rare parties")
        cast = cast_of(plain)
        yield from _paging(Asker(store), plain, cast, took)
        yield from _counting(Asker(store), plain, cast, took)
        yield from _writing(made)
        yield from _room(made, server)
        yield from _checking(made, server, store)


def _paging(asker: Asker, plain: Plain, cast: Cast, took: Callable[[Callable[[], object]], Took]) -> Iterator[Figure]:
    for question in pages(cast):
        tell(f"page: {question.what}")
        condition = asker.resolved(question.query)
        ours = took(lambda condition=condition: asker.page(condition))  # type: ignore[misc]
        theirs = took(partial(plain.page, question.parties, question.where))
        aims = (P50_MS, P99_MS, None) if question.aimed else (None, None, None)
        for name, mine, other, aim in zip(("p50", "p99", "CPU"), ours, theirs, aims, strict=True):
            yield Figure(f"page of {PAGE}: {question.what}: {name}", "ms", mine, other, aim)


def _counting(asker: Asker, plain: Plain, cast: Cast, took: Callable[[Callable[[], object]], Took]) -> Iterator[Figure]:
    question = next(one for one in pages(cast) if one.what == "group and action")
    tell("count")
    condition = asker.resolved(f"{question.query} {YEAR}")
    number = asker.store.count(OPERATOR, condition)
    ours = took(lambda: asker.store.count(OPERATOR, condition))
    theirs = took(partial(plain.count, question.parties, question.where))
    what = "count: group and action in a year"
    yield Figure(f"{what}: p50", "ms", ours.p50, theirs.p50, COUNT_MS, note=f"{number:,} rows")
    yield Figure(f"{what}: CPU", "ms", ours.cpu, theirs.cpu, note=f"{number:,} rows")
    by = [bucket("day", zone_named("UTC")), facet_dimension("action")]
    tenant = cast.busy("tenant").partition("/")[2]
    for what, query, only in (("all", YEAR, ""), ("one tenant", f"tenant:{tenant} {YEAR}", tenant)):
        tell(f"summary: {what}")
        condition = asker.resolved(query)
        ours = took(lambda condition=condition: asker.store.summary(OPERATOR, condition, by=by))  # type: ignore[misc]
        theirs = took(partial(plain.summary, only))
        yield Figure(f"summary of a year by day and action: {what}: p50", "ms", ours.p50, theirs.p50)
        yield Figure(f"summary of a year by day and action: {what}: CPU", "ms", ours.cpu, theirs.cpu)


def _writing(made: Made) -> Iterator[Figure]:
    ours, theirs = made.cost["postgres"].result, made.cost["postgres plain"].result
    clients = int(ours["clients"])
    by = "append by 1,000, by one client" if clients == 1 else f"append by 1,000, by {clients} clients"
    yield Figure(by, "events/s", made.events / ours["wall"], made.events / theirs["wall"], RATE, more=True)
    for whose, name in (("client", "cpu"), ("server", "server")):
        yield Figure(f"append: CPU of the {whose}", "µs/event", _each(made, ours[name]), _each(made, theirs[name]))
    rest = made.cost["postgres"].cpu - ours["cpu"]
    yield Figure("before it: decoding, checking, masking, hashing", "µs/event", _each(made, rest))


def _room(made: Made, server: Server) -> Iterator[Figure]:
    with server.connect(OURS) as administrator:
        ours = _number(administrator.execute(_BYTES, ("trailbook",)).fetchone())
        parts = administrator.execute(_PARTS).fetchall()
    with server.connect(PLAIN) as administrator:
        theirs = _number(administrator.execute(_BYTES, ("public",)).fetchone())
    events, embedded = made.events, made.store.stat().st_size
    yield Figure("bytes, indexes included", "bytes/event", ours / events, theirs / events)
    yield Figure("the same of the embedded store", "bytes/event", embedded / events)
    yield Figure("bytes / the embedded store's", "times", ours / embedded, theirs / embedded, TIMES_EMBEDDED)
    for kind, table, method, size in parts:
        what = f"of them, {kind} {table}{f' ({method})' if kind == 'index' else ''}"
        yield Figure(what, "bytes/event", _number((size,)) / events)


def _checking(made: Made, server: Server, store: LocalStore) -> Iterator[Figure]:
    tell("verify")
    wall, client, served = time.perf_counter(), time.process_time(), cpu_of(server.process.pid)
    problems = store.verify({}, lambda done, total: None)
    assert problems == [], problems
    yield Figure("verify: recompute all books", "events/s", made.events / (time.perf_counter() - wall), more=True)
    yield Figure("verify: CPU of the client", "µs/event", _each(made, time.process_time() - client))
    yield Figure("verify: CPU of the server", "µs/event", _each(made, cpu_of(server.process.pid) - served))


def _took(server: Server, runs: int, call: Callable[[], object]) -> Took:
    """What a warm call takes."""
    call()
    walls: list[float] = []
    started, cpu = time.perf_counter(), time.process_time() + cpu_of(server.process.pid)
    while len(walls) < FEWEST or (len(walls) < runs and time.perf_counter() - started < SECONDS):
        before = time.perf_counter()
        call()
        walls.append(time.perf_counter() - before)
    cpu = time.process_time() + cpu_of(server.process.pid) - cpu
    cuts = statistics.quantiles(walls, n=100, method="inclusive")
    return Took(statistics.median(walls) * 1000, cuts[98] * 1000, cpu / len(walls) * 1000)


def _each(made: Made, seconds: float) -> float:
    return seconds / made.events * 1e6


def _number(row: tuple[object, ...] | None) -> int:
    return int(str(row[0])) if row else 0
