"""Scopes, rights and seats in plain words."""

from __future__ import annotations

from ...access.model import Right
from ...directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope
from .language import marked as _
from .screens import Screen
from .showing import harmless

RIGHTS: dict[Right, str] = {
    "view": _("see events"),
    "export": _("export events"),
    "schedule": _("schedule reports"),
    "reports": _("manage reports"),
    "directory": _("manage the directory"),
    "access": _("manage access"),
    "ingest": _("send events"),
}
"""What each right lets one do, to be translated where it is shown."""


def scope_in_words(screen: Screen, scope: Scope) -> str:
    """What may be seen: text to be escaped, in the language of the page."""
    match scope:
        case Root():
            return screen.gettext("All events of all tenants")
        case TenantScope(tenant):
            return screen.gettext("All events of the tenant {tenant}").format(tenant=harmless(tenant))
        case GroupScope(tenant, groups):
            said = screen.gettext("What involves the groups {groups} of the tenant {tenant}")
            return said.format(groups=screen.showing.list(map(harmless, groups)), tenant=harmless(tenant))
        case SelfScope(tenant, user):
            said = screen.gettext("What involves the user {user} of the tenant {tenant}")
            return said.format(user=harmless(user), tenant=harmless(tenant))
