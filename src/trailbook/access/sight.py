"""Which saved reports somebody may see, and whose they manage."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ..directory.directory import Directory
from ..directory.viewer import TenantScope
from ..report import saved
from ..report.saved import SavedReport, Sharer
from ..store.ports import Records
from .decide import within_scope
from .kept import ACCOUNTS
from .model import Caller
from .own import home


class Sight(Struct, frozen=True):
    """Somebody, and as whom reports are shared with them."""

    caller: Caller
    sharer: Sharer

    def may_see(self, report: SavedReport) -> bool:
        """Whose it is, with whom it is shared, and who manages reports of its tenant."""
        return saved.is_shared(report, self.sharer) or self.manages(report.tenant)

    def manages(self, tenant: str) -> bool:
        """Whether they manage the reports of a tenant."""
        seat = self.caller.seat
        return "reports" in seat.rights and within_scope(seat.scope, TenantScope(tenant))


def sight_of(records: Records, directory: Directory, caller: Caller, now: datetime) -> Sight:
    """What somebody may see: by their groups as of now, and the access role that they have now."""
    tenant = home(caller)
    joined = directory.groups_at(caller.user.tenant, caller.user.id, now) or ()
    account = ACCOUNTS.find(records, caller.id, now) if caller.kind == "account" else None
    groups = frozenset(one.id for one in joined if one.tenant == tenant)
    return Sight(caller, Sharer(caller.id, tenant, groups, account.value.role if account is not None else ""))
