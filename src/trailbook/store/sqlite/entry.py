"""What the index of tokens is given of an event."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache, partial

from msgspec import Struct

from .. import entry
from .tokens import EVERY, facet_token, found_by_word, frequent_token, what_token, word_tokens

LISTED = ("action:", "resource:", "app:", "changed:", "kind:")
"""Facets that are also kept in a list, to find those that begin so."""

_REMEMBERED = 50_000


class Tokens(Struct, frozen=True, gc=False):
    """Tokens separated by spaces, and the facets among them whose beginnings can be asked for."""

    text: str
    listed: tuple[str, ...] = ()


Entry = entry.Entry[Tokens]


class Entries(entry.Entries[Tokens]):
    """See `store.entry`; `key` is the store's own, for hashed tokens."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key
        self._frequent = lru_cache(_REMEMBERED)(partial(frequent_token, key=key))

    def indexed(self, facets: Collection[str], texts: Iterable[str]) -> Tokens:
        """See `store.entry`."""
        key = self._key
        tokens, listed = [], []
        for facet in facets:
            if facet.startswith("related:"):
                if not found_by_word(facet):
                    tokens.append(facet_token(facet, key))
            elif facet.startswith("request:"):
                tokens.append(facet_token(facet, key))
            else:
                tokens.append(self._frequent(facet))
                if facet.startswith(LISTED):
                    listed.append(facet)
        return Tokens(" ".join([*tokens, word_tokens(texts)]), tuple(listed))

    def indexed_what(self, text: str, facets: Collection[str], texts: Iterable[str]) -> Tokens:
        """See `store.entry`."""
        found = self.indexed(facets, texts)
        return Tokens(f"{EVERY} {what_token(text, self._key)} {found.text}", found.listed)


@lru_cache(maxsize=16)
def entries_with(key: bytes) -> Entries:
    """What makes the entries of the store with this key."""
    return Entries(key)


def all_tokens(entry: Entry) -> str:
    """All tokens of an event, separated by spaces."""
    return " ".join([tokens.text for tokens in entry.indexed()])
