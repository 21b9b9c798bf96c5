"""Short lists of events beside something else: what each was, in a few columns, and where all of them are."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from ...errors import NotAllowed, TooSlow
from ...query.language import unparse
from ...query.tree import Condition
from ...report import run
from ...report.asked import Asked
from ...report.columns import COLUMNS
from ...report.definition import from_dict
from ...report.result import Heading
from ...store.cursor import Cursor, write_cursor
from ...store.ports import Order, Row
from ..changed import Work
from ..questions import asked
from .screens import Visit
from .showing import url

SECONDS = 3.0
"""How long what stands beside something else may take; then the page says so instead."""

_COLUMNS = ("date_time", "initiator", "action", "details", "outcome")


class BriefRow(NamedTuple):
    """A row: the event's id (none if the viewer may not know it) and its cells, by column."""

    id: str
    cells: dict[str, str]


class Brief(NamedTuple):
    """The first rows that a condition finds, whether there are more, and the same as a query.

    `late`: finding them took too long, so that there are none.
    """

    headings: tuple[Heading, ...]
    rows: tuple[BriefRow, ...]
    more: bool
    query: str
    late: bool = False


def question(work: Work, condition: Condition, zone: str, **more: object) -> Asked:
    """What a condition asks for beside something else: within what the viewer may see, and in little time.

    Raises NotAllowed if it tells what is hidden from them.
    """
    found = asked(work, from_dict({"zone": zone, **more}), also=condition)
    return replace(found, reader=work.service.store.limited(min(SECONDS, work.service.settings.query_seconds)))


def brief(
    visit: Visit,
    condition: Condition,
    zone: str,
    *,
    limit: int,
    order: Order = "newest",
    beside: Row | None = None,
) -> Brief | None:
    """The first events of a condition: all, or those `beside` a row in this order. None if it tells what is hidden."""
    query = unparse(condition)
    try:
        found = question(visit.work, condition, zone, order=order, locale=visit.locale)
        columns = tuple(key for key in _COLUMNS if found.hidden.shows(COLUMNS[key]))
        listing = run.listed(replace(found, definition=replace(found.definition, columns=columns)))
    except NotAllowed:
        return None
    cursor = None if beside is None else write_cursor(Cursor(beside.key, order, False))
    try:
        page = found.reader.page(
            found.viewer, found.condition, order=order, cursor=cursor, limit=limit, heads=found.heads
        )
    except TooSlow:
        return Brief(listing.headings, (), False, query, late=True)
    keys = [heading.key for heading in listing.headings]
    with_id = found.hidden.shows(COLUMNS["id"])
    rows = (
        BriefRow(row.event.id if with_id else "", dict(zip(keys, listing.text(row), strict=True))) for row in page.rows
    )
    return Brief(listing.headings, tuple(rows), page.after is not None, query)


def in_builder(query: str, zone: str) -> str:
    """Where a query is asked in full."""
    return url("/reports/new", query=query, zone=zone)
