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
    Way("/reports", _("Reports"), frozenset({"view", "reports"})),
    Way("/reports/new", _("New report"), frozenset({"view"})),
    Way("/schedules", _("Schedules"), frozenset({"schedule", "reports"})),
    Way("/alerts", _("Alerts"), frozenset({"schedule", "reports"})),
    Way("/exports", _("Exports"), frozenset({"export"})),
    Way("/deliveries", _("Deliveries"), frozenset({"schedule", "reports"})),
    Way("/settings", _("Settings")),
)
"""In the order in which they are shown."""


def shown_to(caller: Caller | None, path: str) -> list[Shown]:
    """The ways that are open to somebody who looks at `path`; none before the second factor is given."""
    if caller is None or not caller.proven:
        return []
    open_ = [way for way in WAYS if not way.rights or way.rights & caller.seat.rights]
    # The longest is the way to the page: /reports/new is not on that to /reports.
    here = max((way.path for way in open_ if _leads_to(way.path, path)), key=len, default="")
    return [Shown(way.path, way.label, way.path == here) for way in open_]


def _leads_to(way: str, path: str) -> bool:
    return path == way or (way != "/" and path.startswith(f"{way}/"))
