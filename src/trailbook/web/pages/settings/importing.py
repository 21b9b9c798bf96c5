"""Bringing a file of people into the directory: looked through first if wanted, and never half of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from fastapi import APIRouter
from starlette.responses import Response

from ....access.own import home
from ....directory.load import read_csv, read_json
from ....directory.model import Incoming
from ....errors import BadFile, TrailbookError
from ... import directory
from ...strict import Strict
from ..forms import File
from ..language import marked as _
from ..screens import Uploading, Visit, Visiting
from ..showing import harmless, url
from .fields import REFUSED, Fields, blank, moment_of
from .sections import Tenant, page

PATH = "/settings/directory/import"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

_LONGEST_NAME = 100
_READERS: dict[str, Callable[[bytes, str, str], Incoming]] = {".json": read_json, ".csv": read_csv}


@router.get("")
def import_page(visit: Visiting, tenant: Tenant = "") -> Response:
    """Where a file is sent from."""
    visit.work.require("directory")
    return _page(visit, tenant or home(visit.caller))


@router.post("")
def bring_in(visit: Uploading) -> Response:
    """Take in a file, all of it or nothing, or say what that would do."""
    form = visit.form
    tenant, only_try = form.one("tenant"), form.one("try") == "on"
    try:
        visit.work.require("directory")
        as_of = moment_of(visit, form.one("as_of"), "as_of")
        reader, file = _reader(form.files.get("file"), form.one("text"))
        name, body = harmless(file.name[:_LONGEST_NAME]), file.body
        found = directory.bring_in(
            visit.work, lambda own: reader(body, name, own), tenant or None, as_of, only_try=only_try
        )
    except REFUSED as wrong:
        return _page(visit, tenant, wrong)
    if only_try:
        return _page(visit, tenant, found=found)
    said = visit.gettext("Taken in: {added} entries added, {ended} ended.")
    numbers = {name: visit.showing.number(value) for name, value in found.model_dump().items()}
    return visit.go(url("/settings/directory", tenant=tenant), said.format(**numbers))


def _reader(file: File | None, text: str) -> tuple[Callable[[bytes, str, str], Incoming], File]:
    """What reads the file, else the text that was pasted. Raises BadFile."""
    if file is None and not text:
        raise BadFile(_("There is no file."), place="file", remedy=_("Choose one, or paste its text."))
    if file is None:
        suffix = ".json" if text.startswith(("{", "[")) else ".csv"
        return _READERS[suffix], File("text", text.encode())
    reader = _READERS.get(PurePath(file.name).suffix.lower())
    if reader is None:
        raise BadFile(_("A directory is a .json or .csv file."), place="file", remedy=_("Choose another file."))
    return reader, file


def _page(
    visit: Visit, tenant: str, wrong: TrailbookError | None = None, found: directory.Counted | None = None
) -> Response:
    again = wrong is not None or found is not None
    fields = Fields(blank("file", "text", "as_of", tenant=tenant), visit.form if again else None, wrong)
    own = getattr(visit.caller.seat.scope, "tenant", "")
    return page(
        visit, "settings/directory_import.html", wrong=wrong, found=found, own=own, tenant=tenant, fields=fields
    )
