"""Asking for events: pages, one event, counts, summaries, facets, exports; and what can be asked for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from typing import Annotated, Any, BinaryIO, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..access import decide
from ..directory.viewer import Viewer
from ..errors import BadMap
from ..event.canonical import encode
from ..ingest.mapping import map_text, shipped_maps
from ..query.tree import Field
from ..render import DOWNLOADS, Format, Options
from ..report import run
from ..report.asked import Asked
from ..report.clock import Clock, locale_named, zone_named
from ..report.columns import COLUMNS, DEFAULT_COLUMNS
from ..report.detail import details
from ..report.hidden import Hidden
from ..report.result import Report, heads_dict
from ..seal.tree import leaf_hash
from ..store.ports import Row
from . import answers, looking
from .answers import json
from .changed import PREFIX, Work, Working, nothing
from .problems import answers as problems
from .questions import (
    CountQuestion,
    ExportQuestion,
    FacetQuestion,
    PageQuestion,
    SavedExportQuestion,
    SummaryQuestion,
    asked,
    keys,
    told,
)
from .streams import CHUNK, Export
from .strict import Strict

router = APIRouter(prefix=PREFIX, tags=["events"], route_class=Strict)

READING = problems(401, 403, 409, 507)
"""The problems of all that reads events: heads of other books, or no room left to keep that it was looked at."""


def _answer(model: type, what: str, **more: Any) -> dict[int | str, dict[str, Any]]:
    return {**READING, 200: {"model": model, "description": what, **more}}


_LINKED = {"headers": {"Link": {"description": "The pages on either side (RFC 8288).", "schema": {"type": "string"}}}}


def export_answer(format: str) -> dict[int | str, dict[str, Any]]:
    """The documented answers of an export."""
    made = DOWNLOADS[format]
    schema = {} if made.binary else {"type": "object" if format == "json" else "string"}
    content = {made.media_type.split(";")[0]: {"schema": schema}}
    return {**READING, **problems(429), 200: {"description": "The rows, as they are read.", "content": content}}


@router.get("/events", responses=_answer(answers.Rows, "A page of events.", **_LINKED))
def page_of_events(work: Working, question: Annotated[PageQuestion, Query()]) -> Response:
    """A page of the events that a query finds, newest or oldest first; `Link` leads on."""
    found = asked(work, question.list(work), question.heads)
    if question.form == "event":
        found.hidden.check_events()
    return page(work, found, question.form, question.cursor, question.limit, told(found.definition))


def page(work: Work, found: Asked, form: str, cursor: str, limit: int, look: dict[str, Any], **more: Any) -> Response:
    """The answer that is a page of a list; `look` is what is kept of it before any row is read."""
    listing = run.listed(found)
    order, heads = found.definition.order, found.heads
    looking.opened(work, look, **more)
    rows = found.reader.page(
        found.viewer, found.condition, order=order, cursor=cursor or None, limit=limit, heads=heads
    )
    cells = _whole if form == "event" else _cells(found, listing, form)
    return json(
        {
            "report": found.about(listing.warnings).to_dict(),
            "columns": () if form == "event" else listing.headings,
            "rows": [cells(row) for row in rows.rows],
            "before": rows.before,
            "after": rows.after,
        },
        answers.links(work.request, prev=rows.before, next=rows.after),
    )


def _cells(found: Asked, listing: run.Listing, form: str) -> Callable[[Row], dict[str, Any]]:
    """What makes a row by column key, with the event's id even where that is no column that was asked for."""
    cells_of = listing.text if form == "text" else listing.value
    by = [heading.key for heading in listing.headings]
    with_id = found.hidden.shows(COLUMNS["id"])

    def cells(row: Row) -> dict[str, Any]:
        by_key = dict(zip(by, cells_of(row), strict=True))
        return {"id": row.event.id, **by_key} if with_id else by_key

    return cells


def _whole(row: Row) -> dict[str, Any]:
    return {"id": row.event.id, "book": row.event.tenant, "position": row.position, "event": row.event}


