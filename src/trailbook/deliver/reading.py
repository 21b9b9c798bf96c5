"""Reports as somebody reads them: by names that they may know, in the directory as it is."""

from __future__ import annotations

from datetime import datetime

from ..directory.viewer import Viewer
from ..directory.visible import People
from ..query.tree import EVERYTHING, Condition
from ..report.asked import Asked, ask
from ..report.definition import Definition
from ..store.ports import Heads, Reader
from .base import Base


def ask_as(
    base: Base,
    viewer: Viewer,
    definition: Definition,
    *,
    now: datetime,
    reader: Reader,
    heads: Heads | None = None,
    also: Condition = EVERYTHING,
) -> Asked:
    """What a definition asks for, as `viewer` sees it; the rest as of `ask`, which also says what is raised."""
    people = People(base.directory, viewer, now)
    return ask(
        reader, viewer, definition, now=now, names=people.named, members=people.members, heads=heads, also=also
    )  # fmt: skip
