"""Tokens in PostgreSQL: a beginning finds its words, and a text is one token from the first event to the last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealed import seal, simple

from trailbook.event.text import words
from trailbook.store.postgres.tokens import (
    Entries,
    array_of,
    element,
    elements_of,
    hashed_word,
    hashed_words,
    is_numbered,
)  # fmt: skip

WORDS = words("req-9548151c7870ffff 2025-03-30 10.0.0.1 u0042x é1ü2ö 019421fe-cb3a-7a80-a3f2")
HASHED = st.sampled_from(WORDS) | st.text("ab019éж", min_size=5, max_size=12)


@given(HASHED.filter(lambda word: not is_numbered(word)), st.integers(2, 12))
def test_a_beginning_finds_the_words_that_begin_so(word: str, length: int) -> None:
    assert hashed_word(word) in hashed_words(word[:length])


def test_a_beginning_finds_few_of_all_hashed_words() -> None:
    found = hashed_words("954")
    assert sum(hashed_word(f"{number:08}") in found for number in range(0, 10**8, 10**4)) < 200


def test_an_event_has_the_same_tokens_before_and_after_its_texts_have_numbers() -> None:
    numbers: dict[str, bytes] = {}
    entries, sealed = Entries(lambda: numbers), seal(simple(1))
    first = entries.make(sealed)
    texts = {text for part in first.indexed() for text in part.texts}
    assert texts
    numbers.update((text, element(number)) for number, text in enumerate(sorted(texts), 1))
    again = entries.make(sealed)
    assert not any(part.texts for part in again.indexed())
    assert elements_of(array_of(again, {})) == elements_of(array_of(first, numbers))


@pytest.mark.parametrize("length", [2, 3, 9])
def test_all_words_that_a_beginning_might_mean_are_few_enough_to_be_asked_for(length: int) -> None:
    assert len(hashed_words("9548151c7"[:length])) <= 512
