"""The report builder: a query and what it finds, and everything that can be asked for instead."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from msgspec import Struct
from starlette.responses import Response

from ...access import decide
from ...deliver.files import files_of
from ...errors import BadDefinition, BadInput, BadQuery, NotAllowed, OtherHead, TooSlow, TrailbookError
from ...query.editing import narrowed
from ...query.excerpt import visible
from ...query.language import parse, unparse
from ...query.periods import resolve_period
from ...query.tree import Condition, Occurred, both
from ...report import run
from ...report.asked import Asked
from ...report.columns import COLUMNS, DEFAULT_COLUMNS
from ...report.groups import Group
from ...report.hidden import Hidden
from ...report.narrowing import of_group
from ...report.result import Heading
from ...report.timeline import edges
from ...store.cursor import Cursor, write_cursor
from ...store.dimensions import UNITS
from .. import looking, reports
from ..questions import asked, told
from ..strict import Strict
from . import parts, sharing
from .building import PATH, Building, SaveForm, choices
from .chips import Chip, Meant, chips, meant, warnings
from .grid import LONGEST, Line, headings, lines
from .labels import UNITS as UNIT_LABELS
from .labels import column_label
from .language import marked as _
from .screens import Visit, Visiting
from .showing import Showing

router = APIRouter(include_in_schema=False, route_class=Strict)

PERIODS = (
    ("today", _("Today")),
    ("yesterday", _("Yesterday")),
    ("-7d", _("Last 7 days")),
    ("-30d", _("Last 30 days")),
    ("this-month", _("This month")),
    ("last-month", _("Last month")),
    ("this-year", _("This year")),
    ("last-year", _("Last year")),
    ("", _("All time")),
)
"""Periods to choose at once: as the query language has them, and in words."""

ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "America/New_York", "America/Chicago",
    "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
"""Zones that are offered; any other may be typed."""

_UNITS: dict[str, int] = {unit: number for number, unit in enumerate(UNITS)}

_WRONG = (BadInput, NotAllowed, OtherHead, TooSlow)
"""What is told on the page, so that the question can be corrected there."""


class Fault(NamedTuple):
    """A mistake in the query: what is before the character that is meant, the character, and what is after it."""

    before: str
    at: str
    after: str


class Offered(NamedTuple):
    """A column that can be chosen; `label`: a heading of the reader's own."""

    key: str
    name: str
    label: str
    shows: str


class Picker(NamedTuple):
    """The columns that are shown, in order, and those that could be."""

    chosen: list[Offered]
    others: list[Offered]
    usual: bool


class List(NamedTuple):
    """A page of rows, and the addresses of the pages beside it. `exact`: these are all rows that there are."""

    headings: list[Heading]
    lines: list[Line]
    newer_address: str
    older_address: str
    first_address: str
    exact: bool


class Grouped(NamedTuple):
    """A group: its texts, its number of rows, its share of the largest in hundredths, and where its rows are listed.

    No address: a text of it, such as a name that several bear, does not tell which rows they are.
    """

    texts: tuple[str, ...]
    rows: int
    share: int
    address: str


class Groups(NamedTuple):
    """The first groups, of how many, and the number of rows in all."""

    headings: list[Heading]
    groups: list[Grouped]
    available: int
    rows: int


class Found(Struct, frozen=True):
    """What the question finds: rows, or groups, what it was taken to mean, and what to know before reading it."""

    asked: Asked
    meant: list[Meant]
    warnings: list[str]
    list: List | None = None
    groups: Groups | None = None
    parts: parts.Parts | None = None


class Changing(NamedTuple):
    """The saved report that is being changed: its id and title, and whether the reader may keep the change."""

    id: str
    title: str
    changeable: bool


def changing(visit: Visit, state: Building) -> Changing | None:
    """The saved report that the state is from, if it is still there for the reader."""
    if not state.report:
        return None
    desk = reports.desk_of(visit.work)
    try:
        found = desk.find(state.report)
    except TrailbookError:
        return None
    return Changing(found.value.id, found.value.title, desk.may_change(found.value))


@router.get(PATH)
def builder(visit: Visiting, state: Annotated[Building, Query()]) -> Response:
    """The builder, with what the question finds or what is wrong with it."""
    return page(visit, state)


def page(visit: Visit, state: Building, wrong: TrailbookError | None = None, form: SaveForm | None = None) -> Response:
    """The builder; `wrong` is about `form`, which was sent to save what it asks for."""
    viewer = decide.viewer(visit.caller, visit.work.now)
    hidden = Hidden(viewer)
    found: Found | None = None
    try:
        found = _found(visit, state)
    except _WRONG as error:
        wrong, form = error, None
    tenant = sharing.tenant_for(visit, found.meant if found else [])
    return visit.page(
        "builder.html",
        wrong=wrong,
        fault=_fault(wrong),
        state=state,
        found=found,
        chips=_chips(visit, state),
        zone=state.zone or visit.service.settings.zone,
        in_zone=_in_zone(visit, state),
        periods=PERIODS,
        zones=dict.fromkeys((visit.service.settings.zone, *ZONES)),
        picker=_picker(visit, state, hidden),
        groupable=_groupable(visit, hidden),
        facets=[field for field in parts.FACETS if hidden.counts(field)],
        timed=not hidden.tells("time"),
        export=state.export(),
        background=files_of(visit.service.settings) is not None,
        changing=changing(visit, state),
        form=form or SaveForm(tenant=tenant),
        any_tenant=sharing.sees_all(visit),
        offered=sharing.offered(visit, tenant),
        wrong_form=wrong if form else None,
    )


