"""Running a definition for a viewer: the columns of a list, the groups of a summary, and the report of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ..directory.viewer import Viewer
from ..store.ports import Heads, Reader, Row
from .asked import Asked, Members, Names, ask
from .columns import COLUMNS, DEFAULT_COLUMNS, ROWS_KEY, ROWS_LABEL
from .definition import Definition
from .groups import BUCKET_LABELS, Group, dimension, groups
from .result import Header, Heading, Report


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
    """The report that `definition` asks for; the rest is as of `ask`.

    Running again with the heads of a report's header gives the same rows.
    """
    return report(ask(reader, viewer, definition, now=now, names=names, members=members, heads=heads))


def report(asked: Asked) -> Report:
    """The report of what is asked for. Raises NotAllowed for a column that is hidden from the viewer."""
    limit = asked.definition.limit
    if asked.definition.group_by:
        found = grouped(asked)
        rows = asked.count()
        shown = found[:limit]
        header = _header(asked, rows, len(shown), len(found), ())
        return Report(header, group_headings(asked.definition), lambda: iter(shown), group_text, group_value)
    listing = listed(asked)
    rows = asked.count()
    header = _header(asked, rows, min(rows, limit or rows), rows, listing.warnings)

    def read() -> Iterator[Row]:
        order = asked.definition.order
        return asked.reader.scan(asked.viewer, asked.condition, order=order, limit=limit, heads=asked.heads)

    return Report(header, listing.headings, read, listing.text, listing.value)


def _header(asked: Asked, rows: int, shown: int, available: int, warnings: tuple[str, ...]) -> Header:
    about = asdict(asked.about(warnings))
    return Header(**about, rows=rows, shown=shown, available=available, late=asked.late())


class Listing(Struct, frozen=True):
    """How the rows of a list are shown: headings, a row's cells for people and for programs, and warnings."""

    headings: tuple[Heading, ...]
    text: Callable[[Row], tuple[str, ...]]
    value: Callable[[Row], tuple[Any, ...]]
    warnings: tuple[str, ...]


def listed(asked: Asked) -> Listing:
    """The columns asked for, or the default ones that the viewer may see. Raises NotAllowed for a hidden one."""
    hidden = asked.hidden
    warnings: tuple[str, ...] = ()
    hidden.check_times("A list, which is in order of time,")
    choices = asked.definition.choices()
    if choices:
        for choice in choices:
            hidden.check_column(COLUMNS[choice.key])
        chosen = [(COLUMNS[one.key], one.label or COLUMNS[one.key].label) for one in choices]
    else:
        columns = [COLUMNS[key] for key in DEFAULT_COLUMNS]
        chosen = [(column, column.label) for column in columns if hidden.shows(column)]
        left_out = [column.label for column in columns if not hidden.shows(column)]
        warnings = (f"Not shown, as hidden from you: {', '.join(left_out)}.",) if left_out else ()
    texts = [column.text(asked.setting) for column, _ in chosen]
    values = [column.values(asked.setting) for column, _ in chosen]
    return Listing(
        tuple(Heading(column.key, label, column.kind) for column, label in chosen),
        lambda row: tuple([cell(row) for cell in texts]),
        lambda row: tuple([cell(row) for cell in values]),
        warnings,
    )


def grouped(asked: Asked) -> list[Group]:
    """The groups asked for. Raises BadInput for too many."""
    definition = asked.definition
    by = [dimension(key, asked.setting) for key in definition.group_by]
    summary = asked.reader.summary(asked.viewer, asked.condition, by=by, heads=asked.heads)
    return groups(summary, definition.group_by, asked.setting, definition.group_order)


def group_headings(definition: Definition) -> tuple[Heading, ...]:
    """The headings of groups: what they are by, and the number of rows."""
    own = {one.key: one.label for one in definition.choices()}
    found = [
        Heading(key, BUCKET_LABELS[key], "time" if key == "hour" else "date")
        if key in BUCKET_LABELS
        else Heading(key, own.get(key) or COLUMNS[key].label, COLUMNS[key].kind)
        for key in definition.group_by
    ]
    return (*found, Heading(ROWS_KEY, ROWS_LABEL, "number"))


def group_text(group: Group) -> tuple[str, ...]:
    """A group's cells for people: what it is by, and the number of its rows."""
    return (*group.texts, str(group.rows))


def group_value(group: Group) -> tuple[Any, ...]:
    """A group's cells for programs, alike."""
    return (*group.values, group.rows)
