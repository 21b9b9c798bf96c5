"""The piece at the end of a query that is being typed, and what may stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query.strategies import texts_of_any_kind

from trailbook.query.completion import Piece, completed, last_piece
from trailbook.query.language import KEYS


@pytest.mark.parametrize(
    ("query", "piece"),
    [
        ("", Piece(0, "", "")),
        ("user:alice act", Piece(11, "", "act")),
        ("-us", Piece(1, "", "us")),
        ("(us", Piece(1, "", "us")),
        ("user:al", Piece(5, "user", "al")),
        ("-by:al", Piece(4, "by.user", "al")),
        ("app:web,ce", Piece(8, "app", "ce")),
        ('user:"Ann L', Piece(5, "user", "Ann L", True)),
        ('user:"Lee, Ann","Bo', Piece(16, "user", "Bo", True)),
        ('user:"a \\"b', Piece(5, "user", 'a "b', True)),
        ("user:alice ", Piece(11, "", "")),
    ],
)
def test_what_is_typed_is_known(query: str, piece: Piece) -> None:
    assert last_piece(query) == piece


def test_keys_and_the_few_words_of_some_are_completed() -> None:
    assert completed("user:alice by.u") == ["user:alice by.user:"]
    assert completed("-outcome:success,f") == ["-outcome:success,failure"]
    assert completed("is:") == ["is:late", "is:anonymous"]
    assert completed("during:LAST-m") == ["during:last-month"]
    assert completed("action:lo") == []
    assert completed("") == [f"{key}:" for key in KEYS]


@given(st.lists(texts_of_any_kind, max_size=4).map(" ".join))
def test_whatever_is_typed_is_kept_before_the_piece(query: str) -> None:
    piece = last_piece(query)
    assert 0 <= piece.at <= len(query)
    assert all(one.startswith(query[: piece.at]) for one in completed(query))
