"""Which entries of the directory a viewer may see, so that names resolve within what they may see and no further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from typing import NamedTuple

from msgspec.structs import replace

from ..event.model import Kind, PartyKey
from .directory import Directory
from .model import BEGINNING, END, Membership, Profile, end, start
from .viewer import GroupScope, Overlap, Root, SelfScope, TenantScope, Viewer


def visible_profiles(directory: Directory, viewer: Viewer) -> Iterator[Profile]:
    """The profiles that the viewer may see, of those that hold at any time in the viewer's period."""
    for profile in directory.profiles:
        if sees(directory, viewer, profile.party(), profile.valid_from, profile.valid_to):
            yield profile


def visible_members(directory: Directory, viewer: Viewer, party: PartyKey, moment: datetime) -> list[PartyKey]:
    """The users in a group, or with a role, at the moment, as far as the viewer may know of them and of then."""
    if not (viewer.since or BEGINNING) <= moment < (viewer.until or END):
        return []
    if not sees(directory, viewer, party, moment, None):
        return []
    return [user for user in directory.members_at(party, moment) if sees(directory, viewer, user, moment, None)]


def visible_parties_named(directory: Directory, viewer: Viewer, kind: Kind, text: str) -> list[PartyKey]:
    """The parties with this id, `tenant/id` or name that the viewer may see, each once, sorted.

    Whoever manages groups sees a member's names of the time in them, and not those before or after.
    """
    return sorted({one.party for one in directory.namings(kind, text) if sees(directory, viewer, *one)})


class Held(NamedTuple):
    """That a party bore a name, or that a user belonged to it, from `since` up to `until` (None: open)."""

    party: PartyKey
    name: str
    since: datetime | None
    until: datetime | None


class History(NamedTuple):
    """Who a party was over time, each by when it began: its names and, of a user, its groups and its roles."""

    names: tuple[Held, ...]
    groups: tuple[Held, ...]
    roles: tuple[Held, ...]

    @property
    def last_name(self) -> str:
        """The last name that they bore; empty: none is known."""
        return next((one.name for one in reversed(self.names) if one.name), "")


def visible_history(directory: Directory, viewer: Viewer, party: PartyKey, now: datetime) -> History:
    """What the viewer may know of who a party was: within their period and, if they manage groups, its time in them."""
    spans = list(_spans(directory, viewer, party))

    def held(rows: Iterable[Profile | Membership]) -> tuple[Held, ...]:
        found = {
            _held(directory, row, max(start(row), first), min(end(row), last), now)
            for row in rows
            for first, last in spans
        }
        seen = (one for one in found if one is not None and sees(directory, viewer, one.party, one.since, one.until))
        return tuple(sorted(seen, key=lambda one: (one.since or BEGINNING, one.until or END, one.party)))

    return History(
        held(directory.profiles_of(party)),
        held(directory.memberships_of("group", party)),
        held(directory.memberships_of("role", party)),
    )


def _held(
    directory: Directory, row: Profile | Membership, first: datetime, last: datetime, now: datetime
) -> Held | None:
    """What a row says of the time from `first` to `last`, with the name that the group or role had at its end."""
    if first >= last:
        return None
    party = row.party()
    if isinstance(row, Profile):
        name = row.name
    else:
        name = directory.name_at(party, min(last - timedelta.resolution, max(first, now))) or ""
    return Held(party, name, first if first > BEGINNING else None, last if last < END else None)


def _spans(directory: Directory, viewer: Viewer, party: PartyKey) -> Iterator[tuple[datetime, datetime]]:
    """The times of which the viewer may see a party, each from and to; some may overlap."""
    if isinstance(viewer.scope, Overlap):
        each = (tuple(_spans(directory, replace(viewer, scope=one), party)) for one in viewer.scope.scopes)
        for spans in product(*each):
            first, last = max(first for first, _ in spans), min(last for _, last in spans)
            if first < last:
                yield first, last
        return
    first, last = viewer.since or BEGINNING, viewer.until or END
    if not isinstance(viewer.scope, GroupScope) or party.kind != "user":
        yield first, last
        return
    managed = {PartyKey("group", viewer.scope.tenant, group) for group in viewer.scope.groups}
    for one in directory.memberships_of("group", party):
        if one.party() in managed:
            yield max(start(one), first), min(end(one), last)


class People:
    """What a viewer may know from a directory, which is asked for once, when it is first needed."""

    def __init__(self, directory: Callable[[], Directory], viewer: Viewer, now: datetime) -> None:
        self._ask = directory
        self._viewer = viewer
        self._now = now

    def named(self, kind: Kind, text: str) -> Sequence[PartyKey]:
        """The parties that a name or id in a query stands for."""
        return visible_parties_named(self._directory, self._viewer, kind, text)

    def members(self, party: PartyKey) -> Sequence[PartyKey]:
        """Who belongs to a group or role now."""
        return visible_members(self._directory, self._viewer, party, self._now)

    @cached_property
    def _directory(self) -> Directory:
        return self._ask()


def sees(directory: Directory, viewer: Viewer, party: PartyKey, since: datetime | None, until: datetime | None) -> bool:
    """Whether the viewer may see that `party` was there, under some name, from `since` to `until`."""
    first, last = since or BEGINNING, until or END
    if (viewer.until and first >= viewer.until) or (viewer.since and last <= viewer.since):
        return False
    first, last = max(first, viewer.since or BEGINNING), min(last, viewer.until or END)
    match viewer.scope:
        case Overlap(_, scopes):
            return all(sees(directory, replace(viewer, scope=one), party, since, until) for one in scopes)
        case Root():
            return True
        case TenantScope(tenant):
            return party.tenant == tenant
        case GroupScope(tenant, groups):
            if party == PartyKey("tenant", tenant, tenant):
                return True
            if party.kind == "group":
                return party.tenant == tenant and party.id in groups
            managed = {PartyKey("group", tenant, group) for group in groups}
            return party.kind == "user" and any(
                membership.party() in managed and max(start(membership), first) < min(end(membership), last)
                for membership in directory.memberships_of("group", party)
            )
        case SelfScope(tenant, user):
            return party in (PartyKey("user", tenant, user), PartyKey("tenant", tenant, tenant))
