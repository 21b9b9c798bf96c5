"""Exports in the background over the API: asked for, looked at while they are made, given up, and taken as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from msgspec import to_builtins
from pydantic import BaseModel, Field, StrictBool, StringConstraints
from starlette.responses import Response

from ..access import decide
from ..access.kept import Found
from ..access.own import Decided, home
from ..deliver import exports
from ..deliver.exports import EXPORTS, MANIFESTS, OPEN, Export, State
from ..deliver.files import Files, files_needed
from ..deliver.manifest import SavedAs
from ..errors import BadInput, NotAllowed, NotThere, TooMuch
from ..query.tree import EVERYTHING
from ..render import DOWNLOADS
from ..render.options import Paper
from ..report import run
from ..report.definition import PERIOD_KEYS, Definition, from_dict
from . import answers
from .answers import json
from .asking import READING
from .changed import PREFIX, After, Limit, Work, Working, nothing, until_kept
from .granting import cut, visible
from .problems import answers as problems
from .questions import Narrowing, asked, defaults
from .reports import desk_of
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/exports", tags=["exports"], route_class=Strict)

RETRY_SECONDS = 30
"""After which who has too many waiting may ask again."""
ExportId = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$")]


class NewExport(Narrowing):
    """A report to make a file of: a saved one, by its id, or a definition as of a saved one; in a period besides."""

    report: str = Field("", max_length=1024, description="The id of a saved report; else: as the definition says.")
    definition: dict[str, Any] = Field(default_factory=dict, description="Columns, query, period, order and so on.")
    title: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        "", description="Of the report; empty: its own."
    )
    format: Literal[tuple(DOWNLOADS)]  # type: ignore[valid-type]
    bom: StrictBool = Field(False, description="CSV: begin with a byte order mark.")
    paper: Paper = Field("", description="PDF: its paper, in landscape; else A4, or A3 if the columns need it.")


class SavedShown(BaseModel):
    """A saved report, as of so many changes."""

    id: str
    version: int


class ExportShown(BaseModel):
    """An export. `own`: the caller asked for it; `ready`: they may take its file now. Percent and time are guesses."""

    id: str
    tenant: str
    name: str = Field(description="Who asked for it.")
    own: bool
    title: str
    format: str
    saved: SavedShown | None
    definition: dict[str, Any]
    narrowed: dict[str, str]
    state: State
    ready: bool
    rows: int = Field(description="Rows written so far.")
    of: int | None = Field(description="Rows there will be, once they are counted.")
    percent: float | None
    seconds_left: float | None
    error: str
    bytes: int | None
    sha256: str | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


class ExportsShown(BaseModel):
    """Exports, by id, which is by when they were asked for; `next`: where to go on after them, null at the end."""

    exports: list[ExportShown]
    next: str | None


class Counter:
    """Where exports are asked for and given out."""

    def __init__(self, work: Work) -> None:
        decide.check_seat(work.caller, work.now)
        self.work = work

    def files(self) -> Files:
        """The files. Raises Unreachable if this installation has no folder for them."""
        return files_needed(self.work.service.settings)

    def find(self, id: str) -> Found[Export]:
        """An export that they may see. Raises NotThere."""
        found = EXPORTS.find(self.work.service.store, id, self.work.now)
        if found is None or not exports.may_see(self.work.caller, found.value):
            raise nothing()
        return found

    def taking(self, id: str) -> Export:
        """An export whose file they may take now. Raises NotThere, NotAllowed."""
        export = self.find(id).value
        self.work.require("export")
        if export.state != "done":
            raise NotThere("There is no file yet, or none any more.", remedy="Wait until the export is done.")
        if not exports.may_take(self.work.caller, export):
            raise NotAllowed(
                "The file may hold what you may no longer see.",
                place="access",
                remedy="Export it again: as you see it.",
            )
        return export

    def visible(self, after: str) -> Iterator[Found[Export]]:
        """The exports that they may see, by id."""
        return visible(self.work, EXPORTS, partial(exports.may_see, self.work.caller), after)

    def check_quota(self) -> None:
        """Raises TooMuch if as many of theirs are waiting as may."""
        most = self.work.service.settings.exports_waiting
        own = (one.value for one in self.visible("") if exports.is_own(self.work.caller, one.value))
        if len(list(islice((one for one in own if one.state in OPEN), most))) >= most:
            raise TooMuch(
                f"{most} of your exports are yet to end, which is the most.",
                retry_after=RETRY_SECONDS,
                remedy="Wait until one of them is done, or cancel one.",
            )

    def keep(self, decided: Decided) -> None:
        """Keep what was decided, and have what is due done."""
        self.work.keep(decided.changed, decided.events, decided.removed)
        self.work.service.worker.wake()

    def shown(self, export: Export) -> dict[str, Any]:
        """An export as an answer has it."""
        caller, made = self.work.caller, export.made
        left = export.seconds_left(self.work.now)
        return {
            **{key: getattr(export, key) for key in _AS_THEY_ARE},
            "own": exports.is_own(caller, export),
            "ready": export.state == "done" and exports.may_take(caller, export),
            "saved": export.saved and to_builtins(export.saved),
            "percent": None if not export.of else round(100 * export.rows / export.of, 1),
            "seconds_left": None if left is None else round(left, 1),
            "bytes": made and made.bytes,
            "sha256": made and made.sha256,
        }


_AS_THEY_ARE = (
    "id", "tenant", "name", "title", "format", "definition", "narrowed", "state", "rows", "of", "error", "asked_at",
    "started_at", "ended_at", "expires_at",
)  # fmt: skip


@router.post(
    "",
    status_code=202,
    responses={**READING, **problems(404, 429), 202: {"model": ExportShown}},
)
def ask_for_export(work: Working, given: NewExport) -> Response:
    """Ask for the file of a report. It is made in the background, as you may see it then."""
    counter = Counter(work)
    export = new_export(work, given)
    counter.files()
    counter.check_quota()
    counter.keep(exports.ask_for(export, work.doing))
    return json(counter.shown(export), {"Location": f"{router.prefix}/{export.id}"}, 202)


def new_export(work: Work, given: NewExport) -> Export:
    """What is asked for, if it could be made now. Raises as asking for its rows does."""
    work.require("export")
    narrowed: dict[str, str] = {key: value for key in PERIOD_KEYS if (value := getattr(given, key))}
    definition, saved, tenant = _definition(work, given)
    found = asked(work, definition, given.heads, given.narrowed() if narrowed else EVERYTHING)
    if not definition.group_by:
        run.listed(found)
    caller = work.caller
    return Export(
        work.service.new_id(),
        tenant,
        caller.kind,
        caller.id,
        caller.name,
        found.viewer,
        definition.title,
        given.format,
        definition.to_dict(),
        work.now,
        saved=saved,
        narrowed=narrowed,
        heads=given.heads,
        bom=given.bom,
        paper=given.paper,
    )


def _definition(work: Work, given: NewExport) -> tuple[Definition, SavedAs | None, str]:
    """What is asked for, of what saved report if it is one, and in whose book that is told."""
    title = {"title": given.title} if given.title else {}
    if not given.report:
        return from_dict({**defaults(work), **given.definition, **title}), None, home(work.caller)
    if given.definition:
        raise BadInput(
            "A saved report has its own definition.", place="body.definition", remedy="Leave out one of the two."
        )
    found = desk_of(work).find(given.report)
    definition = found.value.asks(defaults(work))
    titled = from_dict({**definition.to_dict(), **title})
    return titled, SavedAs(found.value.id, found.record.version), found.value.tenant


@router.get("", responses={**problems(401, 403), 200: {"model": ExportsShown}})
def list_exports(work: Working, after: After = "", limit: Limit = 100) -> Response:
    """Your exports, and those of others that you manage and may see all of."""
    counter = Counter(work)
    found, following = cut(counter.visible(after), limit)
    return json({"exports": [counter.shown(one.value) for one in found], "next": following})


@router.get("/{id}", responses={**problems(401, 403, 404), 200: {"model": ExportShown}})
def one_export(work: Working, id: ExportId) -> Response:
    """An export, and how far it is."""
    counter = Counter(work)
    return json(counter.shown(counter.find(id).value))


@router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 409, 507))
def give_up_export(work: Working, id: ExportId) -> Response:
    """Cancel an export that is yet to end; remove one that has ended, and its file. The events that tell of it stay."""
    counter = Counter(work)
    days = timedelta(days=work.service.settings.export_days)
    until_kept(lambda: counter.keep(exports.give_up(counter.find(id), work.doing, work.now + days)))
    return Response(status_code=204)


_FILE = {
    "description": "The file, or the part of it that the header Range asks for.",
    "headers": {
        "Content-Disposition": {"description": "Its name.", "schema": {"type": "string"}},
        "Repr-Digest": {"description": "The SHA-256 of all of it (RFC 9530).", "schema": {"type": "string"}},
        "ETag": {"description": "The same, in hexadecimal.", "schema": {"type": "string"}},
    },
    "content": {one.media_type.split(";")[0]: {"schema": {"type": "string"}} for one in DOWNLOADS.values()},
}


@router.get(
    "/{id}/file",
    response_class=Response,
    responses={
        **problems(401, 403, 404, 507),
        200: _FILE,
        206: {"description": "A part of the file."},
        416: {"description": "The file has no such part."},
    },
)
def file_of_export(work: Working, id: ExportId) -> Response:
    """The file of an export, as long as you may still see all that it was made of. That it is taken is told."""
    counter = Counter(work)
    export = counter.taking(id)
    made = export.made
    assert made is not None, "a file that is done was made"
    path = counter.files().path(made.name)
    work.keep((), [exports.taken_event(export, work.doing)])
    return answers.file(path, made.sha256, f"{export.title} {export.asked_at:%Y-%m-%d}", DOWNLOADS[export.format])


@router.get(
    "/{id}/manifest",
    responses={**problems(401, 403, 404), 200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def manifest_of_export(work: Working, id: ExportId) -> Response:
    """What the file of an export is: definition, query, period, zone, viewer, scope, rows, heads, columns, SHA-256."""
    export = Counter(work).taking(id)
    found = MANIFESTS.find(work.service.store, export.id, work.now)
    if found is None:
        raise nothing()
    return json(to_builtins(found.value.manifest))
