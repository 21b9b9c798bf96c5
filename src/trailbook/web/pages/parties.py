"""The page of a user, group, role or tenant: who they were over time, what they did, and what was done to them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from ...access import decide
from ...directory.directory import Directory
from ...directory.viewer import Viewer
from ...directory.visible import History, visible_history, visible_members
from ...errors import NotAllowed, TooSlow
from ...event.facets import named_parties, unescape
from ...event.limits import FIRST_YEAR, LAST_YEAR
from ...event.model import Belonging, Event, Initiator, Kind, PartyKey, Target
from ...query.language import unparse
from ...query.tree import Direction, Parties
from ...report.clock import zone_named
from ...report.columns import COLUMNS
from ...report.hidden import WHO, Hidden
from .. import looking
from ..changed import Given, Work, nothing
from ..strict import Strict
from .activity import DAYS, activity
from .briefs import brief, question
from .screens import Visit, Visiting
from .showing import url, url_of_party
from .starting import both_ways

router = APIRouter(include_in_schema=False, route_class=Strict)

MOST_SHOWN = 100
"""Names, groups, roles and members that the page lists; what has more says so."""
_LISTED = 10
_DAY, _WINDOW = timedelta(days=1), timedelta(days=DAYS)
_FIRST_DAY, _LAST_DAY = date(FIRST_YEAR + 1, 1, 1), date(LAST_YEAR, 1, 1)
_DIRECTIONS: tuple[Direction, ...] = ("either", "by", "against")


class Looking(Given):
    """In which zone, up to which day, and whether the page waits for what is slow."""

    zone: str = Field("", max_length=100)
    until: date | None = Field(None, ge=_FIRST_DAY, le=_LAST_DAY)
    parts: bool = False


class PartLooking(Looking):
    """The same, and at whom."""

    kind: Kind
    tenant: str = Field(max_length=1_024)
    id: str = Field(min_length=1, max_length=1_024)


class Seen(NamedTuple):
    """The first and the last event that a party had to do with, as far as the viewer may know and finding them took."""

    first: Event | None
    last: Event | None


class Borne(NamedTuple):
    """What an event says of a party: its name and, of a user, its groups and roles (None: not known)."""

    name: str
    groups: tuple[Belonging, ...] | None
    roles: tuple[Belonging, ...] | None


class Member(NamedTuple):
    """Who belongs to a group or role now."""

    party: PartyKey
    name: str


class Members(NamedTuple):
    """Those who belong to it now, as many as the page lists, and how many more there are."""

    shown: list[Member]
    more: int


@router.get("/users/{address:path}")
def user_page(visit: Visiting, address: str, given: Annotated[Looking, Query()]) -> Response:
    """A user, by tenant and id."""
    return _page(visit, _party("user", address), given)


@router.get("/groups/{address:path}")
def group_page(visit: Visiting, address: str, given: Annotated[Looking, Query()]) -> Response:
    """A group, by tenant and id."""
    return _page(visit, _party("group", address), given)


@router.get("/roles/{address:path}")
def role_page(visit: Visiting, address: str, given: Annotated[Looking, Query()]) -> Response:
    """A role, by tenant and id."""
    return _page(visit, _party("role", address), given)


@router.get("/tenants/{id:path}")
def tenant_page(visit: Visiting, id: str, given: Annotated[Looking, Query()]) -> Response:
    """A tenant, by id."""
    return _page(visit, PartyKey("tenant", id, id), given)


@router.get("/parties/activity")
def activity_part(visit: Visiting, given: Annotated[PartLooking, Query()]) -> Response:
    """What the page of a party loads beside the rest: its activity by day."""
    party = PartyKey(given.kind, given.tenant, given.id)
    _look(visit.work, party)
    zone = given.zone or visit.service.settings.zone
    seen = _seen(visit.work, party, zone)
    return visit.page("party_activity.html", **_activity(visit, party, given, seen), show=visit.showing_in(zone))


def _page(visit: Visit, party: PartyKey, given: Looking) -> Response:
    """The page of a party. Raises NotThere if there is nothing of it that the viewer may know of."""
    work, zone = visit.work, given.zone or visit.service.settings.zone
    show = visit.showing_in(zone)
    viewer = decide.viewer(work.caller, work.now)
    hidden = Hidden(viewer)
    _look(work, party)
    sides = [brief(visit, Parties((party,), side), zone, limit=_LISTED) for side in _DIRECTIONS[1:]]
    if not any(sides):
        hidden.check_query(Parties((party,)))
        hidden.check_times("A list, which is in order of time,")
    known = None if hidden.tells(*WHO) else visible_history(work.service.directory(), viewer, party, work.now)
    if not any(known or ()) and not any(one and (one.rows or one.late) for one in sides):
        raise nothing()
    seen = _seen(work, party, zone)
    borne = None if known is None or seen.last is None else _borne(seen.last, party)
    return visit.page(
        "party.html",
        party=party,
        name=_name(known, borne) or party.id,
        history=known,
        borne=borne,
        members=Members([], 0) if known is None else _members(work.service.directory(), viewer, party, work),
        did=sides[0],
        done=sides[1],
        seen=seen,
        with_id=hidden.shows(COLUMNS["id"]),
        most=MOST_SHOWN,
        show=show,
        zone=zone,
        here=url_of_party(*party),
        both_path=both_ways(party, given.zone),
        part=url("/parties/activity", **party._asdict(), zone=given.zone, until=given.until),
        figures=_activity(visit, party, given, seen) if given.parts else None,
    )


def _party(kind: Kind, address: str) -> PartyKey:
    """The party at an address, which has the tenant's id, a `/` in it escaped, before the party's own."""
    tenant, _, id = address.partition("/")
    if not id:
        raise nothing()
    return PartyKey(kind, unescape(tenant), id)


def _look(work: Work, party: PartyKey) -> None:
    looking.opened(work, {"query": unparse(Parties((party,)))})


def _seen(work: Work, party: PartyKey, zone: str) -> Seen:
    for direction in _DIRECTIONS:
        try:
            found = question(work, Parties((party,), direction), zone)
            found.hidden.check_times("The first and the last event")
        except NotAllowed:
            continue
        try:
            rows = [
                found.reader.page(found.viewer, found.condition, order=order, limit=1, heads=found.heads).rows
                for order in ("oldest", "newest")
            ]
        except TooSlow:
            break
        return Seen(*(one[0].event if one else None for one in rows))
    return Seen(None, None)


def _borne(event: Event, party: PartyKey) -> Borne:
    """What an event says of who a party was then."""
    borne: list[Initiator | Target] = [*event.affected()]
    if event.initiator is not None and event.initiator.verified:
        borne.insert(0, event.initiator)
    for one in borne:
        if one.party() == party:
            return Borne(one.name, one.groups, one.roles)
    return Borne(next((name for key, name in named_parties(event) if key == party and name), ""), None, None)


def _name(history: History | None, borne: Borne | None) -> str:
    """The last name that they bore."""
    return (history.last_name if history is not None else "") or (borne.name if borne is not None else "")


def _members(directory: Directory, viewer: Viewer, party: PartyKey, work: Work) -> Members:
    if party.kind not in ("group", "role"):
        return Members([], 0)
    users = visible_members(directory, viewer, party, work.now)
    shown = [Member(one, directory.name_at(one, work.now) or "") for one in users[:MOST_SHOWN]]
    return Members(shown, len(users) - len(shown))


def _activity(visit: Visit, party: PartyKey, given: Looking, seen: Seen) -> dict[str, Any]:
    """What the template of the activity shows: days up to the one that was asked for, else up to the last event."""
    zone = given.zone or visit.service.settings.zone
    local = zone_named(zone)
    days = [one.occurred_at.astimezone(local).date() if one is not None else None for one in seen]
    last = given.until or days[1] or visit.work.now.astimezone(local).date()
    found = activity(visit, party, zone, last)
    return {
        "activity": found,
        "kind": party.kind,
        "query": unparse(Parties((party,))),
        "zone": zone,
        "here": url_of_party(*party),
        "earlier": found.first - _DAY if days[0] and days[0] < found.first else None,
        "later": min(last + _WINDOW, days[1]) if days[1] and days[1] > last else None,
        "asked": {"zone": given.zone, "parts": 1 if given.parts else None},
    }
