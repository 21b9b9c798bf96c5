"""How the chapters of this folder are told: native submissions, and what a query of them must find."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from trailbook.directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope

Submission = dict[str, Any]

ROOT = Root()


def tenant(id: str) -> Scope:
    """May see the tenant's book."""
    return TenantScope(id)


def manager(of: str, *groups: str) -> Scope:
    """May see what involves these groups of the tenant."""
    return GroupScope(of, groups)


def oneself(tenant: str, user: str) -> Scope:
    """May see what involves this user."""
    return SelfScope(tenant, user)


class Case(Struct, frozen=True):
    """A sentence of the rule, a query, and the events that it finds: their short names, oldest first.

    `means`: the parties that the names in the query stand for, as `tenant/id`, where that is the point. `shows`: the
    texts of columns of some of the events. `late`: the number of rows that were recorded late.
    """

    says: str
    query: str
    finds: str
    viewer: Scope = ROOT
    zone: str = "UTC"
    means: str | None = None
    shows: dict[str, dict[str, str]] = {}
    late: int | None = None


class Chapter(Struct, frozen=True):
    """Events by short name, in the order in which they were recorded, and cases about them.

    An event without `occurred_at` occurs a minute after the one before it, from noon of 17 November 2021 (UTC); one
    without `received` (which is not a part of it, but when it came in) is recorded a second after it occurred. The
    directory is what was imported before the first of them, as the JSON of a directory file.
    """

    events: dict[str, Submission]
    cases: list[Case]
    directory: dict[str, Any] = {}


def does(initiator: Submission | None, action: str, resource: str, **more: Any) -> Submission:
    """What a producer sends: who, what, on what, and whatever else is given."""
    who = {} if initiator is None else {"initiator": initiator}
    return {**who, "action": action, "resource": resource, **more}


def user(who: Submission) -> Submission:
    """A user as a target, without what only initiators have."""
    return {"kind": "user", **{field: value for field, value in who.items() if field != "ip"}}


def change(field: str, old: Any, new: Any) -> Submission:
    """The changes of one field."""
    return {field: {"old": old, "new": new}}
