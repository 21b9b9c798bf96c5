"""What a viewer may see, in the words of the design and without the code that is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from served import NOW

from trailbook.directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope

AFTER = datetime(2021, 11, 1, tzinfo=UTC)
UNTIL = datetime(2021, 11, 20, tzinfo=UTC)
"""The period of the auditors' seats."""

FREE = "free form"
"""What is shown only to who has no column hidden: data, details, changes, and what no column shows."""


class Involved(NamedTuple):
    """Whom an event involves, by tenant and id, as the design's decision 1 says."""

    users: frozenset[tuple[str, str]]
    groups: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Watcher:
    """Somebody who sends requests; `groups` are those that their user is a member of."""

    name: str
    scope: Scope
    rights: frozenset[str]
    user: tuple[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    account: str = ""
    role: str = ""
    groups: frozenset[str] = frozenset()
    known: bool = True

    @property
    def home(self) -> str:
        """The tenant whose book their looking is kept in."""
        return self.user[0] if isinstance(self.scope, Root) else self.scope.tenant

    def may(self, *rights: str) -> bool:
        return self.known and any(right in self.rights for right in rights)

    def sees_event(self, book: str, involved: Involved, at: datetime, column: str) -> bool:
        """Decision 6: root all books; a tenant its book; groups and oneself what involves them, within it."""
        if not self.may("view") or (self.since and at < self.since) or (self.until and at >= self.until):
            return False
        if self.hidden and (column == FREE or column in self.hides):
            return False
        return self._reaches(book, involved)

    @property
    def hides(self) -> frozenset[str]:
        """The hidden columns, and those that tell the same."""
        return self.hidden | ({"related"} if "targets" in self.hidden else frozenset())

    def _reaches(self, book: str, involved: Involved) -> bool:
        match self.scope:
            case Root():
                return True
            case TenantScope(tenant):
                return book == tenant
            case GroupScope(tenant, groups):
                return book == tenant and any((tenant, group) in involved.groups for group in groups)
            case SelfScope(tenant, user):
                return book == tenant and (tenant, user) in involved.users
        return False

    def knows(self, kind: str, tenant: str, id: str, until: datetime | None = None) -> bool:
        """Whether they may know of a party of the directory that was there until then, and is still if None."""
        if not self.may("view", "directory") or (until and self.since and until <= self.since):
            return False
        match self.scope:
            case Root():
                return True
            case TenantScope(own):
                return tenant == own
            case GroupScope(own, groups):
                member_of = {"u1": "g1"}.get(id, "g2" if id == "ann" else "")
                return tenant == own and (
                    kind == "tenant" or (kind == "group" and id in groups) or (kind == "user" and member_of in groups)
                )
            case SelfScope(own, user):
                return tenant == own and (kind == "tenant" or (kind == "user" and id == user))
        return False

    def manages(self, tenant: str, right: str = "access") -> bool:
        """Whether they manage access (or reports) of a tenant."""
        return self.may(right) and (isinstance(self.scope, Root) or self.scope == TenantScope(tenant))

    def sees_now(self, book: str, who: Watcher, column: str) -> bool:
        """Whether they see what somebody does in Trailbook now, as of a book."""
        return self.sees_event(book, who.involved(), NOW, column)

    def involved(self) -> Involved:
        """Whom what they do in Trailbook involves."""
        return Involved(frozenset({self.user}), frozenset((self.user[0], group) for group in self.groups))
