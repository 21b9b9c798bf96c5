"""The searchable facts of an event, each a short text such as `by:user:acme/u17` or `action:login`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any

from .model import Belonging, Event, Initiator, Kind, PartyKey, Reference, Target
from .text import fold

VERSION = 4
"""Changes whenever an index would know the same event by other facets, words or tokens: stores then rebuild theirs."""

LATE = timedelta(hours=24)
"""An event recorded this long after it occurred counts as recorded late (design, decision 9)."""


def escape(part: str) -> str:
    """`part` so that it can stand before a `/`: percent-encoded as in RFC 3986, section 2.1, only where needed."""
    return part.replace("%", "%25").replace("/", "%2F") if "/" in part or "%" in part else part


def unescape(part: str) -> str:
    """What `escape` made of a part, undone."""
    return part.replace("%2F", "/").replace("%25", "%")


def party_text(party: PartyKey) -> str:
    """A party as text: `user:acme/u17`."""
    return f"{party.kind}:{escape(party.tenant)}/{party.id}"


def reference_text(kind: str, id: str) -> str:
    """A reference as text: `calls/42`."""
    return f"{escape(kind)}/{id}"


def parties_by(event: Event) -> set[PartyKey]:
    """The initiator and all it belonged to; empty when there is none or its identity is unproven."""
    found: set[PartyKey] = set()
    initiator = event.initiator
    if initiator is not None and initiator.verified:
        _add_user(found, initiator)
    return found


def parties_against(event: Event) -> set[PartyKey]:
    """The parties it was done to, and all that the users among them belonged to."""
    found: set[PartyKey] = set()
    for target in event.affected():
        _add_target(found, target)
    return found


def _add_target(found: set[PartyKey], target: Target) -> None:
    if target.kind == "user":
        _add_user(found, target)
    elif (party := target.party()) is not None:
        found.add(party)


def _add_user(found: set[PartyKey], user: Initiator | Target) -> None:
    found.add(PartyKey("user", user.tenant, user.id))
    found.add(PartyKey("tenant", user.tenant, user.tenant))
    for group in user.groups or ():
        found.add(PartyKey("group", group.tenant, group.id))
    for role in user.roles or ():
        found.add(PartyKey("role", role.tenant, role.id))


def named_parties(event: Event) -> Iterator[tuple[PartyKey, str]]:
    """Every party that did it or was affected, with the name that it bears there; the name may be empty."""
    yield from who_parties(event.initiator)
    for target in event.affected():
        yield from target_parties(target)


def who_parties(initiator: Initiator | None) -> Iterator[tuple[PartyKey, str]]:
    """The parties that did it, with their names; none if the identity is unproven."""
    if initiator is not None and initiator.verified:
        yield from _named_user(initiator)


def target_parties(target: Target) -> Iterator[tuple[PartyKey, str]]:
    """The parties affected through a target, with their names."""
    if target.kind == "user":
        yield from _named_user(target)
    elif (party := target.party()) is not None:
        yield party, target.name


def _named_user(user: Initiator | Target) -> Iterator[tuple[PartyKey, str]]:
    yield PartyKey("user", user.tenant, user.id), user.name
    yield PartyKey("tenant", user.tenant, user.tenant), ""
    yield from _named("group", user.groups)
    yield from _named("role", user.roles)


def _named(kind: Kind, belongings: tuple[Belonging, ...] | None) -> Iterator[tuple[PartyKey, str]]:
    for one in belongings or ():
        yield PartyKey(kind, one.tenant, one.id), one.name


def is_late(event: Event) -> bool:
    """Whether the event was recorded more than 24 hours after it occurred."""
    return event.recorded_at is not None and event.recorded_at - event.occurred_at > LATE


def facets(event: Event) -> set[str]:
    """The facts of `event` that a query can ask for by an exact value; keyed values are folded, ids are exact."""
    what = what_facets(event.resource, event.action, event.application, event.outcome)
    return {*who_facets(event.initiator), *what, *other_facets(event)}


def who_facets(initiator: Initiator | None) -> set[str]:
    """The facets that follow from the initiator alone, its address left out."""
    if initiator is None:
        return {"is:anonymous"}
    found: set[PartyKey] = set()
    if initiator.verified:
        _add_user(found, initiator)
    return {f"by:{party_text(party)}" for party in found}


def what_facets(resource: str, action: str, application: str, outcome: str) -> set[str]:
    """The facets that follow from resource, action, application and outcome."""
    return {f"resource:{fold(resource)}", f"action:{fold(action)}", f"app:{fold(application)}", f"outcome:{outcome}"}


def other_facets(event: Event) -> set[str]:
    """The facets that follow from everything but the initiator and the keys."""
    found = rest_facets(event)
    for target in event.affected():
        found.update(target_facets(target))
    return found


def rest_facets(event: Event) -> set[str]:
    """The facets that follow from what is neither initiator, target, resource, action, application nor outcome."""
    found = {f"book:{event.tenant}"}
    for reference in event.related:
        found.update(reference_facets(reference))
    for field in event.changes:
        found.add(f"changed:{fold(field)}")
    for trace in (event.request_id, event.trace_id):
        if trace:
            found.add(f"request:{trace}")
    if event.initiator is not None and event.initiator.ip and (address := ip_text(event.initiator.ip)):
        found.add(f"ip:{address}")
    if is_late(event):
        found.add("is:late")
    return found


def target_facets(target: Target) -> set[str]:
    """The facets that follow from one target: the parties affected, and the reference to it."""
    found: set[PartyKey] = set()
    _add_target(found, target)
    return {*reference_facets(target), *(f"against:{party_text(party)}" for party in found)}


def reference_facets(one: Target | Reference) -> tuple[str, str]:
    """The facets of anything referred to: the thing itself, and its kind."""
    return f"related:{reference_text(one.kind, one.id)}", f"kind:{escape(one.kind)}"


@lru_cache(maxsize=50_000)
def ip_text(text: str) -> str:
    """An address as hexadecimal digits, `4` + 8 or `6` + 32, so that a network is a prefix; empty if it is none."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return f"{address.version}{address.packed.hex()}"


