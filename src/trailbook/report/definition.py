"""A report definition: what a saved report asks for, read from TOML or JSON and checked when it is made."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from ..errors import BadDefinition, BadQuery
from ..query.language import parse
from ..query.periods import PeriodKey, check_period
from ..query.tree import Condition, Period, both
from ..store.dimensions import UNITS
from ..store.ports import Order
from .clock import Clock, check_pattern, locale_named, suggestion, zone_named
from .columns import COLUMNS, column_named

GroupOrder = Literal["value", "rows"]
DataForm = Literal["compact", "full"]
AsOf = Literal["then", "now"]
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "order": get_args(Order),
    "group_order": get_args(GroupOrder),
    "data": get_args(DataForm),
    "as_of": get_args(AsOf),
}
MOST_ROWS = 1_000_000_000_000
"""The highest limit; more than any store holds, and within the integers of them all."""
PERIOD_KEYS: tuple[PeriodKey, ...] = get_args(PeriodKey)
"""The fields that say of which period."""

_TOO_DEEP, _LESS_DEEP = "It is nested too deeply.", "A definition has lists of columns, no deeper."


class ColumnChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """A column by key, with a heading of one's own (empty: the default one)."""

    key: str
    label: Annotated[str, Meta(max_length=200)] = ""


class Definition(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a report shows of which events. Raises BadDefinition, or BadQuery, when made with what does not fit.

    `columns`: keys, or key and label; none means the default ones. `query`: in the query language. `since`, `until`,
    `during`: as in that language, absolute or relative to when it runs. `group_by`: column keys, or `hour`, `day`,
    `week`, `month`; the report then has a row per group, ordered by value or by most rows. `limit`: the most rows (or
    groups) shown. `zone`: an IANA name. `locale`: a CLDR one. `date_pattern`: `iso`, `short`, `medium`, `long`,
    `full`, or a CLDR pattern of date fields. `data`: JSON on one line or spread out. `as_of`: groups and roles in
    the query mean who belonged to them `then`, when an event occurred, or who belongs to them `now`.
    """

    title: Annotated[str, Meta(max_length=200)] = "Audit Trail Details Report"
    columns: Annotated[tuple[str | ColumnChoice, ...], Meta(max_length=100)] = ()
    query: str = ""
    since: str = ""
    until: str = ""
    during: str = ""
    order: Order = "newest"
    group_by: Annotated[tuple[str, ...], Meta(max_length=10)] = ()
    group_order: GroupOrder = "value"
    limit: Annotated[int, Meta(ge=1)] | None = None
    zone: str = "UTC"
    locale: str = "en"
    date_pattern: str = ""
    seconds: bool = False
    offset: bool = False
    data: DataForm = "compact"
    as_of: AsOf = "then"

    def __post_init__(self) -> None:
        for field in _CHOICES:
            _check_choice(field, getattr(self, field))
        if self.limit is not None and not 1 <= self.limit <= MOST_ROWS:
            raise BadDefinition(
                f"A limit is from 1 to {MOST_ROWS:,}.", place="limit", remedy="Leave it out to show all rows."
            )
        keys = [choice.key for choice in self.choices()]
        for key in keys:
            column_named(key)
        _refuse_twice(keys, "columns")
        self._check_groups(keys)
        parse(self.query)
        for key in PERIOD_KEYS:
            if value := getattr(self, key):
                _check_period(key, value)
        check_pattern(self.date_pattern)
        self.clock().day(date(2021, 11, 17))

    def choices(self) -> tuple[ColumnChoice, ...]:
        """The columns asked for, each with its own label or none; empty if the definition names none."""
        return tuple(ColumnChoice(one) if isinstance(one, str) else one for one in self.columns)

    def condition(self) -> Condition:
        """The query and the period together, as written."""
        period = [Period(key, value) for key in PERIOD_KEYS if (value := getattr(self, key))]
        return both(parse(self.query), *period)

    def clock(self) -> Clock:
        """How the report shows dates and times."""
        return Clock(
            zone_named(self.zone),
            locale_named(self.locale),
            pattern=self.date_pattern,
            seconds=self.seconds,
            offset=self.offset,
        )

    def to_dict(self) -> dict[str, Any]:
        """The definition as plain values, without what is as by default; `from_dict` gives the same definition."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def _check_groups(self, keys: list[str]) -> None:
        for key in self.group_by:
            if key in UNITS:
                continue
            if key not in COLUMNS and (near := suggestion(key, (*UNITS, *COLUMNS))):
                raise BadDefinition(f"There is nothing to group by called '{key}'.", place="group_by", remedy=near)
            column_named(key, "group_by").check_groupable()
        _refuse_twice(list(self.group_by), "group_by")
        left = [key for key in keys if key not in self.group_by]
        if self.group_by and left:
            raise BadDefinition(
                f"A report grouped by {', '.join(self.group_by)} has no single {COLUMNS[left[0]].label} in a row.",
                place="columns",
                remedy=f"Leave {left[0]} out of the columns, or group by it too.",
            )


def from_dict(plain: Mapping[str, Any]) -> Definition:
    """The definition that these plain values are. Raises BadDefinition naming the key, and keys that are near."""
    fields = Definition.__struct_fields__
    for key in plain:
        if key not in fields:
            raise BadDefinition(
                f"A definition has no '{key}'.",
                place=str(key),
                remedy=suggestion(str(key), fields) or f"It may have {', '.join(fields)}.",
            )
    for field in _CHOICES.keys() & plain.keys():
        _check_choice(field, plain[field])
    try:
        return msgspec.convert(_with_text_dates(plain), Definition)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at `$.")
        place = where.rstrip("`")
        raise BadDefinition(f"{problem}.", place=place or "definition", remedy="Correct it and try again.") from error


def read_toml(text: str) -> Definition:
    """The definition in a TOML document. Raises BadDefinition."""
    try:
        plain = tomllib.loads(text)
    except ValueError as error:  # also of a number of too many digits
        raise BadDefinition(f"This is not TOML: {error}.", remedy="Correct that line.") from error
    except RecursionError:
        raise BadDefinition(_TOO_DEEP, remedy=_LESS_DEEP) from None
    return from_dict(plain)


def read_json(text: str | bytes) -> Definition:
    """The definition in a JSON document. Raises BadDefinition."""
    try:
        plain = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadDefinition(f"This is not JSON: {error}.", remedy="Correct that place.") from error
    except RecursionError:
        raise BadDefinition(_TOO_DEEP, remedy=_LESS_DEEP) from None
    if not isinstance(plain, dict):
        raise BadDefinition("A definition is a JSON object.", remedy="Put it between { and }.")
    return from_dict(plain)


def _with_text_dates(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with the dates and times that TOML has as values written out."""
    return {
        key: value.isoformat() if isinstance(value, (date, datetime, time)) else value for key, value in plain.items()
    }


def _check_period(key: PeriodKey, value: str) -> None:
    try:
        check_period(key, value)
    except BadQuery as error:
        raise BadDefinition(error.problem, place=key, remedy=error.remedy) from error


def _check_choice(field: str, value: object) -> None:
    choices = _CHOICES[field]
    if value not in choices:
        raise BadDefinition(f"'{value}' does not fit.", place=field, remedy=f"Write {' or '.join(choices)}.")


def _refuse_twice(keys: list[str], place: str) -> None:
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise BadDefinition(f"'{twice[0]}' is there twice.", place=place, remedy="Leave one of them out.")
