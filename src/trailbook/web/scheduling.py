"""Schedules: saved reports that run by themselves, when, and to whom they go; trying one out, and its runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter
from msgspec import Struct, to_builtins
from msgspec.structs import replace
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from ..access.accounts import by_name
from ..access.kept import ACCOUNTS, Found, Shelf
from ..deliver.alerts import Alert
from ..deliver.deliveries import DELIVERIES, Delivery
from ..deliver.owners import check_all, owner_of
from ..deliver.recipients import Kind, Recipient
from ..deliver.runs import RUNS, run_records
from ..deliver.schedules import MOST_RECIPIENTS, SCHEDULES, Missed, Schedule, next_task, waiting
from ..deliver.tasks import TASKS
from ..deliver.times import Every, Timing, Weekday, next_due
from ..deliver.times import check as check_timing
from ..deliver.wording import in_words, shown_times
from ..errors import NotAllowed
from ..event.model import Event, Reference
from ..report.clock import zone_named
from .answers import json
from .changed import PREFIX, After, Given, IfMatch, Limit, Name, Work, Working, check_match, etag, nothing
from .granting import cut, visible
from .problems import answers as problems
from .reports import Desk, desk_of
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/schedules", tags=["schedules"], route_class=Strict)

_TAGGED = {"headers": {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}}
_CHANGING = problems(401, 403, 404, 409, 412, 507)
Zone = Annotated[str, Field(min_length=1, max_length=100, description="An IANA time zone, such as Europe/Berlin.")]


class TimingGiven(Given):
    """When: every day, week (on `days`) or month (on `day`; 0: the last) `at` a time, or by a `cron` expression."""

    every: Every
    at: str = Field("08:00", max_length=5)
    days: list[Weekday] = Field(default=[], max_length=7)
    day: int = Field(1, ge=0, le=28)
    cron: str = Field("", max_length=100)

    def timing(self) -> Timing:
        """The timing that was given."""
        return Timing(self.every, self.at, tuple(dict.fromkeys(self.days)), self.day, self.cron)


class RecipientGiven(Given):
    """An account (by id, or by the name that it signs in with), an address, a folder, or a webhook's URL."""

    kind: Kind
    to: Annotated[Name, StringConstraints(max_length=1024)]


class ScheduleGiven(Given):
    """A schedule. See its page in the documentation for what the fields mean."""

    title: Annotated[Name, StringConstraints(max_length=200)]
    report: Annotated[str, Field(min_length=1, max_length=100, description="The id of a saved report.")]
    timing: TimingGiven
    zone: Zone
    recipients: list[RecipientGiven] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    formats: list[Annotated[str, Field(max_length=20)]] = Field(default=["csv"], min_length=1, max_length=10)
    during: str = Field("", max_length=100, description="The period, as of the due time; empty: the report's own.")
    subject: str = Field("{title}, {date}", max_length=200)
    text: str = Field("", max_length=10_000)
    skip_empty: bool = False
    attach_bytes: int = Field(5 << 20, ge=0, le=100 << 20)
    missed: Missed = "latest"
    active: bool = True

    def over(self, schedule: Schedule, work: Work) -> Schedule:
        """The schedule, with this in it. It begins anew, also after it had stopped."""
        return replace(
            schedule,
            title=self.title,
            report=self.report,
            timing=self.timing.timing(),
            zone=self.zone,
            recipients=tuple(recipient_of(one, work) for one in self.recipients),
            formats=tuple(self.formats),
            during=self.during,
            subject=self.subject,
            text=self.text,
            skip_empty=self.skip_empty,
            attach_bytes=self.attach_bytes,
            missed=self.missed,
            active=self.active,
            stopped="",
            updated_at=work.now,
        )


class TimesGiven(Given):
    """A timing to look at before it is kept."""

    timing: TimingGiven
    zone: Zone
    locale: str = Field("en", max_length=100)


class Times(BaseModel):
    """When something is due: in words, and the next times, in UTC and as clocks in the zone show them."""

    words: str
    next: list[datetime]
    shown: list[str]


class ScheduleShown(ScheduleGiven):
    """A schedule as it is kept. `stopped`: why it stopped by itself; `due`: when it runs, if it does."""

    id: str
    owner: str
    tenant: str
    stopped: str
    created_at: datetime | None
    updated_at: datetime | None
    version: int
    due: Times | None


