"""Hypothesis strategies for condition trees: as written over any text, and resolved over a small closed world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

from hypothesis import strategies as st

from trailbook.event.model import KINDS, Belonging, Change, Event, Initiator, Outcome, PartyKey, Reference, Target
from trailbook.event.text import words
from trailbook.query.normal import normalise
from trailbook.query.tree import (
    FIELDS,
    Address,
    And,
    Condition,
    Field,
    Involves,
    Not,
    Occurred,
    Or,
    Parties,
    Period,
    Words,
)

DIRECTIONS = st.sampled_from(["either", "by", "against"])

# The closed world: two tenants, with namesakes and the same ids in both, so that mistakes about identity show.
TENANTS = ("acme", "globex/uk")
USERS = ("u1", "u2", "u3")
NAMES = ("Ann Lee", "Bob", "")
GROUPS = ("callcentre", "north")
ROLES = ("admin", "agent")
ACTIONS = ("login", "logout", "send_email", "send_fax")
RESOURCES = ("calls", "reports", "")
APPS = ("web", "Web", "celery")
ADDRESSES = ("85.223.209.22", "85.223.0.1", "10.0.0.1", "2001:db8::1", "::ffff:85.223.9.9", "unknown", "")
NETWORKS = ("85.223.0.0/16", "85.223.209.22", "10.0.0.0/8", "2001:db8::/32", "::/0", "0.0.0.0/0", "::ffff:85.0.0.0/104")
REFERENCES = (("calls", "42"), ("calls", "43"), ("reports", "42"), ("a/b", "7"))
TRACES = ("r1", "r2", "")
FIELD_NAMES = ("name", "E-mail", "role")
TEXTS = (
    "call played back",
    "Müller called the call centre",
    "password reset for Ann",
    "東京 のコール",
    "at gate 7",
    "",
)
PHRASES = (
    "call", "call centre", "centre call", "MULLER", "ann", "Ann Lee", "reset for", "東京", "京東", "zzz", "42",
    "at gate 7", "gate 8", "7", "action login", "on resource calls", "action", "on",
)  # fmt: skip
PREFIXES = ("cal", "call cen", "mul", "zzz", "pass", "act", "on res")
START = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
MOMENTS = tuple(START + timedelta(minutes=30 * step) for step in range(6))
EVENT_IDS = tuple(str(UUID(int=number + 1, version=4)) for number in range(40))


def trees(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Any nesting of AND, OR and NOT over `leaves`, empty ones included."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda items: And(tuple(items))),
            st.lists(inner, max_size=4).map(lambda items: Or(tuple(items))),
            inner.map(Not),
        ),
        max_leaves=12,
    )


# Text that a query may hold, with what the language gives a meaning made likely.
_characters = st.one_of(
    st.sampled_from(list(' \t\n"\\()*,-:./%“”')),
    st.sampled_from(list("aBz09éß東")),
    st.characters(exclude_categories=["Cs"]),
)
_syntax = st.sampled_from(["OR", "and", "Not", "-x", "by:x", "a*", "**", "*", 'say "hi"', "a\\", "(a)", "acme/u%2F7"])
texts_of_any_kind = st.one_of(_syntax, st.text(_characters, max_size=12))


def _some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def _any_words(draw: st.DrawFn) -> Words:
    text = draw(texts_of_any_kind.filter(words))
    return Words(text, draw(st.booleans()) and len(words(text)[-1]) >= 3)


def _written_values(name: str) -> st.SearchStrategy[str]:
    match name:
        case "outcome":
            return st.sampled_from(get_args(Outcome))
        case "is":
            return st.sampled_from(["late", "anonymous"])
        case "id":
            return st.uuids().map(str)
        case "related":
            return st.one_of(texts_of_any_kind.filter(str.strip), st.sampled_from(["calls/*", "/*", "a b/*"]))
        case _:
            return texts_of_any_kind.filter(str.strip)


_periods = st.one_of(
    st.builds(
        Period,
        st.sampled_from(["since", "until"]),
        st.sampled_from(
            ["2021-11-17", "2021", "2021-11-17T14:07", "2021-11-17 14:07:00.5+01:00", "-7d", "-1mo", "Today"]
        ),
    ),
    st.builds(
        Period,
        st.just("during"),
        st.sampled_from(["2021-11", "last-month", "-24h", "2021-11-01..2021-11-17", "2021..today"]),
    ),
)
written_leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Involves, st.sampled_from(KINDS), _some(texts_of_any_kind.filter(str.strip)), DIRECTIONS),
    *(st.builds(Field, st.just(name), _some(_written_values(name))) for name in FIELDS),
    st.builds(Address, _some(st.sampled_from(NETWORKS))),
    _any_words(),
    _periods,
)
written_trees = trees(written_leaves).map(normalise)
"""Every normal tree that `parse` can give."""

_parties = st.one_of(
    st.builds(PartyKey, st.just("user"), st.sampled_from(TENANTS), st.sampled_from(USERS)),
    st.builds(PartyKey, st.just("group"), st.sampled_from(TENANTS), st.sampled_from(GROUPS)),
    st.builds(PartyKey, st.just("role"), st.sampled_from(TENANTS), st.sampled_from(ROLES)),
    st.sampled_from(TENANTS).map(lambda tenant: PartyKey("tenant", tenant, tenant)),
)
_resolved_values: dict[str, tuple[str, ...]] = {
    "action": (*ACTIONS, "LOGIN", "send_*", "log*", "*", "none"),
    "resource": ("calls", "Reports", "c*", "*"),
    "app": ("web", "CELERY", "w*"),
    "outcome": get_args(Outcome),
    "changed": ("name", "e-mail", "e*", "*"),
    "related": ("calls/42", "42", "calls/*", "a%2Fb/7", "a%2Fb/*", "user/u1", "u1", "none"),
    "id": EVENT_IDS[:3],
    "request": ("r1", "r2", "none"),
    "book": TENANTS,
    "is": ("late", "anonymous"),
}
resolved_leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Parties, st.lists(_parties, max_size=3).map(tuple), DIRECTIONS),
    st.builds(Parties, st.lists(_parties, min_size=1, max_size=1).map(tuple), DIRECTIONS),
    st.sampled_from(FIELDS).flatmap(
        lambda name: st.builds(Field, st.just(name), _some(st.sampled_from(_resolved_values[name])))
    ),
    st.builds(Address, _some(st.sampled_from(NETWORKS))),
    st.builds(Words, st.sampled_from(PHRASES)),
    st.builds(Words, st.sampled_from(PREFIXES), st.just(True)),
    st.builds(Occurred, st.none() | st.sampled_from(MOMENTS), st.none() | st.sampled_from(MOMENTS)),
)
resolved_trees = trees(resolved_leaves)
"""Trees that `matches` has a meaning for, over the closed world; not necessarily normal."""


def _belongings(ids: tuple[str, ...]) -> st.SearchStrategy[tuple[Belonging, ...] | None]:
    one = st.builds(Belonging, st.sampled_from(ids), st.sampled_from(("North", "")), st.sampled_from(TENANTS))
    return st.none() | st.lists(one, max_size=2).map(tuple)


_users = st.builds(
    Target,
    st.just("user"),
    st.sampled_from(USERS),
    st.sampled_from(NAMES),
    st.sampled_from(TENANTS),
    _belongings(GROUPS),
    _belongings(ROLES),
)
_targets = st.one_of(
    _users,
    st.builds(Target, st.just("group"), st.sampled_from(GROUPS), st.just(""), st.sampled_from(TENANTS)),
    st.builds(Target, st.just("role"), st.sampled_from(ROLES), st.just(""), st.sampled_from(TENANTS)),
    st.sampled_from(TENANTS).map(lambda tenant: Target("tenant", tenant, "", tenant)),
    st.builds(Target, st.just("calls"), st.just("42"), st.just("")),
)
_initiators = st.builds(
    Initiator,
    id=st.sampled_from(USERS),
    name=st.sampled_from(NAMES),
    tenant=st.sampled_from(TENANTS),
    verified=st.integers(0, 4).map(bool),
    ip=st.sampled_from(ADDRESSES),
    groups=_belongings(GROUPS),
    roles=_belongings(ROLES),
    acts_as=st.none() | _users,
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event of the closed world as it is after ingest: every party has its tenant, times are UTC."""
    occurred_at = draw(st.sampled_from(MOMENTS))
    return Event(
        id=draw(st.sampled_from(EVENT_IDS)),
        occurred_at=occurred_at,
        resource=draw(st.sampled_from(RESOURCES)),
        action=draw(st.sampled_from(ACTIONS)),
        tenant=draw(st.sampled_from(TENANTS)),
        application=draw(st.sampled_from(APPS)),
        initiator=draw(st.none() | _initiators),
        outcome=draw(st.sampled_from(get_args(Outcome))),
        details=draw(st.sampled_from(TEXTS)),
        targets=draw(st.lists(_targets, max_size=2).map(tuple)),
        related=draw(st.lists(st.sampled_from(REFERENCES).map(lambda pair: Reference(*pair)), max_size=2).map(tuple)),
        request_id=draw(st.sampled_from(TRACES)),
        changes=draw(st.dictionaries(st.sampled_from(FIELD_NAMES), st.just(Change("old Bob", 42)), max_size=2)),
        data=draw(st.none() | st.fixed_dictionaries({"note": st.sampled_from(TEXTS), "n": st.just(42)})),
        recorded_at=occurred_at + timedelta(hours=draw(st.sampled_from((0, 24, 25)))),
    )


events_with_unique_ids = st.lists(events(), max_size=12, unique_by=lambda event: event.id)
"""Events that can be appended together to a store."""
