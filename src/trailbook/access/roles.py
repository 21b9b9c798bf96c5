"""Finding access roles: those that are always there, and those that were made."""

from __future__ import annotations

from datetime import datetime

from ..store.ports import Records
from .kept import ROLES
from .model import SHIPPED_ROLES, AccessRole

_SHIPPED = {role.id: role for role in SHIPPED_ROLES}


def find_role(records: Records, id: str, now: datetime) -> AccessRole | None:
    """The access role of this id, or None."""
    if id in _SHIPPED:
        return _SHIPPED[id]
    found = ROLES.find(records, id, now)
    return None if found is None else found.value
