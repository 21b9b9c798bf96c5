"""What the index and the tables need to know of an event, worked out before any transaction begins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, structs

from ..errors import Damaged
from ..event.canonical import Sealed
from ..event.facets import (
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
from ..event.model import KINDS, Event, Initiator, PartyKey, Target
from ..seal.tree import leaf_hash
from .bodies import LOOK
from .keys import microseconds
from .ports import SUBMISSION_BYTES

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")

_encoder = msgspec.json.Encoder()
_who_decoder: msgspec.json.Decoder[Initiator | None] = msgspec.json.Decoder(Initiator | None)
_what_decoder = msgspec.json.Decoder(tuple[str, str, str, str])
_CACHED = 50_000


class Part(Struct, Generic[T], frozen=True, gc=False):
    """What a part of an event that others share gives a store: what its index is given, and parties with names."""

    indexed: T
    parties: tuple[tuple[PartyKey, str], ...] = ()


SharedPart = tuple[int, int]
"""A book's number, and which of the parts that its events share: told apart by identity, which is cheaper than by all
that is in them."""


class Entry(Struct, Generic[T], frozen=True, gc=False):
    """One event of a batch, ready for the transaction; the event itself is not kept.

    `who` and `what` are texts that stand for the initiator (without ip and user agent) and for resource, action,
    application and outcome. Many events share these, and parties as targets: what they give is worked out once, and
    is in `shared`; `own` is what the rest of the event gives the index.
    """

    event_id: str
    book: str
    id: bytes
    submission: bytes
    leaf: bytes
    micros: int
    who: str
    what: str
    shared: tuple[Part[T], ...]
    own: T

    def indexed(self) -> list[T]:
        """All that the event gives the index."""
        return [self.own, *[part.indexed for part in self.shared]]


class Entries(ABC, Generic[T]):
    """Makes entries for one store. `T` is what its index is given of facets and texts."""

    def __init__(self) -> None:
        self._of_who = self.remembering(self._who_part)
        self._of_what = self.remembering(self._what_part)
        self._of_target = self.remembering(self._target_part)

    def remembering(self, make: Callable[[K], Part[T]]) -> Callable[[K], Part[T]]:
        """Makes parts, and remembers them."""
        return lru_cache(_CACHED)(make)

    @abstractmethod
    def indexed(self, facets: Collection[str], texts: Iterable[str]) -> T:
        """What the index is given of these facets, and of the words in these texts."""

    def indexed_what(self, text: str, facets: Collection[str], texts: Iterable[str]) -> T:
        """The same of a resource, action, application and outcome, whose text is given too."""
        return self.indexed(facets, texts)

    def make(self, sealed: Sealed) -> Entry[T]:
        """The entry of an event."""
        event = sealed.event
        who, what = who_text(event.initiator), what_text(event)
        facets, texts = rest_facets(event), rest_texts(event)
        shared = [self._of_who(who), self._of_what(what)]
        for target in event.affected():
            if target.kind in KINDS:
                shared.append(self._of_target(target))
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
            self.indexed(facets, texts),
        )

    def _who_part(self, text: str) -> Part[T]:
        initiator = read_who(text)
        return Part(self.indexed(who_facets(initiator), who_texts(initiator)), tuple(who_parties(initiator)))

    def _what_part(self, text: str) -> Part[T]:
        resource, action, application, outcome = read_what(text)
        facets = what_facets(resource, action, application, outcome)
        return Part(self.indexed_what(text, facets, (action, resource)))

    def _target_part(self, target: Target) -> Part[T]:
        return Part(self.indexed(target_facets(target), target_texts(target)), tuple(target_parties(target)))


def shared_parts(entries: Iterable[tuple[int, Entry[T]]]) -> dict[SharedPart, Part[T]]:
    """What the events of each book share, given with the book's number as the entries are: each part once."""
    return {(book, id(part)): part for book, entry in entries for part in entry.shared}


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


def _read(decoder: msgspec.json.Decoder[R], text: str) -> R:
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise Damaged(f"What events share cannot be read: {error}.", remedy=LOOK) from error
