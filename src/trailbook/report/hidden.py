"""What a viewer may not use because columns are hidden from them: no column, condition, order or group that tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..directory.viewer import Viewer
from ..errors import BadInput, NotAllowed
from ..event.model import KINDS
from ..query.resolve import fields_used
from ..query.tree import Condition
from ..store.dimensions import UNITS
from .columns import COLUMNS, Column

FREE_FORM = ("data", "details", "changes")
"""Columns whose free text can hold what any other column shows: refused as soon as one is hidden, like free words."""

WHO = ("initiator", "tenant", "groups", "roles", "targets", "target_tenant", "target_groups")
"""Facts that are told by which parties a name stands for: those that bear it in any event, on whichever side."""

_FACTS_OF_FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "time": ("time",),
    "action": ("action",),
    "resource": ("resource",),
    "app": ("application",),
    "outcome": ("outcome",),
    "changed": ("changes",),
    "related": ("targets", "related"),
    "request": ("request",),
    "book": ("book",),
    "is": ("initiator", "time", "recorded"),
    "ip": ("ip",),
    "by.user": ("initiator",),
    "by.group": ("groups",),
    "by.role": ("roles",),
    "by.tenant": ("tenant",),
    "against.user": ("targets",),
    "against.group": ("targets", "target_groups"),
    "against.role": ("targets",),
    "against.tenant": ("targets", "target_tenant"),
}


class Hidden:
    """The facts hidden from one viewer: those that the hidden columns show, whichever column or condition tells them.

    Raises BadInput if the viewer hides a column that there is none of: a slip there must not show anything.
    """

    def __init__(self, viewer: Viewer) -> None:
        unknown = sorted(viewer.hidden - COLUMNS.keys())
        if unknown:
            raise BadInput(
                f"Viewer {viewer.name} hides '{unknown[0]}', which is not a column.",
                remedy=f"The columns are {', '.join(COLUMNS)}.",
            )
        self.any = bool(viewer.hidden)
        self._keys = viewer.hidden
        self._labels = ", ".join(COLUMNS[key].label for key in COLUMNS if key in viewer.hidden)
        self._facts = frozenset(fact for key in viewer.hidden for fact in COLUMNS[key].facts)

    def shows(self, column: Column) -> bool:
        """Whether the viewer may see this column."""
        if self.any and column.key in FREE_FORM:
            return False
        return column.key not in self._keys and self._facts.isdisjoint(column.facts)

    def tells(self, *facts: str) -> bool:
        """Whether any of the facts is hidden."""
        return not self._facts.isdisjoint(facts)

    def check_column(self, column: Column) -> None:
        """Raise NotAllowed if the viewer may not see this column."""
        if not self.shows(column):
            self._refuse(f"The column {column.label}", "Leave it out.")

    def check_events(self) -> None:
        """Raise NotAllowed if the viewer may not see whole events."""
        if self.any:
            self._refuse("A whole event", "Ask for columns instead.")

    def check_query(self, condition: Condition) -> None:
        """Raise NotAllowed if the condition, as written or resolved, searches by something hidden."""
        for used in sorted(fields_used(condition)):
            if self.any and used == "words":
                self._refuse("Free text", "Ask by fields instead.")
            if self.tells(*_FACTS_OF_FIELDS.get(used, ())):
                self._refuse(f"The condition {used}", _remedy(used))

    def check_groups(self, keys: Iterable[str]) -> None:
        """Raise NotAllowed for a column, or a unit of time, to group by that tells what is hidden."""
        for key in keys:
            if key in UNITS:
                self.check_times(f"A group for each {key}")
            else:
                self.check_column(COLUMNS[key])

    def counts(self, field: str) -> bool:
        """Whether the viewer may see which values of a field are how frequent; a kind of party means who did it."""
        return not self.tells(*_FACTS_OF_FIELDS[f"by.{field}" if field in KINDS else field])

    def check_counts(self, field: str) -> None:
        """Raise NotAllowed if the viewer may not see which values of a field are how frequent."""
        if not self.counts(field):
            self._refuse(f"The values of {field}", "Ask for another field.")

    def check_times(self, what: str) -> None:
        """Raise NotAllowed if `what`, which is by time of occurrence, tells a hidden time."""
        if self.tells("time"):
            self._refuse(what, "Group by a column instead.")

    def _refuse(self, what: str, remedy: str) -> None:
        raise NotAllowed(f"{what} would tell what is hidden from you ({self._labels}).", remedy=remedy)


def _remedy(used: str) -> str:
    side, dot, kind = used.partition(".")
    if not dot:
        return "Leave it out."
    return f"Ask {'against' if side == 'by' else 'by'}.{kind} alone, if you may, or leave it out."
