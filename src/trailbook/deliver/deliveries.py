"""Deliveries: what one occasion sends to one recipient, its state over all tries, and the lists that it is found by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ..access.kept import Found, Shelf
from ..access.own import Decided
from ..store.ports import Record
from .recipients import Recipient
from .tasks import TASKS, Task

State = Literal["waiting", "sending", "sent", "empty", "void", "dead"]
"""It waits for its time or next try; is being sent; was taken by the other side; had no rows and was not to be sent
then; was no longer wanted; was given up, and is on the list of dead letters."""
OPEN: frozenset[State] = frozenset(("waiting", "sending"))
SEND, TELL = "send", "tell"
"""The kinds of tasks that send a delivery: of a schedule, whose files may have to be made; and of an alert."""
MOST_TRIES = 12
"""After so many tries, over about 15 hours, a delivery is given up."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)


class FileSent(Struct, frozen=True):
    """A file of a delivery: its format, its rows, its bytes, and their SHA-256 in hexadecimal."""

    format: str
    rows: int
    bytes: int
    sha256: str


class Delivery(Struct, frozen=True, omit_defaults=True):
    """What is sent to one recipient; its id, of which the Message-ID is made, is the same at every try.

    `source` is the id of the schedule or alert (which of them: `of`), `occasion` that of its run or occurrence.
    `uncertain`: an answer was lost, so that it may have arrived twice. `next_at`: when it is tried again. `error`: what
    went wrong the last time, or why it was given up. `viewer`: as whom it was read.
    """

    id: str
    occasion: str
    source: str
    tenant: str
    recipient: Recipient
    created_at: datetime
    state: State = "waiting"
    tries: int = 0
    uncertain: bool = False
    next_at: datetime | None = None
    sent_at: datetime | None = None
    to: str = ""
    viewer: str = ""
    files: tuple[FileSent, ...] = ()
    error: str = ""
    expires_at: datetime | None = None
    of: Literal["schedule", "alert"] = "schedule"

    @property
    def under_way(self) -> bool:
        """Whether it ends soon: a worker has it, or takes it next; it is not put off until later."""
        return self.state == "sending" or (self.state == "waiting" and not self.tries)

    def task(self, at: datetime) -> Task:
        """The task of sending it."""
        return Task(TELL if self.of == "alert" else SEND, self.id, at)


DELIVERIES = Shelf("delivery", Delivery, owner=attrgetter("occasion"), expires_at=attrgetter("expires_at"))


class Entry(Struct, frozen=True):
    """That there is a delivery, which its id ends in, in a list of its tenant."""

    id: str
    tenant: str
    source: str
    expires_at: datetime | None = None


ENTRIES = Shelf("delivery_entry", Entry, owner=attrgetter("tenant"), expires_at=attrgetter("expires_at"))
"""The history: by id, the newest comes first."""
DEAD_LETTERS = Shelf("dead_letter", Entry, owner=attrgetter("tenant"), expires_at=attrgetter("expires_at"))
"""Deliveries that were given up, under their own ids."""
_EPOCH, _END = datetime(1970, 1, 1, tzinfo=UTC), 10**18


def begun(delivery: Delivery) -> tuple[Record, Record]:
    """What is kept of a new delivery: itself, and its entry in the history of its tenant."""
    left = _END - (delivery.created_at - _EPOCH) // timedelta(microseconds=1)
    id = f"{left:018}/{delivery.id}"
    return DELIVERIES.record(delivery), ENTRIES.record(_entry(delivery, id))


def delivery_of(entry: Entry) -> str:
    """The id of the delivery that an entry is about."""
    return entry.id.rpartition("/")[2]


def dead_letter(delivery: Delivery) -> Entry:
    """The entry of a delivery that was given up."""
    return _entry(delivery, delivery.id)


def _entry(delivery: Delivery, id: str) -> Entry:
    return Entry(id, delivery.tenant, delivery.source, delivery.expires_at)


def revive(was: Found[Delivery], letter: Found[Entry], now: datetime) -> Decided:
    """A delivery that was given up is tried again, as often as a new one."""
    again = replace(was.value, state="waiting", tries=0, next_at=now)
    changed = (DELIVERIES.record(again, was), TASKS.record(again.task(now)))
    return Decided(changed, (letter.record,))


def back_off(tries: int, randomness: Callable[[int], bytes]) -> timedelta:
    """How long to wait after the so many-th try: from a minute, twice as long each time, up to four hours.

    Up to a fifth of it is left to chance, so that not all come back to a server at the same moment.
    """
    longest = min(_FIRST_WAIT * (1 << min(tries - 1, 20)), _LONGEST_WAIT)
    return longest * (1 - int.from_bytes(randomness(2), "big") / 0xFFFF / 5)
