"""With whom a report can be shared, and whose it becomes: what is offered where it is saved or changed."""

from __future__ import annotations

from itertools import islice

from ...access import decide
from ...access.model import SHIPPED_ROLES
from ...access.own import home
from ...directory.model import holds
from ...directory.viewer import Root
from ...directory.visible import visible_profiles
from ...errors import NotAllowed
from ...report.hidden import WHO, Hidden
from .chips import Meant
from .screens import Visit

_LISTED = 100


def sees_all(visit: Visit) -> bool:
    """Whether the visitor sees all tenants, and may save a report for any."""
    return isinstance(visit.caller.seat.scope, Root)


def tenant_for(visit: Visit, meant: list[Meant]) -> str:
    """Whose a report becomes unless they say otherwise: their own tenant's.

    Who sees all tenants saves it for the one whose parties it asks for, since only there it can be shared.
    """
    tenants = {one.party.tenant for name in meant for one in name.known}
    return tenants.pop() if sees_all(visit) and len(tenants) == 1 else home(visit.caller)


def offered(visit: Visit, tenant: str) -> list[tuple[str, str]]:
    """With whom else a report may be shared, id and name: access roles that are always there, and groups now."""
    roles = [(one.id, one.name) for one in SHIPPED_ROLES]
    try:
        viewer = decide.viewer(visit.caller, visit.work.now)
    except NotAllowed:
        return roles
    if Hidden(viewer).tells(*WHO):
        return roles
    known = visit.service.directory()
    groups = (
        (one.id, one.name)
        for one in visible_profiles(known, viewer)
        if one.kind == "group" and one.tenant == tenant and holds(one, visit.work.now)
    )
    return [*islice(groups, _LISTED), *roles]
