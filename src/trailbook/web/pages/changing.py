"""Changing what the builder asks for: each button of its forms is a change of the state, and leads to its address."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from msgspec.structs import replace
from pydantic import Field, create_model
from starlette.responses import RedirectResponse, Response

from ...access import decide
from ...errors import BadInput, BadQuery
from ...event.model import Kind
from ...query.editing import Leaf, excluded, lessened, narrowed, widened
from ...query.language import parse, unparse
from ...query.normal import conjunction
from ...query.tree import Address, Direction, Involves
from ...query.tree import Field as Keyed
from ...report.columns import COLUMNS, DEFAULT_COLUMNS
from ...report.definition import ColumnChoice
from ...report.hidden import Hidden
from ..strict import Strict
from .building import PATH, Building, choices, written
from .labels import column_label
from .screens import Visit, Visiting

router = APIRouter(include_in_schema=False, route_class=Strict)

Text = Annotated[str, Field(max_length=1_000)]


class Change(Building):
    """A state, and what is to be changed of it.

    `only`, `without`, `either` and `less` hold a condition as the query language has it: narrow to it, exclude it,
    take it as an alternative, give it up. `party`: somebody to ask for. `day`: the period becomes that day. The rest is
    about columns: one to add, take out or move; `shown`: all of them in a new order; labels by key; all as they were.
    """

    only: Text = ""
    without: Text = ""
    either: Text = ""
    less: Text = ""
    party: Text = ""
    kind: Kind = "user"
    side: Direction = "either"
    day: Text = ""
    add: Text = ""
    remove: Text = ""
    up: Text = ""
    down: Text = ""
    shown: Annotated[str, Field(max_length=2_000)] = ""
    usual: bool = False
    first_group: Text = ""
    second_group: Text = ""
    regroup: Literal["", "yes", "no"] = ""


_LABELS: Any = {f"label_{key}": (Annotated[str, Field(max_length=200)] | None, None) for key in COLUMNS}
Labelled: Any = create_model("Labelled", __base__=Change, **_LABELS)
"""A change with the labels that columns shall have."""


@router.get(f"{PATH}/change")
def change(visit: Visiting, given: Annotated[Labelled, Query()]) -> Response:
    """Go to the address of the state as changed."""
    # A form has the usual zone in its field; the address has only another one.
    zone = "" if given.zone == visit.service.settings.zone else given.zone
    changes: dict[str, Any] = {"at": given.at, "panel": given.panel, "zone": zone}
    if given.day:
        changes |= {"during": given.day, "since": "", "until": ""}
    changes |= {"query": _query(given), "columns": _columns(given, visit)}
    if given.regroup:
        groups = dict.fromkeys(one for one in (given.first_group, given.second_group) if one)
        changes["group_by"] = ",".join(groups) if given.regroup == "yes" else ""
    return RedirectResponse(given.address(**{name: value for name, value in changes.items() if value is not None}), 303)


def _query(given: Change) -> str:
    """The query as changed; as it is, if it cannot be understood: then its page says why."""
    if not (given.only or given.without or given.either or given.less or given.party.strip()):
        return given.query.strip()
    try:
        condition = parse(given.query)
    except BadQuery:
        return given.query
    edits = ((given.only, narrowed), (given.without, excluded), (given.either, widened), (given.less, lessened))
    for text, edit in edits:
        if text:
            condition = edit(condition, _leaf(text))
    if party := given.party.strip():
        condition = conjunction((condition, Involves(given.kind, (party,), given.side)))
    return unparse(condition)


def _leaf(text: str) -> Leaf:
    """The condition of a button. Raises BadInput for what no button has."""
    leaf = parse(text)
    if isinstance(leaf, (Involves, Keyed, Address)):
        return leaf
    raise BadInput("This is no condition with a key.", place="query", remedy="Write it into the query.")


def _columns(given: Any, visit: Visiting) -> str | None:
    """The columns as changed, as they stand in an address; None if they are not changed."""
    labels = _labels(given, visit)
    if given.usual:
        return ""
    if not (given.add or given.remove or given.up or given.down or given.shown or labels):
        return None
    hidden = Hidden(decide.viewer(visit.caller, visit.work.now))
    usual = [ColumnChoice(key) for key in DEFAULT_COLUMNS if hidden.shows(COLUMNS[key])]
    chosen = [one for one in choices(given.columns) if one.key in COLUMNS] or usual
    chosen = [replace(one, label=labels.get(one.key, one.label)) for one in chosen]
    by_key = {one.key: one for one in chosen}
    if given.shown:
        order = dict.fromkeys(key for key in given.shown.split(",") if key in COLUMNS)
        chosen = [by_key.get(key, ColumnChoice(key)) for key in order]
    if given.add in COLUMNS and given.add not in by_key:
        chosen.append(ColumnChoice(given.add))
    if len(chosen) > 1:
        chosen = [one for one in chosen if one.key != given.remove]
    _move(chosen, given.up, -1)
    _move(chosen, given.down, 1)
    text = written(chosen)
    return "" if text == ",".join(one.key for one in usual) else text


def _labels(given: Any, visit: Visit) -> dict[str, str]:
    """The labels that were sent, by key: empty for the column's own, as it is or as the reader's language has it."""
    sent = {key: getattr(given, f"label_{key}") for key in COLUMNS}
    return {
        key: "" if (label := text.strip()) in (COLUMNS[key].label, column_label(visit, key)) else label
        for key, text in sent.items()
        if text is not None
    }


def _move(chosen: list[ColumnChoice], key: str, by: int) -> None:
    """Move a column by one place, if it is there and there is such a place."""
    at = next((number for number, one in enumerate(chosen) if one.key == key), -1)
    if at >= 0 and 0 <= at + by < len(chosen):
        chosen[at], chosen[at + by] = chosen[at + by], chosen[at]
