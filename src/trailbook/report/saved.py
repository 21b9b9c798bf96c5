"""A saved report: a definition under a title, whose it is, and with whom it is shared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..errors import BadDefinition
from .definition import Definition, from_dict

ShareKind = Literal["tenant", "group", "role"]
LONGEST_DEFINITION = 65_536


class Share(Struct, frozen=True, omit_defaults=True):
    """With whom: everybody of the report's tenant, a group of it (by id), or who has an access role there (by id)."""

    kind: ShareKind
    id: str = ""


class SavedReport(Struct, frozen=True):
    """A report to run again and again, each time within what whoever runs it may see.

    `owner` is the id of the account or key that made it, `tenant` whose it is. `definition` holds plain values and is
    checked whenever it is run; its title is the report's. Not shared means private.
    """

    id: str
    owner: str
    tenant: str
    title: str
    definition: dict[str, Any]
    description: str = ""
    sharing: tuple[Share, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def asks(self, defaults: Mapping[str, Any]) -> Definition:
        """What it asks for; `defaults` are for what it leaves out. Raises BadDefinition, BadQuery."""
        return from_dict({**defaults, **self.definition, "title": self.title})

    def told(self) -> dict[str, Any]:
        """What a change of it is told by."""
        return {
            "title": self.title,
            "description": self.description,
            "definition": self.definition,
            "sharing": [f"{one.kind}:{one.id}" if one.id else one.kind for one in self.sharing],
        }


class Sharer(Struct, frozen=True):
    """Who may be shared with: id, tenant, the ids of groups of this tenant, and the id of the access role."""

    id: str
    tenant: str
    groups: frozenset[str] = frozenset()
    role: str = ""


def check(report: SavedReport, defaults: Mapping[str, Any]) -> SavedReport:
    """The report, if it could be run as it is. Raises BadDefinition, BadQuery."""
    if "title" in report.definition:
        raise BadDefinition(
            "The title of a saved report is not part of its definition.",
            place="definition.title",
            remedy="Give it as the title of the report.",
        )
    if len(msgspec.json.encode(report.definition)) > LONGEST_DEFINITION:
        raise BadDefinition(
            f"The definition is longer than {LONGEST_DEFINITION:,} bytes.", place="definition", remedy="Shorten it."
        )
    report.asks(defaults)
    return report


def is_shared(report: SavedReport, who: Sharer) -> bool:
    """Whether it is of their tenant, and theirs or shared with them."""
    if report.tenant != who.tenant:
        return False
    return report.owner == who.id or any(_meets(share, who) for share in report.sharing)


def _meets(share: Share, who: Sharer) -> bool:
    match share.kind:
        case "tenant":
            return True
        case "group":
            return share.id in who.groups
        case "role":
            return bool(who.role) and share.id == who.role
