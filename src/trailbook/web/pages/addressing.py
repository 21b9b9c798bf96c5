"""To whom something goes, on pages: recipients in words, and the part of a form that says who they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...access.kept import ACCOUNTS
from ...deliver.recipients import Kind, Recipient, allowed
from ...deliver.ways import open_ways
from .. import accounts
from ..granting import managed
from . import settings
from .forms import Form
from .language import marked as _
from .screens import Visit

FIELDS: dict[str, Kind] = {
    "accounts": "account",
    "more_accounts": "account",
    "mails": "mail",
    "folders": "folder",
    "webhooks": "webhook",
}
"""The fields of a form that say to whom it goes, in the order in which they are sent on, and what each is of."""
KINDS: dict[Kind, str] = {
    "account": _("Account"),
    "mail": _("Mail address"),
    "folder": _("Folder"),
    "webhook": _("Webhook"),
}
_OFFERED = 100


class Addressee(NamedTuple):
    """A recipient in words: of which kind it is, and its name or address."""

    kind: str
    text: str


class Offer(NamedTuple):
    """Whom a form offers: accounts to tick, whether it may leave the house, to which domains, and by which ways."""

    accounts: list[settings.words.Choice]
    outside: bool
    domains: tuple[str, ...]
    ways: frozenset[str]


def name_of(visit: Visit, id: str, tenant: str) -> str:
    """The name of an account of this tenant; the id of any other."""
    found = ACCOUNTS.find(visit.service.store, id, visit.work.now)
    return (found.value.label or found.value.name) if found and found.record.owner == tenant else id


def text_of(visit: Visit, recipient: Recipient, tenant: str) -> str:
    """A recipient by its name or address."""
    return name_of(visit, recipient.to, tenant) if recipient.kind == "account" else recipient.to


def addressees(visit: Visit, recipients: Iterable[Recipient], tenant: str) -> list[Addressee]:
    """Recipients in words."""
    return [Addressee(visit.gettext(KINDS[one.kind]), text_of(visit, one, tenant)) for one in recipients]


def offer(visit: Visit, recipients: Sequence[Recipient], tenant: str) -> Offer:
    """Whom a form offers: the visitor, who gets it already and, to whoever manages access, the tenant's accounts."""
    known = {visit.caller.id: visit.caller.name}
    known |= {one.to: name_of(visit, one.to, tenant) for one in recipients if one.kind == "account"}
    if settings.sections.allowed(managed, visit.work):
        found = accounts.list_accounts(visit.work, tenant, "", _OFFERED)
        known |= {one.id: one.label or one.name for one in found.items if not one.disabled}
    outside = "export" in visit.caller.seat.rights or any(one.outside for one in recipients)
    domains = allowed(visit.service.store, tenant, visit.work.now) if outside else ()
    return Offer(
        [settings.words.Choice(id, name) for id, name in known.items()],
        outside,
        domains,
        open_ways(visit.service.settings),
    )


def fields_of(recipients: Iterable[Recipient]) -> dict[str, Any]:
    """The fields of a form for these recipients."""
    by_kind: dict[str, list[str]] = {}
    for one in recipients:
        by_kind.setdefault(one.kind, []).append(one.to)
    lines = {name: "\n".join(by_kind.get(kind, ())) for name, kind in FIELDS.items() if kind != "account"}
    return {"accounts": by_kind.get("account", []), "more_accounts": "", **lines}


def sent(form: Form) -> list[tuple[str, dict[str, str]]]:
    """The recipients that were sent, as the API takes them, each with the field that it stands in."""
    return [
        (name, {"kind": kind, "to": one})
        for name, kind in FIELDS.items()
        for one in (form.all(name) if name == "accounts" else settings.fields.lines(form.one(name)))
    ]


def places(form: Form) -> dict[str, str]:
    """The field that is meant where an error names a recipient by its number."""
    found: dict[str, str] = {"recipients": "accounts"}
    for number, (name, _given) in enumerate(sent(form)):
        found |= {f"recipients[{number}]": name, f"{number}": name}
    return found


def meant(visit: Visit, place: str, tenant: str) -> str:
    """The recipient of the form that an error is about; empty if it is about none."""
    number = place.removeprefix("recipients").strip("[].to")
    given = sent(visit.form)
    if not place.startswith("recipients") or not number.isdecimal() or int(number) >= len(given):
        return ""
    name, one = given[int(number)]
    return name_of(visit, one["to"], tenant) if name == "accounts" else one["to"]