@router.get("/events/count", responses=_answer(answers.Count, "How many."))
def count_events(work: Working, question: Annotated[CountQuestion, Query()]) -> Response:
    """How many events a query finds: exactly, or up to `at_most`."""
    found = asked(work, question.definition(work), question.heads)
    looking.opened(work, told(found.definition))
    rows, most = found.count(question.at_most), question.at_most
    return json(
        {
            "report": found.about().to_dict(),
            "rows": rows,
            "exact": most is None or rows < most,
            "late": found.late(most),
        }
    )


@router.get("/events/summary", responses=_answer(answers.Groups, "How many of each."))
def summarise_events(work: Working, question: Annotated[SummaryQuestion, Query()]) -> Response:
    """How many events a query finds in each group: by columns, or by hour, day, week or month in the zone."""
    definition = question.definition(
        work, group_by=keys(question.by), group_order=question.group_order, limit=question.limit
    )
    found = asked(work, definition, question.heads)
    return groups(work, found, "value", question.limit, told(definition))


def groups(work: Work, found: Asked, form: str, limit: int, look: dict[str, Any], **more: Any) -> Response:
    """The answer that is a summary; `look` as of `page`."""
    looking.opened(work, look, **more)
    all_groups = run.grouped(found)
    headings = run.group_headings(found.definition)
    of = run.group_text if form == "text" else run.group_value
    return json(
        {
            "report": found.about().to_dict(),
            "columns": headings,
            "rows": [
                dict(zip((heading.key for heading in headings), of(one), strict=True)) for one in all_groups[:limit]
            ],
            "total": sum(one.rows for one in all_groups),
            "groups": len(all_groups),
        }
    )


@router.get("/events/facets", responses=_answer(answers.Facets, "The most frequent values."))
def facets_of_events(work: Working, question: Annotated[FacetQuestion, Query()]) -> Response:
    """The most frequent values of a field among the events that a query finds."""
    found = asked(work, question.definition(work), question.heads)
    found.hidden.check_counts(question.field)
    looking.opened(work, told(found.definition))
    counts = found.reader.facet_counts(
        found.viewer, found.condition, question.field, limit=question.limit, heads=found.heads
    )
    return json(
        {
            "report": found.about().to_dict(),
            "field": question.field,
            "values": [one._asdict() for one in counts],
        }
    )


def bounded(of: Format) -> str:
    """What is said of a format that holds no more than so many rows."""
    return f" At most {of.most_rows:,} rows." if of.most_rows else ""


def _events_as(format: str) -> Callable[..., Response]:
    def events(work: Working, question: Annotated[ExportQuestion, Query()]) -> Response:
        work.require("export")
        found = asked(work, question.list(work, limit=question.limit), question.heads)
        return export(work, run.report(found), format, told(found.definition), options_of(work, question))

    return events


for _format, _of in DOWNLOADS.items():
    router.get(
        f"/events.{_format}",
        name=f"events_as_{_format}",
        description=f"All events that a query finds, as {_of.name}: {_of.description}.{bounded(_of)}",
        response_class=Response,
        responses=export_answer(_format),
    )(_events_as(_format))


def options_of(work: Work, question: ExportQuestion | SavedExportQuestion) -> Options:
    """How an export is written, as it is asked for."""
    return Options(bom=question.bom, paper=question.paper, fonts=work.service.settings.fonts)


def export(work: Work, report: Report, format: str, look: dict[str, Any], options: Options, **more: Any) -> Response:
    """The answer that is a download; `look` is what is kept of it, with the format and how much was asked for."""
    columns = [heading.key for heading in report.headings]
    made = DOWNLOADS[format]
    rows = min(report.header.shown, made.most_rows or report.header.shown)
    looking.exported(work, {**look, "format": format, "columns": columns, "rows": rows}, **more)

    def write(out: BinaryIO) -> None:
        if made.streams:
            made.write(report, out, options)
            return
        with tempfile.TemporaryFile() as file:
            made.write(report, file, options)
            file.seek(0)
            shutil.copyfileobj(file, out, CHUNK)

    headers = answers.attachment(f"{report.header.title} {work.now:%Y-%m-%d}", made.suffix)
    return Export(work.service.streams, write, made.media_type, headers)


