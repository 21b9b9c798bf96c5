"""What is stored: books with their heads, files and the disk, and what has become of events since the start."""

from __future__ import annotations

from bisect import bisect_right

from fastapi import APIRouter
from starlette.responses import Response

from ....access.decide import viewer
from ...changed import After
from ...health import check_root, disk, not_ready, store_bytes
from ...strict import Strict
from ..language import marked as _
from ..screens import Visiting
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


@router.get("")
def storage(visit: Visiting, after: After = "") -> Response:
    """The figures, for root."""
    work = visit.work
    check_root(visit.caller, work.now)
    heads = work.service.reader.heads(viewer(visit.caller, work.now))
    books = sorted(heads)
    first, size = bisect_right(books, after), visit.showing.size
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
        files={name: size(bytes) for name, bytes in store_bytes(work.service).items()},
        total=size(total), free=size(free), share=free / total if total else 0.0,
        reserve=size(work.service.settings.reserve_bytes), names=FILES,
        figures=figures, seen=sorted(figures.seen.items()), results=RESULTS,
    )  # fmt: skip
