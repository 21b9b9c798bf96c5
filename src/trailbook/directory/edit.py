"""Changing the directory party by party, and telling of any change of it what it changed for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..errors import BadInput
from ..event.changes import changes as differences
from ..event.model import Belonging, Change, PartyKey, Target
from .directory import Directory
from .merge import merge
from .model import Changes, Incoming, Membership, MembershipKind, Profile, holds, start

R = TypeVar("R", Profile, Membership)

MOST_CHANGED = 10_000
"""Parties that one change of the directory over the API may concern; each has an event of its own."""

_ROWS_IN_AN_EVENT = 100


class Standing(Struct, frozen=True):
    """What the directory says of a party at a moment: its name (maybe empty) and, of a user, groups and roles."""

    party: PartyKey
    name: str
    groups: tuple[Belonging, ...] = ()
    roles: tuple[Belonging, ...] = ()


def standing(directory: Directory, party: PartyKey, moment: datetime) -> Standing | None:
    """How the party stands at the moment; None if it has no profile then."""
    name = directory.name_at(party, moment)
    if name is None:
        return None
    if party.kind != "user":
        return Standing(party, name)
    groups = directory.groups_at(party.tenant, party.id, moment) or ()
    return Standing(party, name, groups, directory.roles_at(party.tenant, party.id, moment) or ())


def put(
    directory: Directory,
    party: PartyKey,
    moment: datetime,
    *,
    name: str = "",
    groups: Iterable[str] | None = None,
    roles: Iterable[str] | None = None,
) -> Changes:
    """What makes the party be there under this name from `moment` on; without a name it keeps the one it has.

    `groups` and `roles` are all that a user has in its own tenant, by id; None leaves them as they are, and those of
    another tenant stay in any case.
    """
    wanted: list[Membership] = []
    closed: list[Membership] = []
    lists: tuple[tuple[MembershipKind, Iterable[str] | None], ...] = (("group", groups), ("role", roles))
    for kind, ids in lists:
        if ids is not None:
            rows = [Membership(party.tenant, party.id, kind, id) for id in dict.fromkeys(ids)]
            kept = {row.party() for row in rows}
            held = [row for row in directory.memberships_of(kind, party) if row.party().tenant == party.tenant]
            closed += _closed((row for row in held if row.party() not in kept), moment)
            wanted += rows
    profile = Profile(party.kind, party.tenant, party.id, name)
    merged = merge(directory, Incoming((profile,), tuple(wanted)), moment)
    return replace(merged, closed_memberships=(*merged.closed_memberships, *closed))


def remove(directory: Directory, party: PartyKey, moment: datetime) -> Changes:
    """What ends the party at `moment`, with its memberships or its members'. Raises BadInput if its end is known."""
    profiles = [row for row in directory.profiles if row.party() == party]
    _check_open(profiles, moment)
    memberships = [row for row in directory.memberships if party in (row.member(), row.party())]
    return Changes(
        closed_profiles=tuple(_closed(profiles, moment)), closed_memberships=tuple(_closed(memberships, moment))
    )


