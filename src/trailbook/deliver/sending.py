"""Sending a delivery: rights checked anew at each try, its message made as they allow, and what became of it kept."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..access.kept import Found
from ..access.model import Caller
from ..errors import BadInput, NotAllowed, NotSignedIn, Outdated, TrailbookError
from ..event.model import Outcome
from ..store.ports import Record
from .base import Base
from .channel import Failed, Refused, Uncertain
from .deliveries import (
    DEAD_LETTERS,
    DELIVERIES,
    MOST_TRIES,
    OPEN,
    Delivery,
    State,
    back_off,
    dead_letter,
)
from .recipients import Kind
from .sources import Source, source_of
from .tasks import Claim
from .ways import Way, Ways
from .worker import Handler

WAYS: dict[Kind, Way] = {"account": "mail", "mail": "mail", "folder": "folder", "webhook": "webhook"}


def sender(ways: Ways) -> Handler:
    """The handler that sends deliveries by these ways out."""
    return lambda base, held: _send(base, held, ways)


def _send(base: Base, held: Claim, ways: Ways) -> None:
    found = DELIVERIES.find(base.store, held.task.subject, base.clock())
    if found is None or found.value.state not in OPEN:
        held.finish()
        return
    source = source_of(base, found.value)
    one = _Sending(base, held, found, ways, source)
    if source is None:
        one.end("void", "What it came of was deleted.")
    elif not source.wanted:
        one.end("void", "The recipient was taken off.")
    else:
        one.run(source)


class _Sending:
    """A delivery at one try: how it was found, or kept last."""

    def __init__(self, base: Base, held: Claim, found: Found[Delivery], ways: Ways, source: Source | None) -> None:
        self._base = base
        self._held = held
        self._found = found
        self._ways = ways
        self._source = source
        self._caller: Caller | None = None
        self._lost_answer = found.value.state == "sending"

    def run(self, source: Source) -> None:
        """Send it, and keep what became of it."""
        delivery = self._found.value
        if self._held.task.tries > MOST_TRIES:
            self._dead(Failed(f"It was begun {MOST_TRIES} times and did not come to its end.", remedy="See the log."))
            return
        try:
            owner = source.owner(self._base)
            self._caller = owner.caller
            parcel = source.parcel(self._base, self._held, owner)
        except (NotAllowed, NotSignedIn, BadInput, Refused) as error:
            self._dead(error)
            return
        except Outdated:
            raise
        except TrailbookError as error:  # such as no room for its files: it may be there another time
            self._later(error, delivery.tries + 1)
            return
        if parcel is None:
            self.end("empty", "")
            return
        way = self._ways.get(WAYS[delivery.recipient.kind])
        sending = self._changed(
            state="sending", tries=delivery.tries + 1, to=parcel.message.to, viewer=parcel.viewer, files=parcel.files
        )
        self._held.renew([sending])
        self._found = DELIVERIES.read(replace(sending, version=sending.version + 1))
        try:
            if way is None:
                raise Failed("There is no such way out here.", remedy="See the settings of mail, folder and webhook.")
            way(parcel.message)
        except Refused as error:
            self._dead(error)
        except (Failed, Uncertain) as error:
            self._lost_answer |= isinstance(error, Uncertain)
            self._later(error, self._found.value.tries)
        else:
            self.end("sent", "")

    def end(self, state: State, error: str) -> None:
        """It is over, one way or the other."""
        sent_at = self._base.clock() if state == "sent" else None
        record = self._changed(state=state, error=error, next_at=None, sent_at=sent_at)
        self._finish([record], "success", error)

    def _later(self, error: TrailbookError, tries: int) -> None:
        """It failed, the so many-th time: it is tried again, unless that was the last time."""
        if tries >= MOST_TRIES:
            self._dead(error)
            return
        until = self._base.clock() + back_off(tries, self._base.randomness)
        self._held.put_off(until, [self._changed(state="waiting", tries=tries, next_at=until, error=_said(error))])

    def _dead(self, error: TrailbookError) -> None:
        record = self._changed(state="dead", error=_said(error), next_at=None)
        letter = DEAD_LETTERS.record(dead_letter(self._found.value))
        self._finish([record, letter], "failure", error.problem)

    def _finish(self, changed: list[Record], outcome: Outcome, reason: str) -> None:
        delivery = DELIVERIES.read(changed[0]).value
        told = {
            "delivery": delivery.id,
            "recipient": delivery.recipient.told,
            "state": delivery.state,
            "tries": delivery.tries,
            "uncertain": delivery.uncertain,
            "rows": max((one.rows for one in delivery.files), default=0),
            "files": [{"format": one.format, "rows": one.rows, "sha256": one.sha256} for one in delivery.files],
        }
        events = []
        if self._source is not None:
            events.append(self._source.event(self._base, self._caller, "deliver", outcome, reason, **told))
        self._held.finish(changed, events=events)

    def _changed(self, **fields: Any) -> Record:
        """The record of the delivery with these fields; an answer that was lost stays noted."""
        delivery = self._found.value
        uncertain = delivery.uncertain or self._lost_answer
        return DELIVERIES.record(replace(delivery, **{"uncertain": uncertain, **fields}), self._found)


def _said(error: TrailbookError) -> str:
    return f"{error.problem} {error.remedy}".strip()
