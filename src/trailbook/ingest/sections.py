"""The sections of a map (`[event]`, `[initiator]`, `[[targets]]` ...) as functions of a record; see also plan.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ..event.changes import changes
from ..event.facets import ip_text
from ..event.model import Belonging, Change, Reference, Target
from .conditions import condition
from .derive import UNNAMED
from .paths import Compiler, Fetch, as_text
from .shaping import json_text
from .times import moment
from .values import constant, value

TEXT_FIELDS = (
    "action", "resource", "outcome", "reason", "details", "application", "tenant", "request_id", "trace_id",
)  # fmt: skip
LISTS = ("targets", "related", "changes")

Elements = Callable[[Any], Iterable[Any]]
TargetMaker = Callable[[Any], list[Target]]
ReferenceMaker = Callable[[Any], list[Reference]]
BelongingMaker = Callable[[Any], list[Belonging]]
ChangeMaker = Callable[[Any], dict[str, Change]]

_EVENT_KEYS = ("id", "id_from", "time", "data", *TEXT_FIELDS)
_INITIATOR_TEXTS = ("id", "name", "tenant", "type", "ip", "user_agent")
_INITIATOR_KEYS = (*_INITIATOR_TEXTS, "unnamed", "verified", "groups", "roles", "acts_as")
_WALK_KEYS = ("each", "entries", "when")


class Sections:
    """What one place of a map (its top level, or a rule) says; a field that it does not mention is not there."""

    def __init__(self, compiler: Compiler, table: dict[str, Any], place: str) -> None:
        self.event = _event(compiler, table.get("event", {}), f"{place}event")
        self.initiator, self.acts_as = _initiator(compiler, table.get("initiator", {}), f"{place}initiator")
        self.lists: dict[str, list[Any]] = {}
        for key in LISTS:
            for name in (key, f"add_{key}"):
                if name in table:
                    self.lists[name] = _each_table(compiler, table[name], f"{place}{name}", _MAKERS[key])


def check_keys(compiler: Compiler, table: Any, known: Iterable[str], place: str) -> dict[str, Any]:
    """`table`, if it is one and has no key but `known` ones. Raises BadMap that suggests the key that was meant."""
    if not isinstance(table, dict):
        raise compiler.error(place, "This must be a table.", "Write it as [table] or { key = value }.")
    known = tuple(known)
    for key in table:
        if key not in known:
            meant = get_close_matches(key, known, 1)
            remedy = f"Did you mean {meant[0]!r}?" if meant else f"Known are: {', '.join(known)}."
            raise compiler.error(f"{place}.{key}" if place else key, "There is no such key.", remedy)
    return table


def _each_table(compiler: Compiler, tables: Any, place: str, make: Callable[[Compiler, Any, str], Any]) -> list[Any]:
    if not isinstance(tables, list):
        raise compiler.error(place, "This must be a list of tables.", "Write it as [[table]] or [{ ... }].")
    return [make(compiler, one, f"{place}[{at}]") for at, one in enumerate(tables)]


def _event(compiler: Compiler, table: Any, place: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, written in check_keys(compiler, table, _EVENT_KEYS, place).items():
        where = f"{place}.{key}"
        if key == "time":
            made[key] = moment(compiler, written, where)
        elif key == "id_from":
            if not isinstance(written, list):
                raise compiler.error(where, "This must be a list of paths.", 'Write it like ["a", "b"].')
            made[key] = [value(compiler, one, where) for one in written]
        elif key == "data" and written == "$":
            made[key] = None
        else:
            if key == "outcome":
                _check_constant(compiler, written, ("success", "failure", "denied", "unknown"), where)
            made[key] = value(compiler, written, where)
    return made


def _check_constant(compiler: Compiler, written: Any, known: tuple[str, ...], place: str) -> None:
    text = constant(written)
    if text is not None and text not in known:
        raise compiler.error(place, f"There is no {text!r} here.", f"Known are: {', '.join(known)}.")


def _initiator(compiler: Compiler, table: Any, place: str) -> tuple[dict[str, Any], dict[str, Fetch]]:
    made: dict[str, Any] = {}
    acts_as: dict[str, Fetch] = {}
    for key, written in check_keys(compiler, table, _INITIATOR_KEYS, place).items():
        where = f"{place}.{key}"
        if key == "verified":
            if not isinstance(written, bool):
                raise compiler.error(where, "This must be true or false.", "Put it into a [[rule]] that says when.")
            made[key] = written
        elif key == "unnamed":
            if written not in UNNAMED:
                raise compiler.error(
                    where, f"This must be {' or '.join(UNNAMED)}.", "Choose one; it claims no account."
                )
            made[key] = written
        elif key == "acts_as":
            for part, inner in check_keys(compiler, written, ("kind", "id", "name", "tenant"), where).items():
                acts_as[part] = value(compiler, inner, f"{where}.{part}")
        elif key in ("groups", "roles"):
            made[key] = _each_table(compiler, written, where, _belonging)
        elif key == "ip":
            choices = written if isinstance(written, list) else [written]
            made[key] = [value(compiler, one, where) for one in choices]
        else:
            if key == "type":
                _check_constant(compiler, written, ("user", "service", "system"), where)
            made[key] = value(compiler, written, where)
    return made, acts_as


def _elements(compiler: Compiler, table: dict[str, Any], place: str) -> Elements:
    """What `each`, `entries` and `when` select: the elements that the other values of the table are relative to."""
    if "each" in table and "entries" in table:
        raise compiler.error(place, "There are both each and entries.", "Keep the one that fits.")
    test = condition(compiler, table["when"], f"{place}.when") if "when" in table else None
    if "each" in table:
        walk = _each(value(compiler, table["each"], f"{place}.each"))
    elif "entries" in table:
        walk = _entries(value(compiler, table["entries"], f"{place}.entries"))
    else:
        walk = _itself
    if test is None:
        return walk
    return lambda root: [item for item in walk(root) if test(item, root)]


def _itself(root: Any) -> Iterable[Any]:
    return (root,)


def _each(fetch: Fetch) -> Elements:
    def walk(root: Any) -> Iterable[Any]:
        found = fetch(root, root)
        return () if found is None else found if isinstance(found, list) else (found,)

    return walk


def _entries(fetch: Fetch) -> Elements:
    def walk(root: Any) -> Iterable[Any]:
        found = fetch(root, root)
        return [{"key": key, "value": one} for key, one in found.items()] if isinstance(found, dict) else ()

    return walk


def _optional(compiler: Compiler, table: dict[str, Any], key: str, place: str) -> Fetch | None:
    return value(compiler, table[key], f"{place}.{key}") if key in table else None


def _needs(compiler: Compiler, table: dict[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in keys:
        if key not in table:
            raise compiler.error(place, f"{key!r} is missing.", "Add it.")


def _target(compiler: Compiler, written: Any, place: str) -> TargetMaker:
    table = check_keys(compiler, written, (*_WALK_KEYS, "kind", "id", "name", "tenant", "groups", "roles"), place)
    _needs(compiler, table, ("kind", "id"), place)
    walk = _elements(compiler, table, place)
    kind, id = value(compiler, table["kind"], f"{place}.kind"), value(compiler, table["id"], f"{place}.id")
    name, tenant = _optional(compiler, table, "name", place), _optional(compiler, table, "tenant", place)
    groups, roles = (
        _each_table(compiler, table[key], f"{place}.{key}", _belonging) if key in table else []
        for key in ("groups", "roles")
    )

    def make(root: Any) -> list[Target]:
        made = []
        for item in walk(root):
            key = as_text(id(item, root))
            what = as_text(kind(item, root)) if key else ""
            if what:
                made.append(
                    Target(
                        kind=what,
                        id=key,
                        name=as_text(name(item, root)) if name else "",
                        tenant=as_text(tenant(item, root)) if tenant else "",
                        groups=belongings(groups, item) if groups else None,
                        roles=belongings(roles, item) if roles else None,
                    )
                )
        return made

    return make


def _reference(compiler: Compiler, written: Any, place: str) -> ReferenceMaker:
    table = check_keys(compiler, written, (*_WALK_KEYS, "kind", "id", "name"), place)
    _needs(compiler, table, ("kind", "id"), place)
    walk = _elements(compiler, table, place)
    kind, id = value(compiler, table["kind"], f"{place}.kind"), value(compiler, table["id"], f"{place}.id")
    name = _optional(compiler, table, "name", place)

    def make(root: Any) -> list[Reference]:
        made = []
        for item in walk(root):
            key = as_text(id(item, root))
            what = as_text(kind(item, root)) if key else ""
            if what:
                made.append(Reference(kind=what, id=key, name=as_text(name(item, root)) if name else ""))
        return made

    return make


def _belonging(compiler: Compiler, written: Any, place: str) -> BelongingMaker:
    table = check_keys(compiler, written, (*_WALK_KEYS, "id", "name", "tenant"), place)
    _needs(compiler, table, ("id",), place)
    walk = _elements(compiler, table, place)
    id = value(compiler, table["id"], f"{place}.id")
    name, tenant = _optional(compiler, table, "name", place), _optional(compiler, table, "tenant", place)

    def make(root: Any) -> list[Belonging]:
        made = []
        for item in walk(root):
            key = as_text(id(item, root))
            if key:
                bears = as_text(name(item, root)) if name else ""
                made.append(Belonging(id=key, name=bears, tenant=as_text(tenant(item, root)) if tenant else ""))
        return made

    return make


def belongings(makers: list[BelongingMaker], item: Any) -> tuple[Belonging, ...] | None:
    """All that the makers find, each once; None if they find nothing, since then it is not known."""
    return tuple(dict.fromkeys(one for make in makers for one in make(item))) or None


def _change(compiler: Compiler, written: Any, place: str) -> ChangeMaker:
    table = check_keys(compiler, written, (*_WALK_KEYS, "field", "old", "new", "json", "before", "after"), place)
    walk = _elements(compiler, table, place)
    decode = table.get("json", False)
    if not isinstance(decode, bool):
        raise compiler.error(
            f"{place}.json", "This must be true or false.", "Write true to decode texts that are JSON."
        )
    field = _optional(compiler, table, "field", place)
    if "before" in table or "after" in table:
        _needs(compiler, table, ("before", "after"), place)
        return _difference(walk, _pair(compiler, table, "before", "after", place), field)
    _needs(compiler, table, ("field",), place)
    if not {"old", "new"} & table.keys():
        raise compiler.error(place, "There is neither old nor new.", "Add at least one of them, or before and after.")
    old, new = _pair(compiler, table, "old", "new", place)
    assert field is not None

    def make(root: Any) -> dict[str, Change]:
        made = {}
        for item in walk(root):
            before, after = old(item, root), new(item, root)
            if decode:
                before, after = json_text(before), json_text(after)
            if before != after:
                name = as_text(field(item, root))
                if name:
                    made[name] = Change(old=before, new=after)
        return made

    return make


def _pair(compiler: Compiler, table: dict[str, Any], one: str, other: str, place: str) -> tuple[Fetch, Fetch]:
    return value(compiler, table.get(one, ""), f"{place}.{one}"), value(
        compiler, table.get(other, ""), f"{place}.{other}"
    )


def _difference(walk: Elements, sides: tuple[Fetch, Fetch], field: Fetch | None) -> ChangeMaker:
    before, after = sides

    def make(root: Any) -> dict[str, Change]:
        made = {}
        for item in walk(root):
            old, new = json_text(before(item, root)), json_text(after(item, root))
            if (old is None or isinstance(old, dict)) and (new is None or isinstance(new, dict)):
                prefix = f"{as_text(field(item, root))}." if field else ""
                made.update({prefix + name: change for name, change in changes(old or {}, new or {}).items()})
        return made

    return make


_MAKERS: dict[str, Callable[[Compiler, Any, str], Any]] = {
    "targets": _target,
    "related": _reference,
    "changes": _change,
}


@lru_cache(maxsize=4096)
def address(text: str) -> str:
    """The IP address in a text such as `10.0.0.1`, `10.0.0.1:443`, `[::1]:443` or `10.0.0.1, 10.9.9.9`; else empty."""
    first = text.split(",", 1)[0].strip()
    if first.startswith("["):
        first = first[1:].split("]", 1)[0]
    elif first.count(":") == 1:
        first = first.split(":", 1)[0]
    return first if ip_text(first) else ""
