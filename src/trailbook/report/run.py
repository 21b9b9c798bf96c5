"""Running a definition for a viewer: resolve the query, refuse what is hidden, count, and open the stream of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..directory.viewer import Viewer
from ..errors import BadInput, Damaged
from ..event.model import Kind as PartyKind
from ..event.model import PartyKey
from ..event.wording import counted
from ..query.resolve import Named, Resolution, resolve
from ..query.tree import And, Condition, Field, Occurred, Or, Parties, both
from ..store.ports import Head, Heads, Reader, Row
from .clock import Clock
from .columns import COLUMNS, DEFAULT_COLUMNS, ROWS_KEY, ROWS_LABEL, Column, Setting
from .definition import Definition
from .groups import BUCKET_LABELS, Group, dimension, groups
from .hidden import Hidden
from .result import Header, Heading, Report

Names = Callable[[PartyKind, str], Sequence[PartyKey]]
Members = Callable[[PartyKey], Sequence[PartyKey]]
LATE = Field("is", ("late",))


def run(
    reader: Reader,
    viewer: Viewer,
    definition: Definition,
    *,
    now: datetime,
    names: Names | None = None,
    members: Members | None = None,
    heads: Heads | None = None,
) -> Report:
    """The report that `definition` asks for, within what `viewer` may see, as of `now` (aware).

    `names` gives further parties that the viewer may know for a value of the query (by id, `tenant/id` or name), such
    as the directory's; those of the viewer's events are always known. `members` gives a group's or role's present
    members, for a definition as of now. `heads` leaves out what the books received after
    them: running again with the heads of a report's header gives the same rows. Raises NotAllowed for what is hidden
    from the viewer, BadQuery for a query that cannot be resolved, BadInput for heads that are ahead of the store.
    """
    hidden = Hidden(viewer)
    written = definition.condition()
    hidden.check_query(written)
    clock = definition.clock()
    resolution = _resolve(
        reader, viewer, written, names, members if definition.as_of == "now" else None, now, clock, heads
    )
    condition = resolution.condition
    heads = _heads(reader, viewer, heads)
    setting = Setting(clock, definition.data == "full", tuple(_parties(condition)))
    rows = reader.count(viewer, condition, heads=heads)
    late = None if hidden.tells("time", "recorded") else reader.count(viewer, both(condition, LATE), heads=heads)
    warnings: tuple[str, ...] = ()
    if definition.group_by:
        found = _grouped(reader, viewer, definition, hidden, condition, setting, heads)
        headings, available = _group_headings(definition), len(found)
        found = found[: definition.limit]
        shown = len(found)
        body = _group_body(found)
    else:
        columns, warnings = _columns(definition, hidden)
        headings = tuple(Heading(column.key, label, column.kind) for column, label in columns)
        available, shown = rows, min(rows, definition.limit or rows)
        body = _list_body(reader, viewer, definition, condition, [column for column, _ in columns], setting, heads)
    since, until = _period(condition)
    header = Header(
        title=definition.title,
        query=definition.query,
        since=since and clock.local(since),
        until=until and clock.local(until),
        zone=definition.zone,
        locale=definition.locale,
        viewer=viewer.name,
        generated_at=clock.local(now),
        order=definition.order,
        group_by=definition.group_by,
        rows=rows,
        shown=shown,
        available=available,
        late=late,
        parties=resolution.parties,
        heads=dict(heads),
        warnings=(*filter(None, map(_warning, resolution.parties)), *warnings),
    )
    return Report(header, headings, *body)


_Body = tuple[Callable[[], Iterator[Any]], Callable[[Any], tuple[str, ...]], Callable[[Any], tuple[Any, ...]]]


def _resolve(
    reader: Reader,
    viewer: Viewer,
    written: Condition,
    names: Names | None,
    members: Members | None,
    now: datetime,
    clock: Clock,
    heads: Heads | None,
) -> Resolution:
    def parties(kind: PartyKind, text: str) -> list[PartyKey]:
        known = set(reader.parties(viewer, kind, text, heads=heads))
        return sorted(known.union(names(kind, text)) if names is not None else known)

    return resolve(written, names=parties, now=now, zone=clock.zone, members=members)


def _warning(named: Named) -> str:
    """A sentence if a value of the query means no party or several, else nothing."""
    kind, value, means = named
    if not means:
        return f"No {kind} '{value}' is known in what you may see: that condition matches nothing."
    if len(means) > 1:
        return f"The {kind} '{value}' means {len(means)} parties: {', '.join(f'{p.tenant}/{p.id}' for p in means)}."
    return ""


def _heads(reader: Reader, viewer: Viewer, wanted: Heads | None) -> Heads:
    """The heads to report at: those there now, or those wanted if the books have come as far."""
    present = reader.heads(viewer)
    if wanted is None:
        return present
    for book, head in wanted.items():
        there = present.get(book, Head(book, 0, b""))
        if there.size < head.size:
            raise BadInput(
                f"The head names {counted(head.size, 'event')} of book {book}, of which you may see {there.size:,}.",
                place="heads",
                remedy="Report on the store that the heads are from, as the same viewer.",
            )
        if there.size == head.size and there.root != head.root:
            raise Damaged(
                f"Book {book} does not hold the events that the head was made of.",
                place="heads",
                remedy="Check the store with 'trailbook verify'.",
            )
    return wanted


def _columns(definition: Definition, hidden: Hidden) -> tuple[list[tuple[Column, str]], tuple[str, ...]]:
    """The columns with their labels, and a warning if default ones are left out because they are hidden."""
    choices = definition.choices()
    hidden.check_times("A list, which is in order of time,")
    if choices:
        for choice in choices:
            hidden.check_column(COLUMNS[choice.key])
        return [(COLUMNS[one.key], one.label or COLUMNS[one.key].label) for one in choices], ()
    columns = [COLUMNS[key] for key in DEFAULT_COLUMNS]
    left_out = [column.label for column in columns if not hidden.shows(column)]
    warnings = (f"Not shown, as hidden from you: {', '.join(left_out)}.",) if left_out else ()
    return [(column, column.label) for column in columns if hidden.shows(column)], warnings


def _list_body(
    reader: Reader,
    viewer: Viewer,
    definition: Definition,
    condition: Condition,
    columns: list[Column],
    setting: Setting,
    heads: Heads,
) -> _Body:
    texts = [column.text(setting) for column in columns]
    values = [column.values(setting) for column in columns]

    def read() -> Iterator[Row]:
        return reader.scan(viewer, condition, order=definition.order, limit=definition.limit, heads=heads)

    return (
        read,
        lambda row: tuple([cell(row) for cell in texts]),
        lambda row: tuple([cell(row) for cell in values]),
    )


def _grouped(
    reader: Reader,
    viewer: Viewer,
    definition: Definition,
    hidden: Hidden,
    condition: Condition,
    setting: Setting,
    heads: Heads,
) -> list[Group]:
    for key in definition.group_by:
        if key in BUCKET_LABELS:
            hidden.check_times(f"A group for each {key}")
        else:
            hidden.check_column(COLUMNS[key])
    by = [dimension(key, setting) for key in definition.group_by]
    summary = reader.summary(viewer, condition, by=by, heads=heads)
    return groups(summary, definition.group_by, setting, definition.group_order)


def _group_headings(definition: Definition) -> tuple[Heading, ...]:
    own = {one.key: one.label for one in definition.choices()}
    found = [
        Heading(key, BUCKET_LABELS[key], "time" if key == "hour" else "date")
        if key in BUCKET_LABELS
        else Heading(key, own.get(key) or COLUMNS[key].label, COLUMNS[key].kind)
        for key in definition.group_by
    ]
    return (*found, Heading(ROWS_KEY, ROWS_LABEL, "number"))


def _group_body(found: list[Group]) -> _Body:
    return (
        lambda: iter(found),
        lambda group: (*group.texts, str(group.rows)),
        lambda group: (*group.values, group.rows),
    )


def _period(condition: Condition) -> tuple[datetime | None, datetime | None]:
    """The period that all of the rows lie in, as far as the top level of the condition says."""
    items = condition.items if isinstance(condition, And) else (condition,)
    moments = [item for item in items if isinstance(item, Occurred)]
    return (
        max((one.since for one in moments if one.since is not None), default=None),
        min((one.until for one in moments if one.until is not None), default=None),
    )


def _parties(condition: Condition) -> Iterator[Parties]:
    """The conditions on parties that are asked for, not those that are excluded."""
    match condition:
        case And(items) | Or(items):
            for item in items:
                yield from _parties(item)
        case Parties():
            yield condition