def _found(visit: Visit, state: Building) -> Found:
    """What the question finds. Raises BadQuery, BadInput, NotAllowed, OtherHead, TooSlow."""
    work = visit.work
    definition = state.definition_in(work, visit.locale)
    found = asked(work, definition, state.heads)
    shown: dict[str, Any]
    if definition.group_by:
        looking.opened(work, told(definition))
        shown, cut = {"groups": groups_of(visit, state, found)}, False
    else:
        listing, rows = _rows(visit, state, found)
        shown, cut = {"list": rows}, bool(listing.warnings)
    names = meant(visit, found)
    drawn = parts.all_parts(visit, state, found) if state.parts else None
    return Found(found, names, warnings(visit, names, cut), parts=drawn, **shown)


def _rows(visit: Visit, state: Building, found: Asked) -> tuple[run.Listing, List]:
    jump = _jump(state, found) if state.at and not state.cursor else None
    listing = run.listed(found)
    looking.opened(visit.work, told(found.definition))
    rows = found.reader.page(
        found.viewer,
        found.condition if jump is None else both(found.condition, jump),
        order=found.definition.order,
        cursor=state.cursor or None,
        limit=state.limit,
        heads=found.heads,
    )
    before = rows.before
    if jump is not None and rows.rows:
        # What is on the other side of the date is one page back.
        before = write_cursor(Cursor(rows.rows[0].key, found.definition.order, True))
    elsewhere = state.cursor or state.at
    return listing, List(
        headings(visit, listing.headings),
        lines(visit, found, listing, rows.rows, LONGEST[state.cells]),
        state.address(cursor=before) if before else "",
        state.address(cursor=rows.after) if rows.after else "",
        state.address() if elsewhere else "",
        exact=not (elsewhere or rows.after),
    )


def _jump(state: Building, found: Asked) -> Condition:
    """What lies at a date and beyond it, in the order of the rows. Raises BadDefinition."""
    key = "until" if state.order == "newest" else "since"
    try:
        since, until = resolve_period(key, state.at, found.now, found.setting.clock.zone)  # type: ignore[arg-type]
    except BadQuery as error:
        raise BadDefinition(error.problem, place="at", remedy=error.remedy) from error
    return Occurred(since, until)


def groups_of(visit: Visit, state: Building, found: Asked) -> Groups:
    """The groups that the state asks for, the first of them as they are shown."""
    every = run.grouped(found)
    most = max((one.rows for one in every), default=1)
    by = found.definition.group_by
    return Groups(
        headings(visit, run.group_headings(found.definition)),
        [_group(state, by, one, most) for one in every[: state.limit]],
        len(every),
        sum(one.rows for one in every),
    )


def _group(state: Building, by: tuple[str, ...], group: Group, most: int) -> Grouped:
    return Grouped(group.texts, group.rows, -(-group.rows * 100 // most), _rows_of(state, by, group))


def _rows_of(state: Building, by: tuple[str, ...], group: Group) -> str:
    """Where the rows of a group are listed; empty if the query language cannot say that of each of its values."""
    condition, period = parse(state.query), {}
    # The shortest stretch of time is within the others.
    for key, value in sorted(zip(by, group.values, strict=True), key=lambda one: -_UNITS.get(one[0], 0)):
        if key in _UNITS:
            start = datetime.fromisoformat(value) if key == "hour" else date.fromisoformat(value)
            since, until = edges(key, start)  # type: ignore[arg-type]  # it is one of the units
            period = {"since": since, "until": until, "during": ""}
        elif (leaf := of_group(key, value)) is not None:
            condition = narrowed(condition, leaf)
        else:
            return ""
    return state.address(query=unparse(condition), group_by="", **period)


def _chips(visit: Visit, state: Building) -> list[Chip]:
    try:
        return chips(visit, state)
    except BadQuery:
        return []


def _fault(wrong: TrailbookError | None) -> Fault | None:
    if not isinstance(wrong, BadQuery) or not wrong.text:
        return None
    text, at = wrong.text, wrong.at
    start = max(0, at - 60)
    return Fault(visible(text[start:at]), visible(text[at : at + 1]), visible(text[at + 1 : at + 61]))


def _in_zone(visit: Visit, state: Building) -> Showing:
    """How values look in the report's zone; in the usual one if there is none of this name."""
    try:
        return visit.showing_in(state.zone or visit.service.settings.zone)
    except BadDefinition:
        return visit.showing


def _picker(visit: Visit, state: Building, hidden: Hidden) -> Picker:
    usual = [key for key in DEFAULT_COLUMNS if hidden.shows(COLUMNS[key])]
    given = {one.key: one.label for one in choices(state.columns) if one.key in COLUMNS}
    shown = given or dict.fromkeys(usual, "")

    def offered(key: str, label: str = "") -> Offered:
        return Offered(key, column_label(visit, key), label, visit.gettext(COLUMNS[key].shows))

    return Picker(
        [offered(key, label) for key, label in shown.items()],
        [offered(key) for key in COLUMNS if key not in shown and hidden.shows(COLUMNS[key])],
        usual=not given,
    )


def _groupable(visit: Visit, hidden: Hidden) -> list[tuple[str, str]]:
    """What rows can be grouped by: key and label."""
    units = [] if hidden.tells("time") else [(unit, visit.gettext(label)) for unit, label in UNIT_LABELS.items()]
    columns = [(one.key, column_label(visit, one.key)) for one in COLUMNS.values() if one.part and hidden.shows(one)]
    return [*units, *columns]
