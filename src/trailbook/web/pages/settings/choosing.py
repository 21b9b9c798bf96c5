"""What is offered to choose from in forms: never more than whoever chooses may give."""

from __future__ import annotations

from msgspec.structs import replace

from ....access.decide import check_grant
from ... import roles
from ..screens import Visit
from .sections import allowed


def roles_to_give(visit: Visit, id: str = "", name: str = "") -> list[tuple[str, str]]:
    """The access roles that the visitor may give, as options; and the one that an account has already."""
    own, after = visit.caller.seat, ""
    options = {id: name} if id else {}
    while True:
        found = roles.list_roles(visit.work, None, after, 1_000)
        for role in found.items:
            seat = replace(own, rights=frozenset(role.rights), hidden=frozenset(role.hidden))
            if allowed(check_grant, visit.caller, seat):
                options[role.id] = f"{role.name} ({role.tenant})" if role.tenant else role.name
        if not found.next:
            return list(options.items())
        after = found.next
