"""What each column shows of a row: small functions from a stored event to a text or a JSON value."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ..event.facets import escape, parties_against, parties_by
from ..event.model import KINDS, Belonging, Initiator, Target
from ..query.tree import Parties
from ..store.ports import Row

NOBODY = "(none)"
_json = msgspec.json.Encoder().encode


def json_text(value: Any) -> str:
    """A value of `data` or a change on one line: text as it is, nothing as nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else _json(value).decode()


def json_pretty(value: Any) -> str:
    """The same, objects and lists spread over indented lines."""
    if isinstance(value, (dict, list)):
        return msgspec.json.format(_json(value), indent=2).decode()
    return json_text(value)


def initiator(row: Row) -> str:
    """`Ann`, else the id; `alice (unverified)`; `Ann as Bob`; `(none)`."""
    who = row.event.initiator
    if who is None:
        return NOBODY
    text = who.name or who.id
    if not who.verified:
        text += " (unverified)"
    if who.acts_as is not None:
        text = f"{text} as {who.acts_as.name or who.acts_as.id}"
    return text


def initiator_identity(row: Row) -> str:
    """Who that is, apart from the names borne."""
    who = row.event.initiator
    if who is None:
        return ""
    text = f"{escape(who.tenant)}/{who.id}"
    if not who.verified:
        text += " (unverified)"
    if who.acts_as is not None:
        text = f"{text} as {escape(who.acts_as.tenant)}/{who.acts_as.id}"
    return text


def initiator_ip(row: Row) -> str:
    """The initiator's address, as sent."""
    who = row.event.initiator
    return who.ip if who is not None else ""


def user_agent(row: Row) -> str:
    """The initiator's user agent, as sent."""
    who = row.event.initiator
    return who.user_agent if who is not None else ""


def tenant(row: Row) -> str:
    """The initiator's tenant."""
    who = row.event.initiator
    return who.tenant if who is not None else ""


def groups(row: Row) -> str:
    """The names of the groups the initiator belonged to."""
    who = row.event.initiator
    return _names(who.groups) if who is not None and who.groups else ""


def groups_identity(row: Row) -> str:
    """Which groups those are, apart from their names."""
    return _identities(row.event.initiator.groups if row.event.initiator else None)


def roles(row: Row) -> str:
    """The names of the roles the initiator had."""
    who = row.event.initiator
    return _names(who.roles) if who is not None and who.roles else ""


def roles_identity(row: Row) -> str:
    """Which roles those are, apart from their names."""
    return _identities(row.event.initiator.roles if row.event.initiator else None)


def related(row: Row) -> str:
    """`d67fcacc-… (reports)`: the targets first, then the other references."""
    event = row.event
    who = event.initiator
    # Not event.affected(): this is one of the costly cells of an export.
    found = [f"{one.id} ({one.kind})" for one in (*event.targets, *event.derived)]
    if who is not None and who.acts_as is not None:
        found.append(f"{who.acts_as.id} ({who.acts_as.kind})")
    found += [f"{one.id} ({one.kind})" for one in event.related]
    return found[0] if len(found) == 1 else ", ".join(dict.fromkeys(found))


def targets(row: Row) -> str:
    """`Bob (user)`: whom or what it was done to, by name."""
    return ", ".join(dict.fromkeys(f"{one.name or one.id} ({one.kind})" for one in row.event.affected()))


def target_tenant(row: Row) -> str:
    """The tenants of the target parties."""
    return ", ".join(dict.fromkeys(one.tenant for one in row.event.affected() if one.kind in KINDS and one.tenant))


def target_groups(row: Row) -> str:
    """The groups that were targets or that target users belonged to."""
    return ", ".join(dict.fromkeys(itertools.chain.from_iterable(map(_groups_of, row.event.affected()))))


def matched(conditions: Sequence[Parties]) -> Callable[[Row], str]:
    """`by`, `against` or `both`: how the event meets the query's conditions on parties; empty if it has none."""

    def cell(row: Row) -> str:
        by = against = False
        doers, affected = parties_by(row.event), parties_against(row.event)
        for one in conditions:
            by = by or (one.direction != "against" and not doers.isdisjoint(one.parties))
            against = against or (one.direction != "by" and not affected.isdisjoint(one.parties))
        return "both" if by and against else "by" if by else "against" if against else ""

    return cell


def data(row: Row) -> str:
    """The full log message on one line."""
    value = row.event.data
    return "" if value is None else value if isinstance(value, str) else _json(value).decode()


def data_pretty(row: Row) -> str:
    """The full log message over indented lines."""
    return json_pretty(row.event.data)


def changes(row: Row) -> str:
    """`email: a@x → b@y; name: (none) → Ann`."""
    found = row.event.changes
    if not found:
        return ""
    return "; ".join(f"{field}: {_side(change.old)} → {_side(change.new)}" for field, change in found.items())


def changes_pretty(row: Row) -> str:
    """Per field a line with its name, then what was before each `-` and what is after each `+`."""
    lines: list[str] = []
    for field, change in row.event.changes.items():
        lines.append(field)
        for sign, value in (("-", change.old), ("+", change.new)):
            if value is not None:
                lines += [f"{sign} {line}" for line in json_pretty(value).split("\n")]
    return "\n".join(lines)


def changes_value(row: Row) -> dict[str, Any]:
    """The changes as JSON: `{"email": {"old": "a@x", "new": "b@y"}}`."""
    return {field: {"old": change.old, "new": change.new} for field, change in row.event.changes.items()}


def _side(value: Any) -> str:
    return NOBODY if value is None else json_text(value)


def _names(belongings: Iterable[Belonging]) -> str:
    return ", ".join([one.name or one.id for one in belongings])


def _identities(belongings: Iterable[Belonging] | None) -> str:
    return ", ".join([f"{escape(one.tenant)}/{one.id}" for one in belongings or ()])


def _groups_of(target: Target | Initiator) -> list[str]:
    found = [one.name or one.id for one in target.groups or ()]
    if isinstance(target, Target) and target.kind == "group":
        found.append(target.name or target.id)
    return found
