"""Sending a delivery: rights checked anew at each try, files made as they allow, and what became of it kept."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..access.kept import Found
from ..access.model import Caller
from ..errors import BadInput, NotAllowed, NotSignedIn, TrailbookError
from ..event.model import Outcome
from .base import Base
from .channel import Failed, Refused, Uncertain
from .deliveries import (
    DEAD_LETTERS,
    DELIVERIES,
    MOST_TRIES,
    OPEN,
    Delivery,
    back_off,
    dead_letter,
)
from .message import Sheets, message_of, sheets_of
from .owners import owner_of, reached
from .recipients import Kind
from .runs import RUNS, Run, run_event
from .schedules import SCHEDULES, Schedule
from .tasks import Claim
from .ways import Way, Ways
from .worker import Handler

WAYS: dict[Kind, Way] = {"account": "mail", "mail": "mail", "folder": "folder", "webhook": "webhook"}


def sender(ways: Ways) -> Handler:
    """The handler that sends deliveries by these ways out."""
    return lambda base, held: _send(base, held, ways)


def _send(base: Base, held: Claim, ways: Ways) -> None:
    now = base.clock()
    found = DELIVERIES.find(base.store, held.task.subject, now)
    if found is None or found.value.state not in OPEN:
        held.finish()
        return
    run = RUNS.find(base.store, found.value.run, now)
    schedule = SCHEDULES.find(base.store, found.value.schedule, now)
    one = _Sending(base, held, found, ways)
    if run is None or schedule is None:
        one.end("void", "The schedule was deleted.")
    elif not run.value.test and found.value.recipient not in schedule.value.recipients:
        one.end("void", "The recipient was taken off the schedule.", schedule.value)
    else:
        one.run(run.value, schedule.value)


class _Sending:
    """A delivery at one try: how it was found, or kept last."""

    def __init__(self, base: Base, held: Claim, found: Found[Delivery], ways: Ways) -> None:
        self._base = base
        self._held = held
        self._found = found
        self._ways = ways
        self._caller: Caller | None = None
        self._lost_answer = found.value.state == "sending"

    def run(self, run: Run, schedule: Schedule) -> None:
        """Send it, and keep what became of it."""
        delivery, now = self._found.value, self._base.clock()
        try:
            owner = owner_of(self._base, schedule, now)
            self._caller = owner.caller
            there = reached(self._base, schedule, owner, delivery.recipient, now)
            sheets = sheets_of(self._base, self._held, run, there.viewer, schedule.formats)
            if schedule.skip_empty and not run.test and not sheets.report.header.rows:
                self.end("empty", "", schedule)
                return
            message = message_of(self._base, schedule, run, delivery, there.to, sheets)
        except (NotAllowed, NotSignedIn, BadInput, Refused) as error:
            self._dead(error, schedule)
            return
        way = self._ways.get(WAYS[delivery.recipient.kind])
        sending = self._changed(state="sending", to=there.to, viewer=there.viewer.name, **_counts(delivery, sheets))
        self._held.renew([sending])
        self._found = DELIVERIES.read(replace(sending, version=sending.version + 1))
        try:
            if way is None:
                raise Failed("There is no such way out here.", remedy="See the settings of mail, folder and webhook.")
            way(message)
        except Refused as error:
            self._dead(error, schedule)
        except (Failed, Uncertain) as error:
            self._lost_answer |= isinstance(error, Uncertain)
            if self._found.value.tries >= MOST_TRIES:
                self._dead(error, schedule)
            else:
                until = self._base.clock() + back_off(self._found.value.tries, self._base.randomness)
                self._held.put_off(until, [self._changed(state="waiting", next_at=until, error=_said(error))])
        else:
            self.end("sent", "", schedule)

    def end(self, state: Any, error: str, schedule: Schedule | None = None) -> None:
        """It is over, one way or the other."""
        sent_at = self._base.clock() if state == "sent" else None
        record = self._changed(state=state, error=error, next_at=None, sent_at=sent_at)
        self._finish([record], schedule, "deliver", "success", error)

    def _dead(self, error: TrailbookError, schedule: Schedule) -> None:
        record = self._changed(state="dead", error=_said(error), next_at=None)
        letter = DEAD_LETTERS.record(dead_letter(self._found.value))
        self._finish([record, letter], schedule, "deliver", "failure", error.problem)

    def _finish(
        self, changed: list[Any], schedule: Schedule | None, action: str, outcome: Outcome, reason: str
    ) -> None:
        delivery = DELIVERIES.read(changed[0]).value
        told = {
            "delivery": delivery.id,
            "recipient": f"{delivery.recipient.kind}:{delivery.recipient.to}",
            "state": delivery.state,
            "tries": delivery.tries,
            "uncertain": delivery.uncertain,
            "files": [{"format": one.format, "rows": one.rows, "sha256": one.sha256} for one in delivery.files],
        }
        events = (
            [run_event(self._base, self._caller, schedule, action, outcome, reason, **told)] if schedule else []
        )  # fmt: skip
        self._held.finish(changed, events=events)

    def _changed(self, **fields: Any) -> Any:
        """The record of the delivery with these fields; an answer that was lost stays noted."""
        delivery = self._found.value
        uncertain = delivery.uncertain or self._lost_answer
        return DELIVERIES.record(replace(delivery, **{"uncertain": uncertain, **fields}), self._found)


def _counts(delivery: Delivery, sheets: Sheets) -> dict[str, Any]:
    return {"tries": delivery.tries + 1, "files": sheets.sent}


def _said(error: TrailbookError) -> str:
    return f"{error.problem} {error.remedy}".strip()
