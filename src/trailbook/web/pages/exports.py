"""Exports in the background: asking for one, all of them with how far each is, each with what it is, giving one up."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from ...deliver.exports import MANIFESTS, OPEN, Export
from ...deliver.manifest import Manifest
from ...directory.viewer import Overlap
from ...errors import BadDefinition
from ...render import DOWNLOADS
from .. import exports
from ..changed import Given, Work
from ..strict import Strict
from .building import of_definition, read_state
from .forms import build
from .saving import definition
from .screens import Visit, Visiting
from .showing import segment, url
from .wording import scope_in_words

PATH = "/exports"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

_LISTED = 50


class Listed(NamedTuple):
    """An export as its page shows it: itself, and what the API's answer says beside that (see `ExportShown`)."""

    export: Export
    own: bool
    ready: bool
    percent: float | None
    seconds_left: float | None

    @property
    def open(self) -> bool:
        """Whether it is yet to end."""
        return self.export.state in OPEN


class AskForm(Given):
    """What a file is made of: a saved report narrowed to a period, or the builder's state as in its address."""

    report: str = ""
    since: str = ""
    until: str = ""
    during: str = ""
    heads: str = ""
    state: str = ""
    file_format: str = ""
    file_title: str = ""


@router.get("")
def list_page(visit: Visiting, before: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The exports that one may see, the newest first."""
    counter = exports.Counter(visit.work)
    older = (one.value for one in counter.visible("") if not before or one.value.id < before)
    # They come oldest first, and are gone after some days: of all, only the last are kept at hand.
    last = deque(older, maxlen=_LISTED + 1)
    shown = list(reversed(last))[:_LISTED]
    return visit.page(
        "exports.html",
        listed=[_listed(counter, one) for one in shown],
        first=PATH if before else "",
        next=url(PATH, before=shown[-1].id) if len(last) > _LISTED else "",
        formats=DOWNLOADS,
    )


@router.post("")
def ask(visit: Visiting) -> Response:
    """Ask for a file, and go to where one sees how far it is."""
    form = visit.form.read(AskForm)
    given: dict[str, Any] = form.model_dump(exclude={"state", "file_format", "file_title"})
    given |= {"format": form.file_format, "title": form.file_title}
    if not form.report:
        state = read_state(form.state)
        given |= {"definition": definition(state), "heads": state.heads}
    answer = exports.ask_for_export(visit.work, build(exports.NewExport, given))
    id = msgspec.json.decode(answer.body)["id"]
    return visit.go(f"{PATH}#export-{segment(id)}", visit.gettext("The file is being made. You may leave this page."))


@router.get("/{id}")
def one_page(visit: Visiting, id: exports.ExportId) -> Response:
    """An export, and what is said of its file."""
    counter = exports.Counter(visit.work)
    one = _listed(counter, counter.find(id).value)
    manifest = _manifest(visit.work, one)
    scope = manifest.viewer.scope if manifest else None
    assert not isinstance(scope, Overlap), "an export is read as whoever asked for it"
    since, until = _period(visit, manifest) if manifest else (None, None)
    return visit.page(
        "export.html",
        one=one,
        formats=DOWNLOADS,
        manifest=manifest,
        scope=scope_in_words(visit, scope) if scope else "",
        since=since,
        until=until,
        again=_again(one.export),
    )


@router.post("/{id}/give-up")
def give_up(visit: Visiting, id: exports.ExportId) -> Response:
    """Cancel an export that is yet to end; remove one that has ended."""
    open = exports.Counter(visit.work).find(id).value.state in OPEN
    exports.give_up_export(visit.work, id)
    said = visit.gettext("The export is cancelled.") if open else visit.gettext("The export is removed.")
    return visit.go(PATH, said)


def _listed(counter: exports.Counter, export: Export) -> Listed:
    shown = counter.shown(export)
    return Listed(export, *(shown[name] for name in ("own", "ready", "percent", "seconds_left")))


def _manifest(work: Work, one: Listed) -> Manifest | None:
    """What is said of the file, for who may take it."""
    found = MANIFESTS.find(work.service.store, one.export.id, work.now) if one.ready else None
    return found.value.manifest if found else None


def _period(visit: Visit, manifest: Manifest) -> tuple[Markup | None, Markup | None]:
    """The period as it was resolved, in the zone of the report; None: open."""
    clock = visit.showing_in(manifest.report["zone"])
    since, until = (
        clock.moment(datetime.fromisoformat(edge)) if (edge := manifest.report[name]) else None
        for name in ("since", "until")
    )
    return since, until


def _again(export: Export) -> str:
    """Where the same is asked for again; empty if it no longer fits."""
    if export.saved is not None:
        return url(f"/reports/{segment(export.saved.id)}", **export.narrowed)
    try:
        return of_definition(export.definition).address()
    except BadDefinition:
        return ""
