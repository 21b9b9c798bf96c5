"""API keys: their text, what is kept of it, and whom they stand for."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta

import pytest
from msgspec.structs import replace
from served import NOW

from trailbook.access.keys import caller_of_key, key_id, make_key, used
from trailbook.access.model import ApiKey, Caller, Seat
from trailbook.directory.viewer import TenantScope
from trailbook.errors import NotSignedIn
from trailbook.event.model import PartyKey


def made(randomness=os.urandom, **changed) -> tuple[str, ApiKey]:
    given = {"name": "web", "tenant": "acme", "uses": frozenset(["ingest"]), "created_by": "a-1", "created_at": NOW}
    return make_key(randomness, **{**given, **changed})


def test_a_key_is_its_id_256_random_bits_and_a_checksum() -> None:
    text, key = made(lambda length: bytes(range(length)))
    assert text == "tb_aaaqeaye_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_" + text[-6:]
    assert key_id(text) == key.id == "aaaqeaye"
    assert key.digest == hashlib.sha256(text.encode()).digest()


def test_the_text_of_a_key_is_not_kept() -> None:
    text, key = made()
    secret = text.split("_", 2)[2]
    assert secret[:20] not in repr(key)


def test_a_key_stands_for_a_service_in_its_book_with_the_rights_of_its_uses() -> None:
    end = NOW + timedelta(days=1)
    text, key = made(
        uses=frozenset(["ingest", "read"]), applications=("web",), hidden=frozenset(["ip"]), expires_at=end
    )
    seat = Seat(
        TenantScope("acme"),
        frozenset(["ingest", "view", "export"]),
        frozenset(["ip"]),
        expires_at=end,
        applications=("web",),
    )
    expected = Caller("key", key.id, "web", PartyKey("user", "acme", f"key:{key.id}"), seat)
    assert caller_of_key(text, key, NOW) == expected


@pytest.mark.parametrize("at", range(3, 62))
def test_one_wrong_character_is_told_without_a_look_at_the_store(at: int) -> None:
    text, _ = made()
    wrong = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]
    with pytest.raises(NotSignedIn, match="This is not a whole key: a part of it is missing or mistyped"):
        key_id(wrong)


@pytest.mark.parametrize("text", ["", "tb_", "tb_aaaaaaaa", "x" * 100_000, "tb_" + "a" * 59, "tb_ä", "\x00"])
def test_what_is_not_a_key_is_told_from_one(text: str) -> None:
    with pytest.raises(NotSignedIn, match="not a whole key"):
        key_id(text)


def test_unknown_revoked_expired_and_wrong_keys_get_one_answer() -> None:
    text, key = made()
    other, _ = made()
    answers = set()
    for given, kept in (
        (text, None),
        (text, replace(key, revoked_at=NOW - timedelta(days=1))),
        (text, replace(key, expires_at=NOW)),
        (other, key),
    ):
        with pytest.raises(NotSignedIn) as refused:
            caller_of_key(given, kept, NOW)
        answers.add((str(refused.value), refused.value.place, refused.value.remedy))
    assert len(answers) == 1
    assert re.match("Authorization: This key is not known, or holds no longer.", answers.pop()[0])


def test_the_last_use_is_noted_once_a_minute() -> None:
    _, key = made()
    first = used(key, NOW)
    assert first is not None
    assert first.last_used_at == NOW
    assert used(first, NOW + timedelta(seconds=59)) is None
    later = used(first, NOW + timedelta(seconds=60))
    assert later is not None
    assert later.last_used_at == NOW + timedelta(seconds=60)
