"""What workers can do: the handler of each kind of task, and which of them wait for each other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..settings import Settings
from . import exporting, runs, watching
from .alerts import LOOK
from .base import Base
from .deliveries import SEND, TELL
from .exports import CLEAR, MAKE
from .files import files_of
from .schedules import RUN
from .sending import sender
from .ways import Ways
from .worker import Failed, Handler, Worker, Workers

NO_WAYS: Ways = MappingProxyType({})


def lanes(settings: Settings, ways: Ways) -> list[Mapping[str, Handler]]:
    """The handlers of each worker of a process: what is quick waits for no file, and exports keep no mail waiting.

    Without a folder it leaves exports to others. What has to leave by a way that is not there, or with a file that
    cannot be made here, waits, and is tried again.
    """
    send = sender(ways)
    without_files: list[Mapping[str, Handler]] = [{RUN: runs.run, LOOK: watching.look, TELL: send}, {SEND: send}]
    if files_of(settings) is None:
        return without_files
    return [*without_files, {MAKE: exporting.make, CLEAR: exporting.clear}]


def handlers(settings: Settings, ways: Ways = NO_WAYS) -> Mapping[str, Handler]:
    """All of them, for a worker that does one after the other."""
    return {kind: handler for lane in lanes(settings, ways) for kind, handler in lane.items()}


def workers(base: Base, ways: Ways, *, failed: Failed) -> Workers:
    """The workers of a process."""
    return Workers([Worker(base, lane, failed=failed) for lane in lanes(base.settings, ways)])
