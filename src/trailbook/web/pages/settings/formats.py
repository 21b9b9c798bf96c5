"""Formats of other systems' logs: which there are, how one is imported, and trying one on a few records."""

from __future__ import annotations

import io
from typing import NamedTuple

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from ....access.decide import check_seat
from ....directory.directory import Directory
from ....errors import BadFile, TrailbookError
from ....event.canonical import encode
from ....ingest.accept import Context
from ....ingest.importing import Preview, previews
from ....ingest.mapping import MapInfo, load_map, map_text, shipped_maps
from ....ingest.source import DEFAULT_BOUNDS, Source
from ...changed import nothing
from ...strict import Strict
from ..language import marked as _
from ..screens import Visit, Visiting
from .fields import REFUSED, Fields, blank
from .sections import page

router = APIRouter(prefix="/settings/formats", include_in_schema=False, route_class=Strict)

_MOST_TRIED = 5


class Tried(NamedTuple):
    """What became of a record: the event that would be stored, as JSON, or why not."""

    line: int
    event: str
    error: TrailbookError | None


@router.get("")
def all_formats(visit: Visiting) -> Response:
    """The formats that can be imported."""
    check_seat(visit.caller, visit.work.now)
    return page(visit, "settings/formats.html", formats=shipped_maps())


@router.get("/{name}")
def one_format(visit: Visiting, name: str) -> Response:
    """A format: how it is imported, and its map."""
    return _page(visit, _known(visit, name))


@router.post("/{name}")
def try_format(visit: Visiting, name: str) -> Response:
    """Make events of some records as an import would; nothing is stored."""
    known = _known(visit, name)
    text = visit.form.one("sample")
    try:
        if not text:
            raise BadFile(_("There are no records."), place="sample", remedy=_("Paste some, as the system wrote them."))
        source = Source(io.BytesIO(text.encode()), len(text), "sample", DEFAULT_BOUNDS)
        # Without the directory, which knows of tenants that whoever tries this may not.
        context = Context(visit.work.now, Directory(), mask_paths=visit.service.mask_paths)
        shown, warnings = previews(source, load_map(name), context, first=_MOST_TRIED)
        if not shown:
            raise BadFile(_("There are no records in this."), place="sample", remedy=_("Choose another format."))
    except REFUSED as wrong:
        return _page(visit, known, wrong)
    return _page(visit, known, tried=[_tried(one) for one in shown], warnings=warnings)


def _known(visit: Visit, name: str) -> MapInfo:
    check_seat(visit.caller, visit.work.now)
    found = next((one for one in shipped_maps() if one.name == name), None)
    if found is None:
        raise nothing()
    return found


def _tried(one: Preview) -> Tried:
    event = "" if one.event is None else msgspec.json.format(encode(one.event), indent=2).decode()
    return Tried(one.line, event, one.error)


def _page(
    visit: Visit,
    known: MapInfo,
    wrong: TrailbookError | None = None,
    tried: list[Tried] | None = None,
    warnings: tuple[str, ...] = (),
) -> Response:
    fields = Fields(blank("sample"), visit.form, wrong)
    return page(
        visit, "settings/format.html", wrong=wrong, known=known, map=map_text(known.name), fields=fields,
        tried=tried, warnings=warnings,
    )  # fmt: skip
