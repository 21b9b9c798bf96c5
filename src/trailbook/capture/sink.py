"""Where a recorder sends events to, and the answers that it can get there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

Status = Literal["stored", "duplicate", "conflict", "rejected"]


class Result(Struct, frozen=True):
    """What became of one event; `field`, `reason` and `remedy` say why if it was rejected or in conflict."""

    status: Status
    field: str = ""
    reason: str = ""
    remedy: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the event is stored now."""
        return self.status in ("stored", "duplicate")


class Sink(Protocol):
    """Takes events, given as JSON without line ends; sending some again that are stored already changes nothing."""

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        """One result for each event, in order, once they are durable.

        Raises Away, TurnedAway and TooManyAtOnce; anything else is taken as Away.
        """

    def close(self) -> None:
        """Let go of connections and files."""


class Away(Exception):
    """Nothing is known to be stored, and trying again may help; not before `retry_after` seconds, if that is given."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TurnedAway(Exception):
    """The sink takes nothing from us until somebody mends something: a key that does not hold, a wrong address."""


class TooManyAtOnce(Exception):
    """These events cannot be taken together; fewer at once may be."""


def send_in_parts(sink: Sink, lines: Sequence[bytes], shrink: Callable[[int], None]) -> list[Result]:
    """Send events, in halves as often as they are too many at once; `shrink` is told how many may fit.

    One that does not even fit alone is rejected. Raises Away and TurnedAway.
    """
    try:
        return list(sink.send(lines))
    except TooManyAtOnce as error:
        if len(lines) == 1:
            return [Result("rejected", reason=f"The server takes it in no request: {error}")]
    half = len(lines) // 2
    shrink(half)
    return send_in_parts(sink, lines[:half], shrink) + send_in_parts(sink, lines[half:], shrink)
