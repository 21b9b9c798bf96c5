"""Filling what a producer left out, from the directory as of the time of the event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from ..errors import BadEvent
from ..event.model import KINDS, MOST_BELONGINGS, Belonging, Event, Initiator, PartyKey, Target
from .model import MembershipKind

U = TypeVar("U", Initiator, Target)


class Known(Protocol):
    """What events are filled from; see Directory."""

    @property
    def is_empty(self) -> bool: ...
    def name_at(self, party: PartyKey, moment: datetime) -> str | None: ...
    def groups_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None: ...
    def roles_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None: ...


class OfTenant(NamedTuple):
    """What a directory knows of the parties of one tenant: whoever sends events of it learns of no other."""

    directory: Known
    tenant: str

    @property
    def is_empty(self) -> bool:
        return self.directory.is_empty

    def name_at(self, party: PartyKey, moment: datetime) -> str | None:
        return self.directory.name_at(party, moment) if party.tenant == self.tenant else None

    def groups_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None:
        return self.directory.groups_at(tenant, user, moment) if tenant == self.tenant else None

    def roles_at(self, tenant: str, user: str, moment: datetime) -> tuple[Belonging, ...] | None:
        return self.directory.roles_at(tenant, user, moment) if tenant == self.tenant else None


def enrich(event: Event, directory: Known) -> Event:
    """The event with names, groups and roles that were left out filled from the directory as of `occurred_at`.

    Every party must have its tenant. What the producer sent is kept, `filled` lists what was not sent
    (`initiator.groups`, `targets[0].name`), and what is not known stays empty. An initiator whose identity is unproven
    is left as it is; the account that it claimed is a target. Raises BadEvent if a user belongs to more groups or
    roles than an event may hold.
    """
    if directory.is_empty:
        return event
    filled: list[str] = []
    moment = event.occurred_at
    initiator = event.initiator
    if initiator is not None:
        initiator = _initiator(initiator, directory, moment, filled)
    targets = _targets(event.targets, "targets", directory, moment, filled)
    derived = _targets(event.derived, "derived", directory, moment, filled)
    if not filled:
        return event
    return replace(event, initiator=initiator, targets=targets, derived=derived, filled=(*event.filled, *filled))


def _initiator(initiator: Initiator, directory: Known, moment: datetime, filled: list[str]) -> Initiator:
    if initiator.verified:
        initiator = _user(initiator, "initiator", directory, moment, filled)
    if initiator.acts_as is not None:
        acts_as = _target(initiator.acts_as, "initiator.acts_as", directory, moment, filled)
        if acts_as is not initiator.acts_as:
            initiator = replace(initiator, acts_as=acts_as)
    return initiator


def _targets(
    targets: tuple[Target, ...], path: str, directory: Known, moment: datetime, filled: list[str]
) -> tuple[Target, ...]:
    if not targets:
        return targets
    return tuple(_target(target, f"{path}[{index}]", directory, moment, filled) for index, target in enumerate(targets))


def _target(target: Target, path: str, directory: Known, moment: datetime, filled: list[str]) -> Target:
    if target.kind == "user":
        return _user(target, path, directory, moment, filled)
    if target.kind in KINDS and not target.name:
        tenant = target.id if target.kind == "tenant" else target.tenant
        name = directory.name_at(PartyKey(target.kind, tenant, target.id), moment)
        if name:
            filled.append(f"{path}.name")
            return replace(target, name=name)
    return target


def _bounded(belongings: tuple[Belonging, ...], path: str) -> tuple[Belonging, ...]:
    if len(belongings) > MOST_BELONGINGS:
        raise BadEvent(
            f"The directory gives {len(belongings):,} of them, and an event holds {MOST_BELONGINGS:,} at most.",
            place=path,
            remedy="Send those that matter with the event, or mend the directory.",
        )
    return belongings


def _user(user: U, path: str, directory: Known, moment: datetime, filled: list[str]) -> U:
    found: dict[str, Any] = {}
    if not user.name and (name := directory.name_at(PartyKey("user", user.tenant, user.id), moment)):
        found["name"] = name
        filled.append(f"{path}.name")
    if user.groups is None:
        if (groups := directory.groups_at(user.tenant, user.id, moment)) is not None:
            found["groups"] = _bounded(groups, f"{path}.groups")
            filled.append(f"{path}.groups")
    elif "" in [one.name for one in user.groups]:
        found["groups"] = _named("group", user.groups, user.tenant, f"{path}.groups", directory, moment, filled)
    if user.roles is None:
        if (roles := directory.roles_at(user.tenant, user.id, moment)) is not None:
            found["roles"] = _bounded(roles, f"{path}.roles")
            filled.append(f"{path}.roles")
    elif "" in [one.name for one in user.roles]:
        found["roles"] = _named("role", user.roles, user.tenant, f"{path}.roles", directory, moment, filled)
    return replace(user, **found) if found else user


def _named(
    kind: MembershipKind,
    sent: tuple[Belonging, ...],
    tenant: str,
    path: str,
    directory: Known,
    moment: datetime,
    filled: list[str],
) -> tuple[Belonging, ...]:
    """The groups or roles as sent, with the names that were left out; a tenant left out is the user's."""
    belongings = []
    for index, one in enumerate(sent):
        if not one.name and (name := directory.name_at(PartyKey(kind, one.tenant or tenant, one.id), moment)):
            one = replace(one, name=name)
            filled.append(f"{path}[{index}].name")
        belongings.append(one)
    return tuple(belongings)
