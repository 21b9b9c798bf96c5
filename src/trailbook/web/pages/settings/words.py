"""What access is called in plain words: rights, uses of keys, columns; sentences of errors that its pages tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ....access.model import KeyUse, Right
from ....report.columns import COLUMNS
from ..language import marked as _
from ..screens import Screen


class Choice(NamedTuple):
    """One of several to tick: what is sent, what it is called, and what it means."""

    value: str
    label: str
    about: str = ""


RIGHTS: dict[Right, tuple[str, str]] = {
    "view": (_("See events"), _("Ask for reports and open events, within the scope.")),
    "export": (_("Take events out"), _("Download what may be seen, as files.")),
    "schedule": (_("Schedule reports"), _("Have saved reports run by themselves.")),
    "reports": (_("Manage reports"), _("See, change and delete what others have saved in the tenant.")),
    "directory": (_("Manage the directory"), _("Say who there is, and who belongs to which group and role.")),
    "access": (_("Manage access"), _("Make and change accounts, access roles, keys and seats.")),
    "ingest": (_("Send events"), _("Make keys with which programs send events.")),
}
"""Each right by what it is called, and what it lets one do."""

USES: dict[KeyUse, tuple[str, str]] = {
    "ingest": (_("Send events"), _("Into the book of the tenant, of the applications named below.")),
    "read": (_("See and take out events"), _("All of the tenant's book but the columns hidden below.")),
    "manage": (_("Manage"), _("Saved reports, the directory and access of the tenant.")),
}
"""Each use of a key by what it is called, and what it lets a program do."""


SENTENCES = (
    _("Another account signs in with this name."),
    _("Another account has this subject."),
    _("Take it from that one first."),
    _("It would have ended already."),
    _("Give a time to come."),
    _("The period ends before it begins."),
    _("Give a later time."),
    _("This is your own account."),
    _("Ask somebody else who manages access."),
    _("Change your own password instead."),
    _("This is the last root account."),
    _("Make another one first."),
    _("The account is disabled, or has expired."),
    _("Enable it first."),
    _("OpenID Connect needs both."),
    _("Give `issuer` and `subject`, or neither."),
    _("Accounts have this role."),
    _("Give them another one first."),
    _("This role is always there, as it is."),
    _("Make one of your own."),
    _("Only root changes the roles that everybody has."),
    _("There is no such access role."),
    _("There is no such column to hide."),
    _("You may not manage access."),
    _("You may not manage the directory."),
    _("You may not give more tenants, groups or users than you see yourself."),
    _("You may not give events from before those that you see yourself."),
    _("You may not give events from after those that you see yourself."),
    _("You may not give access for longer than you have it yourself."),
    _("You may not give applications that are not yours."),
    _("Give at most what you have, or ask who manages your access."),
    _("Ask who manages its access."),
)
"""What errors say when access is changed, to be translated; what is not here is told in English."""


def rights() -> list[Choice]:
    """All rights, to tick."""
    return [Choice(right, *words) for right, words in RIGHTS.items()]


def uses() -> list[Choice]:
    """All uses of a key, to tick."""
    return [Choice(use, *words) for use, words in USES.items()]


def columns() -> list[Choice]:
    """All columns, to tick those that shall be hidden."""
    return [Choice(column.key, column.label) for column in COLUMNS.values()]


def labels(screen: Screen, keys: Iterable[str]) -> list[str]:
    """The labels of columns, by their keys, in the language of the page."""
    return [screen.gettext(COLUMNS[key].label) if key in COLUMNS else key for key in keys]


def scopes(screen: Screen, tenant: str) -> list[tuple[str, str]]:
    """The kinds of scopes to choose from, as options; `tenant`: who chooses manages that one alone."""
    options = [
        ("root", screen.gettext("All events of all tenants")),
        ("tenant", screen.gettext("All events of the tenant")),
        ("groups", screen.gettext("What involves some groups of the tenant")),
        ("self", screen.gettext("What involves the account's own user")),
    ]
    return options[1:] if tenant else options
