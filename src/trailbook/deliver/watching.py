"""Looking whether alerts have occurred: each event that was recorded is looked at once, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from msgspec.structs import replace

from ..access.kept import Found
from ..directory.viewer import within
from ..errors import BadInput, NotAllowed, NotSignedIn, TrailbookError
from ..query.matches import matches
from ..query.tree import EVERYTHING, Occurred, both
from ..store.ports import Head, Reader, Record
from .alerts import (
    ALERTS,
    EVERY,
    HISTORY,
    OCCURRENCES,
    WATCHES,
    Alert,
    Occurrence,
    Seeing,
    Watch,
    alert_event,
    ids_from,
    look_task,
    occurrence_id,
    owner_of,
)
from .base import Base
from .deliveries import Delivery, begun
from .occurring import Fired, Match, Window, condition_of, match_of, occurrences, uncovered
from .tasks import TASKS, Claim

AT_ONCE = 2_000
"""Events that are looked at before it is kept how far it is."""
MOST_FIRED = 50
"""Occurrences that are told before it is kept how far it is."""
MOST_LISTED = 100
"""Events of an occurrence that are kept with it."""
MOST_ASKED_FOR = 100
"""Groups that are asked for by themselves when events are looked at again; of more, all events are."""
MOST_TRIED = 100_000
"""Events that are held at once to try an alert."""


def look(base: Base, held: Claim) -> None:
    """Look at what was recorded since the last time, and tell of what has occurred."""
    id, turn = held.task.subject.split("/")
    now = base.clock()
    found = ALERTS.find(base.store, id, now)
    if found is None or not found.value.active or found.value.turn != int(turn):
        held.finish()
        return
    alert = found.value
    try:
        owner = owner_of(base, alert, now)
    except (NotAllowed, NotSignedIn, BadInput) as error:
        _stop(base, held, found, error)
        return
    watch = WATCHES.find(base.store, id, now)
    end = owner.heads.get(alert.tenant, Head(alert.tenant, 0, b"")).size
    begin = watch.value.position if watch is not None and watch.value.turn == alert.turn else end
    looked_to, fired = _look(base, alert, owner, begin, end, now)
    kept: list[Record] = []
    if watch is None or (watch.value.turn, watch.value.position) != (alert.turn, looked_to):
        kept.append(WATCHES.record(Watch(id, alert.turn, looked_to), watch))
    told = [_occurrence(alert, one, now) for one in fired]
    for one in told:
        kept += _kept(alert, one, now)
    events = [
        alert_event(
            base,
            owner.caller,
            alert,
            "fire",
            occurrence=one.id,
            group=one.group,
            since=one.since,
            until=one.until,
            events=len(one.positions),
        )
        for one in told
    ]
    held.put_off(now if looked_to < end else now + EVERY, kept, events=events)


def begin_watch(base: Base, alert: Alert, owner: Seeing, now: datetime) -> list[Record]:
    """What is kept of an alert that begins, or begins anew, beside itself: from where it looks, and its task."""
    was = WATCHES.find(base.store, alert.id, now)
    head = owner.heads.get(alert.tenant)
    watch = Watch(alert.id, alert.turn, head.size if head else 0)
    return [WATCHES.record(watch, was), TASKS.record(look_task(alert, now + EVERY))]


def would_fire(alert: Alert, owner: Seeing, reader: Reader, now: datetime, period: timedelta) -> list[Fired]:
    """What would have been told in the period up to now, had the alert been there, in the order of being recorded.

    Raises BadInput if there is more to look at than finds room.
    """
    rule, found = alert.rule, []
    condition = both(owner.condition, Occurred(now - period, now))
    for number, one in enumerate(reader.scan(owner.viewer, condition, order="oldest", heads=owner.heads)):
        if number >= MOST_TRIED:
            raise BadInput(
                f"The query finds more than {MOST_TRIED:,} events of the last {period.days} days, too many to try.",
                place="query",
                remedy="Ask for less, or keep the alert and see.",
            )
        if owner.looks_for(alert, one.event):
            found.append(match_of(one.event, one.position, rule.by))
    return occurrences(rule, sorted(found, key=lambda one: one.position), 0, ())


def _look(base: Base, alert: Alert, owner: Seeing, begin: int, end: int, now: datetime) -> tuple[int, list[Fired]]:
    """Up to where it was looked, and what has occurred there."""
    rule = alert.rule
    kept = base.store.kept(alert.tenant, begin, min(AT_ONCE, end - begin)) if begin < end else []
    narrowed = within(owner.viewer, owner.condition)
    new = [
        match_of(one.sealed.event, number, rule.by)
        for number, one in enumerate(kept, begin)
        if owner.looks_for(alert, one.sealed.event) and matches(narrowed, one.sealed.event)
    ]
    looked_to = begin + len(kept)
    spans = _spans(new, rule.window)
    known = {one for span in spans for one in _known(base, alert, span, now)}
    # What came before is only counted, so that its order does not matter; what is new is in the order of positions.
    counting = uncovered(rule, new, known)
    before = _before(base.store, alert, owner, begin, counting)
    fired = occurrences(rule, chain(before, counting), begin, known)
    if len(fired) > MOST_FIRED:
        looked_to = max(fired[MOST_FIRED - 1].positions) + 1
        fired = [one for one in fired if max(one.positions) < looked_to]
    return looked_to, fired


def _spans(new: Iterable[Match], window: timedelta) -> list[tuple[datetime, datetime]]:
    """The times that are less than a window away from what is new, apart from each other."""
    spans: list[tuple[datetime, datetime]] = []
    for at in sorted(one.at for one in new):
        if spans and at - window <= spans[-1][1]:
            spans[-1] = (spans[-1][0], at + window)
        else:
            spans.append((at - window, at + window))
    return spans


def _known(base: Base, alert: Alert, span: tuple[datetime, datetime], now: datetime) -> Iterator[Window]:
    """The occurrences that hold anything of a span."""
    last = ids_from(alert, span[1])
    for found in OCCURRENCES.each(base.store, now, after=ids_from(alert, span[0] - alert.rule.window)):
        if found.value.alert != alert.id or found.value.id > last:
            return
        yield Window(found.value.group, found.value.since)


def _before(
    reader: Reader,
    alert: Alert,
    owner: Seeing,
    begin: int,
    new: Sequence[Match],
) -> Iterator[Match]:
    """What was looked at before and is near to what is new, of the same groups."""
    if alert.threshold == 1:
        return
    groups = {group for one in new for group in one.groups}
    of_groups = condition_of(alert.by, groups) if len(groups) <= MOST_ASKED_FOR else EVERYTHING
    for since, until in _spans(new, alert.rule.window):
        condition = both(owner.condition, of_groups, Occurred(since, until))
        for row in reader.scan(owner.viewer, condition, order="oldest", heads=owner.heads):
            if row.position < begin and owner.looks_for(alert, row.event):
                match = match_of(row.event, row.position, alert.by)
                yield match._replace(groups={one: name for one, name in match.groups.items() if one in groups})


def _occurrence(alert: Alert, fired: Fired, now: datetime) -> Occurrence:
    return Occurrence(
        occurrence_id(alert, fired.since, fired.group),
        alert.id,
        alert.tenant,
        fired.group,
        fired.name,
        fired.since,
        fired.since + alert.rule.window,
        now,
        fired.positions[:MOST_LISTED],
        now + HISTORY,
    )


def _kept(alert: Alert, occurrence: Occurrence, now: datetime) -> Iterator[Record]:
    """What is kept of an occurrence: itself, and a delivery with its task for each recipient."""
    yield OCCURRENCES.record(occurrence)
    for one in alert.recipients:
        delivery = Delivery(
            f"{occurrence.id}.{one.key}",
            occurrence.id,
            alert.id,
            alert.tenant,
            one,
            now,
            expires_at=occurrence.expires_at,
            of="alert",
        )
        yield from begun(delivery)
        yield TASKS.record(delivery.task(now))


def _stop(base: Base, held: Claim, found: Found[Alert], error: TrailbookError) -> None:
    """The owner may not have it any longer: it stops and says so."""
    alert = found.value
    stopped = replace(alert, active=False, stopped=error.problem, turn=alert.turn + 1, updated_at=base.clock())
    event = alert_event(base, None, alert, "stop", "failure", error.problem)
    held.finish([ALERTS.record(stopped, found)], events=[event])
