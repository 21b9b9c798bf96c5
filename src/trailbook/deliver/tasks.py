"""The queue of tasks: what waits for its time, as records; who does one claims it for a while, and is alone with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import RLock
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ..access.kept import Found, Shelf
from ..errors import Outdated
from ..event.model import Event
from ..store.ports import Record, Records
from .base import Base

LEASE = timedelta(seconds=30)
"""How long a claim holds by itself: after so long, a task whose worker has died is due again."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_READ = 10


class Task(Struct, frozen=True):
    """Something to do at `due_at` (UTC): what (`kind`) with what (`subject`: an id).

    `tries`: how many times it was claimed since it was added or put off on purpose. `holder`: the worker that has
    claimed it, until `due_at`; empty if nobody has.
    """

    kind: str
    subject: str
    due_at: datetime
    tries: int = 0
    holder: str = ""

    @property
    def id(self) -> str:
        """By which tasks are in order of time. No two claims of one task have the same."""
        due_at = self.due_at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{due_at}/{self.kind}/{self.subject}/{self.holder}"


TASKS = Shelf("task", Task)
"""All tasks. To add one, keep `TASKS.record(task)` together with what it is about."""


def due(records: Records, now: datetime) -> Iterator[Found[Task]]:
    """The tasks that are due, those first that have been for longest; as they are read, others may take them."""
    after = ""
    while found := TASKS.all(records, now, after=after, limit=_READ):
        for one in found:
            if one.value.due_at > now:
                return
            yield one
        after = found[-1].record.id


class Overdue(NamedTuple):
    """How many tasks are due that nobody has begun (at most `MOST_COUNTED`), and for how long the first has been."""

    tasks: int
    seconds: float


NOTHING = Overdue(0, 0.0)
MOST_COUNTED = 1_000


def overdue(records: Records, now: datetime) -> Overdue:
    """How far work is behind."""
    found = list(islice(due(records, now), MOST_COUNTED))
    return Overdue(len(found), (now - found[0].value.due_at).total_seconds()) if found else NOTHING


def claim(base: Base, found: Found[Task], holder: str, lease: timedelta = LEASE) -> Claim | None:
    """The task, claimed for `holder`, a name that no other worker has or had; None if someone else was quicker."""
    task = replace(found.value, due_at=base.clock() + lease, tries=found.value.tries + 1, holder=holder)
    record = TASKS.record(task)
    try:
        base.keep([record], removed=[found.record])
    except Outdated:
        return None
    return Claim(base, task, lease)


class Claim:
    """A task that a worker holds. All that comes of it is kept through the claim, and only while that holds.

    Every method that keeps raises Outdated, and keeps nothing, once the claim is lost: its time was over, and another
    worker has taken the task. Any thread may call them.
    """

    def __init__(self, base: Base, task: Task, lease: timedelta) -> None:
        self._base = base
        self._lease = lease
        self._lock = RLock()
        self._stopping = False
        self._ended = False
        self.task = task
        self.lost = False

    def renew(self, changed: Sequence[Record] = (), *, events: Iterable[Event] = ()) -> None:
        """Hold it for another lease from now on, and keep these with that."""
        with self._lock:
            if not self._ended:
                self._keep(replace(self.task, due_at=self._base.clock() + self._lease), changed, (), events)

    def finish(
        self, changed: Sequence[Record] = (), *, removed: Sequence[Record] = (), events: Iterable[Event] = ()
    ) -> None:
        """It is done: keep what came of it, new tasks included, and take the task away."""
        with self._lock:
            self._keep(None, changed, removed, events)
            self._ended = True

    def put_off(
        self,
        until: datetime,
        changed: Sequence[Record] = (),
        *,
        removed: Sequence[Record] = (),
        events: Iterable[Event] = (),
        tries: int = 0,
    ) -> None:
        """It is to be done at another time: keep what came of it so far, and let go of it until then."""
        with self._lock:
            self._keep(replace(self.task, due_at=until, tries=tries, holder=""), changed, removed, events)
            self._ended = True

    def try_again(self) -> None:
        """It failed: let go of it for longer each time, from half a minute up to an hour."""
        self.put_off(self._base.clock() + wait_after(self.task.tries), tries=self.task.tries)

    def begin_again(self) -> None:
        """What it is about was changed meanwhile: anybody may begin it again at once."""
        self.put_off(self._base.clock(), tries=self.task.tries)

    def let_go(self) -> None:
        """It was not its fault: anybody may take it at once."""
        self.put_off(self._base.clock(), tries=self.task.tries - 1)

    def stop(self) -> None:
        """Ask whoever does it to leave it; `check` tells them."""
        self._stopping = True

    def check(self) -> None:
        """For long work, now and then. Raises Outdated if the claim is lost, Stopping if the work is to be left."""
        if self.lost:
            raise Outdated("Another worker has taken this task.")
        if self._stopping:
            raise Stopping

    @property
    def ended(self) -> bool:
        """Whether it was finished or put off."""
        return self._ended

    def _keep(
        self, task: Task | None, changed: Sequence[Record], removed: Sequence[Record], events: Iterable[Event]
    ) -> None:
        held = replace(TASKS.record(self.task), version=1)
        try:
            kept = [] if task is None else [TASKS.record(task)]
            self._base.keep([*kept, *changed], removed=[held, *removed], events=events)
        except Outdated:
            self.lost = self._base.store.record(held.kind, held.id, self._base.clock()) is None
            raise
        if task is not None:
            self.task = task


class Stopping(Exception):
    """The worker ends; what it does is to be left as it is, for another one."""


def wait_after(tries: int) -> timedelta:
    """How long to wait after the so many-th try failed: half a minute, and twice as long each time, up to an hour."""
    return min(FIRST_WAIT * (1 << min(max(tries, 1) - 1, 20)), LONGEST_WAIT)
