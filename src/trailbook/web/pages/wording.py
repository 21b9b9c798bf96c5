"""What may be seen, in plain words."""

from __future__ import annotations

from ...directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope
from .screens import Screen
from .showing import harmless


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
