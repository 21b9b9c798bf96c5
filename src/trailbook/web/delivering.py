"""Deliveries: what became of them, trying one again, taking its files; and the domains a tenant sends to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from ..access.decide import check_tenant
from ..access.kept import Found
from ..access.own import home
from ..deliver.alerts import ALERTS, Alert
from ..deliver.deliveries import DEAD_LETTERS, DELIVERIES, ENTRIES, Delivery, State, delivery_of, revive
from ..deliver.message import kept_sheet, report_of
from ..deliver.owners import owner_of, reached
from ..deliver.recipients import DOMAINS, MOST_DOMAINS, Domains, domains_of
from ..deliver.runs import RUNS, Run
from ..deliver.schedules import SCHEDULES, Schedule
from ..directory.viewer import Viewer
from ..event.model import Reference
from ..render import DOWNLOADS, Options
from .answers import file, json
from .asking import READING, export
from .changed import PREFIX, After, Given, IfMatch, Limit, Name, Tenant, Work, Working, check_match, etag, nothing
from .granting import every, tenant_of
from .looking import exported
from .problems import answers as problems
from .scheduling import DeliveryShown, delivery_shown, planner_of
from .strict import Strict

router = APIRouter(prefix=PREFIX, tags=["schedules"], route_class=Strict)

DeliveryId = Annotated[str, Path(max_length=200)]
FormatName = Annotated[str, Path(max_length=20)]
Wanted = Literal["all", State]
_LOOKED_THROUGH = 2_000
"""As many entries of the history are looked through for one page."""
_TAGGED = {"headers": {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}}
_FILES: dict[str, Any] = {one.media_type.partition(";")[0]: {"schema": {}} for one in DOWNLOADS.values()}


class DeliveriesShown(BaseModel):
    """A page; `next` is the `after` of the page that follows, if one does."""

    items: list[DeliveryShown]
    next: str | None


class DomainsGiven(Given):
    """The domains that mail and webhooks of a tenant may leave to."""

    tenant: Name
    domains: list[Name] = Field(max_length=MOST_DOMAINS)


class DomainsShown(DomainsGiven):
    """The same, as it is kept."""

    version: int


class Listed(NamedTuple):
    """A delivery, and the schedule or alert that it is of."""

    delivery: Delivery
    source: Schedule | Alert


class Received(NamedTuple):
    """A delivery of a schedule's run whose recipient asks for it, and as whom its files are read for them now."""

    delivery: Delivery
    run: Run
    schedule: Schedule
    viewer: Viewer


