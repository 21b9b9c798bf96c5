"""Passwords: how they are kept, compared and chosen."""

from __future__ import annotations

import os

import pytest

from trailbook.access import passwords
from trailbook.access.passwords import check_choice, hash_password, is_outdated, verify
from trailbook.errors import BadInput, TooMuch


def test_a_password_is_kept_as_argon2id_with_the_recommended_parameters() -> None:
    kept = hash_password("correct horse", os.urandom)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept != hash_password("correct horse", os.urandom)
    assert verify(kept, "correct horse")
    assert not verify(kept, "Correct horse")
    assert not verify(kept, "")
    assert not is_outdated(kept)
    assert is_outdated("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$9FPyVUHzSYcZSyRbyzEGqA")


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    assert verify(hash_password("caf\u00e9 cr\u00e8me au lait", os.urandom), "cafe\u0301 cre\u0300me au lait")


def test_where_there_is_no_password_one_is_compared_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Spy:
        hash = staticmethod(passwords._hasher.hash)

        def verify(self, kept: str, password: str) -> bool:
            compared.append(kept[:31])
            return passwords.PasswordHasher().verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Spy())
    assert not verify("", "guess")
    assert not verify("", "")
    assert compared == ["$argon2id$v=19$m=65536,t=3,p=4$"] * 2


def test_what_is_kept_and_no_hash_matches_nothing() -> None:
    assert not verify("correct horse", "correct horse")


def test_an_endless_password_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", None)
    assert not verify("kept", "x" * 1025)


def test_no_more_are_hashed_at_once_than_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    with passwords._Room(), passwords._Room(), pytest.raises(TooMuch, match="Too many people sign in") as refused:
        verify("", "guess")
    assert refused.value.retry_after == 1
    assert not verify("", "guess")


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 1025, "aaaabbbbccccdddd", "ANN@acme.example"])
def test_a_password_that_is_easily_guessed_cannot_be_chosen(password: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_choice(password, "ann@acme.example")
    assert refused.value.place == "password"


@pytest.mark.parametrize("password", ["twelve chars", "x1y2z" * 200, "пароль из слов"])
def test_a_password_may_be_of_any_characters_and_long(password: str) -> None:
    check_choice(password, "ann")
