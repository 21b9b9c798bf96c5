"""What the index and the tables need to know of an event, worked out before any transaction begins."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec import Struct, structs

from ...event.canonical import Sealed
from ...event.facets import named_parties, other_facets, other_texts, what_facets, who_facets, who_texts
from ...event.model import Event, Initiator, PartyKey
from ...event.text import words
from ...seal.tree import leaf_hash
from ..keys import microseconds
from .tokens import EVERY, HASHED, address_token, hashed_token, word_token

_encoder = msgspec.json.Encoder()
_who_decoder: msgspec.json.Decoder[Initiator | None] = msgspec.json.Decoder(Initiator | None)
_what_decoder = msgspec.json.Decoder(tuple[str, str, str, str])


class Shared(Struct, frozen=True):
    """What events that agree in a part have in common: `facets` get a number, `tokens` are written as they are."""

    facets: tuple[str, ...]
    tokens: str


class Entry(Struct, frozen=True):
    """One event of a batch, ready for the transaction.

    `who` and `what` are texts that stand for the initiator (without ip and user agent) and for resource, action,
    application and outcome; many events share them.
    """

    sealed: Sealed
    leaf: bytes
    micros: int
    who: str
    what: str
    facets: tuple[str, ...]
    tokens: str
    parties: frozenset[tuple[PartyKey, str]]


def make_entry(sealed: Sealed, key: bytes) -> Entry:
    """The entry of an event; `key` is the store's own, for hashed tokens."""
    event = sealed.event
    facets, tokens = [], [EVERY]
    for facet in other_facets(event):
        if facet.startswith(HASHED):
            tokens.append(hashed_token(facet, key))
        elif facet.startswith("ip:"):
            tokens.append(address_token(facet[3:]))
        else:
            facets.append(facet)
    tokens.append(_word_tokens(other_texts(event)))
    return Entry(
        sealed,
        leaf_hash(sealed.canonical),
        microseconds(event.occurred_at),
        who_text(event.initiator),
        what_text(event),
        tuple(facets),
        " ".join(tokens),
        frozenset(named_parties(event)),
    )


def who_text(initiator: Initiator | None) -> str:
    """The initiator as text, without ip and user agent."""
    if initiator is None:
        return "null"
    return _encoder.encode(structs.replace(initiator, ip="", user_agent="")).decode()


def what_text(event: Event) -> str:
    """Resource, action, application and outcome as text."""
    return _encoder.encode((event.resource, event.action, event.application, event.outcome)).decode()


def read_who(text: str) -> Initiator | None:
    """The initiator of its text, without ip and user agent."""
    return _who_decoder.decode(text)


def read_what(text: str) -> tuple[str, str, str, str]:
    """Resource, action, application and outcome of their text."""
    return _what_decoder.decode(text)


@lru_cache(maxsize=100_000)
def who_shared(text: str) -> Shared:
    """What all events of an initiator share."""
    initiator = read_who(text)
    return Shared(tuple(who_facets(initiator)), _word_tokens(who_texts(initiator)))


@lru_cache(maxsize=100_000)
def what_shared(text: str) -> Shared:
    """What all events of a resource, action, application and outcome share."""
    resource, action, application, outcome = read_what(text)
    facets = what_facets(resource, action, application, outcome)
    return Shared(tuple(facets), _word_tokens((action, resource)))


def _word_tokens(texts: Iterable[str]) -> str:
    return " ".join(map(word_token, set(words("\n".join(texts)))))
