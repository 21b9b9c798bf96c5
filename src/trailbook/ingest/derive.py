"""Targets that follow from the rest: the account that is claimed, and what somebody is moved into or out of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..event.model import Change, Event, Kind, Target

_FIELDS: Mapping[str, Kind] = {
    "group": "group",
    "groups": "group",
    "user_group": "group",
    "user_groups": "group",
    "usergroup": "group",
    "usergroups": "group",
    "role": "role",
    "roles": "role",
    "user_role": "role",
    "user_roles": "role",
    "tenant": "tenant",
    "tenant_id": "tenant",
}
"""The changed fields, in any case, that say what a user belongs to."""

UNNAMED = ("anonymous", "system:anonymous")
"""What stands in for the id of someone of whom only an address is known. Unproven, it claims nobody's account."""


def claimed(event: Event) -> tuple[Target, ...]:
    """The account that an unproven initiator claims to be is whom it was done to (design, decision 7)."""
    initiator = event.initiator
    if initiator is None or initiator.verified or initiator.id in UNNAMED:
        return ()
    party = initiator.party()
    if any(target.party() == party for target in event.affected()):
        return ()
    return (Target("user", initiator.id, initiator.name, initiator.tenant, initiator.groups, initiator.roles),)


def derive(event: Event) -> tuple[Target, ...]:
    """The targets that follow from `changes`, in their order, without those that are targets already.

    Where the event is about a user (one of its targets or, without any, whom the initiator acts as), every group and
    role that was added or removed is one, and both tenants of a move. Who moves is one user in either tenant, so that
    the identity on the other side is a target as well. Values may be an id, an object with `id` and maybe `name` and
    `tenant`, or a list of these. With several users among the targets, a move of tenants says nothing about which of
    them moved; groups and roles are of the first one's tenant.
    """
    if not event.changes:
        return ()
    fields = [(kind, change) for name, change in event.changes.items() if (kind := _FIELDS.get(name.lower()))]
    users = [target for target in event.targets or event.affected() if target.kind == "user"] if fields else []
    if not users:
        return ()
    known = {(one.kind, one.tenant, one.id) for one in event.affected()}
    found: list[Target] = []
    for kind, change in fields:
        for target in _moved(kind, change, users):
            if (key := (target.kind, target.tenant, target.id)) not in known:
                known.add(key)
                found.append(target)
    return tuple(found)


def _moved(kind: Kind, change: Change, users: list[Target]) -> Iterator[Target]:
    tenant = users[0].tenant
    old, new = _parties(kind, change.old, tenant), _parties(kind, change.new, tenant)
    for key, target in (*old.items(), *new.items()):
        if key in old and key in new:
            continue
        yield target
        if kind == "tenant" and len(users) == 1:
            yield Target(kind="user", id=users[0].id, name=users[0].name, tenant=target.id)


def _parties(kind: Kind, value: Any, tenant: str) -> dict[tuple[str, str], Target]:
    """The parties that a changed value names, by tenant and id; what names none is left out."""
    found = {}
    for one in value if isinstance(value, (list, tuple)) else (value,):
        named = one if isinstance(one, Mapping) else {"id": one}
        id, name, own = (_text(named.get(field)) for field in ("id", "name", "tenant"))
        if 0 < len(id) <= 1024:
            home = id if kind == "tenant" else own or tenant
            found[home, id] = Target(kind=kind, id=id, name=name[:1024], tenant=home[:1024])
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if type(value) is int else ""
