"""The state of the report builder, which is its address: what is asked for, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import Field

from ...errors import BadDefinition, BadInput
from ...report.columns import COLUMNS
from ...report.definition import PERIOD_KEYS, ColumnChoice, Definition, GroupOrder
from ..changed import Given, Work
from ..questions import Cursor, Keys, ListQuestion, keys
from .forms import build
from .showing import url

PATH = "/reports/new"
MOST_ROWS = 100
"""Rows on a page."""

Choices = Annotated[str, Field(max_length=10_000, description="Keys of columns, each perhaps with a label: key=Label.")]


Panel = Literal["", "who", "when", "columns", "groups", "look", "save", "export"]


class Building(ListQuestion):
    """What the builder is asked for: as in the API, and beside it groups, labels of columns and the look of cells.

    `at` jumps to a date. `parts` draws counts with the page. `report`: the id of the saved report that is changed.
    `panel`: which of the panels is open.
    """

    columns: Choices = ""
    group_by: Keys = ""
    group_order: GroupOrder = "value"
    seconds: bool = False
    limit: int = Field(50, ge=1, le=MOST_ROWS)
    cursor: Cursor = ""
    at: str = Field("", max_length=100)
    cells: Literal["clipped", "wrapped"] = "clipped"
    parts: bool = False
    report: str = Field("", max_length=100)
    panel: Panel = ""

    def definition_in(self, work: Work, locale: str) -> Definition:
        """The definition that this asks for, with dates as in `locale` unless it says another.

        Raises BadDefinition, BadQuery.
        """
        groups = keys(self.group_by)
        chosen = [one for one in choices(self.columns) if not groups or one.key in groups]
        return self.definition(
            work,
            columns=[{"key": one.key, "label": one.label} if one.label else one.key for one in chosen],
            order=self.order,
            group_by=groups,
            group_order=self.group_order,
            seconds=self.seconds,
            locale=self.locale or locale,
        )

    def address(self, **changes: Any) -> str:
        """The builder's address with these changes; the page then begins anew, unless a cursor is among them."""
        return url(PATH, **self.parameters(**changes))

    def parameters(self, **changes: Any) -> dict[str, str]:
        """What it says beyond the defaults, with these changes, as parameters of an address."""
        fields = Building.model_fields
        values = {**self.model_dump(), "cursor": "", "at": "", "panel": "", **changes}
        return {
            name: _text(values[name])
            for name in ("query", *(one for one in fields if one != "query"))
            if values[name] is not None and values[name] != fields[name].default
        }

    def export(self) -> dict[str, str]:
        """What the API's exports of the same rows take of it."""
        kept = {name: value for name, value in self.parameters().items() if name in ListQuestion.model_fields}
        return {**kept, "columns": ",".join(one.key for one in choices(self.columns))}

    def has_period(self) -> bool:
        """Whether any field, rather than the query, says of which period."""
        return any(getattr(self, key) for key in PERIOD_KEYS)


class SaveForm(Given):
    """What is saved: a title, a description, with whom it is shared, and the builder's state as in its address.

    `tenant`: whose it becomes; empty: that of whoever saves it.
    `over`: the definition of the report that is being changed becomes this, and the rest of it stays as it is.
    """

    title: str = ""
    description: str = ""
    share: Literal["", "tenant", "group", "role"] = ""
    share_id: str = ""
    tenant: str = Field("", max_length=1024)
    state: str = ""
    over: Literal["", "yes"] = ""


def read_state(text: str) -> Building:
    """The builder's state, as its address has it. Raises BadInput."""
    try:
        return build(Building, dict(parse_qsl(text, max_num_fields=len(Building.model_fields))))
    except ValueError as error:
        raise BadInput("This is no state of the builder.", place="state", remedy="Load the page again.") from error


def choices(text: str) -> list[ColumnChoice]:
    """Columns as they stand in an address: `action,ip=From`. Raises BadDefinition for a key that there is none of."""
    found = []
    for one in keys(text):
        key, _, label = one.partition("=")
        found.append(ColumnChoice(key.strip(), _unescaped(label.strip())))
    return found


def written(chosen: list[ColumnChoice]) -> str:
    """Columns as they stand in an address. A label that is the column's own is left out."""
    return ",".join(
        f"{one.key}={_escaped(one.label)}" if one.label and one.label != COLUMNS[one.key].label else one.key
        for one in chosen
    )


def of_definition(definition: Mapping[str, Any], **more: Any) -> Building:
    """The state that asks for what a saved definition asks for. Raises BadDefinition for one that no longer fits."""
    try:
        chosen = [
            ColumnChoice(one) if isinstance(one, str) else ColumnChoice(**one) for one in definition.get("columns", ())
        ]
        fields = {name: definition[name] for name in _SAME if name in definition}
        return Building(
            columns=written(chosen), group_by=",".join(definition.get("group_by", ())), **{**fields, **more}
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BadDefinition(
            "This report's definition does not fit any more.", place="definition", remedy="Build it anew."
        ) from error


_SAME = ("query", "since", "until", "during", "zone", "locale", "as_of", "order", "group_order", "seconds")


def _escaped(label: str) -> str:
    return label.replace("%", "%25").replace(",", "%2C")


def _unescaped(label: str) -> str:
    return label.replace("%2C", ",").replace("%25", "%")


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
