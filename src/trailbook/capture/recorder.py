"""THE RECORDER: what an application calls when something happens. It costs microseconds and never stands in the way."""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Self

import msgspec
from msgspec import Struct

from ..errors import BadEvent, BadInput, RecorderError
from ..event.ids import uuid7
from ..event.limits import MAX_BYTES, decode_event
from ..event.model import LONGEST_KEY, Event, Outcome, utc
from ..masking.mask import mask_line, mask_path
from .context import acting
from .courier import Courier
from .http import HttpSink
from .loss import Lost
from .shapes import (
    ChangeLike,
    InitiatorLike,
    ReferenceLike,
    TargetLike,
    as_change,
    as_initiator,
    as_reference,
    as_target,
    each,
)
from .sink import Sink
from .spool import Spool, SpoolFull

DEFAULT_SPOOL = "trailbook-spool"

log = logging.getLogger("trailbook.capture")
_encode = msgspec.json.Encoder(order="deterministic", enc_hook=str).encode
_REMIND = 60.0


class RecorderStats(Struct, frozen=True):
    """What became of the events of this process: `waiting` are in the spool, `not_captured` are lost and counted.

    `delivered` and `rejected` include what earlier processes had left in the spool. `trouble` says why nothing can be
    delivered now.
    """

    recorded: int
    delivered: int
    rejected: int
    waiting: int
    not_captured: int
    last_delivered_at: datetime | None
    trouble: str


