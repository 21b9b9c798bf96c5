"""The registry of columns: one column is one short declaration. Labels and order are the design's, section 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from msgspec import Struct

from ..errors import BadDefinition
from ..event.model import Event
from ..query.tree import Parties
from ..store.ports import Dimension, Row
from . import cells
from .clock import Clock, suggestion

Kind = Literal["text", "time", "date", "number", "json"]
Cell = Callable[[Row], Any]


class Setting(Struct, frozen=True):
    """What cells depend on beside the row: the clock, whether data is spread out, the query's party conditions."""

    clock: Clock
    full: bool = False
    parties: tuple[Parties, ...] = ()


class Column(Struct, frozen=True):
    """A column: `key` is its name for ever, `label` its default heading, `shows` its meaning in words.

    `facts` are what it discloses, in the words of `hidden`. `text` makes the function from a row to what people read,
    `value` the one to what programs read (a JSON value; by default the text). `part` is what a summary by this column
    looks at (see Dimension), None if it cannot be grouped by; `identity` tells apart groups whose texts are the same.
    """

    key: str
    label: str
    shows: str
    facts: tuple[str, ...]
    text: Callable[[Setting], Cell]
    value: Callable[[Setting], Cell] | None = None
    kind: Kind = "text"
    part: Literal["who", "what", "book", "event"] | None = None
    identity: Callable[[Row], str] | None = None

    def values(self, setting: Setting) -> Cell:
        """The function from a row to a JSON value."""
        return (self.value or self.text)(setting)

    def check_groupable(self) -> None:
        """Raise BadDefinition if a report cannot be grouped by this column."""
        if self.part is None:
            raise BadDefinition(
                f"A report cannot be grouped by {self.label}.",
                place="group_by",
                remedy=f"Choose among hour, day, week, month, {', '.join(c.key for c in COLUMNS.values() if c.part)}.",
            )

    def dimension(self, setting: Setting) -> Dimension:
        """What a summary by this column groups by; its values are pairs (identity, text). Raises BadDefinition."""
        self.check_groupable()
        text, identity = self.text(setting), self.identity

        def value(event: Event) -> tuple[str, str]:
            row = Row(0, 0, event)
            shown = text(row)
            return (identity(row) if identity is not None else shown, shown)

        return Dimension(self.key, value, part=self.part or "event")


def _plain(cell: Cell) -> Callable[[Setting], Cell]:
    return lambda setting: cell


def _shown(part: Literal[0, 1, 2]) -> Callable[[Setting], Cell]:
    """The moment of occurrence as the clock shows it (see Shown)."""

    def make(setting: Setting) -> Cell:
        show = setting.clock.show
        return lambda row: show(row.event.occurred_at)[part]

    return make


def _local(form: Callable[[datetime], str]) -> Callable[[Setting], Cell]:
    """The moment of occurrence in the report's zone, as a program reads it."""
    return lambda setting: lambda row: form(setting.clock.local(row.event.occurred_at))


def _recorded(setting: Setting) -> Cell:
    show = setting.clock.show
    return lambda row: show(row.event.recorded_at)[0] if row.event.recorded_at is not None else ""


def _recorded_value(setting: Setting) -> Cell:
    local = setting.clock.local
    return lambda row: local(row.event.recorded_at).isoformat() if row.event.recorded_at is not None else None


