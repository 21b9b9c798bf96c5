"""The sections of the settings: which there are, and which of them a visitor may open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from starlette.responses import Response

from ....access.decide import check_seat, viewer
from ....directory.viewer import Root
from ....errors import NotAllowed
from ...changed import Work
from ...granting import managed
from ...health import check_root
from ..language import marked as _
from ..screens import Visit

PAGE = 100
"""Entries of a list that are shown at once."""

Tenant = Annotated[str, Query(max_length=1024)]
"""Of which tenant a list shall be; empty: of all that the visitor manages."""


class Section(NamedTuple):
    """A page of the settings, what it is for, and the check that refuses who may not open it."""

    path: str
    label: str
    about: str
    check: Callable[[Work], Any]


SECTIONS: tuple[Section, ...] = (
    Section(
        "/settings/accounts",
        _("Accounts"),
        _("Who signs in: new ones, what each may do, one-time links, ending access."),
        managed,
    ),
    Section(
        "/settings/access-roles",
        _("Access roles"),
        _("Sets of rights under a name, for accounts to have."),
        managed,
    ),
    Section(
        "/settings/keys",
        _("API keys"),
        _("For programs that send events, read them, or manage access."),
        managed,
    ),
    Section(
        "/settings/seats",
        _("Auditors' seats"),
        _("Accounts that only read, for a while and within a period."),
        managed,
    ),
    Section(
        "/settings/domains",
        _("Outside domains"),
        _("Where schedules and alerts of a tenant may send mail and webhooks to."),
        managed,
    ),
    Section(
        "/settings/directory",
        _("Directory"),
        _("Users, groups, roles and tenants, and who belonged to what when."),
        lambda work: work.require("directory"),
    ),
    Section(
        "/settings/sessions",
        _("Your sessions"),
        _("Where you are signed in, and ending that."),
        lambda work: check_seat(work.caller, work.now),
    ),
    Section(
        "/settings/formats",
        _("Formats"),
        _("Logs of other systems: how they are imported, and trying it on a few records."),
        lambda work: check_seat(work.caller, work.now),
    ),
    Section(
        "/settings/storage",
        _("Storage"),
        _("Books and their heads, the disk, and what has become of events."),
        lambda work: check_root(work.caller, work.now),
    ),
)
"""In the order in which they are shown."""


def allowed(check: Callable[..., Any], *given: Any) -> bool:
    """Whether a check that raises NotAllowed lets pass."""
    try:
        check(*given)
    except NotAllowed:
        return False
    return True


def sections_for(visit: Visit) -> list[Section]:
    """Those that the visitor may open."""
    return [section for section in SECTIONS if allowed(section.check, visit.work)]


def tenant_of(visit: Visit) -> str:
    """The tenant whose access the visitor manages; empty: of all. Raises NotAllowed."""
    return managed(visit.work) or ""


def page(visit: Visit, template: str, **values: Any) -> Response:
    """A page of the settings; with `wrong`, what was sent once more, and what is wrong with it."""
    return visit.page(template, sections=sections_for(visit), tenants=_tenants(visit), **values)


def _tenants(visit: Visit) -> list[str]:
    """The tenants that have books, to choose from, for who manages all; the first of them."""
    if not isinstance(visit.caller.seat.scope, Root):
        return []
    return sorted(visit.service.reader.heads(viewer(visit.caller, visit.work.now)))[:PAGE]
