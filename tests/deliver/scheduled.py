"""Schedules of acme, whose analyst Ann owns them, with workers that send into a list; for the tests of delivering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sealed import seal, simple
from simulated import START, Clock, Mortal

from trailbook.access.kept import ACCOUNTS, REPORTS
from trailbook.access.model import Account
from trailbook.deliver.base import Base
from trailbook.deliver.channel import Message
from trailbook.deliver.deliveries import DELIVERIES, Delivery
from trailbook.deliver.handlers import handlers
from trailbook.deliver.recipients import DOMAINS, Domains, Recipient
from trailbook.deliver.runs import RUNS, Run
from trailbook.deliver.schedules import SCHEDULES, Schedule, next_task
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.times import Timing
from trailbook.deliver.worker import Worker
from trailbook.directory.viewer import OPERATOR, Scope, TenantScope
from trailbook.event.model import Event, PartyKey
from trailbook.query.tree import Field
from trailbook.report.saved import SavedReport
from trailbook.store.ports import Store

ACME = TenantScope("acme")
ANN, BOB = Recipient("account", "ann"), Recipient("account", "bob")
OUTSIDE = Recipient("mail", "cfo@example.com")
EVERY_FIVE = Timing("cron", cron="*/5 * * * *")


class Sent(Struct, frozen=True):
    """A message that was sent, and what was in its files then."""

    message: Message
    files: tuple[str, ...]


class Office:
    """A store with Ann's report, and workers on it."""

    def __init__(self, store: Store, folder: Path, dies: Callable[[], bool] = lambda: False, **settings: Any) -> None:
        self.settings = settings
        self.store = store
        self.clock = Clock()
        self.folder = folder
        self.dies = dies
        self.sent: list[Sent] = []
        self.fails: Callable[[Message], None] = lambda message: None
        self.base = self.new_base(lambda: False)
        self.account("ann", "analyst", ACME)
        self.account("bob", "reader", ACME)
        report = SavedReport("r1", "ann", "acme", "Calls", {"columns": ["time", "initiator", "ip"]})
        self.base.keep([REPORTS.record(report), DOMAINS.record(Domains("acme", ("example.com",)))])
        events = [simple(number, START - timedelta(hours=number + 1), user=f"u{number % 3}") for number in range(9)]
        store.append([seal(event) for event in events])

    def new_base(self, dies: Callable[[], bool] | None = None) -> Base:
        return Mortal(
            self.store, self.clock, dies or self.dies, export_folder=str(self.folder / "files"), **self.settings
        )

    def worker(self) -> Worker:
        """A new one, of another process."""
        base, ways = self.new_base(), dict.fromkeys(("mail", "folder", "webhook"), self._send)
        return Worker(base, handlers(base.settings, ways), failed=self._failed)  # type: ignore[arg-type]

    def _send(self, message: Message) -> None:
        self.fails(message)
        self.sent.append(Sent(message, tuple(one.path.read_bytes().decode() for one in message.attachments)))

    @staticmethod
    def _failed(task: Any, error: Exception) -> None:
        raise AssertionError(task) from error

    def account(self, id: str, role: str, scope: Scope, **fields: Any) -> None:
        """Make or change an account."""
        made = Account(
            id, f"{id}@example.com", role, scope, PartyKey("user", "acme", id), label=id.title(), **fields
        )  # fmt: skip
        self.base.keep([ACCOUNTS.record(made, ACCOUNTS.find(self.store, id, self.clock()))])

    def add(self, **fields: Any) -> Schedule:
        """A schedule that runs every five minutes, unless it is said otherwise."""
        given = {
            "recipients": (ANN,),
            "timing": EVERY_FIVE,
            "during": "-7d",
            "missed": "each",
            "report": "r1",
            **fields,
        }
        schedule = Schedule("s1", "ann", "acme", "Weekly calls", zone="Europe/Berlin", **given)
        self.base.keep([SCHEDULES.record(schedule), TASKS.record(next_task(schedule, self.clock()))])
        return schedule

    def change(self, **fields: Any) -> None:
        """Change the schedule."""
        found = SCHEDULES.find(self.store, "s1", self.clock())
        assert found is not None
        self.base.keep([SCHEDULES.record(replace(found.value, **fields), found)])

    def schedule(self) -> Schedule:
        found = SCHEDULES.find(self.store, "s1", self.clock())
        assert found is not None
        return found.value

    def work(self, **later: float) -> int:
        """Let so much time pass, and do all that is due then; gives how many messages were sent."""
        before = len(self.sent)
        self.clock.move(**later)
        self.worker().run_due()
        return len(self.sent) - before

    def runs(self) -> list[Run]:
        return [found.value for found in RUNS.each(self.store, self.clock())]

    def deliveries(self) -> list[Delivery]:
        return [found.value for found in DELIVERIES.each(self.store, self.clock())]

    def events(self) -> list[Event]:
        """Trailbook's own events about schedules, oldest first."""
        found = self.store.scan(OPERATOR, Field("resource", ("schedules",)), order="oldest")
        return [row.event for row in found]


def at(hour: int, minute: int) -> datetime:
    """A time of the first day."""
    return START.replace(hour=hour, minute=minute)
