"""What a worker can do: the handler of each kind of task."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings import Settings
from . import exporting
from .exports import CLEAR, MAKE
from .files import files_of
from .worker import Handler


def handlers(settings: Settings) -> Mapping[str, Handler]:
    """The handlers of a worker with these settings; without a folder for files it leaves exports to others."""
    with_files: dict[str, Handler] = {MAKE: exporting.make, CLEAR: exporting.clear}
    return with_files if files_of(settings) is not None else {}
