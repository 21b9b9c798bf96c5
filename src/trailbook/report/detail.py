"""Everything of one event, as labelled lines: what a person sees who looks at it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from ..directory.viewer import Viewer
from ..event.facets import party_text
from ..event.model import Belonging, Initiator, Outcome, Target
from ..store.ports import Row
from .cells import json_pretty
from .clock import Clock
from .columns import COLUMNS, Setting
from .hidden import Hidden

Mark = Literal["", "strong", "good", "bad", "note"]
_MARKS: Mapping[Outcome, Mark] = {"success": "good", "failure": "bad", "denied": "bad"}


class Detail(NamedTuple):
    """A label, a text of one or more lines, and how it is meant: in a change, before is `bad` and after is `good`."""

    label: str
    text: str
    mark: Mark = ""


def details(row: Row, clock: Clock, viewer: Viewer) -> list[Detail]:
    """Every field of the event; for a viewer with hidden columns, only the columns that they may see."""
    hidden = Hidden(viewer)
    return list(_columns(row, clock, hidden) if hidden.any else _fields(row, clock))


def _columns(row: Row, clock: Clock, hidden: Hidden) -> Iterator[Detail]:
    setting = Setting(clock, full=True)
    for column in COLUMNS.values():
        if column.key != "matched" and hidden.shows(column):
            yield Detail(column.label, column.text(setting)(row))
    yield Detail("", "Other columns are hidden from you.", "note")


def _fields(row: Row, clock: Clock) -> Iterator[Detail]:
    event = row.event
    yield Detail("ID", event.id, "strong")
    yield Detail("Occurred at", _moment(event.occurred_at, clock))
    if event.recorded_at is not None:
        yield Detail("Recorded at", _moment(event.recorded_at, clock))
    yield Detail("Book", f"{event.tenant}, position {row.position}")
    yield Detail("Application", event.application)
    yield Detail("Resource", event.resource)
    yield Detail("Action", event.action)
    yield Detail("Outcome", event.outcome, _MARKS.get(event.outcome, ""))
    if event.reason:
        yield Detail("Reason", event.reason)
    yield Detail("Details", event.detail_text())
    yield from _initiator(event.initiator)
    for label, targets in (("Target", event.targets), ("Derived target", event.derived)):
        for target in targets:
            yield Detail(label, _target(target))
            yield from _belongings(target)
    for reference in event.related:
        yield Detail("Related to", _named(f"{reference.kind}/{reference.id}", reference.name))
    for label, text in (("Request", event.request_id), ("Trace", event.trace_id)):
        if text:
            yield Detail(label, text)
    for field, change in event.changes.items():
        yield Detail("Changed", field, "strong")
        yield from _sides(change.old, "-", "bad")
        yield from _sides(change.new, "+", "good")
    if event.data is not None:
        yield Detail("Data", json_pretty(event.data))
    for label, paths in (("From the directory", event.filled), ("Masked", event.masked)):
        if paths:
            yield Detail(label, ", ".join(paths))


def _moment(moment: datetime, clock: Clock) -> str:
    return f"{clock.show(moment)[0]} ({clock.local(moment).isoformat()})"


def _initiator(who: Initiator | None) -> Iterator[Detail]:
    if who is None:
        yield Detail("Initiator", "(none)")
        return
    unproven = "" if who.verified else ", unverified"
    yield Detail("Initiator", f"{_named(party_text(who.party()), who.name)}, {who.type}{unproven}")
    if who.acts_as is not None:
        yield Detail("  acting as", _target(who.acts_as))
    if who.ip:
        yield Detail("  IP", who.ip)
    if who.user_agent:
        yield Detail("  user agent", who.user_agent)
    yield from _belongings(who)


def _belongings(user: Initiator | Target) -> Iterator[Detail]:
    for label, belongings in (("  groups", user.groups), ("  roles", user.roles)):
        if belongings is not None:
            yield Detail(label, _all(belongings) or "(none)")


def _all(belongings: Iterable[Belonging]) -> str:
    return ", ".join(_named(one.id, one.name) for one in belongings)


def _target(target: Target) -> str:
    party = target.party()
    return _named(f"{target.kind}/{target.id}" if party is None else party_text(party), target.name)


def _named(key: str, name: str) -> str:
    return f"{name} ({key})" if name and name != key else key


def _sides(value: object, sign: str, mark: Mark) -> Iterator[Detail]:
    if value is not None:
        yield from (Detail("", f"{sign} {line}", mark) for line in json_pretty(value).split("\n"))