@router.get(
    "/events/{id}",
    responses={
        **_answer(answers.Events, "The event."),
        **problems(401, 403, 404, 507),
        304: {"description": "As it was."},
    },
)
def one_event(
    work: Working,
    id: str,
    zone: Annotated[str, Query(max_length=100, description="The time zone of times in words.")] = "",
    locale: Annotated[str, Query(max_length=100, description="How dates are written.")] = "",
) -> Response:
    """All of the event with this id; of each, if several books that may be seen hold one."""
    settings = work.service.settings
    clock = Clock(zone_named(zone or settings.zone), locale_named(locale or settings.locale), seconds=True, offset=True)
    found = events_of(work, id)
    for row in found.rows:
        looking.opened(work, {"event": row.event.id}, tenant=row.event.tenant)
    shown = [_one(row, clock, found.viewer, found.hidden) for row in found.rows]
    return answers.json_once(work.request, {"events": shown})


class Events(NamedTuple):
    """The events of one id, of as many books, and as whom they are read."""

    rows: list[Row]
    viewer: Viewer
    hidden: Hidden


def events_of(work: Work, id: str) -> Events:
    """The events with this id that the caller may see; nothing is kept of that yet. Raises NotThere, NotAllowed."""
    viewer = decide.viewer(work.caller, work.now)
    hidden = Hidden(viewer)
    hidden.check_query(Field("id", (id,)))
    rows = work.service.reader.events(viewer, id.lower())
    if not rows:
        raise nothing()
    return Events(rows, viewer, hidden)


def _one(row: Row, clock: Clock, viewer: Viewer, hidden: Hidden) -> dict[str, Any]:
    lines = [one._asdict() for one in details(row, clock, viewer)]
    if hidden.any:
        return {"details": lines}
    return {"details": lines, "leaf_hash": leaf_hash(encode(row.event)).hex(), **_whole(row)}


@router.get("/columns", tags=["vocabulary"], responses={**problems(401, 403), 200: {"model": answers.Columns}})
def columns(work: Working) -> Response:
    """The columns that may be asked for, in their usual order; none that is hidden from the caller."""
    hidden = Hidden(decide.viewer(work.caller, work.now))
    return json(
        {
            "columns": [
                {
                    "key": column.key,
                    "label": column.label,
                    "kind": column.kind,
                    "shows": column.shows,
                    "default": column.key in DEFAULT_COLUMNS,
                    "groups": column.part is not None,
                }
                for column in COLUMNS.values()
                if hidden.shows(column)
            ]
        }
    )


@router.get("/formats", tags=["vocabulary"], responses={**problems(401, 403), 200: {"model": answers.Formats}})
def formats(work: Working) -> Response:
    """The formats of other systems' logs that can be imported."""
    decide.check_seat(work.caller, work.now)
    shown = [{"name": one.name, "title": one.title, "description": one.description} for one in shipped_maps()]
    return json({"formats": shown})


@router.get(
    "/formats/{name}",
    tags=["vocabulary"],
    response_class=Response,
    responses={**problems(401, 403, 404), 200: {"content": {"application/toml": {"schema": {"type": "string"}}}}},
)
def one_format(work: Working, name: str) -> Response:
    """The map of a format, in TOML, as a start for one of your own."""
    decide.check_seat(work.caller, work.now)
    try:
        return Response(map_text(name), media_type="application/toml")
    except BadMap:
        raise nothing() from None


@router.get("/heads", tags=["vocabulary"], responses={**problems(401, 403), 200: {"model": dict[str, answers.Head]}})
def heads(work: Working) -> Response:
    """The heads of the books that the caller may see any of, to keep elsewhere: `trailbook verify --against`."""
    viewer = decide.viewer(work.caller, work.now)
    return json(heads_dict(work.service.reader.heads(viewer)))
