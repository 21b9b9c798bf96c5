"""Who is asking, and what they may see: a scope that becomes a condition, ANDed below every read."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ..errors import BadInput
from ..event.facets import unescape
from ..event.model import PartyKey
from ..query.tree import EVERYTHING, And, Condition, Field, Occurred, Parties, both


class Root(Struct, frozen=True, tag="root"):
    """May see all books."""


class TenantScope(Struct, frozen=True, tag="tenant"):
    """May see one tenant's book."""

    tenant: str


class GroupScope(Struct, frozen=True, tag="groups"):
    """May see what involves these groups (by id), within their tenant's book."""

    tenant: str
    groups: tuple[str, ...]


class SelfScope(Struct, frozen=True, tag="self"):
    """May see what involves oneself, within one's tenant's book."""

    tenant: str
    user: str


Scope = Root | TenantScope | GroupScope | SelfScope


class Viewer(Struct, frozen=True):
    """Who is asking: a name to print, a scope, and the keys of the columns that are hidden from them.

    `since` and `until` (UTC, half-open; None: open) bound what they may see to events that occurred then.
    """

    name: str
    scope: Scope
    hidden: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def sees_whole_books(self) -> bool:
        """Whether the viewer sees all of each book of which there is anything to see."""
        whole = isinstance(self.scope, (Root, TenantScope))
        return whole and self.since is None and self.until is None


OPERATOR = Viewer(name="operator", scope=Root())
"""Who works at the machine that holds the store: sees everything."""


def parse_viewer(text: str) -> Viewer:
    """The viewer that a text names: `root`, `tenant:acme`, `groups:acme/g1,g2` or `self:acme/u17`. Raises BadInput.

    A `/` in a tenant is written `%2F`.
    """
    kind, _, rest = text.partition(":")
    tenant, _, ids = rest.partition("/")
    tenant = unescape(tenant)
    scope: Scope | None = None
    if text == "root":
        scope = Root()
    elif kind == "tenant" and rest:
        scope = TenantScope(unescape(rest))
    elif kind == "groups" and tenant and all(ids.split(",")):
        scope = GroupScope(tenant, tuple(ids.split(",")))
    elif kind == "self" and tenant and ids:
        scope = SelfScope(tenant, ids)
    if scope is None:
        raise BadInput(
            f"There is no viewer '{text}'.",
            place="viewer",
            remedy="Write root, tenant:acme, groups:acme/g1,g2 or self:acme/u17.",
        )
    return Viewer(text, scope)


def scope_condition(viewer: Viewer) -> Condition:
    """The condition that every event the viewer may see meets."""
    if viewer.since is None and viewer.until is None:
        return _scope_condition(viewer.scope)
    return both(_scope_condition(viewer.scope), Occurred(viewer.since, viewer.until))


def _scope_condition(scope: Scope) -> Condition:
    match scope:
        case Root():
            return EVERYTHING
        case TenantScope(tenant):
            return Field("book", (tenant,))
        case GroupScope(tenant, groups):
            parties = tuple(PartyKey("group", tenant, group) for group in groups)
            return And((Field("book", (tenant,)), Parties(parties)))
        case SelfScope(tenant, user):
            return And((Field("book", (tenant,)), Parties((PartyKey("user", tenant, user),))))


def sees_book(viewer: Viewer, book: str) -> bool:
    """Whether there may be anything in a book (a tenant's) for the viewer to see."""
    return isinstance(viewer.scope, Root) or book == viewer.scope.tenant


def within(viewer: Viewer, condition: Condition) -> Condition:
    """`condition`, narrowed to what the viewer may see. Every read of every store goes through here."""
    return both(scope_condition(viewer), condition)
