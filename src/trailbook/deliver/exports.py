"""Exports that run in the background: what one is, who may see and take it, and how it is asked for and given up."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ..access.decide import covers, within_scope
from ..access.kept import Found, Shelf
from ..access.model import Caller
from ..access.own import Decided, Doing, own_event
from ..directory.viewer import TenantScope, Viewer
from ..event.model import Event, Outcome, Reference
from ..render.options import Paper
from ..report.definition import PERIOD_KEYS
from .files import Made
from .manifest import Manifest, SavedAs
from .tasks import TASKS, Task

State = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: frozenset[State] = frozenset(("waiting", "running"))
"""The states of an export that is yet to end."""
MAKE, CLEAR = "export", "clear_export"
"""The kinds of tasks: to make the file of an export, and to remove it."""


class Export(Struct, frozen=True, omit_defaults=True):
    """A file that is made of a report in the background.

    `kind` and `by`: the account or key that asked for it, by its id; `name`: what it was called. `tenant`: in whose
    book it is told. `viewer`: as whom it was asked for; once it is made, as whom it was read. `definition` holds plain
    values, `narrowed` the period asked for besides, `heads` those to read at in JSON (empty: those there by then).
    `bom` and `paper` are as of the writers' options.
    `token` is part of the name of the file that is made by the try at hand: what another try makes is in nobody's way.
    `rows` of `of` have been written. `error`: a sentence, if it failed. From `expires_at` on all of it is gone.
    """

    id: str
    tenant: str
    kind: Literal["account", "key"]
    by: str
    name: str
    viewer: Viewer
    title: str
    format: str
    definition: dict[str, Any]
    asked_at: datetime
    saved: SavedAs | None = None
    narrowed: dict[str, str] = {}
    heads: str = ""
    bom: bool = False
    paper: Paper = ""
    state: State = "waiting"
    token: str = ""
    rows: int = 0
    of: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    made: Made | None = None
    expires_at: datetime | None = None

    def seconds_left(self, now: datetime) -> float | None:
        """How long it will take from now, if it goes on as it did; None if that cannot be said."""
        if self.state != "running" or not self.rows or self.of is None or self.started_at is None:
            return None
        return (now - self.started_at).total_seconds() * max(self.of - self.rows, 0) / self.rows


EXPORTS = Shelf("export", Export, owner=attrgetter("tenant"), expires_at=attrgetter("expires_at"))


class KeptManifest(Struct, frozen=True):
    """The manifest of an export, kept apart, since it may be large; `id` is the export's."""

    id: str
    manifest: Manifest
    expires_at: datetime


MANIFESTS = Shelf("manifest", KeptManifest, expires_at=attrgetter("expires_at"))


def may_see(caller: Caller, export: Export) -> bool:
    """Whoever asked for it, and who manages reports of its tenant and may now see all that it was asked for with."""
    seat = caller.seat
    manages = "reports" in seat.rights and within_scope(seat.scope, TenantScope(export.tenant))
    return is_own(caller, export) or (manages and covers(seat, export.viewer))


def may_take(caller: Caller, export: Export) -> bool:
    """Who may see it and take events out, as long as they may see all that the file was made of."""
    return may_see(caller, export) and "export" in caller.seat.rights and covers(caller.seat, export.viewer)


def is_own(caller: Caller, export: Export) -> bool:
    """Whether they asked for it."""
    return (caller.kind, caller.id) == (export.kind, export.by)


def ask_for(export: Export, doing: Doing) -> Decided:
    """An export is asked for."""
    task = Task(MAKE, export.id, doing.at)
    event = _event(export, doing, "exports", "create")
    return Decided((EXPORTS.record(export), TASKS.record(task)), (), (event,))


def give_up(was: Found[Export], doing: Doing, expires_at: datetime) -> Decided:
    """An export that has not ended is cancelled, and seen as such until `expires_at`; one that has is removed."""
    export = was.value
    event = _event(export, doing, "exports", "cancel" if export.state in OPEN else "delete")
    if export.state in OPEN:
        cancelled = replace(export, state="cancelled", ended_at=doing.at, expires_at=expires_at)
        return Decided((EXPORTS.record(cancelled, was),), (), (event,))
    return Decided((TASKS.record(Task(CLEAR, export.id, doing.at)),), (was.record,), (event,))


def made_event(export: Export, doing: Doing, columns: list[str]) -> Event:
    """The event of a file that was made, or could not be."""
    more = {"columns": columns, "rows": export.rows}
    if export.made is not None:
        more["sha256"] = export.made.sha256
    return _event(export, doing, "reports", "export", "failure" if export.error else "success", more)


def taken_event(export: Export, doing: Doing) -> Event:
    """The event of a file that is taken."""
    assert export.made is not None
    return _event(export, doing, "reports", "download", more={"rows": export.rows, "sha256": export.made.sha256})


def _event(
    export: Export,
    doing: Doing,
    resource: str,
    action: str,
    outcome: Outcome = "success",
    more: dict[str, Any] | None = None,
) -> Event:
    """An event about an export: what is asked for is text in its data, and never makes anybody a target."""
    related = [Reference("export", export.id, export.title)]
    if export.saved is not None:
        related.append(Reference("report", export.saved.id, export.title))
    return own_event(
        doing.caller,
        doing.origin,
        doing.at,
        id=doing.new_id(),
        tenant=export.tenant,
        resource=resource,
        action=action,
        outcome=outcome,
        reason=export.error,
        related=tuple(related),
        data={**told(export), "format": export.format, **(more or {})},
    )


def told(export: Export) -> dict[str, Any]:
    """What was asked for, in the words in which it was: the query and the period."""
    asked: dict[str, Any] = {"query": export.definition.get("query", "")}
    asked |= {key: export.definition[key] for key in PERIOD_KEYS if key in export.definition}
    return {**asked, "narrowed": export.narrowed} if export.narrowed else asked