def texts(event: Event) -> Iterator[str]:
    """The texts that free words are looked for in: details, reason, keys, names, every value in data and changes."""
    yield from who_texts(event.initiator)
    yield event.action
    yield event.resource
    if not event.details:
        yield event.detail_text()
    yield from other_texts(event)


def who_texts(initiator: Initiator | None) -> Iterator[str]:
    """The texts of the initiator: id, name, and the names of its groups and roles."""
    if initiator is not None:
        yield initiator.id
        yield initiator.name
        yield from (one.name or one.id for one in (*(initiator.groups or ()), *(initiator.roles or ())))


def other_texts(event: Event) -> list[str]:
    """The texts of everything but the initiator and the keys."""
    found = rest_texts(event)
    for target in event.affected():
        found += target_texts(target)
    return found


def target_texts(target: Target) -> Iterator[str]:
    """The texts of a target: id, name, and the names of its groups and roles."""
    yield target.id
    yield target.name
    yield from (one.name or one.id for one in (*(target.groups or ()), *(target.roles or ())))


def rest_texts(event: Event) -> list[str]:
    """The texts of details, reason, references, changes and data."""
    found = [event.details, event.reason]
    for reference in event.related:
        found += (reference.id, reference.name)
    for change in event.changes.values():
        _add_leaves(found, (change.old, change.new))
    _add_leaves(found, (event.data,))
    return found


def _add_leaves(found: list[str], values: Iterable[Any]) -> None:
    """Add every text and number in JSON values, keys left out."""
    for value in values:
        kind = type(value)
        if kind is str:
            found.append(value)
        elif kind is int or kind is float:
            found.append(str(value))
        elif kind is dict:
            _add_leaves(found, value.values())
        elif kind is list:
            _add_leaves(found, value)
