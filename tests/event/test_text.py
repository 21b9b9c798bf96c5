"""Folding and words: what a search takes to be the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.event.text import LONGEST_WORD, fold, long_ascii_words, long_words, pieces, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Login", "login"),
        ("MÜLLER", "muller"),
        ("Mu\u0308ller", "muller"),
        ("straße", "strasse"),
        ("ＡＢＣ１", "abc1"),
        ("İstanbul", "istanbul"),
        ("ΣΑΣ", "σας".replace("ς", "σ")),
        ("ﬁle", "file"),
        ("send_email*", "send_email*"),
        ("", ""),
    ],
)
def test_case_accents_and_width_fold_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_any_character_twice_changes_nothing() -> None:
    every = map(chr, range(0x110000))
    assert [hex(ord(one)) for one in every if fold(fold(one)) != fold(one)] == []


@given(st.text())
def test_words_of_a_folded_text_are_those_of_the_text(text: str) -> None:
    assert words(fold(text)) == words(text)


@given(st.text())
def test_each_word_is_one_word_of_itself(text: str) -> None:
    assert [words(word) for word in words(text)] == [[word] for word in words(text)]


MIXED = st.text() | st.text("aB1.-_ é") | st.lists(st.uuids().map(str) | st.text("aB1.-_ é")).map("/".join)


@given(MIXED)
def test_the_long_words_of_a_text_are_its_words_of_more_than_one_letter(text: str) -> None:
    found = long_words(text)
    assert set(found) <= set(words(text))
    assert [word for word in found if len(word) > 1] == [word for word in words(text) if len(word) > 1]


@given(st.lists(MIXED))
def test_the_words_of_texts_are_those_of_their_pieces(texts: list[str]) -> None:
    found = [piece.decode() for piece in pieces(texts)]
    assert [word for piece in found for word in words(piece)] == [word for text in texts for word in words(text)]


@given(st.lists(MIXED))
def test_a_piece_of_nothing_but_ascii_letters_and_digits_is_a_word(texts: list[str]) -> None:
    found = [piece.decode() for piece in pieces(texts) if piece.isalnum() and len(piece) <= LONGEST_WORD]
    assert [words(piece) for piece in found] == [[piece] for piece in found]


@given(st.lists(MIXED | st.text("aB1.-", min_size=60)))
def test_the_long_words_of_an_ascii_piece_are_those_of_its_text(texts: list[str]) -> None:
    found = [piece for piece in pieces(texts) if piece.isascii()]
    assert [long_ascii_words(piece) for piece in found] == [
        [word.encode() for word in long_words(piece.decode())] for piece in found
    ]


def test_a_single_letter_or_digit_is_not_long_but_a_han_character_is() -> None:
    assert long_words("vitamin C, 7 of 10, 東京") == ["vitamin", "of", "10", "東", "京"]


@given(st.text(), st.text())
def test_words_apart_by_a_space_do_not_touch(before: str, after: str) -> None:
    assert words(before + " " + after) == words(before) + words(after)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Action send_email on resource reports", ["action", "send", "email", "on", "resource", "reports"]),
        ("d67fcacc-617c", ["d67fcacc", "617c"]),
        ("calls/D67FCACC-617c-4f3e-b507-d3415680bd0b", ["calls", "d67fcacc-617c-4f3e-b507-d3415680bd0b"]),
        ("85.223.209.22:443 on 2021-11-17T14:07", ["85.223.209.22", "443", "on", "2021-11-17", "t14", "07"]),
        ("vitamin C, 7 of 10", ["vitamin", "c", "7", "of", "10"]),
        ("東京のコールabc", ["東", "京", "の", "コ", "ー", "ル", "abc"]),
        ("Müller's", ["muller", "s"]),
        (" ,;_- ", []),
        ("a" * 100 + " bc", ["a" * LONGEST_WORD, "bc"]),
        ("1." * 100 + "1", ["1." * (LONGEST_WORD // 2 - 1) + "1"]),
        ("ä" * 100, ["a" * LONGEST_WORD]),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, found: list[str]) -> None:
    assert words(text) == found
