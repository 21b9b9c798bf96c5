"""Which parties a text means, once all that it could mean were found."""

from __future__ import annotations

from collections.abc import Iterable

from ..event.facets import escape
from ..event.model import PartyKey


def preferred(found: Iterable[PartyKey], text: str) -> list[PartyKey]:
    """The party that `text` writes out as `tenant/id`, if it is among those found; else all of them, in order."""
    parties = sorted(found)
    return [party for party in parties if f"{escape(party.tenant)}/{party.id}" == text] or parties
