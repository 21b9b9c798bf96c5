"""What may be asked of events: the parameters that endpoints share, and the definitions that they make."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..access import decide
from ..deliver.reading import ask_as
from ..query.lexer import LONGEST_QUERY
from ..query.tree import EVERYTHING, Condition
from ..render.options import Paper
from ..report.asked import Asked
from ..report.definition import MOST_ROWS, PERIOD_KEYS, AsOf, Definition, GroupOrder, from_dict
from ..report.groups import MOST_GROUPS
from ..report.result import read_heads
from ..store.ports import FACET_FIELDS, Order
from .changed import Given, Work


def _text(meaning: str, longest: int = 100) -> Any:
    return Field(default="", description=meaning, max_length=longest)


Keys = Annotated[str, Field(max_length=2_000, pattern=r"^[a-z_, ]*$")]
Cursor = Annotated[str, Field(max_length=100, description="A cursor of another page: its rows are left out.")]
PageSize = Annotated[int, Field(ge=1, le=1_000, description="At most this many rows.")]


class Narrowing(Given):
    """A period, and the state of the books to read at."""

    since: str = _text("From then on: 2021-11-01, 2021-11-01T14:00, -7d, yesterday ...")
    until: str = _text("Until then; a day counts in full.")
    during: str = _text("today, last-month, 2021-11, 2021-11-01..2021-11-17 ...")
    heads: str = _text("As of these heads, in JSON as in an answer: what came later is left out.", 30_000)

    def narrowed(self) -> Condition:
        """The period as a condition, as written. Raises BadDefinition."""
        return from_dict(_period(self)).condition()


class Question(Narrowing):
    """Which events, and how dates in the question and the answer are meant."""

    query: str = _text("In the query language; empty: everything.", LONGEST_QUERY)
    zone: str = _text("An IANA time zone, such as Europe/Berlin; empty: that of the settings.")
    locale: str = _text("How dates are written, such as en or pt-BR; empty: that of the settings.")
    as_of: AsOf = Field("then", description="Groups and roles with their members then, or with those of now.")

    def definition(self, work: Work, **more: Any) -> Definition:
        """The definition that asks for this. Raises BadDefinition, BadQuery."""
        own = {key: value for key in ("zone", "locale") if (value := getattr(self, key))}
        return from_dict({**defaults(work), **own, **_period(self), "query": self.query, "as_of": self.as_of, **more})


class ListQuestion(Question):
    """Which columns of which events, in which order."""

    columns: Keys = Field("", description="Columns by key, separated by commas; empty: the default ones.")
    order: Order = Field("newest", description="Which rows come first.")

    def list(self, work: Work, **more: Any) -> Definition:
        """The definition of a list."""
        return self.definition(work, columns=keys(self.columns), order=self.order, **more)


class PageQuestion(ListQuestion):
    """A page of a list."""

    form: Literal["value", "text", "event"] = Field(
        "value", description="Cells for programs, cells for people, or whole events (with no column hidden)."
    )
    cursor: Cursor = ""
    limit: PageSize = 50


class ExportQuestion(ListQuestion):
    """A list to take out."""

    limit: int | None = Field(None, ge=1, le=MOST_ROWS, description="At most this many rows.")
    bom: bool = Field(False, description="CSV: begin with a byte order mark.")
    paper: Paper = Field("", description="PDF: its paper, in landscape; else A4, or A3 if the columns need it.")


class CountQuestion(Question):
    """How many."""

    at_most: int | None = Field(None, ge=1, le=MOST_ROWS, description="Stop counting there.")


class SummaryQuestion(Question):
    """How many of each."""

    by: str = Field(
        description="Columns by key, or hour, day, week, month, separated by commas.",
        max_length=2_000,
        pattern=r"^[, ]*[a-z_][a-z_, ]*$",
    )
    group_order: GroupOrder = Field("value", description="By value, or those of most events first.")
    limit: int = Field(1_000, ge=1, le=MOST_GROUPS, description="At most this many groups.")


class FacetQuestion(Question):
    """Which values of a field are the most frequent."""

    field: Literal[FACET_FIELDS] = Field(description="The field; user, group, role and tenant: of the initiator.")  # type: ignore[valid-type]
    limit: int = Field(10, ge=1, le=1_000, description="At most this many values.")


class SavedQuestion(Narrowing):
    """A page of a saved report, narrowed."""

    form: Literal["value", "text"] = Field("value", description="Cells for programs, or for people.")
    cursor: Cursor = ""
    limit: PageSize = 50


class SavedExportQuestion(Narrowing):
    """A saved report to take out, narrowed."""

    bom: bool = Field(False, description="CSV: begin with a byte order mark.")
    paper: Paper = Field("", description="PDF: its paper, in landscape; else A4, or A3 if the columns need it.")


def keys(text: str) -> list[str]:
    """Keys separated by commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


def defaults(work: Work) -> dict[str, Any]:
    """What a definition says where it leaves something out."""
    return {"zone": work.service.settings.zone, "locale": work.service.settings.locale}


def asked(work: Work, definition: Definition, heads: str = "", also: Condition = EVERYTHING) -> Asked:
    """What a definition asks for, within what the caller may see now, in the time that a request may take.

    Raises as `ask` does, and as `decide.viewer` does for who may not see events at all.
    """
    return ask_as(
        work.service,
        decide.viewer(work.caller, work.now),
        definition,
        now=work.now,
        reader=work.service.reader,
        heads=read_heads(heads) if heads else None,
        also=also,
    )


def told(definition: Definition, also: Narrowing | None = None) -> dict[str, Any]:
    """What a look is told by, in the words in which it was asked: the query and the period."""
    found: dict[str, Any] = {"query": definition.query, **_period(definition)}
    if also is not None and (narrowed := _period(also)):
        found["narrowed"] = narrowed
    return found


def _period(of: Narrowing | Definition) -> dict[str, str]:
    """What it says of the period, as written."""
    return {key: value for key in PERIOD_KEYS if (value := getattr(of, key))}
