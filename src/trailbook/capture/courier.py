"""The thread that takes events from the spool to the sink, again and again until they are there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Condition, Event, Lock, Thread

from .sink import Away, Result, Sink, TurnedAway, send_in_parts
from .spool import Batch, Spool

SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 60.0
LONGEST_WISHED = 600.0
"""Seconds: of the pause after the first failure, of those after many, and at most if the server asks for more."""
_LINGER = 0.1
_LOOK_AROUND = 5.0
_SYNC = 1.0
_REMIND = 300.0

log = logging.getLogger("trailbook.capture")


def pause(failures: int, wished: float | None, chance: float) -> float:
    """Seconds until the next try after so many failures in a row; `chance` from 0 to 1 spreads what starts at once."""
    if wished is not None:
        return min(wished, LONGEST_WISHED) + chance * SHORTEST_PAUSE
    return float(min(SHORTEST_PAUSE * 2 ** min(failures - 1, 16), LONGEST_PAUSE)) * (0.5 + chance / 2)


class Courier:
    """Delivers what is in the spool; `most` and `most_bytes` bound a batch. It starts when there is something to do."""

    def __init__(
        self, spool: Spool, sink: Sink, *, most: int, most_bytes: int, clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        self.delivered = 0
        self.rejected = 0
        self.last_delivered_at: datetime | None = None
        self.trouble = ""
        """Why nothing can be delivered now; empty if nothing is known to be wrong."""
        self.spool = spool
        self._sink = sink
        self._limit, self._most, self._most_bytes = most, most, most_bytes
        self._clock = clock
        self._chance = chance
        self._wake = Event()
        self._hurry = Event()
        self._is_ending = False
        self._progress = Condition()
        self._thread = Thread(target=self._run, name="trailbook-recorder", daemon=True)
        self._warned: dict[str, float] = {}
        self._is_started = False
        self._starting = Lock()
        spool.adopt()
        if spool.has_left_overs:
            self.wake()

    def wake(self) -> None:
        """There is something to deliver."""
        if not self._wake.is_set():
            self._wake.set()
            if not self._is_started:
                with self._starting:
                    if not self._is_started:
                        self._thread.start()
                        self._is_started = True

    def flush(self, timeout: float) -> bool:
        """Wait until all that has been appended so far is done with; whether it was, within `timeout` seconds."""
        wanted = self.spool.appended
        self._hurry.set()
        self.wake()
        with self._progress:
            return self._progress.wait_for(lambda: self.spool.settled >= wanted, timeout)

    def end(self, timeout: float) -> bool:
        """Deliver what is left, up to the first failure and for at most `timeout` seconds; whether it came to rest."""
        self._is_ending = True
        if not self._is_started:
            return True
        self._hurry.set()
        self._wake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while True:
            self._wake.wait(_LOOK_AROUND)
            self._wake.clear()
            self._hurry.wait(_LINGER)  # so that what is recorded one by one is sent together
            self._hurry.clear()
            ending = self._is_ending
            wished: float | None = None
            try:
                self.spool.adopt()
                while (batch := self.spool.next(self._most, self._most_bytes)) is not None:
                    self._deliver(batch)
                    self._most = min(self._limit, self._most + 1)
                    failures = 0
            except (Away, TurnedAway) as error:
                wished = error.retry_after if isinstance(error, Away) else LONGEST_PAUSE
                self._tell(error)
                failures += 1
            except Exception as error:  # the thread must outlive whatever a disk or a sink of somebody's own does
                self._tell(error)
                failures += 1
            if ending:
                self._sync()
                return
            if self.trouble:
                self._rest(pause(failures, wished, self._chance()))

    def _deliver(self, batch: Batch) -> None:
        """Send a batch, in parts if it is too large. Raises Away and TurnedAway."""
        results = send_in_parts(self._sink, batch.lines, self._shrink)
        refused = [(line, result) for line, result in zip(batch.lines, results, strict=True) if not result.is_kept]
        if refused:
            self._keep_refused(refused)
        with self._progress:
            self.spool.done(batch)
            self.delivered += len(results) - len(refused)
            self.last_delivered_at = self._clock()
            self.trouble = ""
            self._progress.notify_all()

    def _shrink(self, most: int) -> None:
        self._most = most

    def _keep_refused(self, refused: list[tuple[bytes, Result]]) -> None:
        first = refused[0][1]
        where = first.field or first.status
        log.error("%d events were refused; the first: %s: %s %s", len(refused), where, first.reason, first.remedy)
        self.rejected += len(refused)
        try:
            for line, result in refused:
                self.spool.reject(line, result)
        except Exception as error:
            log.error("refused events could not be kept: %s", error or type(error).__name__)

    def _tell(self, error: Exception) -> None:
        """Say what is wrong, once in a while."""
        self.trouble = str(error) or type(error).__name__
        now = time.monotonic()
        kind = type(error).__name__
        if now - self._warned.get(kind, -_REMIND) >= _REMIND:
            self._warned[kind] = now
            log.warning("events wait in the spool, since none can be delivered: %s", self.trouble)

    def _rest(self, seconds: float) -> None:
        """Wait, unless somebody is in a hurry; meanwhile see to it that the disk has what is recorded."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._hurry.wait(min(left, _SYNC)):
            self._sync()
        self._wake.set()

    def _sync(self) -> None:
        try:
            self.spool.sync()
        except OSError as error:
            self._tell(error)
