"""The values of the directory: parties under a name for a time, and who belonged to what for a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from ..event.model import Kind, PartyKey

MembershipKind = Literal["group", "role"]

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class Profile(Struct, frozen=True):
    """A party under a name from `valid_from` up to, not including, `valid_to` (UTC; None: since or for ever).

    A renamed party has two profiles; a deleted one has none that is still open. A tenant's `tenant` is its own id.
    """

    kind: Kind
    tenant: str
    id: str
    name: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def party(self) -> PartyKey:
        """The party that it is a profile of."""
        return PartyKey(self.kind, self.tenant, self.id)


class Membership(Struct, frozen=True):
    """A user's belonging to a group or role from `valid_from` up to, not including, `valid_to` (as in Profile).

    `group_tenant` is the tenant of the group or role; empty if it is the user's.
    """

    tenant: str
    user: str
    kind: MembershipKind
    id: str
    group_tenant: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def member(self) -> PartyKey:
        """The user."""
        return PartyKey("user", self.tenant, self.user)

    def party(self) -> PartyKey:
        """The group or role."""
        return PartyKey(self.kind, self.group_tenant or self.tenant, self.id)


Row = Profile | Membership


def start(row: Row) -> datetime:
    """When the row begins to hold; the beginning of time if open."""
    return row.valid_from or BEGINNING


def end(row: Row) -> datetime:
    """When the row ceases to hold; the end of time if open."""
    return row.valid_to or END


def holds(row: Row, moment: datetime) -> bool:
    """Whether the row holds at the moment (with a zone)."""
    return start(row) <= moment < end(row)


class Incoming(Struct, frozen=True):
    """What a file says of users, groups, roles and tenants; a row without `valid_from` holds from the import on.

    `complete` has (tenant, user, kind, valid_from) for each list of groups or roles that names all that the user has
    from then on, so that what it leaves out has ended.
    """

    profiles: tuple[Profile, ...] = ()
    memberships: tuple[Membership, ...] = ()
    complete: frozenset[tuple[str, str, MembershipKind, datetime | None]] = frozenset()


class Changes(Struct, frozen=True):
    """What an import adds to the directory, and which open rows it closes (as they become, with `valid_to`).

    A closed row replaces the one that equals it but for an open end. Nothing else in the directory ever changes.
    """

    added_profiles: tuple[Profile, ...] = ()
    closed_profiles: tuple[Profile, ...] = ()
    added_memberships: tuple[Membership, ...] = ()
    closed_memberships: tuple[Membership, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added_profiles or self.closed_profiles or self.added_memberships or self.closed_memberships)
