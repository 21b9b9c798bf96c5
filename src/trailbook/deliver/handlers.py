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

LANES = ((RUN, LOOK, TELL), (SEND,), (MAKE, CLEAR))
"""What is done one after the other; each of these is done by a worker of its own."""
NO_WAYS: Ways = MappingProxyType({})


def handlers(settings: Settings, ways: Ways = NO_WAYS) -> Mapping[str, Handler]:
    """The handlers of a worker with these settings and ways out; without a folder it leaves exports to others.

    What has to leave by a way that is not there, or with a file that cannot be made here, waits, and is tried again.
    """
    send = sender(ways)
    always: dict[str, Handler] = {RUN: runs.run, LOOK: watching.look, SEND: send, TELL: send}
    with_files: dict[str, Handler] = {MAKE: exporting.make, CLEAR: exporting.clear}
    return {**always, **with_files} if files_of(settings) is not None else always


def workers(base: Base, ways: Ways, *, failed: Failed) -> Workers:
    """The workers of a process. What runs and alerts are is quick, and waits for no file; nor do exports for mail."""
    all_kinds = handlers(base.settings, ways)
    return Workers(
        [Worker(base, {kind: all_kinds[kind] for kind in lane if kind in all_kinds}, failed=failed) for lane in LANES]
    )
