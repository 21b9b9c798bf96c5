"""Which entries of the directory a viewer may see, so that names resolve within what they may see and no further."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property

from ..event.model import Kind, PartyKey
from .directory import Directory
from .model import BEGINNING, END, Profile, end, start
from .viewer import GroupScope, Root, SelfScope, TenantScope, Viewer


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