_ALL = (
    Column("id", "Audit - ID", "the event's ID", ("id",), _plain(attrgetter("event.id"))),
    Column(
        "date_time", "Audit - Date/Time", "when it occurred", ("time",), _shown(0),
        value=_local(datetime.isoformat), kind="time",
    ),
    Column(
        "initiator", "Audit - Initiator (User)", "the user who performed the action", ("initiator",),
        _plain(cells.initiator), part="who", identity=cells.initiator_identity,
    ),
    Column(
        "resource", "Audit - Resource", "the resource associated with it", ("resource",),
        _plain(attrgetter("event.resource")), part="what",
    ),
    Column(
        "action", "Audit - Action", "the action's name", ("action",), _plain(attrgetter("event.action")), part="what"
    ),
    Column(
        "details", "Audit - Details", "what took place", ("details",), _plain(lambda row: row.event.detail_text()),
        part="event",
    ),
    Column(
        "date", "Audit - Date", "the date of the event", ("time",), _shown(1),
        value=_local(lambda local: local.date().isoformat()), kind="date",
    ),
    Column(
        "time", "Audit - Time", "the time of the event", ("time",), _shown(2),
        value=_local(lambda local: local.time().isoformat()), kind="time",
    ),
    Column(
        "application", "Audit - Application", "the component it came from", ("application",),
        _plain(attrgetter("event.application")), part="what",
    ),
    Column(
        "ip", "Audit - Initiator IP", "the IP address of the user who performed it", ("ip",),
        _plain(cells.initiator_ip), part="event",
    ),
    Column("tenant", "Audit - Tenant", "the initiator's tenant", ("tenant",), _plain(cells.tenant), part="who"),
    Column(
        "groups", "Audit - User Group(s)", "the groups the initiator belonged to", ("groups",), _plain(cells.groups),
        part="who", identity=cells.groups_identity,
    ),
    Column(
        "related", "Audit - Related To", "what the action refers to: targets, then other references",
        ("targets", "related"), _plain(cells.related), part="event",
    ),
    Column(
        "data", "Audit - Data", "the full log message", ("data",),
        lambda setting: cells.data_pretty if setting.full else cells.data,
        value=_plain(attrgetter("event.data")), kind="json",
    ),
    Column(
        "changes", "Audit - Modified Data", "what the action modified", ("changes",),
        lambda setting: cells.changes_pretty if setting.full else cells.changes,
        value=_plain(cells.changes_value), kind="json",
    ),
    Column(
        "roles", "Role(s)", "the roles the initiator had", ("roles",), _plain(cells.roles), part="who",
        identity=cells.roles_identity,
    ),
    Column(
        "outcome", "Outcome", "success, failure, denied or unknown", ("outcome",), _plain(attrgetter("event.outcome")),
        part="what",
    ),
    Column(
        "targets", "Target(s)", "whom or what it was done to, by name", ("targets",), _plain(cells.targets),
        part="event",
    ),
    Column(
        "target_tenant", "Target tenant", "the tenants of the target parties", ("target_tenant",),
        _plain(cells.target_tenant), part="event",
    ),
    Column(
        "target_groups", "Target group(s)", "the groups that were targets or that target users belonged to",
        ("target_groups",), _plain(cells.target_groups), part="event",
    ),
    Column(
        "matched", "Matched", "by, against or both: how it meets the query's users, groups, roles and tenants", (),
        lambda setting: cells.matched(setting.parties), part="event",
    ),
    Column("recorded_at", "Recorded at", "when it was stored", ("recorded",), _recorded, _recorded_value, kind="time"),
    Column(
        "book", "Book", "the tenant whose book it is in", ("book",), _plain(attrgetter("event.tenant")), part="book"
    ),
    Column(
        "position", "Book position", "its place in its book, from 0", ("position",),
        _plain(lambda row: str(row.position)), value=_plain(attrgetter("position")), kind="number",
    ),
    Column(
        "request_id", "Request ID", "the request it was part of", ("request",), _plain(attrgetter("event.request_id"))
    ),
    Column(
        "user_agent", "User agent", "the program the initiator used", ("agent",), _plain(cells.user_agent), part="event"
    ),
)  # fmt: skip

COLUMNS: Mapping[str, Column] = {column.key: column for column in _ALL}
"""Every column by key: the sixteen of an Audit Trail Details Report (with `# of rows`, which is no cell), then ours."""

DEFAULT_COLUMNS: tuple[str, ...] = tuple(column.key for column in _ALL[:15])
"""The columns of a report that names none, in order."""

ROWS_KEY, ROWS_LABEL = "rows", "# of rows"
"""The number of rows: a figure of the whole report, and a cell per group in a grouped one."""


def column_named(key: str, place: str = "columns") -> Column:
    """The column of this key. Raises BadDefinition, with keys that are near."""
    if key in COLUMNS:
        return COLUMNS[key]
    by_label = {column.label: column.key for column in _ALL}
    if key in by_label:
        remedy = f"Write its key: {by_label[key]}."
    elif key == ROWS_KEY:
        remedy = "The number of rows is printed with every report, and per group with group_by."
    else:
        remedy = suggestion(key, COLUMNS) or f"The columns are {', '.join(COLUMNS)}."
    raise BadDefinition(f"There is no column '{key}'.", place=place, remedy=remedy)
