"""Sending a file's events to a server instead of a store: the same reading, the same summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..capture.courier import pause
from ..capture.sink import Away, Result, Sink, TurnedAway, send_in_parts
from ..errors import BadEvent, RecorderError
from ..event.canonical import encode
from ..event.model import Event
from ..store.ports import Receipt
from .accept import Batch, Context, Outcome, Rejected, read

MOST, MOST_BYTES = 1_000, 1 << 20
"""Events, and bytes of their JSON, that are sent in one request."""
MOST_FAILURES = 8
"""In a row, until it is given up: after about half a minute."""


class _Item(NamedTuple):
    at: int
    id: str
    line: bytes


class Sender:
    """Delivers batches (see `bring_file`) to `sink`. `tenant` and `application` stand in where an event has none.

    The server masks, enriches and decides; what is sent is checked here by the same rules. `wait` is asked to let
    seconds pass before another try.
    """

    def __init__(self, sink: Sink, *, tenant: str = "", application: str = "", wait: Callable[[float], object]) -> None:
        self._sink = sink
        self._tenant = tenant
        self._application = application
        self._wait = wait
        self._most = MOST

    def deliver(self, batches: Iterable[Batch]) -> Iterator[Outcome]:
        """Send batch after batch. Raises RecorderError if the server does not take one; sending it again is safe."""
        return (self._sent(batch, context) for batch, context in batches)

    def _sent(self, batch: Sequence[bytes | Event], context: Context) -> Outcome:
        results: dict[int, Receipt | Rejected] = {}
        fitting: list[_Item] = []
        for index, item in enumerate(batch):
            try:
                event = self._complete(read(item, context))
            except BadEvent as error:
                results[index] = Rejected(index, error)
            else:
                fitting.append(_Item(index, event.id, encode(event)))
        while fitting:
            part = fitting[: self._fitting(fitting)]
            for one, result in zip(part, self._send([one.line for one in part]), strict=True):
                results[one.at] = _told(one, result)
            fitting = fitting[len(part) :]
        return Outcome(tuple(results[index] for index in range(len(batch))))

    def _complete(self, event: Event) -> Event:
        given: dict[str, Any] = {}
        if self._tenant and not event.tenant and not (event.initiator and event.initiator.tenant):
            given["tenant"] = self._tenant
        if self._application and not event.application:
            given["application"] = self._application
        return replace(event, **given) if given else event

    def _fitting(self, items: Sequence[_Item]) -> int:
        """How many of them go into the next request: one at least."""
        size = 0
        for number, one in enumerate(items[: self._most]):
            size += len(one.line)
            if number and size > MOST_BYTES:
                return number
        return min(self._most, len(items))

    def _send(self, lines: Sequence[bytes]) -> list[Result]:
        failures = 0
        while True:
            try:
                return send_in_parts(self._sink, lines, self._shrink)
            except TurnedAway as error:
                raise RecorderError(
                    f"The server takes nothing from us: {error}.", remedy="Check the URL and the key, and run it again."
                ) from error
            except Away as error:
                failures += 1
                if failures == MOST_FAILURES:
                    raise RecorderError(
                        f"The server cannot be reached, or cannot take events now: {error}.",
                        remedy="Run it again later; what is there already counts as a duplicate.",
                    ) from error
                self._wait(pause(failures, error.retry_after, 1.0))

    def _shrink(self, most: int) -> None:
        self._most = most


def _told(item: _Item, result: Result) -> Receipt | Rejected:
    if result.status == "rejected":
        return Rejected(item.at, BadEvent(result.reason, place=result.field, remedy=result.remedy))
    return Receipt(item.id, result.status, book="", position=-1, leaf_hash=b"")
