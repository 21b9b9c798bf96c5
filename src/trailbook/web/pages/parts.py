"""What stands beside the rows and takes its own time: the number of rows, values with counts, events over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, TypeVar

from fastapi import APIRouter, Query
from msgspec.structs import replace
from starlette.responses import Response

from ...errors import TooSlow
from ...query.editing import Leaf, asks_for, excludes, free_of
from ...query.language import parse, unparse
from ...query.tree import Condition
from ...report.asked import Asked
from ...report.narrowing import of_facet
from ...report.timeline import timeline
from .. import looking
from ..changed import Work
from ..questions import asked, told
from ..strict import Strict
from .building import Building
from .labels import FIELDS
from .screens import Visit, Visiting

router = APIRouter(prefix="/reports/parts", include_in_schema=False, route_class=Strict)

SECONDS = 3.0
"""How long a part may take that is loaded beside the rows."""
SECONDS_WITHIN = 1.0
"""How long it may take if the page waits for it."""
MOST_COUNTED = 10_001
"""Where counting stops if all would take too long."""
MOST_VALUES = 8
FACETS = ("action", "resource", "app", "user", "outcome", "tenant")

T = TypeVar("T")


class FacetQuestion(Building):
    """The builder's state, and the field whose values are asked for."""

    field: Literal[FACETS]  # type: ignore[valid-type]


class Count(NamedTuple):
    """The number of rows; `more` if there are at least as many. `late`: of them, recorded late (None: not known)."""

    rows: int
    more: bool
    late: int | None


class Choice(NamedTuple):
    """A value of a field, with its number of events and its share of the largest in hundredths.

    `query` is it in the query language; `chosen` and `excluded` if the query asks for it or goes without it.
    """

    text: str
    events: int
    share: int
    query: str
    chosen: bool
    excluded: bool


class Facet(NamedTuple):
    """The most frequent values of a field; None: finding them took too long."""

    field: str
    label: str
    choices: list[Choice] | None


class Stretch(NamedTuple):
    """A bar: when it begins in words, its number of events, its height in hundredths, and where to for it alone."""

    text: str
    events: int
    height: int
    since: str
    until: str
    address: str


class Histogram(NamedTuple):
    """Events over time; no stretches: there are no events; None: it took too long."""

    unit: str
    stretches: list[Stretch] | None


@router.get("/count")
def count_part(visit: Visiting, state: Annotated[Building, Query()]) -> Response:
    """The number of rows."""
    found = _asked(visit, state, SECONDS)
    return visit.page("builder_count.html", state=state, count=count(found))


@router.get("/facet")
def facet_part(visit: Visiting, state: Annotated[FacetQuestion, Query()]) -> Response:
    """The most frequent values of a field."""
    found = _asked(visit, state, SECONDS)
    return visit.page("builder_facet.html", state=state, facet=facet(visit, state, found, state.field, SECONDS))


@router.get("/histogram")
def histogram_part(visit: Visiting, state: Annotated[Building, Query()]) -> Response:
    """Events over time."""
    found = _asked(visit, state, SECONDS)
    return visit.page("builder_histogram.html", state=state, histogram=histogram(visit, state, found))


class Parts(NamedTuple):
    """All of the parts, for a page that waits for them."""

    number: Count | None
    facets: list[Facet]
    histogram: Histogram | None


def all_parts(visit: Visit, state: Building, found: Asked) -> Parts:
    """All parts, each in little time."""
    found = within(visit.work, found, SECONDS_WITHIN)
    fields = [field for field in FACETS if found.hidden.counts(field)]
    return Parts(
        count(found),
        [facet(visit, state, found, field, SECONDS_WITHIN) for field in fields],
        histogram(visit, state, found) if not found.hidden.tells("time") else None,
    )


def within(work: Work, found: Asked, seconds: float) -> Asked:
    """The same, of which each read may take so long."""
    return replace(found, reader=work.service.store.limited(min(seconds, work.service.settings.query_seconds)))


def count(found: Asked) -> Count | None:
    """The number of rows; a part of them if all take too long, None if that does too."""
    whole = _in_time(found.count)
    if whole is not None:
        late = _in_time(found.late)
        return Count(whole, False, late)
    some = _in_time(lambda: found.count(MOST_COUNTED))
    return None if some is None else Count(some, some == MOST_COUNTED, None)


def facet(visit: Visit, state: Building, found: Asked, field: str, seconds: float) -> Facet:
    """The values of a field, whatever the query asks for by that field itself. Raises NotAllowed."""
    found.hidden.check_counts(field)
    label = visit.gettext(FIELDS[field]) if field in FIELDS else field
    query = parse(state.query)
    example = of_facet(field, "-")
    free = unparse(free_of(query, example)) if example is not None else state.query
    other = found
    if free != unparse(query):
        definition = replace(found.definition, query=free)
        other = within(visit.work, asked(visit.work, definition, state.heads), seconds)
    counts = _in_time(
        lambda: other.reader.facet_counts(other.viewer, other.condition, field, limit=MOST_VALUES, heads=other.heads)
    )
    if counts is None:
        return Facet(field, label, None)
    most = max((one.events for one in counts), default=1)
    bearers = Counter(one.name for one in counts)
    choices = []
    for one in counts:
        leaf = of_facet(field, one.value)
        if leaf is not None:
            text = one.name if bearers[one.name] == 1 else f"{one.name} ({one.value})" if one.name else one.value
            choices.append(_choice(text or one.value, one.events, most, leaf, query))
    return Facet(field, label, choices)


def histogram(visit: Visit, state: Building, found: Asked) -> Histogram:
    """Events over time. Raises NotAllowed if times are hidden from the reader."""
    line = _in_time(lambda: timeline(found))
    if line is None:
        return Histogram("", None)
    most = max((bar.events for bar in line.bars), default=1) or 1
    clock = found.setting.clock
    texts: dict[str, Callable[[datetime], str]] = {
        "hour": lambda start: clock.show(start)[0], "day": clock.day, "week": clock.week, "month": clock.month,
    }  # fmt: skip
    return Histogram(
        line.unit,
        [
            Stretch(
                texts[line.unit](bar.start),  # type: ignore[arg-type]  # an hour is a moment, the rest are days
                bar.events,
                -(-bar.events * 100 // most),
                bar.since,
                bar.until,
                state.address(since=bar.since, until=bar.until, during=""),
            )
            for bar in line.bars
        ],
    )


def _choice(text: str, events: int, most: int, leaf: Leaf, query: Condition) -> Choice:
    return Choice(text, events, -(-events * 100 // most), unparse(leaf), asks_for(query, leaf), excludes(query, leaf))


def _asked(visit: Visit, state: Building, seconds: float) -> Asked:
    """What a part is about; a look at it is kept, as at the rows that it stands beside."""
    found = asked(visit.work, state.definition_in(visit.work, visit.locale), state.heads)
    looking.opened(visit.work, told(found.definition))
    return within(visit.work, found, seconds)


def _in_time(read: Callable[[], T]) -> T | None:
    """What a read gives; None if it took longer than it may."""
    try:
        return read()
    except TooSlow:
        return None
