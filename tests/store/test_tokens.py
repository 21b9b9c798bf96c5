"""Tokens: what the index keeps of texts is what the words of these say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trailbook.event.text import long_words
from trailbook.store.sqlite.tokens import (
    EVERY,
    LONGEST_NUMBERED,
    address_token,
    facet_token,
    found_by_word,
    is_told_apart,
    what_token,
    word_token,
    word_tokens,
)

ODD = (
    st.uuids().map(str)
    | st.text("aB1.-_ é", max_size=30)
    | st.sampled_from(["東京", "10.0.0.1", "ﬁ", "½", "…", "z", "+aa/", "x" * 90])
)
TEXTS = st.lists(st.text() | ODD | st.lists(ODD).map("/".join))


@given(TEXTS)
def test_the_tokens_of_texts_are_those_of_their_words(texts: list[str]) -> None:
    assert word_tokens(texts).split() == [word_token(word) for text in texts for word in long_words(text)]


@given(TEXTS, st.text(), st.binary(min_size=16, max_size=16))
def test_no_word_has_the_token_of_anything_else(texts: list[str], facet: str, key: bytes) -> None:
    others = {EVERY, facet_token(facet, key), address_token("40a000001"), what_token(facet, key)}
    assert others.isdisjoint(word_tokens(texts).split())


@given(st.lists(st.text("abc1", min_size=8, max_size=20), min_size=2, max_size=2, unique=True))
def test_words_with_one_token_are_not_told_apart(pair: list[str]) -> None:
    if word_token(pair[0]) == word_token(pair[1]):
        assert not any(map(is_told_apart, pair))


def test_the_index_keeps_the_beginning_of_a_long_word_with_digits() -> None:
    found = word_tokens(["4bf92f3577b34da6a3ce929d0e0e4736 at 10.20.30.40.50"])
    assert found == "4bf92f3577b3 at 10.20.30.40."
    assert {len(token) for token in found.split()} == {LONGEST_NUMBERED, 2}


@given(st.uuids(version=4).map(str) | st.uuids().map(str) | ODD, st.sampled_from(["", "old/", "OLD/", "x", "é-"]))
def test_the_word_that_finds_a_reference_is_one_of_its_id(id: str, before: str) -> None:
    word = found_by_word(f"calls/{before}{id}")
    assert not word or word_token(word) in word_tokens([before + id]).split()


def test_a_random_uuid_is_found_by_its_word_and_no_other_id_is() -> None:
    random, by_time = "d67fcacc-617c-4f3e-b507-d3415680bd0b", "019b4c0e-a8d7-74f7-8297-5266420ffb00"
    assert [found_by_word(one) for one in (random, f"calls/{by_time}")] == [random, by_time]
    counted, by_address = "00000000-0000-0000-0000-000000000001", "d67fcacc-617c-1f3e-b507-d3415680bd0b"
    others = ["42", counted, by_address, random.upper(), f"x{random}", f"{random}0", f"{random}/calls", f"-{random}"]
    assert [found_by_word(one) for one in others] == [""] * len(others)
