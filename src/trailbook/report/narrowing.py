"""From what a cell shows to the conditions that find it: what a report can be narrowed to, or go without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..event.facets import escape, ip_text, reference_text
from ..event.model import KINDS, Belonging, Event, Kind, Reference, Target
from ..query.editing import Leaf
from ..query.tree import Address, Direction, Field, FieldName, Involves
from ..store.ports import Row
from .cells import NOBODY

MOST_OF_A_CELL = 4
"""Of a cell that shows many, so many are offered; the query takes any."""
LONGEST = 200
"""Characters of a value that is offered."""


class Narrowing(NamedTuple):
    """A condition, and what of the cell it stands for, as people read it."""

    text: str
    leaf: Leaf


def narrowings(key: str, row: Row) -> list[Narrowing]:
    """What the cell of this column can be narrowed by, at most `MOST_OF_A_CELL`; none for a column that has no key."""
    find = _FOUND.get(key)
    found: list[Narrowing] = []
    for one in find(row.event) if find is not None else ():
        if len(found) == MOST_OF_A_CELL:
            break
        if one not in found and _is_written(one.leaf):
            found.append(one)
    return found


def of_facet(field: str, value: str) -> Leaf | None:
    """The condition that finds a value of one of `FACET_FIELDS`; None if the language has none for it."""
    leaf = _of_facet(field, value)
    return leaf if leaf is not None and _is_written(leaf) else None


def _of_facet(field: str, value: str) -> Leaf | None:
    match field:
        case "tenant":
            return Involves("tenant", (f"{escape(value)}/{value}",), "by")
        case "ip":
            return Address((value,)) if ip_text(value) else None
        case _ if (kind := next((one for one in KINDS if one == field), None)) is not None:
            return Involves(kind, (value,), "by")
        case _:
            name = next((one for one in _ONE_KEY.values() if one == field), None)
            return Field(name, (value,)) if name is not None else None


def of_group(key: str, value: str) -> Leaf | None:
    """The condition that finds a group's value in this column; None where a group's text does not tell which it is."""
    if key in ("tenant", "ip"):
        return of_facet(key, value)
    return of_facet(_ONE_KEY[key], value) if key in _ONE_KEY else None


_ONE_KEY: Mapping[str, FieldName] = {
    "resource": "resource",
    "action": "action",
    "application": "app",
    "outcome": "outcome",
    "book": "book",
}
"""The columns of one text that the language has a key for."""


def _is_written(leaf: Leaf) -> bool:
    """Whether its value is one that people can read, and that a form can send as it is."""
    values = leaf.networks if isinstance(leaf, Address) else leaf.values
    return all(one.strip() and len(one) <= LONGEST and min(one) >= " " for one in values)


def _keyed(name: FieldName, value: Callable[[Event], str]) -> Callable[[Event], Iterator[Narrowing]]:
    def find(event: Event) -> Iterator[Narrowing]:
        text = value(event)
        yield Narrowing(text, Field(name, (text,)))

    return find


def _party(kind: Kind, tenant: str, id: str, name: str, direction: Direction) -> Narrowing:
    return Narrowing(name or id, Involves(kind, (f"{escape(tenant)}/{id}",), direction))


def _initiator(event: Event) -> Iterator[Narrowing]:
    who = event.initiator
    if who is None:
        yield Narrowing(NOBODY, Field("is", ("anonymous",)))
        return
    if who.verified:
        yield _party("user", who.tenant, who.id, who.name, "by")
    if who.acts_as is not None:
        yield from _target(who.acts_as)


def _tenant(event: Event) -> Iterator[Narrowing]:
    who = event.initiator
    if who is not None and who.verified and who.tenant:
        yield _party("tenant", who.tenant, who.tenant, "", "by")


def _ip(event: Event) -> Iterator[Narrowing]:
    if event.initiator is not None and ip_text(event.initiator.ip):
        yield Narrowing(event.initiator.ip, Address((event.initiator.ip,)))


def _belongings(kind: Kind) -> Callable[[Event], Iterator[Narrowing]]:
    def find(event: Event) -> Iterator[Narrowing]:
        who = event.initiator
        if who is not None and who.verified:
            for one in (who.groups if kind == "group" else who.roles) or ():
                yield _belonging(kind, one, "by")

    return find


def _belonging(kind: Kind, one: Belonging, direction: Direction) -> Narrowing:
    return _party(kind, one.tenant, one.id, one.name, direction)


def _targets(event: Event) -> Iterator[Narrowing]:
    for one in event.affected():
        yield from _target(one)


def _target(one: Target) -> Iterator[Narrowing]:
    kind = next((kind for kind in KINDS if kind == one.kind), None)
    yield _reference(one) if kind is None else _party(kind, one.tenant, one.id, one.name, "against")


def _target_tenant(event: Event) -> Iterator[Narrowing]:
    for one in event.affected():
        if one.kind in KINDS and one.tenant:
            yield _party("tenant", one.tenant, one.tenant, "", "against")


def _target_groups(event: Event) -> Iterator[Narrowing]:
    for one in event.affected():
        for group in one.groups or ():
            yield _belonging("group", group, "against")
        if one.kind == "group":
            yield from _target(one)


def _related(event: Event) -> Iterator[Narrowing]:
    every: Iterable[Target | Reference] = (*event.affected(), *event.related)
    for one in every:
        yield _reference(one)


def _reference(one: Target | Reference) -> Narrowing:
    return Narrowing(f"{one.id} ({one.kind})", Field("related", (reference_text(one.kind, one.id),)))


def _changes(event: Event) -> Iterator[Narrowing]:
    for field in event.changes:
        yield Narrowing(field, Field("changed", (field,)))


_FOUND: Mapping[str, Callable[[Event], Iterator[Narrowing]]] = {
    "initiator": _initiator,
    "resource": _keyed("resource", lambda event: event.resource),
    "action": _keyed("action", lambda event: event.action),
    "application": _keyed("app", lambda event: event.application),
    "outcome": _keyed("outcome", lambda event: event.outcome),
    "ip": _ip,
    "tenant": _tenant,
    "groups": _belongings("group"),
    "roles": _belongings("role"),
    "related": _related,
    "changes": _changes,
    "targets": _targets,
    "target_tenant": _target_tenant,
    "target_groups": _target_groups,
    "book": _keyed("book", lambda event: event.tenant),
    "request_id": _keyed("request", lambda event: event.request_id),
}
"""For each column that has a key in the language, what its cell shows."""
