"""What an alert sends: its occurrence and the events of it, to each recipient as far as they may see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from ..directory.viewer import Viewer, sees_book, within
from ..errors import BadQuery
from ..event.model import Event
from ..event.wording import counted
from ..query.editing import Leaf
from ..query.language import parse, unparse
from ..query.matches import matches
from ..query.normal import conjunction
from ..query.tree import EVERYTHING, Field, Involves, both
from ..report import run as reporting
from ..report.clock import Clock, locale_named, zone_named
from ..report.definition import Definition
from ..report.hidden import Hidden
from ..report.narrowing import of_facet
from ..report.result import Report
from .alerts import ALERTS, Alert, Occurrence, Seeing, check, owner_of
from .base import Base
from .channel import Message
from .letter import Letter, first_rows, written
from .occurring import SIDES, match_of
from .owners import check_number, check_recipients
from .reading import ask_as

COLUMNS = ("date_time", "initiator", "action", "targets", "ip", "details", "resource", "related", "id")
"""Of the events; a mail has room for the first six of those that have anything in them."""


def check_all(base: Base, alert: Alert, now: datetime) -> Seeing:
    """The owner of an alert that is to be kept.

    Raises as `check`, `owner_of` and `check_number` do, and for who cannot receive it.
    """
    check(alert)
    owner = owner_of(base, alert, now)
    check_recipients(base, alert.tenant, owner.caller, owner.viewer, alert.recipients, now)
    check_number(base, ALERTS, alert, base.settings.tenant_alerts, now)
    return owner


def as_seen(base: Base, alert: Alert, occurrence: Occurrence, viewer: Viewer) -> Occurrence | None:
    """The occurrence with those of its events that `viewer` may see, and its group's name in these; None without any.

    Raises NotAllowed if columns are hidden from them.
    """
    Hidden(viewer).check_events()
    if viewer.sees_whole_books() and sees_book(viewer, alert.tenant):
        return occurrence
    mine = within(viewer, EVERYTHING)
    kept = list(_kept(base, alert, occurrence))
    seen = [(at, event) for at, event in kept if matches(mine, event)]
    if len(seen) in (0, len(kept)):
        return occurrence if seen else None
    names = [match_of(event, at, alert.by).groups.get(occurrence.group, "") for at, event in seen]
    return replace(occurrence, positions=tuple(at for at, _ in seen), name=next(filter(None, reversed(names)), ""))


def events_of(base: Base, alert: Alert, occurrence: Occurrence, viewer: Viewer, now: datetime) -> Report:
    """The events of an occurrence that `viewer` may see. Raises NotAllowed if columns are hidden from them."""
    Hidden(viewer).check_events()
    ids = [event.id for _, event in _kept(base, alert, occurrence)]
    zone, locale = base.settings.zone, base.settings.locale
    definition = Definition(alert.title, COLUMNS, order="oldest", zone=zone, locale=locale)
    also = both(Field("book", (alert.tenant,)), Field("id", tuple(ids)))
    return reporting.report(ask_as(base, viewer, definition, now=now, reader=base.store, also=also))


def _kept(base: Base, alert: Alert, occurrence: Occurrence) -> Iterator[tuple[int, Event]]:
    """The events of an occurrence, with their positions."""
    for at in occurrence.positions:
        for one in base.store.kept(alert.tenant, at, 1):
            yield at, one.sealed.event


def message_of(base: Base, alert: Alert, occurrence: Occurrence, id: str, to: str, events: Report) -> Message:
    """The message that tells of an occurrence, which is as its recipient may see it, and so are its `events`."""
    clock = Clock(zone_named(base.settings.zone), locale_named(base.settings.locale))
    rows = list(events.values())
    who = who_of(alert.by, occurrence.group, occurrence.name)
    subject = f"{alert.title}: {occurrence.name or who}" if occurrence.group else alert.title
    labels, shown = _table(events)
    facts = {
        _GROUPS[alert.by]: who,
        "From": clock.show(occurrence.since)[0],
        "Until": clock.show(occurrence.until)[0],
        "Time zone": base.settings.zone,
        "Events": f"{len(rows):,}",
        "Told when": f"{alert.threshold:,} or more within {counted(alert.minutes, 'minute')}",
        "Query": alert.query,
        "As seen by": events.header.viewer,
    }
    letter = Letter(
        subject,
        text=tuple(alert.text.split("\n\n")),
        facts=tuple((label, text) for label, text in facts.items() if label and text),
        labels=labels,
        rows=shown,
        note=f"{len(shown)} of the {len(rows):,} events by then." if len(shown) < len(rows) else "",
        link=f"{base.settings.address}/reports/new?{urlencode(_asked(alert, occurrence))}",
        link_says="See the events in Trailbook (you will be asked to sign in)",
    )
    text, html = written(letter)
    data: dict[str, Any] = {
        "alert": {"id": alert.id, "title": alert.title, "tenant": alert.tenant},
        "occurrence": {
            "id": occurrence.id,
            "group": occurrence.group,
            "name": occurrence.name,
            "since": occurrence.since,
            "until": occurrence.until,
            "at": occurrence.at,
        },
        "events": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
    }
    return Message(id, to, subject, text, html, data=data)


_GROUPS = {"": "", "initiator": "Who did it", "target": "Whom it was done to", "user": "User", "ip": "Address"}


def who_of(by: str, group: str, name: str) -> str:
    """Whom an occurrence is about, such as `Ann Lee (acme/u0004)` or an address; empty: nobody in particular."""
    id = group.partition(":")[2] if by in SIDES else group
    return f"{name} ({id})" if name and name != group else id


def query_of(query: str, by: str, group: str) -> str:
    """What is looked for, of one group alone; of all, where the query language cannot say which."""
    leaf: Leaf | None = of_facet("user", group.partition(":")[2]) if by in SIDES else None
    if isinstance(leaf, Involves):
        leaf = replace(leaf, direction=SIDES[by])
    elif by == "ip":
        leaf = of_facet("ip", group)
    if leaf is None:
        return query
    try:
        return unparse(conjunction((parse(query), leaf)))
    except BadQuery:
        return query


def _asked(alert: Alert, occurrence: Occurrence) -> dict[str, str]:
    """The same, for people: what is looked for of the group, in the window."""
    return {
        "query": query_of(alert.query, alert.by, occurrence.group),
        "since": occurrence.since.isoformat(),
        "until": occurrence.until.isoformat(),
    }


def _table(events: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The labels and rows that find room in a mail, of the columns that have anything in them."""
    rows = [list(row) for row in events.texts()]
    held = [number for number in range(len(events.headings)) if any(row[number] for row in rows)]
    return first_rows([events.headings[number].label for number in held], [[row[n] for n in held] for row in rows])