def join(
    directory: Directory,
    user: PartyKey,
    party: PartyKey,
    moment: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Changes:
    """What makes the user belong to a group or role: from `since` (None: `moment`) up to `until` (None: for ever)."""
    return merge(directory, Incoming(memberships=(_membership(user, party, since, until),)), moment)


def leave(directory: Directory, user: PartyKey, party: PartyKey, moment: datetime) -> Changes:
    """What ends the user's membership at `moment`; nothing if there is none. Raises BadInput if its end is known."""
    kind = _membership(user, party).kind
    held = [row for row in directory.memberships_of(kind, user) if row.party() == party]
    _check_open(held, moment)
    return Changes(closed_memberships=tuple(_closed(held, moment)))


def _membership(
    user: PartyKey, party: PartyKey, since: datetime | None = None, until: datetime | None = None
) -> Membership:
    kind: MembershipKind = "group" if party.kind == "group" else "role"
    home = "" if party.tenant == user.tenant else party.tenant
    return Membership(user.tenant, user.id, kind, party.id, home, since, until)


def _closed(rows: Iterable[R], moment: datetime) -> Iterator[R]:
    """The open ones, ended at `moment`; one that has yet to begin never does."""
    for row in rows:
        if row.valid_to is None:
            yield replace(row, valid_to=max(moment, start(row)))


def _check_open(rows: Iterable[R], moment: datetime) -> None:
    for row in rows:
        if row.valid_to is not None and holds(row, moment):
            raise BadInput(
                f"This ends by itself at {row.valid_to:%Y-%m-%d %H:%M} UTC.",
                place="valid_to",
                remedy="What the directory knows the end of is not changed any more.",
            )


class Told(Struct, frozen=True):
    """What an event tells of a change: of which party, what was done, old and new values, whom it touches, the rows."""

    party: PartyKey
    action: str
    changes: dict[str, Change]
    targets: tuple[Target, ...]
    data: dict[str, Any]


def concerned(changes: Changes) -> list[PartyKey]:
    """The parties that the changes are about: those whose profile changes, and users whose memberships do."""
    profiles = (*changes.added_profiles, *changes.closed_profiles)
    memberships = (*changes.added_memberships, *changes.closed_memberships)
    return list(dict.fromkeys([*(row.party() for row in profiles), *(row.member() for row in memberships)]))


def check_size(changes: Changes) -> Changes:
    """The changes, unless they are about more parties than may change at once. Raises BadInput."""
    if len(concerned(changes)) > MOST_CHANGED:
        raise BadInput(
            f"This changes more than {MOST_CHANGED:,} users, groups, roles and tenants at once.",
            remedy="Split it. Nothing was changed.",
        )
    return changes


def tell(before: Directory, changes: Changes, moment: datetime) -> Iterator[Told]:
    """Of every party concerned: its name, groups and roles before and after, as of `moment`; the rows in `data`.

    The party is a target, and so is each group or role that it joins or leaves (design, decision 3). Who joins or
    leaves more than an event can name has several.
    """
    parties = concerned(changes)
    about = set(parties)
    was = Directory(
        [row for row in before.profiles if row.party() in about],
        [row for row in before.memberships if row.member() in about],
    )
    becomes = was.after(changes)
    rows: dict[PartyKey, list[tuple[str, Profile | Membership]]] = {party: [] for party in parties}
    for what, profiles in (("added", changes.added_profiles), ("ended", changes.closed_profiles)):
        for profile in profiles:
            rows[profile.party()].append((what, profile))
    for what, memberships in (("added", changes.added_memberships), ("ended", changes.closed_memberships)):
        for membership in memberships:
            rows[membership.member()].append((what, membership))
    for party in parties:
        old, new = standing(was, party, moment), standing(becomes, party, moment)
        action = "create" if old is None and new is not None else "delete" if new is None and old else "update"
        name = (new.name if new else "") or (old.name if old else "")
        changed = differences(_values(old), _values(new))
        rest = iter(rows[party])
        while part := list(islice(rest, _ROWS_IN_AN_EVENT)):
            joined = dict.fromkeys(row.party() for _, row in part if isinstance(row, Membership))
            targets = [Target(party.kind, party.id, name, party.tenant)]
            targets += [Target(one.kind, one.id, tenant=one.tenant) for one in joined]
            data: dict[str, list[Any]] = {}
            for what, row in part:
                data.setdefault(what, []).append(msgspec.to_builtins(row))
            yield Told(party, action, changed, tuple(targets), data)
            changed = {}


def _values(one: Standing | None) -> dict[str, Any]:
    """What events tell of it; an id alone is of the party's own tenant."""
    if one is None:
        return {}
    values: dict[str, Any] = {"name": one.name or None}
    for field, belongings in (("groups", one.groups), ("roles", one.roles)):
        values[field] = [
            each.id if each.tenant == one.party.tenant else {"id": each.id, "tenant": each.tenant}
            for each in belongings
        ] or None
    return values