class SchedulesShown(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[ScheduleShown]
    next: str | None


class FileShown(BaseModel):
    """A file that was sent."""

    format: str
    rows: int
    bytes: int
    sha256: str


class DeliveryShown(BaseModel):
    """What a run sent to one recipient. `uncertain`: an answer was lost, so it may have arrived twice."""

    id: str
    run: str
    schedule: str
    recipient: RecipientGiven
    state: str
    tries: int
    uncertain: bool
    created_at: datetime
    next_at: datetime | None
    sent_at: datetime | None
    files: list[FileShown]
    error: str


class RunShown(BaseModel):
    """A run and its deliveries."""

    id: str
    due_at: datetime
    taken_at: datetime
    state: str
    reason: str
    test: bool
    deliveries: list[DeliveryShown]


class RunsShown(BaseModel):
    """A page of runs, by due time; `next` is the `after` of the page that follows, if one does."""

    items: list[RunShown]
    next: str | None


P = TypeVar("P", bound=Schedule | Alert)


class Planner(Struct, frozen=True):
    """Who asks for schedules or alerts: they see their own, and those of a tenant whose reports they manage."""

    desk: Desk

    def may_see(self, schedule: Schedule | Alert) -> bool:
        """Whether they may see it, and stop it."""
        return self.is_own(schedule) or self.desk.manages(schedule.tenant)

    def is_own(self, schedule: Schedule | Alert) -> bool:
        """Whether it is theirs, in the tenant where they are now."""
        caller = self.desk.work.caller
        at_home = schedule.tenant == self.desk.sharer.tenant or self.desk.manages(schedule.tenant)
        return caller.kind == "account" and schedule.owner == caller.id and at_home

    def find(self, shelf: Shelf[P], id: str) -> Found[P]:
        """One that they may see. Raises NotThere."""
        found = shelf.find(self.desk.work.service.store, id, self.desk.work.now)
        if found is None or not self.may_see(found.value):
            raise nothing()
        return found

    def visible(self, shelf: Shelf[P], after: str) -> Iterator[Found[P]]:
        """Those that they may see, by id."""
        return visible(self.desk.work, shelf, self.may_see, after)


def planner_of(work: Work) -> Planner:
    """Who asks. Raises as `desk_of`."""
    return Planner(desk_of(work))


@router.get("", responses={**problems(401, 403), 200: {"model": SchedulesShown}})
def list_schedules(work: Working, after: After = "", limit: Limit = 100) -> Response:
    """The caller's schedules, and those of tenants whose reports they manage."""
    found, following = cut(planner_of(work).visible(SCHEDULES, after), limit)
    return json({"items": [_shown(work, one) for one in found], "next": following})


@router.post(
    "", status_code=201, responses={**problems(401, 403, 404, 409, 507), 201: {"model": ScheduleShown, **_TAGGED}}
)
def create_schedule(work: Working, given: ScheduleGiven) -> Response:
    """Make a schedule of a saved report. It runs as its owner, within what they may see at that time."""
    work.require("schedule")
    report = desk_of(work).find(given.report).value
    bare = Schedule(
        work.service.new_id(), work.caller.id, report.tenant, "", "", Timing("day"), "UTC", (), created_at=work.now
    )
    schedule = given.over(bare, work)
    check_all(work.service, schedule, work.now)
    tasks = [TASKS.record(next_task(schedule, work.now))] if schedule.active else []
    work.keep([SCHEDULES.record(schedule), *tasks], [_told(work, "create", None, schedule)])
    return _answer(work, schedule, 1, 201)


@router.post("/preview", responses={**problems(401, 403), 200: {"model": Times}})
def preview_times(work: Working, given: TimesGiven) -> Response:
    """When a timing is due: in words, and the next three times."""
    desk_of(work)
    timing, zone = given.timing.timing(), zone_named(given.zone)
    check_timing(timing, work.now, zone, work.service.least_between_runs)
    return json(times_of(timing, given.zone, given.locale, work.now))


@router.get("/{id}", responses={**problems(401, 403, 404), 200: {"model": ScheduleShown, **_TAGGED}})
def one_schedule(work: Working, id: str) -> Response:
    """A schedule."""
    found = planner_of(work).find(SCHEDULES, id)
    return _answer(work, found.value, found.record.version)


@router.put("/{id}", responses={**_CHANGING, 200: {"model": ScheduleShown, **_TAGGED}})
def change_schedule(work: Working, id: str, given: ScheduleGiven, if_match: IfMatch = None) -> Response:
    """Change all of a schedule of one's own. What has not run yet runs by the new one alone."""
    planner = planner_of(work)
    found = planner.find(SCHEDULES, id)
    if not planner.is_own(found.value):
        raise NotAllowed(
            "This schedule runs as somebody else.", place="schedules", remedy="Make one of your own, or delete it."
        )
    check_match(if_match, etag(found.record.version))
    report = planner.desk.find(given.report).value
    schedule = replace(given.over(found.value, work), tenant=report.tenant, turn=found.value.turn + 1)
    check_all(work.service, schedule, work.now)
    tasks = [TASKS.record(next_task(schedule, work.now))] if schedule.active else []
    void = waiting(work.service.store, found.value, work.now)
    work.keep([SCHEDULES.record(schedule, found), *tasks], [_told(work, "update", found.value, schedule)], void)
    return _answer(work, schedule, found.record.version + 1)


@router.delete("/{id}", status_code=204, responses=_CHANGING)
def delete_schedule(work: Working, id: str, if_match: IfMatch = None) -> Response:
    """Delete a schedule, and all of its deliveries that have not been sent."""
    found = planner_of(work).find(SCHEDULES, id)
    check_match(if_match, etag(found.record.version))
    void = waiting(work.service.store, found.value, work.now)
    work.keep([], [_told(work, "delete", found.value, None)], [found.record, *void])
    return Response(status_code=204)


@router.post("/{id}/test", status_code=202, responses={**problems(401, 403, 404, 409, 507), 202: {"model": RunShown}})
def try_schedule(work: Working, id: str) -> Response:
    """Run a schedule now and send the result to the caller alone: what they and its owner may see."""
    found = planner_of(work).find(SCHEDULES, id)
    schedule, service = found.value, work.service
    owner = owner_of(service, schedule, work.now)
    run_id = f"{schedule.id}.test.{service.new_id()}"
    to = (Recipient("account", work.caller.id),)
    kept = run_records(service, schedule, owner, run_id, work.now, to, test=True)
    work.keep(kept, [_told(work, "test", schedule, schedule)])
    return json(run_shown(work, RUNS.read(kept[0]).value.id), status=202)


@router.get("/{id}/runs", responses={**problems(401, 403, 404), 200: {"model": RunsShown}})
def runs_of_schedule(work: Working, id: str, after: After = "", limit: Limit = 100) -> Response:
    """The runs of a schedule, those of tests last, with what became of each delivery."""
    schedule = planner_of(work).find(SCHEDULES, id).value
    found, following = cut(
        RUNS.all(work.service.store, work.now, owner=schedule.id, after=after, limit=limit + 1), limit
    )
    return json({"items": [run_shown(work, one.value.id) for one in found], "next": following})


def delivery_shown(delivery: Delivery) -> dict[str, Any]:
    """A delivery as an answer has it. An account's address is its own affair."""
    return {
        **{key: getattr(delivery, key) for key in DeliveryShown.model_fields if key in delivery.__struct_fields__},
        "run": delivery.occasion,
        "schedule": delivery.source,
        "recipient": to_builtins(delivery.recipient),
        "files": [{key: getattr(one, key) for key in FileShown.model_fields} for one in delivery.files],
    }


def run_shown(work: Work, id: str) -> dict[str, Any]:
    """A run as an answer has it, with what became of each delivery. Raises NotThere."""
    found = RUNS.find(work.service.store, id, work.now)
    if found is None:
        raise nothing()
    deliveries = DELIVERIES.all(work.service.store, work.now, owner=id)
    own = {key: getattr(found.value, key) for key in RunShown.model_fields if key != "deliveries"}
    return {**own, "deliveries": [delivery_shown(one.value) for one in deliveries]}


def _answer(work: Work, schedule: Schedule, version: int, status: int = 200) -> Response:
    headers = {"ETag": etag(version)}
    if status == 201:
        headers["Location"] = f"{router.prefix}/{schedule.id}"
    found = Found(schedule, replace(SCHEDULES.record(schedule), version=version))
    return json(_shown(work, found), headers, status)


def _shown(work: Work, found: Found[Schedule]) -> dict[str, Any]:
    schedule = found.value
    fields = {key: getattr(schedule, key) for key in ScheduleShown.model_fields if key not in ("version", "due")}
    timing = {key: getattr(schedule.timing, key) for key in TimingGiven.model_fields}
    locale = work.service.settings.locale
    due = times_of(schedule.timing, schedule.zone, locale, work.now) if schedule.active else None
    return {**fields, "timing": timing, "version": found.record.version, "due": due}


def times_of(timing: Timing, zone: str, locale: str, now: datetime) -> dict[str, Any]:
    """When a timing is due, as an answer has it: `Times`."""
    place = zone_named(zone)
    times = next_due(timing, place, now)
    return {"words": in_words(timing, locale), "next": times, "shown": shown_times(times, place, locale)}


def recipient_of(given: RecipientGiven, work: Work) -> Recipient:
    """Who was meant; an account that there is not stays as it was given, and is refused with the others."""
    if given.kind == "account" and ACCOUNTS.find(work.service.store, given.to, work.now) is None:
        named = by_name(work.service.store, given.to, work.now)
        return Recipient("account", named.value.id if named else given.to)
    return Recipient(given.kind, given.to)


def _told(work: Work, action: str, old: Schedule | None, new: Schedule | None) -> Event:
    schedule = new or old
    assert schedule is not None
    return work.event(
        "schedules",
        action,
        tenant=schedule.tenant,
        related=(Reference("schedule", schedule.id, schedule.title), Reference("report", schedule.report)),
        old=old.told() if old else None,
        new=new.told() if new else None,
    )