class Recorder:
    """Records what happens, and delivers it in the background to the server at `url`, with the API key `key`.

    `application` names the component that events come from; `tenant` the book of events that name none (None: their
    initiator's). Events go to the folder `spool` first, of at most `spool_bytes`, and leave it once the server has
    them: so they outlive this process, however it ends. Nothing that `record` meets is raised or waited for; an event
    that cannot be captured is logged and counted, and the count is recorded as soon as it can be. With `strict`,
    `record` returns when the event is on the disk, and raises RecorderError if it cannot be.

    What looks like a secret, and what stands at the paths of `mask` (`data.pin`, as in the server's settings), is
    replaced by a mark before it is written anywhere.

    `sink` stands in for the server. `batch` events at most are sent together. `timeout` bounds each wait for the
    server, `exit_seconds` what the end of the process may wait for. Any thread may use it, and so may forked processes,
    each with a thread and files of its own. Raises BadInput and RecorderError for what it cannot work with.
    """

    _lock: Lock
    _is_closed: bool
    _not_captured: int
    _warned: float
    _courier: Courier | None

    def __init__(
        self,
        url: str,
        key: str,
        application: str,
        *,
        tenant: str | None = None,
        spool: str | os.PathLike[str] = DEFAULT_SPOOL,
        spool_bytes: int = 64 << 20,
        strict: bool = False,
        mask: Iterable[str] = (),
        sink: Sink | None = None,
        batch: int = 500,
        batch_bytes: int = 1 << 20,
        timeout: float = 10.0,
        exit_seconds: float = 2.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        for place, value in (("application", application), ("tenant", tenant or "")):
            if len(value) > LONGEST_KEY or not value.isprintable() or (place == "application" and not value):
                raise BadInput("This cannot be a name.", place=place, remedy="Give a short one, such as web.")
        if spool_bytes < 2 * MAX_BYTES:
            raise BadInput(
                "This is too little for a spool.", place="spool_bytes", remedy=f"Give {2 * MAX_BYTES} bytes."
            )
        self._application = application
        self._tenant = tenant or ""
        self._folder = Path(spool).absolute()
        self._spool_bytes = spool_bytes
        self._strict = strict
        self._mask_paths = tuple(mask_path(path) for path in mask)
        self._sink: Sink = sink if sink is not None else HttpSink(url, key, timeout=timeout)
        self._batch, self._batch_bytes = batch, batch_bytes
        self._exit_seconds = exit_seconds
        self._clock = clock
        self._randomness = randomness
        self._begin()
        self._running()
        _open.add(self)

    def record(
        self,
        action: str,
        resource: str,
        *,
        targets: Iterable[TargetLike] | TargetLike = (),
        related: Iterable[ReferenceLike] | ReferenceLike = (),
        changes: Mapping[str, ChangeLike] | None = None,
        details: str = "",
        outcome: Outcome = "success",
        reason: str = "",
        data: Any = None,
        initiator: InitiatorLike | None = None,
        occurred_at: datetime | None = None,
        id: str | None = None,
        tenant: str | None = None,
        request_id: str | None = None,
    ) -> str:
        """Record that something happened, now unless `occurred_at` says when (without a zone: in local time).

        Gives the event's id. Who did it, from where and as part of what request is taken from `acting_as` where it is
        not given. `targets` and `related` are one or several of (kind, id), (kind, id, name), mappings, Targets or
        References; `changes` has (old, new) for each field, or is made by `changes()`. What JSON has no word for in
        `data` is recorded as its text. Raises RecorderError only with `strict`.
        """
        now = self._clock()
        id = id or uuid7(now, self._randomness(10))
        try:
            here = acting()
            event = Event(
                id=id,
                occurred_at=now if occurred_at is None else utc(occurred_at),
                resource=resource,
                action=action,
                tenant=self._tenant if tenant is None else tenant,
                application=self._application,
                initiator=here.placed if initiator is None else here.place(as_initiator(initiator)),
                outcome=outcome,
                reason=reason,
                details=details,
                targets=tuple([as_target(one) for one in each(targets)]) if targets else (),
                related=tuple([as_reference(one) for one in each(related)]) if related else (),
                request_id=here.request_id if request_id is None else request_id,
                changes={field: as_change(change, field) for field, change in changes.items()} if changes else {},
                data=data,
            )
            line = _bounded(mask_line(_bounded(_encode(event)), self._mask_paths))
            if self._strict:
                decode_event(line)
            self._capture(line)
        except Exception as error:
            if self._strict:
                raise _in_words(error) from error
            self._lose(now, error)
        return id

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was recorded so far is delivered or rejected; whether it is, after `timeout` seconds."""
        courier = self._courier
        if courier is None or self._is_closed:
            return self.stats().waiting == 0
        return courier.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Deliver what can be delivered in `timeout` seconds; the rest stays in the spool for the next process."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        _open.discard(self)
        if not was_closed and self._courier is not None and self._courier.end(timeout):
            self._courier.spool.close()
            self._sink.close()

    def stats(self) -> RecorderStats:
        """Figures of this process."""
        courier = self._courier
        recorded, settled = (courier.spool.appended, courier.spool.settled) if courier else (0, 0)
        return RecorderStats(
            recorded=recorded,
            delivered=courier.delivered if courier else 0,
            rejected=courier.rejected if courier else 0,
            waiting=recorded - settled,
            not_captured=self._not_captured,
            last_delivered_at=courier.last_delivered_at if courier else None,
            trouble=courier.trouble if courier else "",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        """Begin anew, in a new process or after a fork."""
        self._lock = Lock()
        self._is_closed = False
        self._not_captured = 0
        self._warned = -_REMIND
        self._courier = None

    def _running(self) -> Courier:
        """The courier of this process and its spool. Raises RecorderError."""
        courier = self._courier
        if courier is None or self._is_closed:
            with self._lock:
                if self._is_closed:
                    raise RecorderError("The recorder is closed.", remedy="Record before it is, or make another.")
                if (courier := self._courier) is None:
                    name = uuid7(self._clock(), self._randomness(10))
                    courier = self._courier = Courier(
                        Spool(self._folder, name, self._no_loss, self._spool_bytes),
                        self._sink,
                        most=self._batch,
                        most_bytes=self._batch_bytes,
                        clock=self._clock,
                        chance=lambda: self._randomness(1)[0] / 255,
                    )
        return courier

    def _capture(self, line: bytes) -> None:
        """Put an event into the spool; with `strict`, onto the disk. Raises RecorderError, SpoolFull and OSError."""
        courier = self._running()
        end = courier.spool.append(line)
        if self._strict:
            courier.spool.sync(end)
        courier.wake()

    def _lose(self, moment: datetime, error: Exception) -> None:
        """Count an event that was not captured, and say so once in a while."""
        reason = _in_words(error)
        with self._lock:
            self._not_captured += 1
        if (now := time.monotonic()) - self._warned >= _REMIND:
            self._warned = now
            log.error("an event was not captured (%d so far): %s", self._not_captured, reason)
        try:
            courier = self._running()
            courier.spool.lose(moment, reason.problem)
            courier.wake()
        except (OSError, RecorderError):
            pass  # it is in `stats` and in the log, and there is nowhere else to put it

    def _no_loss(self) -> Lost:
        return Lost(uuid7(self._clock(), self._randomness(10)), self._application, self._tenant)

    def _after_fork(self) -> None:
        """In the child: what there is belongs to the parent; it has its own from its first event on."""
        if self._courier is not None:
            self._courier.spool.forget()
        self._begin()

    def _at_exit(self) -> None:
        self.close(self._exit_seconds)


def _bounded(line: bytes) -> bytes:
    if len(line) > MAX_BYTES:
        raise BadEvent(f"The event is {len(line):,} bytes long.", remedy=f"At most {MAX_BYTES:,} are accepted.")
    return line


def _in_words(error: Exception) -> RecorderError:
    if isinstance(error, RecorderError):
        return error
    if isinstance(error, SpoolFull):
        return RecorderError("The spool is full.", remedy="Check why the server takes no events, or raise spool_bytes.")
    if isinstance(error, OSError):
        return RecorderError(f"The spool cannot be written: {error.strerror}.", remedy="Check the disk.")
    if isinstance(error, BadEvent):
        return RecorderError(f"This is no event. {error.problem}", place=error.place, remedy=error.remedy)
    return RecorderError(f"This is no event: {type(error).__name__}.", remedy=f"Check what is given: {error}.")


_open: set[Recorder] = set()


def _each_open(do: Callable[[Recorder], None]) -> Callable[[], None]:
    def all_of_them() -> None:
        for recorder in tuple(_open):
            do(recorder)

    return all_of_them


os.register_at_fork(after_in_child=_each_open(Recorder._after_fork))
atexit.register(_each_open(Recorder._at_exit))
