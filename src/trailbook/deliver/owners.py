"""Whose a schedule is, and who receives what is sent, as of now: what each of them may still see and do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from ..access import decide
from ..access.kept import ACCOUNTS, REPORTS, Found, Shelf
from ..access.model import Caller
from ..access.own import home
from ..access.present import present
from ..access.sight import sight_of
from ..directory.viewer import TenantScope, Viewer, cut
from ..errors import BadInput, NotAllowed, NotSignedIn, TrailbookError
from ..report.saved import SavedReport
from .alerts import Alert
from .base import Base
from .clean import mail_address
from .files import files_needed
from .folder import folder_names
from .recipients import Recipient, address, require_to_send
from .schedules import SCHEDULES, Schedule, check

T = TypeVar("T", Schedule, Alert)


class Owner(Struct, frozen=True):
    """The owner of a schedule, as whom they read, and the report that it runs."""

    caller: Caller
    viewer: Viewer
    report: Found[SavedReport]


class Reached(Struct, frozen=True):
    """A recipient: where messages go to, and as whom the report is read for them."""

    to: str
    viewer: Viewer


def owner_of(base: Base, schedule: Schedule, now: datetime) -> Owner:
    """The owner, as far as they may schedule this report now.

    Raises NotSignedIn or NotAllowed for an account that has ended or lost the right to schedule or, if anything leaves
    to the outside, to export; and for a report that is gone or that they no longer see.
    """
    caller = present(base.store, "account", schedule.owner, now)
    require_to_send(caller, schedule.recipients, now)
    viewer = decide.viewer(caller, now)
    found = REPORTS.find(base.store, schedule.report, now)
    if found is None or not sight_of(base.store, base.directory(), caller, now).may_see(found.value):
        raise NotAllowed(
            "The report is gone, or not shared with whom the schedule belongs to.",
            place="report",
            remedy="Choose another report.",
        )
    return Owner(caller, viewer, found)


def reached(base: Base, tenant: str, owner: Caller, viewer: Viewer, recipient: Recipient, now: datetime) -> Reached:
    """A recipient, as far as they may receive it now: an account gets what both it and the owner may see.

    `tenant`: whose it is that is sent; `viewer`: as whom the owner reads. Outside recipients are ones that the tenant
    allows, so they get what is of its book; more only if it is the owner's own tenant, and the owner sees more.

    Raises NotAllowed for an account that is gone, may not see events, or sees nothing of the owner's, alike; and for a
    domain that the tenant does not allow. Raises BadInput for an account or recipient without an address.
    """
    if recipient.outside:
        decide.require(owner, "export", now)
        return Reached(address(base.store, tenant, recipient, now), _of_tenant(viewer, tenant, owner))
    try:
        caller = present(base.store, "account", recipient.to, now)
        seen = decide.viewer(caller, now)
        if caller.id != owner.id:
            seen = cut(seen, viewer, f"{seen.name}, as far as {viewer.name} sees it")
    except (NotAllowed, NotSignedIn) as error:
        # Of an account elsewhere, nobody finds out even that it is there.
        raise NotAllowed(
            "There is no such account, or there is nothing of this that it may see.",
            place="recipients",
            remedy="Take it off.",
        ) from error
    return Reached(_mail_address(base, caller, now), seen)


def check_all(base: Base, schedule: Schedule, now: datetime) -> Owner:
    """The owner of a schedule that is to be kept.

    Raises as `check`, `files_needed`, `owner_of`, `reached` and `check_number` do.
    """
    check(schedule, now, base.least_between_runs)
    files_needed(base.settings)
    owner = owner_of(base, schedule, now)
    schedule.definition(owner.report.value, defaults(base))
    check_recipients(base, schedule.tenant, owner.caller, owner.viewer, schedule.recipients, now)
    check_number(base, SCHEDULES, schedule, base.settings.tenant_schedules, now)
    return owner


def check_number(base: Base, shelf: Shelf[T], one: T, most: int, now: datetime) -> None:
    """Raises NotAllowed for one more on a shelf of its tenant than the `most` that may be there."""
    there = shelf.all(base.store, now, owner=one.tenant, limit=most)
    if len(there) >= most and one.id not in {other.value.id for other in there}:
        raise NotAllowed(
            f"{one.tenant} has {most:,} {shelf.kind}s, the most that a tenant may have.",
            place=f"{shelf.kind}s",
            remedy=f"Delete one that nobody needs, or raise the setting `tenant_{shelf.kind}s`.",
        )


def check_recipients(
    base: Base, tenant: str, owner: Caller, viewer: Viewer, recipients: Iterable[Recipient], now: datetime
) -> None:
    """Raises NotAllowed or BadInput for the first of the recipients who could not receive it now."""
    for number, one in enumerate(recipients):
        try:
            if one.kind == "folder":
                folder_names(one.to)
            reached(base, tenant, owner, viewer, one, now)
        except TrailbookError as error:
            kind = NotAllowed if isinstance(error, NotAllowed) else BadInput
            raise kind(error.problem, place=f"recipients[{number}]", remedy=error.remedy) from error


def defaults(base: Base) -> dict[str, str]:
    """What a definition says where it leaves something out."""
    return {"zone": base.settings.zone, "locale": base.settings.locale}


def _of_tenant(viewer: Viewer, tenant: str, owner: Caller) -> Viewer:
    """The viewer, who sees nothing beside the tenant's book unless the tenant is the owner's own."""
    if tenant == home(owner):
        return viewer
    return cut(viewer, Viewer(tenant, TenantScope(tenant)), f"{viewer.name}, in {tenant}")


def _mail_address(base: Base, caller: Caller, now: datetime) -> str:
    """An account's mail address: the name that it signs in with. Raises BadInput if that is none."""
    found = ACCOUNTS.find(base.store, caller.id, now)
    try:
        return mail_address(found.value.name if found else "")
    except BadInput as error:
        raise BadInput(
            "The name that this account signs in with is not a mail address.",
            place="recipients",
            remedy="Give the account a name that is.",
        ) from error
