"""The conditions of a query one by one, in plain words, each with the addresses that take it out or turn it round."""

from __future__ import annotations

from typing import NamedTuple

from ...directory.directory import Directory
from ...directory.visible import visible_history
from ...event.model import Kind, PartyKey
from ...query.editing import parts, turned, without
from ...query.language import parse, unparse
from ...query.tree import EVERYTHING, Address, Condition, Field, Involves, Not, Period, Words
from ...report.asked import Asked
from ...report.hidden import WHO
from .building import Building
from .completing import beginning
from .labels import DIRECTIONS, FIELDS, KINDS
from .language import marked as _
from .screens import Screen
from .showing import harmless

_PROPERTIES = {"late": _("recorded late"), "anonymous": _("without initiator")}


class Chip(NamedTuple):
    """A condition: what it is about, its values, on which side; as the language has it; and where to without it."""

    label: str
    values: tuple[str, ...]
    side: str
    negative: bool
    query: str
    without_address: str
    turned_address: str


class Known(NamedTuple):
    """A party, and the last name that the reader may know of it; empty: none."""

    party: PartyKey
    name: str


class Meant(NamedTuple):
    """What a name or ID in the query was taken to mean: so many parties, the first of them by name.

    If nobody, `near` has whose name begins so: name and exact ID, the first of them.
    """

    kind: str
    value: str
    number: int
    known: tuple[Known, ...]
    near: tuple[str, ...] = ()

    @property
    def said(self) -> bool:
        """Whether the query says exactly who it is, and no name of theirs is known: then there is no more to tell."""
        return [(f"{one.party.tenant}/{one.party.id}", one.name) for one in self.known] == [(self.value, "")]


MOST = 30
"""Of a query with more conditions, so many are shown; and none of a query that is longer than `LONGEST` characters."""
LONGEST = 2_000
_TOLD = 5
"""Of the parties that a name stands for, so many are shown."""


def chips(screen: Screen, state: Building) -> list[Chip]:
    """The conditions of the query, the first of them. Raises BadQuery."""
    condition = parse(state.query)
    if condition == EVERYTHING or len(state.query) > LONGEST:
        return []
    return [
        _chip(
            screen,
            one,
            state.address(query=unparse(without(condition, at))),
            state.address(query=unparse(turned(condition, at))),
        )
        for at, one in enumerate(parts(condition)[:MOST])
    ]


def meant(screen: Screen, asked: Asked) -> list[Meant]:
    """What the names in the query were taken to mean, as far as the reader may know."""
    directory = screen.service.directory()
    return [
        Meant(
            screen.gettext(KINDS[kind]),
            value,
            len(found),
            tuple(Known(party, _name(directory, asked, party)) for party in found[:_TOLD]),
            () if found else _near(directory, asked, kind, value),
        )
        for kind, value, found in asked.about().parties
    ]


def _name(directory: Directory, asked: Asked, party: PartyKey) -> str:
    if asked.hidden.tells(*WHO):
        return ""
    return visible_history(directory, asked.viewer, party, asked.now).last_name


def _near(directory: Directory, asked: Asked, kind: Kind, value: str) -> tuple[str, ...]:
    if asked.hidden.tells(*WHO):
        return ()
    found = beginning(directory, asked.viewer, kind, value)[:_TOLD]
    return tuple(harmless(f"{name[:100]} ({exact[:100]})") for exact, name in found)


def warnings(screen: Screen, names: list[Meant], cut: bool) -> list[str]:
    """What to know before the rows are read; `cut`: usual columns are hidden from the reader."""
    nobody = _(
        "{kind} “{value}”: nobody of this name or ID is known in what you may see. That condition finds nothing."
    )
    several = _("{kind} “{value}” means {number}. To mean one of them, write its ID behind its tenant: tenant/id.")
    near = _("{kind} “{value}”: nobody is called just that. Did you mean one of these: {names}?")
    found = [
        screen.gettext(several if one.number else near if one.near else nobody).format(
            kind=one.kind,
            value=harmless(one.value[:100]),
            number=screen.showing.number(one.number),
            names=screen.showing.list(one.near),
        )
        for one in names
        if one.number != 1
    ]
    return (
        [*found, screen.gettext("Some of the usual columns are not shown: they are hidden from you.")] if cut else found
    )


def _chip(screen: Screen, one: Condition, removed: str, turned: str) -> Chip:
    inner = one.item if isinstance(one, Not) else one
    label, values, side = _words(screen, inner)
    return Chip(label, values, side, isinstance(one, Not), unparse(one), removed, turned)


def _words(screen: Screen, one: Condition) -> tuple[str, tuple[str, ...], str]:
    say = screen.gettext
    match one:
        case Involves(kind, values, direction):
            return say(KINDS[kind]), values, say(DIRECTIONS[direction])
        case Field("is", values):
            return say(FIELDS["is"]), tuple(say(_PROPERTIES[value]) for value in values), ""
        case Field(name, values):
            return say(FIELDS[name]), values, ""
        case Words(text):
            return screen.gettext("Text"), (text,), ""
        case Address(networks):
            return say(FIELDS["ip"]), networks, ""
        case Period(key, value):
            return say(FIELDS[key]), (value,), ""
        case _:
            return screen.gettext("Condition"), (unparse(one),), ""
