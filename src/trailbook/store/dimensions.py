"""Ready-made dimensions: time buckets in a zone, and the fields whose most frequent values can be asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from ..errors import BadInput
from ..event.facets import escape
from ..event.model import Belonging, Event
from .ports import FACET_FIELDS, Dimension, FacetCount

Unit = Literal["hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")


def bucket(unit: Unit, zone: ZoneInfo) -> Dimension:
    """Groups by the local hour (an aware datetime), day, week (its Monday) or month (its first day) of the event."""

    def local_day(event: Event) -> date:
        return event.occurred_at.astimezone(zone).date()

    def hour(event: Event) -> datetime:
        local = event.occurred_at.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        return local.replace(minute=0, second=0, microsecond=0, fold=0, tzinfo=timezone(offset))

    def week(event: Event) -> date:
        day = local_day(event)
        return day - timedelta(days=day.weekday())

    def month(event: Event) -> date:
        return local_day(event).replace(day=1)

    values = {"hour": hour, "day": local_day, "week": week, "month": month}
    return Dimension(unit, values[unit], part="hour" if unit == "hour" else "day", zone=zone)


def _of_initiator(field: str) -> Dimension:
    def value(event: Event) -> tuple[tuple[str, str], ...]:
        initiator = event.initiator
        if initiator is None or not initiator.verified:
            return ()
        if field == "user":
            return ((f"{escape(initiator.tenant)}/{initiator.id}", initiator.name),)
        if field == "tenant":
            return ((initiator.tenant, ""),)
        belongings: tuple[Belonging, ...] = (initiator.groups if field == "group" else initiator.roles) or ()
        return tuple((f"{escape(one.tenant)}/{one.id}", one.name) for one in belongings)

    return Dimension(field, value, part="who")


_FACETS: dict[str, Dimension] = {
    **{field: _of_initiator(field) for field in ("user", "group", "role", "tenant")},
    "action": Dimension("action", lambda event: ((event.action, ""),), part="what"),
    "resource": Dimension("resource", lambda event: ((event.resource, ""),), part="what"),
    "app": Dimension("app", lambda event: ((event.application, ""),), part="what"),
    "outcome": Dimension("outcome", lambda event: ((event.outcome, ""),), part="what"),
    "ip": Dimension("ip", lambda event: ((event.initiator.ip, ""),) if event.initiator and event.initiator.ip else ()),
    "book": Dimension("book", lambda event: ((event.tenant, ""),), part="book"),
}


def facet_dimension(field: str) -> Dimension:
    """The dimension whose values are tuples of (value, name) pairs of the field. Raises BadInput."""
    if field not in _FACETS:
        raise BadInput(f"There are no counts for '{field}'.", remedy=f"Choose one of {', '.join(FACET_FIELDS)}.")
    return _FACETS[field]


def most_frequent(groups: Iterable[tuple[Sequence[tuple[str, str]], int]], limit: int) -> list[FacetCount]:
    """The `limit` most frequent values among groups of (value, name) pairs, with the name each bears most often."""
    totals: Counter[str] = Counter()
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for pairs, events in groups:
        for value, name in dict(pairs).items():
            totals[value] += events
            names[value][name] += events
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [FacetCount(value, min(names[value].items(), key=lambda n: (-n[1], n[0]))[0], n) for value, n in ranked]
