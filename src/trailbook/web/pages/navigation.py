"""The ways that the head of each page offers: to each reader those that their rights open."""

from __future__ import annotations

from typing import NamedTuple

from ...access.model import Caller, Right
from .language import marked as _


class Way(NamedTuple):
    """A page to go to, and the rights one of which opens it; none named: everybody's."""

    path: str
    label: str
    rights: frozenset[Right] = frozenset()


class Shown(NamedTuple):
    """A way as a page shows it: `here` if the page is on it."""

    path: str
    label: str
    here: bool


WAYS: tuple[Way, ...] = (
    Way("/", _("Home")),
    Way("/reports/new", _("New report"), frozenset({"view"})),
    Way("/settings", _("Settings")),
)
"""In the order in which they are shown."""


def shown_to(caller: Caller | None, path: str) -> list[Shown]:
    """The ways that are open to somebody who looks at `path`; none before the second factor is given."""
    if caller is None or not caller.proven:
        return []
    return [
        Shown(way.path, way.label, path == way.path or (way.path != "/" and path.startswith(f"{way.path}/")))
        for way in WAYS
        if not way.rights or way.rights & caller.seat.rights
    ]