@router.get("/deliveries", responses={**problems(401, 403), 200: {"model": DeliveriesShown}})
def list_deliveries(
    work: Working,
    state: Annotated[Wanted, Query(description="In which state they are now; `all`: in any.")] = "dead",
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """Deliveries of the schedules and alerts that the caller may see, newest first; those given up go by schedule.

    A page may have fewer than there are to come: it ends where much has been looked through.
    """
    found, following = listed(work, state, after, limit)
    return json({"items": [delivery_shown(one.delivery) for one in found], "next": following})


def listed(work: Work, state: Wanted, after: str, limit: int) -> tuple[list[Listed], str | None]:
    """Deliveries in this state that the caller may see, and where to go on if there may be more."""
    planner = planner_of(work)
    owner = tenant_of(work.caller.seat.scope) or None
    sources: dict[str, Schedule | Alert | None] = {}
    found: list[Listed] = []
    last = after
    entries: Iterator[Found[Any]] = every(work, DEAD_LETTERS if state == "dead" else ENTRIES, owner, after)
    for number, entry in enumerate(entries):
        if len(found) == limit or number == _LOOKED_THROUGH:
            return found, last
        last = entry.record.id
        id = entry.value.source
        if id not in sources:
            source = _source(work, id)
            sources[id] = source if source is not None and planner.may_see(source) else None
        source = sources[id]
        if source is None:
            continue
        delivery = DELIVERIES.find(work.service.store, delivery_of(entry.value), work.now)
        if delivery is not None and state in ("all", delivery.value.state):
            found.append(Listed(delivery.value, source))
    return found, None


@router.get("/deliveries/{id}", responses={**problems(401, 403, 404), 200: {"model": DeliveryShown}})
def one_delivery(work: Working, id: DeliveryId) -> Response:
    """A delivery of a schedule or alert that the caller may see, or that is for the caller."""
    return json(delivery_shown(seen(work, id).delivery))


@router.post(
    "/deliveries/{id}/retry",
    status_code=202,
    responses={**problems(401, 403, 404, 409, 507), 202: {"model": DeliveryShown}},
)
def retry_delivery(work: Working, id: DeliveryId) -> Response:
    """Try a delivery again that was given up: at once, and as often as a new one."""
    found = _find(work, id)
    letter = DEAD_LETTERS.find(work.service.store, id, work.now)
    if letter is None:
        raise nothing()
    decided = revive(found, letter, work.now)
    event = work.event(
        f"{found.value.of}s",
        "retry",
        tenant=found.value.tenant,
        related=(Reference(found.value.of, found.value.source),),
        data={"delivery": id},
    )
    work.keep(decided.changed, [event], decided.removed)
    work.service.worker.wake()
    return json(delivery_shown(DELIVERIES.read(decided.changed[0]).value), status=202)


@router.get(
    "/deliveries/{id}/files/{format}",
    response_class=Response,
    responses={
        **READING,
        **problems(404, 429),
        200: {"description": "The file.", "content": _FILES},
        206: {"description": "A part of the file, which is not there while it is made anew."},
        416: {"description": "The file has no such part."},
    },
)
def file_of_delivery(work: Working, id: DeliveryId, format: FormatName) -> Response:
    """A file of a delivery, for the account that received it: of what it and the schedule's owner may see now.

    It is the one that was made to be sent or, if that is gone or they may see something else by now, made anew.
    """
    delivery, run, schedule, viewer = received(work, id)
    if format not in DOWNLOADS:
        raise nothing()
    more: dict[str, Any] = {
        "tenant": delivery.tenant,
        "related": (Reference("schedule", schedule.id, schedule.title),),
    }
    if kept := kept_sheet(work.service, run, viewer, format):
        sheet, path = kept
        about = {"query": sheet.manifest.report["query"], "columns": [one.key for one in sheet.manifest.columns]}
        exported(work, {"delivery": id, **about, "format": format, "rows": sheet.made.rows}, **more)
        title = f"{sheet.manifest.report['title']} {run.due_at:%Y-%m-%d}"
        return file(path, sheet.made.sha256, title, DOWNLOADS[format])
    report = report_of(work.service, run, viewer)
    look = {"delivery": id, "query": report.header.query}
    return export(work, report, format, look, Options(fonts=work.service.settings.fonts), **more)


def seen(work: Work, id: str) -> Listed:
    """A delivery of a schedule or alert that the caller may see, or that is for the caller. Raises NotThere."""
    planner = planner_of(work)
    found, source = _looked_up(work, id)
    if found is None or source is None:
        raise nothing()
    delivery = found.value
    if not (planner.may_see(source) or (_is_to(work, delivery) and delivery.recipient in source.recipients)):
        raise nothing()
    return Listed(delivery, source)


def received(work: Work, id: str) -> Received:
    """A delivery to the caller, as they may take its files now.

    Raises NotThere; NotAllowed or NotSignedIn if they or the schedule's owner may see it no longer.
    """
    work.require("view")
    service, now = work.service, work.now
    found = DELIVERIES.find(service.store, id, now)
    if found is None or not _is_to(work, found.value):
        raise nothing()
    delivery, schedule = found.value, _source(work, found.value.source)
    run = RUNS.find(service.store, delivery.occasion, now)
    if run is None or not isinstance(schedule, Schedule):
        raise nothing()
    if not (run.value.test or delivery.recipient in schedule.recipients):
        raise nothing()
    owner = owner_of(service, schedule, now)
    there = reached(service, delivery.tenant, owner.caller, owner.viewer, delivery.recipient, now)
    return Received(delivery, run.value, schedule, there.viewer)


@router.get("/domains", responses={**problems(401, 403), 200: {"model": DomainsShown, **_TAGGED}})
def domains_of_tenant(work: Working, tenant: Tenant = None) -> Response:
    """The domains that mail and webhooks of a tenant may leave to, for who manages its access."""
    return _domains(*_found_domains(work, tenant or home(work.caller)))


@router.put("/domains", responses={**problems(401, 403, 409, 412, 507), 200: {"model": DomainsShown, **_TAGGED}})
def change_domains(work: Working, given: DomainsGiven, if_match: IfMatch = None) -> Response:
    """Say which domains mail and webhooks of a tenant may leave to."""
    was, found = _found_domains(work, given.tenant)
    check_match(if_match, etag(found.record.version if found else 0))
    domains = Domains(given.tenant, domains_of(given.domains))
    event = work.event(
        "domains",
        "update",
        tenant=given.tenant,
        old={"domains": list(was.domains)},
        new={"domains": list(domains.domains)},
    )
    work.keep([DOMAINS.record(domains, found)], [event])
    version = found.record.version + 1 if found else 1
    return _answer_domains(domains, version)


def _found_domains(work: Work, tenant: str) -> tuple[Domains, Found[Domains] | None]:
    work.require("access")
    check_tenant(work.caller, tenant)
    found = DOMAINS.find(work.service.store, tenant, work.now)
    return (found.value if found else Domains(tenant)), found


def _domains(domains: Domains, found: Found[Domains] | None) -> Response:
    return _answer_domains(domains, found.record.version if found else 0)


def _answer_domains(domains: Domains, version: int) -> Response:
    plain: dict[str, Any] = {"tenant": domains.id, "domains": domains.domains, "version": version}
    return json(plain, {"ETag": etag(version)})


def _find(work: Work, id: str) -> Found[Delivery]:
    """A delivery of a schedule or alert that the caller may see. Raises NotThere."""
    planner = planner_of(work)
    found, source = _looked_up(work, id)
    if found is None or source is None or not planner.may_see(source):
        raise nothing()
    return found


def _looked_up(work: Work, id: str) -> tuple[Found[Delivery] | None, Schedule | Alert | None]:
    """A delivery and what it is of, each None if there is none.

    Both are looked for either way, so that one that is somebody else's takes no longer than one that is not there.
    """
    return DELIVERIES.find(work.service.store, id, work.now), _source(work, id.partition(".")[0])


def _source(work: Work, id: str) -> Schedule | Alert | None:
    store, now = work.service.store, work.now
    # Both are looked for, so that a schedule that is somebody else's takes no longer than one that is not there.
    schedule, alert = SCHEDULES.find(store, id, now), ALERTS.find(store, id, now)
    found = schedule or alert
    return found.value if found else None


def _is_to(work: Work, delivery: Delivery) -> bool:
    """Whether it was sent to the caller."""
    caller, to = work.caller, delivery.recipient
    return (caller.kind, to.kind, to.to) == ("account", "account", caller.id)
