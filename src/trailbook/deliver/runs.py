"""Runs of schedules: each due time is taken once, by one worker, together with the deliveries that come of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ..access.kept import Shelf
from ..access.model import Caller
from ..errors import BadInput, NotAllowed, NotSignedIn
from ..event.model import Event, Outcome, Reference
from ..report.result import heads_dict
from ..store.ports import Record
from .base import Base
from .deliveries import Delivery, begun
from .manifest import SavedAs
from .owners import Owner, defaults, owner_of
from .recipients import Recipient
from .schedules import LATE, MOST_MISSED, SCHEDULES, Schedule, next_task, turn_of
from .tasks import TASKS, Claim
from .times import latest_due

HISTORY = timedelta(days=400)
"""How long runs and deliveries can be looked up; the events that tell of them stay."""


class Run(Struct, frozen=True, omit_defaults=True):
    """A run of a schedule for one due time, which its id is made of: there is never a second one.

    `definition` (plain values), `heads` (JSON) and `due_at` are what its rows are read by, so that they can be read
    again. `state`: `done` once there are deliveries; `stopped` if the owner may no longer, and `reason` says why.
    """

    id: str
    schedule: str
    tenant: str
    title: str
    due_at: datetime
    taken_at: datetime
    state: Literal["done", "stopped"] = "done"
    reason: str = ""
    definition: dict[str, Any] = {}
    report: SavedAs | None = None
    heads: str = "{}"
    test: bool = False
    expires_at: datetime | None = None


RUNS = Shelf("run", Run, owner=attrgetter("schedule"), expires_at=attrgetter("expires_at"))


def run(base: Base, held: Claim) -> None:
    """Run the schedule that the task is about, for its due time, and see to it that it runs the next time."""
    schedule_id, turn, due_at = turn_of(held.task)
    now = base.clock()
    found = SCHEDULES.find(base.store, schedule_id, now)
    if found is None or not found.value.active or found.value.turn != turn:
        held.finish()
        return
    schedule = found.value
    chosen = _chosen(schedule, due_at, now)
    following = TASKS.record(next_task(schedule, chosen or now))
    if chosen is None or RUNS.find(base.store, run_id(schedule, chosen), now) is not None:
        held.finish([following])
        return
    try:
        owner = owner_of(base, schedule, now)
        kept = run_records(base, schedule, owner, run_id(schedule, chosen), chosen, schedule.recipients)
    except (NotAllowed, NotSignedIn, BadInput) as error:
        stopped = replace(schedule, active=False, stopped=error.problem, turn=turn + 1, updated_at=now)
        run = replace(_new_run(schedule, run_id(schedule, chosen), chosen, now), state="stopped", reason=error.problem)
        event = run_event(base, None, schedule, "stop", "failure", error.problem, due_at=chosen)
        held.finish([SCHEDULES.record(stopped, found), RUNS.record(run)], events=[event])
        return
    told: dict[str, Any] = {"due_at": chosen, "recipients": len(schedule.recipients)}
    if chosen != due_at:
        told["missed_since"] = due_at
    event = run_event(base, owner.caller, schedule, "run", **told)
    held.finish([*kept, following], events=[event])


def run_records(
    base: Base,
    schedule: Schedule,
    owner: Owner,
    id: str,
    due_at: datetime,
    recipients: tuple[Recipient, ...],
    *,
    test: bool = False,
) -> list[Record]:
    """What is kept of a run that begins now: itself, and a delivery with its task for each recipient.

    Raises BadDefinition, BadQuery.
    """
    now = base.clock()
    definition = schedule.definition(owner.report.value, defaults(base))
    run = replace(
        _new_run(schedule, id, due_at, now),
        definition=definition.to_dict(),
        report=SavedAs(schedule.report, owner.report.record.version),
        heads=json.dumps(heads_dict(base.store.heads(owner.viewer))),
        test=test,
    )
    deliveries = [
        Delivery(f"{id}.{one.key}", id, schedule.id, schedule.tenant, one, now, expires_at=run.expires_at)
        for one in recipients
    ]
    kept = [RUNS.record(run), *(record for one in deliveries for record in begun(one))]
    return [*kept, *(TASKS.record(one.task(now)) for one in deliveries)]


def run_id(schedule: Schedule, due_at: datetime) -> str:
    """The id of the one run for a due time."""
    return f"{schedule.id}.{due_at:%Y%m%dT%H%M%SZ}"


def run_event(
    base: Base,
    caller: Caller | None,
    schedule: Schedule,
    action: str,
    outcome: Outcome = "success",
    reason: str = "",
    **data: Any,
) -> Event:
    """The event of something that a schedule does, in its tenant's book; recipients are text in its data."""
    related = (Reference("schedule", schedule.id, schedule.title), Reference("report", schedule.report))
    return base.event(caller, schedule.tenant, "schedules", action, related, outcome, reason, **data)


def _chosen(schedule: Schedule, due_at: datetime, now: datetime) -> datetime | None:
    """Of the due times from `due_at` up to now, the one to run; None if all were missed and are to be left out."""
    count = MOST_MISSED if schedule.missed == "each" else 1
    latest = latest_due(schedule.timing, schedule.place(), due_at, now, count)
    return None if schedule.missed == "skip" and now - latest > LATE else latest


def _new_run(schedule: Schedule, id: str, due_at: datetime, now: datetime) -> Run:
    return Run(id, schedule.id, schedule.tenant, schedule.title, due_at, now, expires_at=now + HISTORY)
