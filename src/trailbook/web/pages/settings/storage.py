"""What is stored: books with their heads, files and the disk, and what has become of events since the start."""

from __future__ import annotations

from bisect import bisect_right

from babel.units import format_unit
from fastapi import APIRouter
from starlette.responses import Response

from ....access.decide import viewer
from ...changed import After
from ...health import check_root, disk, not_ready, store_bytes
from ...strict import Strict
from ..language import marked as _
from ..screens import Screen, Visiting
from . import sections
from .sections import page

router = APIRouter(prefix="/settings/storage", include_in_schema=False, route_class=Strict)

FILES = {
    "events": _("Events and their index"),
    "wal": _("What is being written"),
    "shm": _("What connections share"),
}
"""The files of the store, by what is in them."""
RESULTS = {
    "stored": _("Stored"),
    "duplicate": _("There already"),
    "rejected": _("Refused"),
    "conflict": _("In conflict"),
}
"""What becomes of events that are received."""
_UNITS = (("gigabyte", 1_000_000_000), ("megabyte", 1_000_000), ("kilobyte", 1_000), ("byte", 1))


@router.get("")
def storage(visit: Visiting, after: After = "") -> Response:
    """The figures, for root."""
    work = visit.work
    check_root(visit.caller, work.now)
    heads = work.service.reader.heads(viewer(visit.caller, work.now))
    books = sorted(heads)
    first = bisect_right(books, after)
    shown = books[first : first + sections.PAGE]
    try:
        total, free = disk(work.service)
    except OSError:
        total = free = 0  # that it cannot be looked at is among the reasons below
    figures = work.service.metrics.figures()
    return page(
        visit, "settings/storage.html", reasons=not_ready(work.service),
        events=sum(head.size for head in heads.values()), books=len(books),
        heads=[heads[book] for book in shown], after=after,
        next=shown[-1] if first + len(shown) < len(books) else None,
        files={name: size(visit, bytes) for name, bytes in store_bytes(work.service).items()},
        total=size(visit, total), free=size(visit, free), share=free / total if total else 0.0,
        reserve=size(visit, work.service.settings.reserve_bytes), names=FILES,
        figures=figures, seen=sorted(figures.seen.items()), results=RESULTS,
    )  # fmt: skip


def size(screen: Screen, bytes: int) -> str:
    """A size as people read it, such as `1.2 GB`; a kB has 1,000 bytes."""
    unit, one = next(((unit, one) for unit, one in _UNITS if bytes >= one), _UNITS[-1])
    return format_unit(round(bytes / one, 1), f"digital-{unit}", length="short", locale=screen.showing.locale)
