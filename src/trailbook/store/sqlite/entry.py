"""What the index and the tables need to know of an event, worked out before any transaction begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from ...errors import Damaged
from ...event.canonical import Sealed
from ...event.facets import (
    reference_facets,
    rest_facets,
    rest_texts,
    target_facets,
    target_parties,
    target_texts,
    what_facets,
    who_facets,
    who_parties,
    who_texts,
)  # fmt: skip
from ...event.model import KINDS, Event, Initiator, PartyKey, Target
from ...seal.tree import leaf_hash
from ..keys import microseconds
from .connect import LOOK
from .tokens import EVERY, facet_token, frequent_token, what_token, word_tokens

T = TypeVar("T")

SUBMISSION_BYTES = 8
"""How much of a submission's digest is kept: enough to tell a retry from a conflict."""

_encoder = msgspec.json.Encoder()
_who_decoder: msgspec.json.Decoder[Initiator | None] = msgspec.json.Decoder(Initiator | None)
_what_decoder = msgspec.json.Decoder(tuple[str, str, str, str])
_CACHED = 50_000
LISTED = ("action:", "resource:", "app:", "changed:", "kind:")
"""Facets that are also kept in a list, to find those that begin so."""

UNIQUE = ("related:", "request:")
"""Facets that few events share."""


class Part(Struct, frozen=True, gc=False):
    """What a part of an event gives the index: tokens, facets whose beginnings can be asked for, parties with names."""

    tokens: str
    listed: tuple[str, ...] = ()
    parties: tuple[tuple[PartyKey, str], ...] = ()


class Entry(Struct, frozen=True, gc=False):
    """One event of a batch, ready for the transaction; the event itself is not kept.

    `who` and `what` are texts that stand for the initiator (without ip and user agent) and for resource, action,
    application and outcome. Many events share these, and parties as targets: what they give is worked out once, and
    is in `shared`; `own` is what the rest of the event gives.
    """

    event_id: str
    book: str
    id: bytes
    submission: bytes
    leaf: bytes
    micros: int
    who: str
    what: str
    shared: tuple[Part, ...]
    own: Part

    def tokens(self) -> str:
        """All tokens of the event, separated by spaces."""
        return " ".join([self.own.tokens, *[part.tokens for part in self.shared]])


def make_entry(sealed: Sealed, key: bytes) -> Entry:
    """The entry of an event; `key` is the store's own, for hashed tokens."""
    event = sealed.event
    who, what = who_text(event.initiator), what_text(event)
    facets, texts = rest_facets(event), rest_texts(event)
    shared = [who_part(who, key), what_part(what, key)]
    for target in event.affected():
        if target.kind in KINDS:
            shared.append(target_part(target, key))
        else:  # Calls and the like are many, and each is seen a few times at most: not worth remembering.
            facets.update(reference_facets(target))
            texts += target_texts(target)
    return Entry(
        event.id,
        event.tenant,
        bytes.fromhex(event.id.replace("-", "")),
        sealed.submission[:SUBMISSION_BYTES],
        leaf_hash(sealed.canonical),
        microseconds(event.occurred_at),
        who,
        what,
        tuple(shared),
        _part(facets, texts, key),
    )


@lru_cache(maxsize=_CACHED)
def who_text(initiator: Initiator | None) -> str:
    """The initiator as text, without ip and user agent."""
    if initiator is None:
        return "null"
    return _encoder.encode(structs.replace(initiator, ip="", user_agent="")).decode()


def what_text(event: Event) -> str:
    """Resource, action, application and outcome as text."""
    return _encoder.encode((event.resource, event.action, event.application, event.outcome)).decode()


def read_who(text: str) -> Initiator | None:
    """The initiator of its text, without ip and user agent. Raises Damaged."""
    return _read(_who_decoder, text)


def read_what(text: str) -> tuple[str, str, str, str]:
    """Resource, action, application and outcome of their text. Raises Damaged."""
    return _read(_what_decoder, text)


def _read(decoder: msgspec.json.Decoder[T], text: str) -> T:
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise Damaged(f"What events share cannot be read: {error}.", remedy=LOOK) from error


@lru_cache(maxsize=_CACHED)
def who_part(text: str, key: bytes) -> Part:
    """What an initiator gives the index."""
    initiator = read_who(text)
    return _part(who_facets(initiator), who_texts(initiator), key, tuple(who_parties(initiator)))


@lru_cache(maxsize=_CACHED)
def what_part(text: str, key: bytes) -> Part:
    """What a resource, action, application and outcome give the index."""
    resource, action, application, outcome = read_what(text)
    part = _part(what_facets(resource, action, application, outcome), (action, resource), key)
    return structs.replace(part, tokens=f"{EVERY} {what_token(text, key)} {part.tokens}")


@lru_cache(maxsize=_CACHED)
def target_part(target: Target, key: bytes) -> Part:
    """What a party as a target gives the index."""
    return _part(target_facets(target), target_texts(target), key, tuple(target_parties(target)))


def _part(
    facets: Collection[str], texts: Iterable[str], key: bytes, parties: tuple[tuple[PartyKey, str], ...] = ()
) -> Part:
    tokens = [facet_token(facet, key) if facet.startswith(UNIQUE) else frequent_token(facet, key) for facet in facets]
    listed = [facet for facet in facets if facet.startswith(LISTED)]
    return Part(" ".join([*tokens, word_tokens(texts)]), tuple(listed), parties)
