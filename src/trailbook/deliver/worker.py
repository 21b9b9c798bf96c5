"""Whoever does what is due: claims tasks, one at a time, and has each done by the handler of its kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from ..errors import Outdated, StoreError
from .base import Base
from .tasks import LEASE, Claim, Stopping, Task, claim, due

Handler = Callable[[Base, Claim], None]
"""Does a task. It ends by finishing the claim or putting it off, with all that comes of it.

Whatever it has done before it is done again by another worker if this one dies. What it raises lets the task be tried
again later; Outdated and Stopping are not its failures.
"""
Failed = Callable[[Task | None, Exception], None]
"""Is told of a task that failed, or of looking for one (None), and of what was raised."""

AT_ONCE = 5
"""So many times a task is begun again at once because what it is about was changed meanwhile."""
POLL_SECONDS = 1.0
"""How often it is looked whether another process has added a task."""


class Worker:
    """One worker. Several of them, in as many processes as there are, never do the same at the same time."""

    def __init__(
        self,
        base: Base,
        handlers: Mapping[str, Handler],
        *,
        failed: Failed = lambda task, error: None,
        lease: timedelta = LEASE,
    ) -> None:
        self._base = base
        self._handlers = handlers
        self._failed = failed
        self._lease = lease
        self._name = base.new_id()
        self._claim: Claim | None = None
        self._stopping = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def run_due(self) -> int:
        """Do all that is due by now, one task after the other; gives how many were done, or tried. Raises StoreError.

        A task of a kind that is not known here is left for a worker that knows it.
        """
        done = 0
        while now := self._run_through():
            done += now
        return done

    def _run_through(self) -> int:
        """Do what is due, but not what comes to be due meanwhile; gives how many."""
        done = 0
        for found in due(self._base.store, self._base.clock()):
            if self._stopping:
                break
            handler = self._handlers.get(found.value.kind)
            held = claim(self._base, found, self._name, self._lease) if handler else None
            if handler and held:
                self._do(handler, held)
                done += 1
        return done

    def _do(self, handler: Handler, held: Claim) -> None:
        self._claim = held
        if self._stopping:
            held.stop()
        try:
            with _Beat(held, self._lease):
                handler(self._base, held)
        except Stopping:
            with suppress(Outdated):
                held.let_go()
        except Outdated as error:
            self._outdated(held, error)
        except Exception as error:
            self._fail(held, error)
        finally:
            self._claim = None

    def _outdated(self, held: Claim, error: Outdated) -> None:
        """Somebody else has the task, or has changed what it is about: that is no failure, unless it goes on and on."""
        if held.lost or held.ended:
            return
        if held.task.tries > AT_ONCE:
            self._fail(held, error)
            return
        with suppress(Outdated):
            held.begin_again()

    def _fail(self, held: Claim, error: Exception) -> None:
        if not held.lost:
            self._failed(held.task, error)
        if not held.ended:
            with suppress(Outdated):
                held.try_again()

    def start(self) -> None:
        """Do what is due, from now on, in a thread."""
        self._thread = threading.Thread(target=self._keep_on, name="worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether something is due: a task was added here."""
        self._wake.set()

    def stop(self, seconds: float = 30.0) -> None:
        """Begin nothing more, ask the task at hand to stop, and wait so long for it."""
        self._stopping = True
        if held := self._claim:
            held.stop()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _keep_on(self) -> None:
        while not self._stopping:
            try:
                self.run_due()
            except Exception as error:  # the store is away, or its disk is full: it goes on when it is back
                self._failed(None, error)
                self._wake.wait(POLL_SECONDS * 5)
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()


class Workers:
    """Several workers of one process, which do not wait for each other."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def run_due(self) -> int:
        """Do all that is due by now, what comes of it included; gives how many tasks were done, or tried."""
        done = 0
        while now := sum(one.run_due() for one in self._workers):
            done += now
        return done

    def start(self) -> None:
        """Do what is due, from now on, in a thread each."""
        for one in self._workers:
            one.start()

    def wake(self) -> None:
        """Look at once whether something is due: a task was added here."""
        for one in self._workers:
            one.wake()

    def stop(self, seconds: float = 30.0) -> None:
        """Begin nothing more, ask for the tasks at hand to stop, and wait so long for them."""
        end = time.monotonic() + seconds
        for one in self._workers:
            one.stop(0)
        for one in self._workers:
            one.stop(max(0.0, end - time.monotonic()))


class _Beat:
    """Renews a claim again and again while it is worked on, in a thread of its own."""

    def __init__(self, held: Claim, lease: timedelta) -> None:
        self._held = held
        self._seconds = lease.total_seconds() / 3
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, name="claim", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _keep_on(self) -> None:
        while not self._end.wait(self._seconds):
            try:
                self._held.renew()
            except Outdated:
                if self._held.lost:
                    return
            except StoreError:
                continue  # Next time it may work; until then the claim holds.
