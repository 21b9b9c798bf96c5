"""Schedules: a saved report, when it runs, over which period, and to whom it goes in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from ..access.kept import Shelf
from ..errors import BadInput
from ..query.periods import check_period
from ..render import DOWNLOADS
from ..report.clock import zone_named
from ..report.definition import PERIOD_KEYS, Definition, from_dict
from ..report.saved import SavedReport
from ..store.ports import Record, Records
from .recipients import Recipient
from .tasks import TASKS, Task
from .times import Timing, next_due
from .times import check as check_timing

Missed = Literal["latest", "each", "skip"]
RUN = "run_schedule"
"""The kind of task that runs a schedule at its next due time."""
LATE = timedelta(hours=1)
"""A run that begins later than this was missed, for a schedule that leaves out missed runs."""
MOST_MISSED = 100
"""Of the runs that were missed, no more are made up for."""
MOST_RECIPIENTS = 50
PLACEHOLDERS = ("title", "schedule", "date", "time", "since", "until", "rows")
"""What stands between `{` and `}` in a subject or text: the report's and schedule's title, the day and time that it
was due, the edges of the period (…: open), and the number of rows."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]*)\}")


class Schedule(Struct, frozen=True, omit_defaults=True):
    """A saved report (its id) that runs by itself, as its `owner` (the id of an account) may see it at that time.

    `zone`: in which it is due, and in which the report is run. `during`: the period, relative to the due time; empty:
    the report's own. `formats`: of the files. `subject` and `text`: with placeholders; an empty text says nothing
    beside the facts. `attach_bytes`: larger files are not attached but linked to. `missed`: of the due times that no
    worker was there for, the `latest` is run late, or `each` of the last `MOST_MISSED`, or they are left out (`skip`).
    `active`: whether it runs; `stopped`: why it has stopped by itself. `turn` grows with each change, so that tasks of
    before are void.
    """

    id: str
    owner: str
    tenant: str
    title: str
    report: str
    timing: Timing
    zone: str
    recipients: tuple[Recipient, ...]
    formats: tuple[str, ...] = ("csv",)
    during: str = ""
    subject: str = "{title}, {date}"
    text: str = ""
    skip_empty: bool = False
    attach_bytes: int = 5 << 20
    missed: Missed = "latest"
    active: bool = True
    stopped: str = ""
    turn: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def place(self) -> ZoneInfo:
        """Its time zone."""
        return zone_named(self.zone)

    def definition(self, report: SavedReport, defaults: Mapping[str, Any]) -> Definition:
        """What a run of it asks for. Raises BadDefinition, BadQuery."""
        plain = {**defaults, **report.definition, "title": report.title, "zone": self.zone}
        if self.during:
            plain = {key: value for key, value in plain.items() if key not in PERIOD_KEYS} | {"during": self.during}
        return from_dict(plain)

    def told(self) -> dict[str, Any]:
        """What a change of it is told by."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        plain["recipients"] = [one.told for one in self.recipients]
        return {key: value for key, value in plain.items() if key not in _UNTOLD}


_UNTOLD = ("id", "owner", "tenant", "turn", "created_at", "updated_at")
SCHEDULES = Shelf("schedule", Schedule, owner=attrgetter("tenant"))


class Turn(NamedTuple):
    """What a task of a schedule is about: which schedule as of which change, and the due time."""

    schedule: str
    turn: int
    due_at: datetime


def check(schedule: Schedule, now: datetime, least: timedelta) -> None:
    """Raises BadInput, BadDefinition or BadQuery for a schedule that could not run."""
    check_timing(schedule.timing, now, schedule.place(), least)
    if schedule.during:
        check_period("during", schedule.during)
    for place in ("subject", "text"):
        unknown = [one for one in _PLACEHOLDER.findall(getattr(schedule, place)) if one not in PLACEHOLDERS]
        if unknown:
            raise BadInput(
                f"There is nothing to put in the place of {{{unknown[0]}}}.",
                place=place,
                remedy=f"Known are {', '.join(f'{{{one}}}' for one in PLACEHOLDERS)}.",
            )
    wrong = [one for one in schedule.formats if one not in DOWNLOADS]
    if wrong or not schedule.formats or len(set(schedule.formats)) < len(schedule.formats):
        raise BadInput(
            f"'{wrong[0]}' is no format." if wrong else "It is not said once in which formats.",
            place="formats",
            remedy=f"Give some of {', '.join(DOWNLOADS)}.",
        )
    if not schedule.recipients or len(set(schedule.recipients)) < len(schedule.recipients):
        raise BadInput("It goes to nobody, or twice to somebody.", place="recipients", remedy="Name each once.")


def filled(template: str, values: Mapping[str, str]) -> str:
    """A subject or text with each placeholder replaced by its value, once; nothing in a value means anything."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def next_task(schedule: Schedule, after: datetime) -> Task:
    """The task of its next run after a moment."""
    due_at = next_due(schedule.timing, schedule.place(), after, 1)[0]
    return Task(RUN, f"{schedule.id}/{schedule.turn}/{due_at:%Y%m%dT%H%M%SZ}", due_at)


def waiting(records: Records, schedule: Schedule, now: datetime) -> list[Record]:
    """The task of its next run, if nobody has begun it yet: what a change of the schedule makes void."""
    found = TASKS.find(records, next_task(schedule, now).id, now) if schedule.active else None
    return [found.record] if found else []


def turn_of(task: Task) -> Turn:
    """What a task of a schedule is about."""
    schedule, turn, due_at = task.subject.split("/")
    return Turn(schedule, int(turn), datetime.strptime(due_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
