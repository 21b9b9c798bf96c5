"""The report builder's page in a browser, beside the same rows as JSON: whole pages of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from ..making import Made
from ..measure import Figure, tell
from ..plain import Plain
from ..questions import PAGE, cast_of, pages
from .asking import copied, request
from .servers import Request, fire, session_for, trailbook

AIM_MS = 150.0
"""First rows on the screen: of the server's time, at the 95th percentile (the pages' own aim)."""
REQUESTS = 260
"""How many pages are asked for, at a scale of 1."""


def figures(made: Made, scale: float) -> Iterator[Figure]:
    """The lines of the table: the page of each question of a mix, one after another."""
    mix = [question.query for question in pages(cast_of(Plain(made.plain))) if question.aimed]
    queries = mix * max(1, round(REQUESTS * scale / len(mix)))
    with copied(made.store) as path:
        headers = {**session_for(path), "Accept": "text/html", "Accept-Encoding": "identity"}
        with trailbook(path) as server:
            tell(f"the builder: {len(queries):,} pages")
            fire(server, headers, [built(query) for query in mix], 1)
            ours = fire(server, headers, [built(query) for query in queries], 1)
            plain = fire(server, headers, [request("page", query) for query in queries], 1)
    yield Figure(f"builder with {PAGE} rows, a mix of {len(mix)}: p50", "ms", ours.p50, plain.p50)
    yield Figure(f"builder with {PAGE} rows, a mix of {len(mix)}: p95", "ms", ours.p95, plain.p95, AIM_MS)
    yield Figure(f"builder with {PAGE} rows, a mix of {len(mix)}: CPU", "ms", ours.cpu, plain.cpu)


def built(query: str) -> Request:
    """The request of the builder's page."""
    return Request("GET", f"/reports/new?{urlencode({'query': query, 'limit': PAGE})}", b"<tbody>")
