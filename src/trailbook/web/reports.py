"""Saved reports: kept, shared, and run by whoever may, always within what they may see themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from msgspec import Struct, to_builtins
from msgspec.structs import replace
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from ..access import decide
from ..access.kept import ACCOUNTS, DELETED, REPORTS, Found
from ..access.sight import Sight, sight_of
from ..errors import BadInput, NotAllowed
from ..event.model import Event, Reference
from ..render import DOWNLOADS
from ..report import run, saved
from ..report.asked import Asked
from ..report.saved import SavedReport, Share, ShareKind, Sharer
from . import answers
from .answers import json
from .asking import READING, bounded, export, export_answer, groups, options_of, page
from .changed import PREFIX, After, Given, IfMatch, Limit, Name, Work, Working, check_match, etag, nothing
from .granting import cut, visible
from .problems import answers as problems
from .questions import Narrowing, SavedExportQuestion, SavedQuestion, asked, defaults, told
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/reports", tags=["reports"], route_class=Strict)

_TAGGED = {"headers": {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}}


class ShareGiven(Given):
    """With whom a report is shared, within its tenant: everybody, a group by id, or an access role by id."""

    kind: ShareKind
    id: str = Field("", max_length=1024)

    def share(self) -> Share:
        """The share that was given. Raises BadInput for a group or role that is not named."""
        if self.kind != "tenant" and not self.id:
            raise BadInput(f"It is not said which {self.kind}.", place="sharing", remedy="Give its id.")
        return Share(self.kind, self.id if self.kind != "tenant" else "")


class ReportGiven(Given):
    """A report to save. `definition`: columns, query, since, until, during, order, group_by, limit, zone and so on."""

    title: Annotated[Name, StringConstraints(max_length=200)]
    description: str = Field("", max_length=2_000)
    definition: dict[str, Any] = Field(default_factory=dict)
    sharing: list[ShareGiven] = Field(default_factory=list, max_length=100, description="With nobody: private.")

    def over(self, report: SavedReport) -> SavedReport:
        """The report, with this in it."""
        return replace(
            report,
            title=self.title,
            description=self.description,
            definition=self.definition,
            sharing=tuple(one.share() for one in self.sharing),
        )


class NewReport(ReportGiven):
    """A report to save; `tenant` is whose it becomes: by default that of whoever saves it."""

    tenant: str | None = Field(None, min_length=1, max_length=1024)


class ReportShown(BaseModel):
    """A saved report; `changeable`: whether the caller may change it."""

    id: str
    owner: str
    tenant: str
    title: str
    description: str
    definition: dict[str, Any]
    sharing: list[ShareGiven]
    created_at: str | None
    updated_at: str | None
    version: int
    changeable: bool


class ReportsShown(BaseModel):
    """Saved reports; `next`: where to go on after them, null at the end."""

    reports: list[ReportShown]
    next: str | None


class Desk(Struct, frozen=True):
    """Who asks for saved reports."""

    work: Work
    sight: Sight

    @property
    def sharer(self) -> Sharer:
        """As whom reports are shared with them."""
        return self.sight.sharer

    def may_see(self, report: SavedReport) -> bool:
        """See `Sight.may_see`."""
        return self.sight.may_see(report)

    def manages(self, tenant: str) -> bool:
        """See `Sight.manages`."""
        return self.sight.manages(tenant)

    def may_change(self, report: SavedReport) -> bool:
        """Whose it is, and who manages reports of its tenant."""
        manages = "reports" in self.work.caller.seat.rights
        return manages and (report.owner == self.sharer.id or self.manages(report.tenant))

    def find(self, id: str) -> Found[SavedReport]:
        """A report that they may see. Raises NotThere."""
        found = REPORTS.find(self.work.service.store, id, self.work.now)
        if found is None or not self.may_see(found.value):
            raise nothing()
        return found

    def changing(self, id: str, if_match: str | None) -> Found[SavedReport]:
        """A report that they may change and that is as they say. Raises NotThere, NotAllowed, Mismatch."""
        found = self.find(id)
        if not self.may_change(found.value):
            raise NotAllowed(
                "This report is shared with you, to read.", place="reports", remedy="Save one of your own like it."
            )
        check_match(if_match, etag(found.record.version))
        return found

    def visible(self, after: str) -> Iterator[Found[SavedReport]]:
        """The reports that they may see, by id."""
        return visible(self.work, REPORTS, self.may_see, after)

    def owner_name(self, report: SavedReport) -> str:
        """The name of whoever made a report; empty for a key, and for who is gone."""
        account = ACCOUNTS.find(self.work.service.store, report.owner, self.work.now)
        return account.value.label or account.value.name if account else ""

    def shown(self, found: Found[SavedReport]) -> dict[str, Any]:
        """A report as an answer has it."""
        plain: dict[str, Any] = to_builtins(found.value)
        plain["sharing"] = [{"kind": one.kind, "id": one.id} for one in found.value.sharing]
        return {**plain, "version": found.record.version, "changeable": self.may_change(found.value)}

    def answer(self, report: SavedReport, version: int, status: int = 200) -> Response:
        """A report, with its version as its ETag."""
        record = replace(REPORTS.record(report), version=version)
        headers = {"ETag": etag(version)}
        if status == 201:
            headers["Location"] = f"{router.prefix}/{report.id}"
        return json(self.shown(Found(report, record)), headers, status)


def desk_of(work: Work) -> Desk:
    """Who asks: their groups as of now, and the access role that they have now. Raises NotAllowed, NotSignedIn."""
    decide.check_seat(work.caller, work.now)
    if "reports" not in work.caller.seat.rights:
        work.require("view")
    return Desk(work, sight_of(work.service.store, work.service.directory(), work.caller, work.now))


@router.get("", responses={**problems(401, 403), 200: {"model": ReportsShown}})
def list_reports(work: Working, after: After = "", limit: Limit = 100) -> Response:
    """The saved reports that the caller may see: their own, those shared with them, and those that they manage."""
    desk = desk_of(work)
    found, following = cut(desk.visible(after), limit)
    return json({"reports": [desk.shown(one) for one in found], "next": following})


@router.post("", status_code=201, responses={**problems(401, 403, 409, 507), 201: {"model": ReportShown, **_TAGGED}})
def save_report(work: Working, given: NewReport) -> Response:
    """Save a report."""
    work.require("reports")
    desk = desk_of(work)
    tenant = given.tenant or desk.sharer.tenant
    if tenant != desk.sharer.tenant and not desk.manages(tenant):
        raise NotAllowed("You may not save a report of this tenant.", place="tenant", remedy="Leave it out.")
    bare = SavedReport(
        work.service.new_id(), work.caller.id, tenant, given.title, {}, created_at=work.now, updated_at=work.now
    )
    report = saved.check(given.over(bare), defaults(work))
    work.service.keep([REPORTS.record(report)], events=[_told(work, "create", None, report)])
    return desk.answer(report, 1, 201)


@router.get("/{id}", responses={**problems(401, 403, 404), 200: {"model": ReportShown, **_TAGGED}})
def one_report(work: Working, id: str) -> Response:
    """A saved report."""
    desk = desk_of(work)
    found = desk.find(id)
    return desk.answer(found.value, found.record.version)


@router.put("/{id}", responses={**problems(401, 403, 404, 409, 412, 507), 200: {"model": ReportShown, **_TAGGED}})
def change_report(work: Working, id: str, given: ReportGiven, if_match: IfMatch = None) -> Response:
    """Change all of a saved report."""
    desk = desk_of(work)
    found = desk.changing(id, if_match)
    report = saved.check(given.over(replace(found.value, updated_at=work.now)), defaults(work))
    work.service.keep([REPORTS.record(report, found)], events=[_told(work, "update", found.value, report)])
    return desk.answer(report, found.record.version + 1)


@router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 409, 412, 507))
def delete_report(work: Working, id: str, if_match: IfMatch = None) -> Response:
    """Delete a saved report. The events that tell of it stay."""
    found = desk_of(work).changing(id, if_match)
    gone = DELETED.record(replace(found.value, updated_at=work.now))
    work.service.keep([gone], events=[_told(work, "delete", found.value, None)], removed=[found.record])
    return Response(status_code=204)


def deleted(work: Work, id: str) -> Found[SavedReport]:
    """A report that was deleted lately, and that the caller may bring back. Raises NotThere."""
    desk = desk_of(work)
    found = DELETED.find(work.service.store, id, work.now)
    if found is None or not desk.may_see(found.value) or not desk.may_change(found.value):
        raise nothing()
    return found


def restore_report(work: Work, id: str) -> None:
    """Bring back a report that was deleted lately, as it was. Raises NotThere, Outdated."""
    found = deleted(work, id)
    report = replace(found.value, updated_at=work.now)
    work.service.keep([REPORTS.record(report)], events=[_told(work, "restore", None, report)], removed=[found.record])


@router.get("/{id}/rows", responses={**READING, **problems(404), 200: {"model": answers.Rows | answers.Groups}})
def rows_of_report(work: Working, id: str, question: Annotated[SavedQuestion, Query()]) -> Response:
    """A page of a saved report's rows, or its groups: of what the caller may see, not of what its owner may.

    The definition's own limit bounds what is exported, and how many rows are on a page; pages go on after it.
    """
    report, found = run_of(work, id, question)
    look = look_of(report, found, question)
    limit = min(question.limit, found.definition.limit or question.limit)
    if found.definition.group_by:
        return groups(work, found, question.form, limit, look, **concerned(report))
    return page(work, found, question.form, question.cursor, limit, look, **concerned(report))


def _report_as(format: str) -> Callable[..., Response]:
    def saved_report(work: Working, id: str, question: Annotated[SavedExportQuestion, Query()]) -> Response:
        work.require("export")
        report, found = run_of(work, id, question)
        look = look_of(report, found, question)
        return export(work, run.report(found), format, look, options_of(work, question), **concerned(report))

    return saved_report


for _format, _of in DOWNLOADS.items():
    router.get(
        f"/{{id}}/{_format}",
        name=f"report_as_{_format}",
        description=f"All rows of a saved report, as {_of.name}: {_of.description}.{bounded(_of)}",
        response_class=Response,
        responses={**export_answer(_format), **problems(404)},
    )(_report_as(_format))


def run_of(work: Work, id: str, narrowing: Narrowing, **own: Any) -> tuple[SavedReport, Asked]:
    """A saved report, asked for by the caller; `own` is for what it leaves out, before the settings.

    Raises NotThere before anything of it is told.
    """
    work.require("view")
    report = desk_of(work).find(id).value
    return report, asked(work, report.asks({**defaults(work), **own}), narrowing.heads, narrowing.narrowed())


def look_of(report: SavedReport, found: Asked, narrowing: Narrowing) -> dict[str, Any]:
    """What a look at a saved report is told by."""
    return {"report": report.id, **told(found.definition, narrowing)}


def _told(work: Work, action: str, old: SavedReport | None, new: SavedReport | None) -> Event:
    """The event of a change, with what the report was and what it became."""
    report = new or old
    assert report is not None
    return work.event(
        "reports",
        action,
        tenant=report.tenant,
        related=_related(report),
        old=old.told() if old else None,
        new=new.told() if new else None,
    )


def concerned(report: SavedReport) -> dict[str, Any]:
    """What a look at a saved report is kept with: in its tenant's book, whose it is, even if root looks."""
    return {"tenant": report.tenant, "related": _related(report)}


def _related(report: SavedReport) -> tuple[Reference, ...]:
    return (Reference("report", report.id, report.title),)
