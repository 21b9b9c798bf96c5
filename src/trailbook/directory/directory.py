"""The directory: who bore which name and belonged to what, at any moment. Immutable, with fast lookups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from ..event.facets import reference_text
from ..event.model import Belonging, Kind, PartyKey
from ..event.text import fold
from .model import BEGINNING, Changes, Membership, MembershipKind, Profile, Row, end, holds, start

T = TypeVar("T")
R = TypeVar("R", Profile, Membership)


class Naming(NamedTuple):
    """A party that a text means, and the time in which it meant it: that of the name, or all time for an id."""

    party: PartyKey
    valid_from: datetime | None
    valid_to: datetime | None


class _Steps(Generic[T]):
    """A value that changes at certain moments only."""

    __slots__ = ("_cuts", "_values")

    def __init__(self, rows: Iterable[Row], value_at: Callable[[datetime], T]) -> None:
        edges = {edge for row in rows for edge in (row.valid_from, row.valid_to) if edge is not None}
        self._cuts = sorted(edges)
        self._values = [value_at(BEGINNING), *map(value_at, self._cuts)]

    def at(self, moment: datetime) -> T:
        return self._values[bisect_right(self._cuts, moment)]


class Directory:
    """All profiles and memberships that are known, past ones included, and what they say of any moment (with a zone).

    Where rows disagree about a moment, the more special one is right: the one that began later, then the one that
    ended earlier.
    """

    def __init__(self, profiles: Iterable[Profile] = (), memberships: Iterable[Membership] = ()) -> None:
        self.profiles = tuple(profiles)
        self.memberships = tuple(memberships)
        self.is_empty = not self.profiles and not self.memberships
        self._profiles: dict[PartyKey, list[Profile]] = {}
        self._joined: dict[tuple[MembershipKind, PartyKey], list[Membership]] = {}
        self._members: dict[PartyKey, list[Membership]] = {}
        self._namings: dict[tuple[Kind, str], dict[Naming, None]] = {}
        self._kept = {(membership.kind, membership.tenant) for membership in self.memberships}
        for profile in self.profiles:
            self._profiles.setdefault(profile.party(), []).append(profile)
        for membership in self.memberships:
            self._joined.setdefault((membership.kind, membership.member()), []).append(membership)
            self._members.setdefault(membership.party(), []).append(membership)
        self._index()
        # Filled as parties are asked for; each entry follows from the rows alone.
        self._names: dict[PartyKey, _Steps[str | None]] = {}
        self._belongings: dict[tuple[MembershipKind, str, str], _Steps[tuple[Belonging, ...] | None]] = {}

    def _index(self) -> None:
        parties = dict.fromkeys(self._profiles)
        for membership in self.memberships:
            parties.update({membership.member(): None, membership.party(): None})
        parties.update({PartyKey("tenant", party.tenant, party.tenant): None for party in list(parties)})
        for party in parties:
            for text in (party.id, reference_text(party.tenant, party.id)):
                self._name(party, text, None, None)
        for profile in self.profiles:
            if profile.name:
                self._name(profile.party(), profile.name, profile.valid_from, profile.valid_to)

    def _name(self, party: PartyKey, text: str, since: datetime | None, until: datetime | None) -> None:
        self._namings.setdefault((party.kind, fold(text)), {})[Naming(party, since, until)] = None

    def name_at(self, party: PartyKey, moment: datetime) -> str | None:
        """The name that the party bore then; None if it was not known then, empty if it was without a name."""
        names = self._names.get(party)
        if names is None:
            rows = self._profiles.get(party)
            if rows is None:
                return None
            names = self._names[party] = _Steps(rows, lambda then: _name_among(rows, then))
        return names.at(moment)

    def groups_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None:
        """The groups that the user was in then, with their names of then, by id; () if in none.

        None if that is not known: the user was not known then, or no user of the tenant was ever known to be in any.
        """
        return self._belongings_at("group", tenant, user, moment)

    def roles_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None:
        """The roles that the user had then; as `groups_at`."""
        return self._belongings_at("role", tenant, user, moment)

    def _belongings_at(
        self, kind: MembershipKind, tenant: str, user: str, moment: datetime
    ) -> tuple[Belonging, ...] | None:
        steps = self._belongings.get((kind, tenant, user))
        if steps is None:
            member = PartyKey("user", tenant, user)
            if (kind, tenant) not in self._kept or not self._knows(member):
                return None
            joined = self._joined.get((kind, member), [])
            rows: list[Row] = [*joined, *self._evidence(member)]
            for membership in joined:
                rows += self._profiles.get(membership.party(), ())
            steps = _Steps(rows, lambda then: self._belongings_among(joined, member, then))
            self._belongings[(kind, tenant, user)] = steps
        return steps.at(moment)

    def _belongings_among(
        self, joined: list[Membership], member: PartyKey, moment: datetime
    ) -> tuple[Belonging, ...] | None:
        if not self._is_known_at(member, moment):
            return None
        parties = sorted({membership.party() for membership in joined if holds(membership, moment)})
        return tuple(
            Belonging(id=party.id, name=self.name_at(party, moment) or "", tenant=party.tenant) for party in parties
        )

    def _evidence(self, user: PartyKey) -> list[Row]:
        """The rows that say when the user was there: the profiles or, if there are none, the memberships."""
        profiles = self._profiles.get(user)
        if profiles is not None:
            return [*profiles]
        return [*self._joined.get(("group", user), ()), *self._joined.get(("role", user), ())]

    def _knows(self, user: PartyKey) -> bool:
        return user in self._profiles or ("group", user) in self._joined or ("role", user) in self._joined

    def _is_known_at(self, user: PartyKey, moment: datetime) -> bool:
        return any(holds(row, moment) for row in self._evidence(user))

    def namings(self, kind: Kind, text: str) -> list[Naming]:
        """What `text` means: the parties with this id, `tenant/id` or name at any time (folded)."""
        return list(self._namings.get((kind, fold(text)), ()))

    def members_at(self, group: PartyKey, moment: datetime) -> tuple[PartyKey, ...]:
        """The users in this group, or with this role, at the moment, sorted."""
        rows = [row for row in self._members.get(group, ()) if holds(row, moment)]
        return tuple(sorted({row.member() for row in rows if self._is_known_at(row.member(), moment)}))

    def profiles_of(self, party: PartyKey) -> tuple[Profile, ...]:
        """All profiles that the party ever had."""
        return tuple(self._profiles.get(party, ()))

    def memberships_of(self, kind: MembershipKind, user: PartyKey) -> tuple[Membership, ...]:
        """All memberships in groups, or of roles, that the user ever had."""
        return tuple(self._joined.get((kind, user), ()))

    def after(self, changes: Changes) -> Directory:
        """The directory with these changes made."""
        return Directory(
            (*_closed(self.profiles, changes.closed_profiles), *changes.added_profiles),
            (*_closed(self.memberships, changes.closed_memberships), *changes.added_memberships),
        )


def _name_among(rows: list[Profile], moment: datetime) -> str | None:
    valid = [row for row in rows if holds(row, moment)]
    if not valid:
        return None
    latest = max(map(start, valid))
    return min((row for row in valid if start(row) == latest), key=end).name


def _closed(rows: tuple[R, ...], closed: tuple[R, ...]) -> list[R]:
    becomes = {replace(row, valid_to=None): row for row in closed}
    return [becomes.get(row, row) for row in rows]
