"""Saved reports: the list of them, and each with its rows, with whom it is shared and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from ...access.kept import Found
from ...deliver.files import files_of
from ...errors import BadInput, NotAllowed, NotThere, OtherHead, Outdated, TooSlow, TrailbookError
from ...event.model import OWN_APPLICATION
from ...query.tree import Condition, both
from ...query.tree import Field as Fact
from ...report import run
from ...report.asked import Asked
from ...report.saved import SavedReport
from .. import looking, reports
from ..changed import After, Given, etag
from ..granting import cut
from ..questions import Cursor, Narrowing
from ..strict import Strict
from . import parts, schedules, sharing
from .briefs import Brief, brief
from .builder import Found as Shown
from .builder import List, groups_of
from .building import Building, of_definition
from .chips import meant, warnings
from .forms import build
from .grid import LONGEST, headings, lines
from .screens import Visit, Visiting
from .showing import segment, url

router = APIRouter(prefix="/reports", include_in_schema=False, route_class=Strict)

_LISTED, _TOLD = 100, 20
_LONGEST_TITLE = 200
_WRONG = (BadInput, NotAllowed, OtherHead, TooSlow)
"""What is told on the page, where the report can still be changed or deleted."""


class Opening(Narrowing):
    """A saved report, narrowed to a period, from a cursor on; `parts`: the page waits for the number of rows."""

    cursor: Cursor = ""
    parts: bool = False

    def address(self, id: str, cursor: str = "") -> str:
        """Where the same is, from this cursor on."""
        return url(path_of(id), **self.model_dump(exclude={"cursor", "parts"}), cursor=cursor)


class Listed(NamedTuple):
    """A report in the list: whose it is (empty: one's own), and whether it is shared."""

    report: SavedReport
    owner: str
    own: bool


class ChangeForm(Given):
    """What a report is called and with whom it is shared: shares that are kept, and one more."""

    title: str = ""
    description: str = ""
    share: list[str] = Field(default_factory=list, max_length=100)
    more: str = ""
    more_id: str = ""
    version: int = 0


def path_of(id: str) -> str:
    """Where a saved report is."""
    return f"/reports/{segment(id)}"


@router.get("")
def list_page(visit: Visiting, after: After = "", deleted: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The saved reports that one may see; after one was deleted, the way to bring it back."""
    desk = reports.desk_of(visit.work)
    found, following = cut(desk.visible(after), _LISTED)
    return visit.page(
        "reports.html",
        listed=[_listed(desk, one.value) for one in found],
        next=url("/reports", after=following) if following else "",
        first="/reports" if after else "",
        deleted=_deleted(visit, deleted),
        scheduled=bool(deleted and schedules.of_report(visit, deleted)),
    )


@router.get("/{id}")
def report_page(visit: Visiting, id: str, given: Annotated[Opening, Query()]) -> Response:
    """A saved report with its rows, of what whoever looks may see."""
    desk = reports.desk_of(visit.work)
    saved = desk.find(id)
    shown, wrong = None, None
    try:
        shown = _shown(visit, id, given)
    except _WRONG as error:
        wrong = error
    report = saved.value
    return visit.page(
        "report.html",
        wrong=wrong,
        report=report,
        version=saved.record.version,
        owner="" if report.owner == desk.sharer.id else desk.owner_name(report),
        changeable=desk.may_change(report),
        state=_state(report),
        found=shown,
        given=given,
        count=parts.count(parts.within(visit.work, shown.asked, parts.SECONDS_WITHIN))
        if shown and given.parts
        else None,
        here=path_of(id),
        background=files_of(visit.service.settings) is not None,
        show_in=visit.showing_in,
        schedules=schedules.of_report(visit, id),
        history=_history(visit, id),
    )


@router.get("/{id}/count")
def count_part(visit: Visiting, id: str, given: Annotated[Opening, Query()]) -> Response:
    """The number of rows, which the page of a report loads beside them."""
    report, found = _asked(visit, id, given)
    looking.opened(visit.work, reports.look_of(report, found, given), **reports.concerned(report))
    return visit.page("builder_count.html", count=parts.count(parts.within(visit.work, found, parts.SECONDS)))


@router.get("/{id}/change")
def change_page(visit: Visiting, id: str) -> Response:
    """Where a report is renamed, described and shared."""
    found = reports.desk_of(visit.work).changing(id, None)
    return visit.page("report_change.html", **_form(visit, found, None))


@router.post("/{id}/change")
def change(visit: Visiting, id: str) -> Response:
    """Rename, describe or share a report. What it asks for stays."""
    form = visit.form.read(ChangeForm)
    desk = reports.desk_of(visit.work)
    found = desk.changing(id, None)
    try:
        shares = [_share(one) for one in form.share] + ([{"kind": form.more, "id": form.more_id}] if form.more else [])
        values = {"title": form.title, "description": form.description, "definition": found.value.definition}
        given = build(reports.ReportGiven, {**values, "sharing": shares})
        reports.change_report(visit.work, id, given, etag(form.version))
    except (BadInput, Outdated) as wrong:
        return visit.page("report_change.html", wrong=wrong, **_form(visit, found, form))
    return visit.go(path_of(id), visit.gettext("The report is changed."))


@router.post("/{id}/duplicate")
def duplicate(visit: Visiting, id: str) -> Response:
    """Save a report of one's own that asks for the same, shared with nobody."""
    visit.form.read(Given)
    report = reports.desk_of(visit.work).find(id).value
    title = visit.gettext("Copy of %(title)s") % {"title": report.title}
    given = build(
        reports.NewReport,
        {"title": title[:_LONGEST_TITLE], "description": report.description, "definition": report.definition},
    )
    made = msgspec.json.decode(reports.save_report(visit.work, given).body)
    return visit.go(path_of(made["id"]), visit.gettext("This is your copy."))


@router.post("/{id}/delete")
def delete(visit: Visiting, id: str) -> Response:
    """Delete a report. The next page offers to bring it back."""
    visit.form.read(Given)
    reports.delete_report(visit.work, id)
    return visit.go(url("/reports", deleted=id), visit.gettext("The report is deleted."))


@router.post("/{id}/restore")
def restore(visit: Visiting, id: str) -> Response:
    """Bring back a report that was deleted lately."""
    visit.form.read(Given)
    reports.restore_report(visit.work, id)
    return visit.go(path_of(id), visit.gettext("The report is back."))


def _listed(desk: reports.Desk, report: SavedReport) -> Listed:
    own = report.owner == desk.sharer.id
    return Listed(report, "" if own else desk.owner_name(report), own)


def _deleted(visit: Visit, id: str) -> SavedReport | None:
    """The report that was just deleted, if it can be brought back."""
    try:
        return reports.deleted(visit.work, id).value if id else None
    except NotThere:
        return None


def _asked(visit: Visit, id: str, given: Opening) -> tuple[SavedReport, Asked]:
    return reports.run_of(visit.work, id, given, locale=visit.locale)


def _shown(visit: Visit, id: str, given: Opening) -> Shown:
    """What the report finds, as the builder shows it. Raises what `run_of` and the reads raise."""
    report, found = _asked(visit, id, given)
    listing = None if found.definition.group_by else run.listed(found)
    looking.opened(visit.work, reports.look_of(report, found, given), **reports.concerned(report))
    names = meant(visit, found)
    told = warnings(visit, names, listing is not None and bool(listing.warnings))
    if listing is None:
        return Shown(found, names, told, groups=groups_of(visit, _state(report), found))
    return Shown(found, names, told, list=_rows(visit, id, given, found, listing))


def _rows(visit: Visit, id: str, given: Opening, found: Asked, listing: run.Listing) -> List:
    """A page of rows, with the ways to those beside it."""
    page = found.reader.page(
        found.viewer,
        found.condition,
        order=found.definition.order,
        cursor=given.cursor or None,
        limit=min(50, found.definition.limit or 50),
        heads=found.heads,
    )
    return List(
        headings(visit, listing.headings),
        lines(visit, found, listing, page.rows, LONGEST["clipped"]),
        given.address(id, page.before) if page.before else "",
        given.address(id, page.after) if page.after else "",
        given.address(id) if given.cursor else "",
        exact=not (given.cursor or page.after),
    )


def _state(report: SavedReport) -> Building:
    """The report as the builder has it, to narrow it further there; nothing asked if it no longer fits."""
    try:
        return of_definition(report.definition)
    except TrailbookError:
        return build(Building, {})


def _history(visit: Visit, id: str) -> Brief | None:
    """Who opened, exported and changed the report, as far as the viewer may see that. None: hidden from them."""
    told: Condition = both(
        Fact("app", (OWN_APPLICATION,)), Fact("resource", ("reports",)), Fact("related", (f"report/{id}",))
    )
    return brief(visit, told, visit.service.settings.zone, limit=_TOLD)


def _form(visit: Visit, found: Found[SavedReport], form: ChangeForm | None) -> dict[str, Any]:
    """What the page of the form shows: what was sent, else how the report is."""
    report = found.value
    shares = [f"{one.kind}:{one.id}" for one in report.sharing]
    given = form or ChangeForm(
        title=report.title, description=report.description, share=shares, version=found.record.version
    )
    others = [one for one in report.sharing if one.kind != "tenant"]
    offered = sharing.offered(visit, report.tenant)
    return {"report": report, "form": given, "others": others, "offered": offered, "here": path_of(report.id)}


def _share(text: str) -> dict[str, str]:
    kind, _, id = text.partition(":")
    return {"kind": kind, "id": id}
