"""What somebody looked at last: read from the events that tell of it, as far as they may see those themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ...access import decide
from ...event.model import OWN_APPLICATION
from ...query.tree import Field, Parties, both
from ...report.definition import PERIOD_KEYS
from ..changed import Work
from .showing import segment, url
from .starting import BUILDER

_SECONDS = 1.0
"""The start page waits no longer for this."""
_EVENTS = 50
_LONGEST = 4_000


class Look(NamedTuple):
    """A report that was opened: its title or its query (both empty: everything), its period, where it is, when."""

    title: str
    query: str
    period: str
    path: str
    at: datetime


def lately(work: Work, most: int) -> list[Look]:
    """What the caller opened last, each once. Raises NotAllowed for who may not see events, TooSlow."""
    viewer = decide.viewer(work.caller, work.now)
    if viewer.hidden:
        # What was asked for is told in the data of an event, and a hidden column is hidden there too.
        return []
    own = both(
        Field("app", (OWN_APPLICATION,)),
        Field("resource", ("reports",)),
        Field("action", ("open",)),
        Parties((work.caller.user,), "by"),
    )
    rows = work.service.store.limited(_SECONDS).page(viewer, own, limit=_EVENTS).rows
    found: dict[str, Look] = {}
    for row in rows:
        event = row.event
        titles = {one.id: one.name for one in event.related if one.kind == "report"}
        if isinstance(event.data, dict) and (look := _look(event.data, titles, event.occurred_at)):
            found.setdefault(look.path, look)
    return list(found.values())[:most]


def _look(data: dict[str, Any], titles: dict[str, str], at: datetime) -> Look | None:
    """The look that an event tells of, if it is one at a report."""
    if "event" in data:
        return None
    asked = {key: str(data.get(key, "")) for key in ("query", *PERIOD_KEYS)}
    id = data.get("report")
    path = f"/reports/{segment(str(id))}" if id else url(BUILDER, **asked)
    if len(path) > _LONGEST:
        return None
    period = asked["during"] or " – ".join(filter(None, (asked["since"], asked["until"])))
    return Look(titles.get(str(id), ""), asked["query"], period, path, at)
