"""Asking for pages and counts over HTTP, beside the same calls in this process.

A page and a count over HTTP are asked for by who sees all books, in a session: each request reads session and account,
and whether it was kept that this was looked at. The first time it was not, and an event of it is made durable before
the answer (design, decision 12); what is asked again within ten minutes is the same look.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from trailbook.directory.viewer import OPERATOR
from trailbook.directory.visible import People
from trailbook.report import run
from trailbook.report.asked import Asked, ask
from trailbook.report.definition import Definition
from trailbook.settings import Settings
from trailbook.web.service import Service
from trailbook.web.serving import service_on
from trailbook.wiring import open_store

from ..making import Made
from ..measure import Figure, tell
from ..plain import Plain
from ..questions import PAGE, Cast, cast_of, pages, written
from .servers import Request, Server, Spent, calls, fire, session_for, trailbook

CONNECTIONS = (1, 4)
AIM_MS = 10.0
REQUESTS = 1_300
"""How many requests are made of each kind, at a scale of 1."""
LOOKS = 300
"""How many users are asked for who were not before."""
EVENTS, COUNT = "/api/v1/events", "/api/v1/events/count"
_encode = msgspec.json.Encoder().encode


def figures(made: Made, scale: float) -> Iterator[Figure]:
    """The lines of the table: pages and counts of a mix of questions, and pages that nobody has looked at before."""
    cast = cast_of(Plain(made.plain))
    mix = [question.query for question in pages(cast) if question.aimed]
    queries = mix * max(1, round(REQUESTS * scale / len(mix)))
    users = strangers(cast, mix, max(1, round(LOOKS * scale)))
    with copied(made.store) as path:
        headers = session_for(path)
        with closing(open_store(str(path))) as store, trailbook(path) as server:
            service = service_on(store, Settings(store=str(path)))
            yield from asked(server, headers, service, "page", mix, queries)
            yield from asked(server, headers, service, "count", mix, queries)
            tell(f"pages of {len(users)} users who were not asked for before")
            first = calls([partial(page, service, query) for query in users])
            looked = fire(server, headers, [request("page", query) for query in users], 1)
            yield from compared(f"page of {PAGE}, looked at for the first time, at 1", looked, first, None)


def asked(
    server: Server, headers: dict[str, str], service: Service, what: str, mix: list[str], queries: list[str]
) -> Iterator[Figure]:
    """The lines of the table for one kind of request."""
    task = {"page": page, "count": count}[what]
    tell(f"{what}: {len(queries):,} requests")
    calls([partial(task, service, query) for query in mix])
    here = calls([partial(task, service, query) for query in queries])
    fire(server, headers, [request(what, query) for query in mix], 1)
    for connections in CONNECTIONS:
        there = fire(server, headers, [request(what, query) for query in queries], connections)
        aim = AIM_MS if (what, connections) == ("page", 1) else None
        named = f"page of {PAGE}" if what == "page" else what
        yield from compared(f"{named}, a mix of {len(mix)}, at {connections}", there, here, aim)


def compared(what: str, ours: Spent, plain: Spent, aim: float | None) -> Iterator[Figure]:
    """The lines of the table for one kind of request and number of connections."""
    yield Figure(f"{what}: p50", "ms", ours.p50, plain.p50, aim)
    yield Figure(f"{what}: p99", "ms", ours.p99, plain.p99)
    yield Figure(f"{what}: CPU", "ms", ours.cpu, plain.cpu)


def request(what: str, query: str) -> Request:
    """The request of a page or a count."""
    path, given = (EVENTS, {"limit": PAGE}) if what == "page" else (COUNT, {})
    return Request("GET", f"{path}?{urlencode({'query': query, **given})}", b'"rows":')


def page(service: Service, query: str) -> bytes:
    """What an answer holds, without HTTP, session and look."""
    found = resolved(service, query)
    listing = run.listed(found)
    keys = [heading.key for heading in listing.headings]
    rows = found.reader.page(found.viewer, found.condition, limit=PAGE, heads=found.heads)
    return encoded(
        found,
        columns=listing.headings,
        rows=[{"id": row.event.id, **dict(zip(keys, listing.value(row), strict=True))} for row in rows.rows],
        before=rows.before,
        after=rows.after,
    )


def count(service: Service, query: str) -> bytes:
    """The same of a count."""
    found = resolved(service, query)
    return encoded(found, rows=found.count(), exact=True, late=found.late())


def resolved(service: Service, query: str) -> Asked:
    """A question in the words of the store."""
    now = service.clock()
    people = People(service.directory, OPERATOR, now)
    return ask(service.reader, OPERATOR, Definition(query=query), now=now, names=people.named, members=people.members)


def encoded(found: Asked, **told: Any) -> bytes:
    """An answer as JSON."""
    return _encode({"report": found.about().to_dict(), **told})


def strangers(cast: Cast, mix: list[str], number: int) -> list[str]:
    """Users from all over the trail whom the mix does not ask for."""
    users = [written(party) for party in sorted(cast.involved) if party.startswith("user:")]
    others = [user for user in users if user not in mix]
    return others[:: max(1, len(others) // number)][:number]


@contextmanager
def copied(store: Path) -> Iterator[Path]:
    """A copy of a store, as looking writes into it; gone afterwards."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        yield Path(shutil.copy(store, folder))
