"""Work for workers whose doing can be counted, and a process that does it."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from trailbook.deliver.base import Base
from trailbook.deliver.tasks import TASKS, Claim
from trailbook.deliver.worker import Worker
from trailbook.directory.viewer import OPERATOR
from trailbook.event.model import Event
from trailbook.query.tree import EVERYTHING
from trailbook.settings import Settings
from trailbook.store.ports import Record, Store
from trailbook.wiring import open_store


def _done(base: Base, subject: str) -> Event:
    """The event that tells that a task was done: another one each time."""
    return Event(
        base.new_id(), base.clock(), "task", "do", tenant="acme", application="trailbook", data={"subject": subject}
    )


def told(store: Store) -> Counter[str]:
    """How often each task was told to be done."""
    return Counter(row.event.data["subject"] for row in store.scan(OPERATOR, EVERYTHING))


def finish(base: Base, held: Claim) -> None:
    """Do a task: with a result that may be there before, and an event."""
    held.finish([Record("result", base.new_id(), b"")], events=[_done(base, held.task.subject)])


def work(place: str, dies: bool) -> None:
    """A process that works until nothing is left; `dies`: is killed in the middle of a task."""
    base = Base(open_store(place), Settings(), clock=lambda: datetime.now(UTC), randomness=os.urandom)

    def handle(base: Base, held: Claim) -> None:
        time.sleep(0.002)
        if dies and held.task.subject == "20":
            os._exit(9)
        finish(base, held)

    worker = Worker(base, {"work": handle}, lease=timedelta(seconds=2))
    while list(TASKS.each(base.store, base.clock())):
        worker.run_due()
        time.sleep(0.01)
