"""Schedules: those of a report and all that one may see, each with its last runs, making, changing and trying them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from ...access.kept import Found
from ...deliver.deliveries import DELIVERIES, Delivery
from ...deliver.runs import RUNS, Run
from ...deliver.schedules import SCHEDULES, Schedule
from ...deliver.sending import WAYS
from ...deliver.ways import open_ways
from ...errors import NotThere, TrailbookError
from ...report.saved import SavedReport
from .. import reports, scheduling
from ..changed import After, Given, etag
from ..granting import cut
from ..scheduling import Planner, Times, planner_of, times_of
from ..strict import Strict
from . import addressing, schedule_form
from .forms import build
from .language import marked as _
from .screens import Visit, Visiting
from .settings.fields import REFUSED
from .showing import segment, url

PATH = "/schedules"
router = APIRouter(include_in_schema=False, route_class=Strict)

STATES = {
    "waiting": _("waits"),
    "sending": _("is being sent"),
    "sent": _("sent"),
    "empty": _("had no rows"),
    "void": _("no longer wanted"),
    "dead": _("given up"),
}
"""What has become of a delivery."""

_LISTED = 100
_RUNS = 10
_LOOKED_BACK = (1, 8, 32, 400)
"""Days: as few of them as show enough runs."""


class Planned(NamedTuple):
    """A schedule in a list: whose it is (empty: one's own), of which report, and when it runs, or would."""

    schedule: Schedule
    owner: str
    report: str
    due: Times


class Sent(NamedTuple):
    """A delivery of a run, and to whom, in words."""

    delivery: Delivery
    to: str


class Ran(NamedTuple):
    """A run, and what came of it."""

    run: Run
    deliveries: list[Sent]


class TimesAsked(Given):
    """When something shall run, as the form of a schedule has it."""

    every: str = Field("", max_length=10)
    at: str = Field("", max_length=5)
    days: str = Field("", max_length=100)
    day: str = Field("1", max_length=2)
    cron: str = Field("", max_length=100)
    zone: str = Field("", max_length=100)


def path_of(id: str) -> str:
    """Where a schedule is."""
    return f"{PATH}/{segment(id)}"


def of_report(visit: Visit, report: str) -> list[Planned]:
    """The first schedules of a report that the visitor may see."""
    planner = planner_of(visit.work)
    found = (one for one in planner.visible(SCHEDULES, "") if one.value.report == report)
    return [_planned(visit, planner, one) for one in islice(found, _LISTED)]


@router.get(PATH)
def list_page(visit: Visiting, after: After = "") -> Response:
    """The schedules that one may see."""
    planner = planner_of(visit.work)
    found, following = cut(planner.visible(SCHEDULES, after), _LISTED)
    return visit.page(
        "schedules.html",
        listed=[_planned(visit, planner, one) for one in found],
        next=url(PATH, after=following) if following else "",
        first=PATH if after else "",
    )


@router.get(f"{PATH}/times")
def times_part(visit: Visiting, asked: Annotated[TimesAsked, Query()]) -> Response:
    """When something would run, in words and the next three times; or why it would not."""
    timing = {name: getattr(asked, name) for name in schedule_form.TIMING.get(asked.every, ())}
    if "days" in timing:
        timing["days"] = [one for one in asked.days.split(",") if one]
    given = {"timing": {"every": asked.every, **timing}, "zone": asked.zone, "locale": visit.locale}
    return visit.page("schedule_times.html", **_times(visit, given))


@router.get("/reports/{id}/schedules/new")
def new_page(visit: Visiting, id: str) -> Response:
    """Where a schedule of a report is made."""
    visit.work.require("schedule")
    return _form(visit, reports.desk_of(visit.work).find(id).value)


@router.post("/reports/{id}/schedules")
def make(visit: Visiting, id: str) -> Response:
    """Make a schedule, or only say when it would run."""
    report = reports.desk_of(visit.work).find(id).value
    if visit.form.one("do") == "show":
        return _form(visit, report)
    try:
        answer = scheduling.create_schedule(visit.work, schedule_form.given(visit.form, report.id))
    except REFUSED as wrong:
        return _form(visit, report, wrong=wrong)
    return visit.go(path_of(msgspec.json.decode(answer.body)["id"]), visit.gettext("The schedule is kept."))


@router.get(f"{PATH}/{{id}}")
def schedule_page(visit: Visiting, id: str) -> Response:
    """A schedule, and what became of its last runs."""
    return _page(visit, id)


@router.get(f"{PATH}/{{id}}/change")
def change_page(visit: Visiting, id: str) -> Response:
    """Where a schedule is changed."""
    found = planner_of(visit.work).find(SCHEDULES, id)
    return _form(visit, _report(visit, found.value), found)


@router.post(f"{PATH}/{{id}}/change")
def change(visit: Visiting, id: str) -> Response:
    """Change all of a schedule, or only say when it would run. One that had stopped runs again."""
    found = planner_of(visit.work).find(SCHEDULES, id)
    schedule, form = found.value, visit.form
    if form.one("do") == "show":
        return _form(visit, _report(visit, schedule), found)
    try:
        given = schedule_form.given(form, schedule.report, active=schedule.active or bool(schedule.stopped))
        scheduling.change_schedule(visit.work, id, given, etag(form.one("version")))
    except REFUSED as wrong:
        return _form(visit, _report(visit, schedule), found, wrong)
    return visit.go(path_of(id), visit.gettext("The schedule is changed."))


@router.post(f"{PATH}/{{id}}/pause")
def pause(visit: Visiting, id: str) -> Response:
    """Let a schedule run no more for now."""
    return _switch(visit, id, active=False, said=visit.gettext("The schedule is paused."))


@router.post(f"{PATH}/{{id}}/resume")
def resume(visit: Visiting, id: str) -> Response:
    """Let a schedule run again that was paused, or had stopped."""
    return _switch(visit, id, active=True, said=visit.gettext("The schedule runs again."))


@router.post(f"{PATH}/{{id}}/test")
def test(visit: Visiting, id: str) -> Response:
    """Run a schedule now, for the visitor alone."""
    visit.form.read(Given)
    try:
        scheduling.try_schedule(visit.work, id)
    except REFUSED as wrong:
        return _page(visit, id, wrong)
    return visit.go(path_of(id), visit.gettext("It runs now, and goes to you alone."))


@router.post(f"{PATH}/{{id}}/delete")
def delete(visit: Visiting, id: str) -> Response:
    """Delete a schedule."""
    visit.form.read(Given)
    planner = planner_of(visit.work)
    report = planner.find(SCHEDULES, id).value.report
    scheduling.delete_schedule(visit.work, id)
    return visit.go(_back(planner, report), visit.gettext("The schedule is deleted."))


def _switch(visit: Visit, id: str, *, active: bool, said: str) -> Response:
    found = planner_of(visit.work).find(SCHEDULES, id)
    try:
        given = schedule_form.again(found.value, active=active)
        scheduling.change_schedule(visit.work, id, given, etag(visit.form.one("version")))
    except REFUSED as wrong:
        return _page(visit, id, wrong)
    return visit.go(path_of(id), said)


def _page(visit: Visit, id: str, wrong: TrailbookError | None = None) -> Response:
    planner = planner_of(visit.work)
    found = planner.find(SCHEDULES, id)
    schedule = found.value
    ways = open_ways(visit.service.settings)
    return visit.page(
        "schedule.html",
        wrong=wrong,
        planned=_planned(visit, planner, found),
        schedule=schedule,
        version=found.record.version,
        own=planner.is_own(schedule),
        period=schedule_form.period(visit, schedule.during, _report_of(planner, schedule.report)),
        missed=dict(schedule_form.MISSED)[schedule.missed],
        recipients=addressing.addressees(visit, schedule.recipients, schedule.tenant),
        closed={WAYS[one.kind] for one in schedule.recipients} - ways,
        here=path_of(id),
        report_path=_back(planner, schedule.report),
        runs=list(_last_runs(visit, schedule)),
        clock=visit.showing_in(schedule.zone),
        states=STATES,
    )


def _form(
    visit: Visit, report: SavedReport, found: Found[Schedule] | None = None, wrong: TrailbookError | None = None
) -> Response:
    """The form, as the schedule is or as it was sent; with when it runs, if that is sound."""
    schedule = found.value if found else None
    fields = schedule_form.fields(visit, report, schedule, wrong)
    return visit.page(
        "schedule_form.html",
        wrong=wrong,
        about=addressing.meant(visit, wrong.place, report.tenant) if wrong else "",
        report=report,
        schedule=schedule,
        version=found.record.version if found else 0,
        fields=fields,
        offered=schedule_form.offered(visit, report, schedule, fields),
        here=f"{path_of(schedule.id)}/change" if schedule else f"/reports/{segment(report.id)}/schedules",
        back=path_of(schedule.id) if schedule else f"/reports/{segment(report.id)}",
        **_times(visit, schedule_form.times_shown(visit, fields)),
    )


def _times(visit: Visit, given: dict[str, Any]) -> dict[str, Any]:
    """What the part of a page shows that says when it runs: the times, or what is wrong with them."""
    try:
        answer = scheduling.preview_times(visit.work, build(scheduling.TimesGiven, given))
    except REFUSED as wrong:
        return {"times": None, "never": wrong}
    return {"times": Times(**msgspec.json.decode(answer.body)), "never": None}


def _planned(visit: Visit, planner: Planner, found: Found[Schedule]) -> Planned:
    one = found.value
    owner = "" if planner.is_own(one) else addressing.name_of(visit, one.owner, one.tenant)
    due = times_of(one.timing, one.zone, visit.locale, visit.work.now)
    return Planned(one, owner, _title(planner, one.report), Times(**due))


def _report(visit: Visit, schedule: Schedule) -> SavedReport:
    return reports.desk_of(visit.work).find(schedule.report).value


def _report_of(planner: Planner, report: str) -> SavedReport | None:
    """A report; None for one that the visitor does not see."""
    try:
        return planner.desk.find(report).value
    except NotThere:
        return None


def _title(planner: Planner, report: str) -> str:
    """The title of a report, empty for one that the visitor does not see."""
    found = _report_of(planner, report)
    return found.title if found else ""


def _back(planner: Planner, report: str) -> str:
    """Where the report is, or else the schedules are."""
    return f"/reports/{segment(report)}" if _title(planner, report) else PATH


def _last_runs(visit: Visit, schedule: Schedule) -> Iterator[Ran]:
    """The last runs of a schedule, newest first, those of tests included."""
    store, now = visit.service.store, visit.work.now
    found: list[Run] = []
    for days in _LOOKED_BACK:
        after = f"{schedule.id}.{now - timedelta(days=days):%Y%m%dT%H%M%SZ}"
        found = [one.value for one in RUNS.all(store, now, owner=schedule.id, after=after)]
        if len(found) >= _RUNS:
            break
    for run in sorted(found, key=attrgetter("taken_at"), reverse=True)[:_RUNS]:
        deliveries = [one.value for one in DELIVERIES.all(store, now, owner=run.id)]
        yield Ran(run, [Sent(one, addressing.text_of(visit, one.recipient, schedule.tenant)) for one in deliveries])
