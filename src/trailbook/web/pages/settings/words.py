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
    "export": (_("Take events out"), _("Download what may be seen, as CSV or JSON Lines.")),
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
