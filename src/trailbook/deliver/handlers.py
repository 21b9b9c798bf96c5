"""What a worker can do: the handler of each kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..settings import Settings
from . import exporting, runs, watching
from .alerts import LOOK
from .deliveries import SEND
from .exports import CLEAR, MAKE
from .files import files_of
from .schedules import RUN
from .sending import sender
from .ways import Ways
from .worker import Handler

NO_WAYS: Ways = MappingProxyType({})


def handlers(settings: Settings, ways: Ways = NO_WAYS) -> Mapping[str, Handler]:
    """The handlers of a worker with these settings and ways out; without a folder it leaves to others what needs one.

    What has to leave by a way that is not there waits, and is tried again.
    """
    always: dict[str, Handler] = {RUN: runs.run, LOOK: watching.look}
    with_files: dict[str, Handler] = {MAKE: exporting.make, CLEAR: exporting.clear, SEND: sender(ways)}
    return {**always, **with_files} if files_of(settings) is not None else always
