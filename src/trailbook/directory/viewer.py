"""Who is asking, and what they may see: a scope that becomes a condition, ANDed below every read."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ..errors import BadInput, NotAllowed
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


class Overlap(Struct, frozen=True, tag="overlap"):
    """May see what each of these scopes, all of one tenant, shows: nobody's own, but what two may see alike."""

    tenant: str
    scopes: tuple[Scope | Overlap, ...]


class Viewer(Struct, frozen=True):
    """Who is asking: a name to print, a scope, and the keys of the columns that are hidden from them.

    `since` and `until` (UTC, half-open; None: open) bound what they may see to events that occurred then.
    """

    name: str
    scope: Scope | Overlap
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


def _scope_condition(scope: Scope | Overlap) -> Condition:
    match scope:
        case Overlap(_, scopes):
            return And(tuple(_scope_condition(one) for one in scopes))
        case Root():
            return EVERYTHING
        case TenantScope(tenant):
            return Field("book", (tenant,))
        case GroupScope(tenant, groups):
            parties = tuple(PartyKey("group", tenant, group) for group in groups)
            return And((Field("book", (tenant,)), Parties(parties)))
        case SelfScope(tenant, user):
            return And((Field("book", (tenant,)), Parties((PartyKey("user", tenant, user),))))


def cut(viewer: Viewer, to: Viewer, name: str) -> Viewer:
    """A viewer of this name who may see just what both of these may: events, columns and period.

    Raises NotAllowed if that is nothing at all.
    """
    scope = _overlap(viewer.scope, to.scope)
    since = max((one for one in (viewer.since, to.since) if one is not None), default=None)
    until = min((one for one in (viewer.until, to.until) if one is not None), default=None)
    if scope is None or (since is not None and until is not None and until <= since):
        raise NotAllowed(
            f"There is nothing that both {viewer.name} and {to.name} may see.",
            place="access",
            remedy="Ask whoever manages access.",
        )
    return Viewer(name, scope, viewer.hidden | to.hidden, since, until)


def _overlap(one: Scope | Overlap, other: Scope | Overlap) -> Scope | Overlap | None:
    """The smaller of two scopes if one lies in the other; None if they are of different tenants."""
    if isinstance(one, Root) or one == other:
        return other
    if isinstance(other, Root):
        return one
    if one.tenant != other.tenant:
        return None
    if isinstance(one, TenantScope):
        return other
    return one if isinstance(other, TenantScope) else Overlap(one.tenant, (one, other))


def sees_book(viewer: Viewer, book: str) -> bool:
    """Whether there may be anything in a book (a tenant's) for the viewer to see."""
    return isinstance(viewer.scope, Root) or book == viewer.scope.tenant


def within(viewer: Viewer, condition: Condition) -> Condition:
    """`condition`, narrowed to what the viewer may see. Every read of every store goes through here."""
    return both(scope_condition(viewer), condition)
