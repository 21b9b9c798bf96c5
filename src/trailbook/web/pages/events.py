"""The page of one event: all of it, what it changed, and what happened around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from ...event.canonical import encode
from ...event.facets import is_late, reference_text
from ...event.model import Event, Target, utc
from ...query.language import unparse
from ...query.tree import Condition, Field, Parties
from ...report.cells import json_pretty
from ...report.clock import Clock, zone_named
from ...report.detail import details
from ...seal.tree import leaf_hash
from ...store.ports import Row
from .. import looking
from ..asking import Events, events_of
from ..changed import nothing
from ..strict import Strict
from .briefs import Brief, brief
from .compared import Difference, Differences, Way, compare
from .screens import Visit, Visiting
from .trees import Cut, as_json, cut, tree

router = APIRouter(include_in_schema=False, route_class=Strict)

MOST_SHOWN = 50
"""Targets, references, groups and roles that the page lists; what has more says so."""
_OF_REQUEST, _BESIDE = 20, 3
_LONGEST_TITLE = 160
_RAW = 50_000
"""Characters of JSON that stand on the page itself."""

Book = Annotated[str, Query(max_length=1024)]
Zone = Annotated[str, Query(max_length=100)]
Nth = Annotated[int, Query(ge=0, le=2_002)]


class Moment(NamedTuple):
    """A moment in the zone of whoever looks, and in UTC to the microsecond."""

    local: str
    utc: str


class Change(NamedTuple):
    """A place that changed, in words."""

    path: str
    way: Way
    before: Cut
    after: Cut


class Changes(NamedTuple):
    """The changes, and whether there are more."""

    rows: list[Change]
    more: bool


class Around(NamedTuple):
    """What happened to a target before and after: `later` newest first. None: hidden from the viewer."""

    nth: int
    earlier: Brief | None
    later: Brief | None


@router.get("/events/{id}")
def event_page(visit: Visiting, id: str, book: Book = "", zone: Zone = "", target: Nth = 0) -> Response:
    """All of an event; if several books hold one of this id, the choice among them."""
    found = events_of(visit.work, id)
    zone = zone or visit.service.settings.zone
    clock = Clock(zone_named(zone), visit.showing.locale, seconds=True, offset=True)
    if found.hidden.any:
        return _columns(visit, found, clock)
    rows = [row for row in found.rows if book in ("", row.event.tenant)]
    if not rows:
        raise nothing()
    if len(rows) > 1:
        return visit.page("event_books.html", id=rows[0].event.id, rows=rows, zone=zone)
    (row,) = rows
    _look(visit, rows)
    event = row.event
    targets = list(dict.fromkeys(event.affected()))
    raw = pretty(event)
    return visit.page(
        "event.html",
        event=event,
        row=row,
        book=book or (event.tenant if len(found.rows) > 1 else ""),
        zone=zone,
        occurred=_moment(event.occurred_at, clock),
        recorded=_moment(event.recorded_at, clock) if event.recorded_at is not None else None,
        late=is_late(event),
        in_book=unparse(Field("book", (event.tenant,))),
        leaf=leaf_hash(encode(event)).hex(),
        title=cut(event.detail_text()).text[:_LONGEST_TITLE],
        details=cut(event.detail_text()),
        reason=cut(event.reason),
        targets=targets,
        most=MOST_SHOWN,
        changes=_shown(compare(event.changes)),
        data=tree(event.data),
        raw=raw if len(raw) <= _RAW else "",
        same_request=_same_request(visit, event, zone),
        around=_around(visit, row, targets, target, zone),
    )


@router.get("/events/{id}/json")
def event_json(visit: Visiting, id: str, book: Book = "") -> Response:
    """An event as it is kept, spread over lines; of several books, that of the first if none is named."""
    found = events_of(visit.work, id)
    found.hidden.check_events()
    rows = [row for row in found.rows if book in ("", row.event.tenant)][:1]
    if not rows:
        raise nothing()
    _look(visit, rows)
    return Response(pretty(rows[0].event), media_type="application/json")


def pretty(event: Event) -> str:
    """An event as JSON spread over lines."""
    return msgspec.json.format(encode(event), indent=2).decode()


def condition_of(target: Target) -> Condition:
    """What finds all that was done to a target."""
    party = target.party()
    if party is None:
        return Field("related", (reference_text(target.kind, target.id),))
    return Parties((party,), "against")


def _columns(visit: Visit, found: Events, clock: Clock) -> Response:
    """What they may see of the event, of each, for whom columns are hidden: as the API gives it."""
    _look(visit, found.rows)
    shown = [details(row, clock, found.viewer) for row in found.rows]
    events = [[(one.label, cut(one.text)) for one in lines if one.label] for lines in shown]
    return visit.page("event_columns.html", events=events)


def _shown(differences: Differences) -> Changes:
    return Changes([Change(one.path, one.way, *_sides(one)) for one in differences.rows], differences.more)


def _sides(one: Difference) -> tuple[Cut, Cut]:
    """Both as people read them; as JSON where that alone tells them apart (`5` and `"5"`), or that there is a text."""
    alike = one.way != "changed" or type(one.old) is type(one.new)
    words = json_pretty if alike and "" not in (one.old, one.new) else _json
    return cut(words(one.old)), cut(words(one.new))


def _json(value: Any) -> str:
    return json_pretty(value) if isinstance(value, (dict, list)) else as_json(value)


def _look(visit: Visit, rows: Iterable[Row]) -> None:
    for row in rows:
        looking.opened(visit.work, {"event": row.event.id}, tenant=row.event.tenant)


def _moment(moment: datetime, clock: Clock) -> Moment:
    return Moment(clock.show(moment)[0], f"{utc(moment):%Y-%m-%dT%H:%M:%S.%f}Z")


def _same_request(visit: Visit, event: Event, zone: str) -> Brief | None:
    """The events of the same request, this one among them; None if there is no request."""
    if not event.request_id:
        return None
    return brief(visit, Field("request", (event.request_id,)), zone, limit=_OF_REQUEST, order="oldest")


def _around(visit: Visit, row: Row, targets: Sequence[Target], nth: int, zone: str) -> Around | None:
    """What happened to the target of this number before and after; None if the event has none."""
    if nth >= len(targets):
        return None
    condition = condition_of(targets[nth])
    earlier = brief(visit, condition, zone, limit=_BESIDE, beside=row)
    later = brief(visit, condition, zone, limit=_BESIDE, order="oldest", beside=row)
    return Around(nth, earlier, later and later._replace(rows=later.rows[::-1]))
