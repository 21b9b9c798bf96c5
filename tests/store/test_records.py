"""Records: small documents that change, each from the version that was read, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec import structs
from sealed import NOON, seal, simple

from trailbook.directory.directory import Directory
from trailbook.directory.model import Changes, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import Outdated
from trailbook.event.canonical import Sealed
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Record, Store

ANN = Record("account", "a1", b"Ann", owner="acme")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


def body(store: Store, record: Record) -> bytes | None:
    """What is kept under the record's id."""
    found = store.record(record.kind, record.id, NOON)
    return None if found is None else found.body


def test_what_is_kept_is_found_as_it_was_but_for_its_version(store: Store) -> None:
    full = Record("session", "s/1 ü", b"\x00\xff", "acme/u1", expires_at=NOON + MICROSECOND)
    assert store.keep([ANN, full], now=NOON) == []
    assert store.record("account", "a1", NOON) == structs.replace(ANN, version=1)
    assert store.record("session", "s/1 ü", NOON) == structs.replace(full, version=1)
    assert store.record("account", "s/1 ü", NOON) is None
    assert store.record("account", "a2", NOON) is None


def test_a_change_needs_the_version_that_is_there(store: Store) -> None:
    store.keep([ANN], now=NOON)
    store.keep([structs.replace(ANN, body=b"Anna", version=1)], now=NOON)
    for version in (0, 1, 3):
        with pytest.raises(Outdated, match="changed by someone else"):
            store.keep([structs.replace(ANN, body=b"lost", version=version)], now=NOON)
    assert store.record("account", "a1", NOON) == structs.replace(ANN, body=b"Anna", version=2)


def test_a_change_of_what_is_not_there_is_outdated(store: Store) -> None:
    with pytest.raises(Outdated, match="no longer there"):
        store.keep([structs.replace(ANN, version=1)], now=NOON)
    with pytest.raises(Outdated, match="no longer there"):
        store.keep([], removed=[structs.replace(ANN, version=1)], now=NOON)


def test_a_record_twice_in_one_change_is_outdated(store: Store) -> None:
    with pytest.raises(Outdated):
        store.keep([ANN, ANN], now=NOON)
    assert body(store, ANN) is None


def test_what_is_removed_is_gone_and_may_be_kept_anew_at_once(store: Store) -> None:
    store.keep([ANN], now=NOON)
    with pytest.raises(Outdated):
        store.keep([], removed=[ANN], now=NOON)
    there = structs.replace(ANN, version=1)
    store.keep([], removed=[there], now=NOON)
    assert body(store, ANN) is None
    store.keep([ANN], now=NOON)
    store.keep([structs.replace(ANN, body=b"other")], removed=[there], now=NOON)
    assert store.record("account", "a1", NOON) == structs.replace(ANN, body=b"other", version=1)


def test_one_outdated_record_undoes_all_events_included(store: Store) -> None:
    store.keep([ANN], now=NOON)
    bob = Record("account", "b1", b"Bob")
    with pytest.raises(Outdated):
        store.keep([bob, ANN], now=NOON, events=[seal(simple(1))])
    with pytest.raises(Outdated):
        store.keep([ANN], removed=[structs.replace(ANN, version=1), structs.replace(bob, version=1)], now=NOON)
    assert (body(store, ANN), body(store, bob)) == (b"Ann", None)
    assert store.count(OPERATOR, EVERYTHING) == 0


def test_events_are_appended_with_what_they_tell_of(store: Store) -> None:
    store.append([seal(simple(1))])
    receipts = store.keep([ANN], now=NOON, events=[seal(simple(1)), seal(simple(2)), seal(simple(3, tenant="globex"))])
    assert [(one.status, one.book, one.position) for one in receipts] == [
        ("duplicate", "acme", 0), ("stored", "acme", 1), ("stored", "globex", 0),
    ]  # fmt: skip
    assert store.heads(OPERATOR)["acme"].size == 2
    assert body(store, ANN) == b"Ann"


def test_events_that_cannot_be_made_leave_the_records_as_they_were(store: Store) -> None:
    def broken() -> Iterator[Sealed]:
        yield seal(simple(1))
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        store.keep([ANN], now=NOON, events=broken())
    assert body(store, ANN) is None
    assert store.count(OPERATOR, EVERYTHING) == 0


def test_an_expired_record_is_as_if_it_were_not_there(store: Store) -> None:
    short = structs.replace(ANN, expires_at=NOON + SECOND)
    store.keep([short], now=NOON)
    store.keep([structs.replace(short, version=1)], now=NOON)
    before, at = NOON + SECOND - MICROSECOND, NOON + SECOND
    assert store.record("account", "a1", before) == structs.replace(short, version=2)
    assert store.record("account", "a1", at) is None
    assert store.records("account", at) == []
    with pytest.raises(Outdated):
        store.keep([structs.replace(short, version=2)], now=at)
    with pytest.raises(Outdated):
        store.keep([], removed=[structs.replace(short, version=2)], now=at)
    with pytest.raises(Outdated):
        store.keep([ANN], now=before)
    store.keep([ANN], now=at)
    assert store.record("account", "a1", at) == structs.replace(ANN, version=1)


def test_what_expired_is_forgotten_and_nothing_else(store: Store) -> None:
    ends = [None, NOON - SECOND, NOON, NOON + MICROSECOND]
    early = NOON - timedelta(days=1)
    store.keep([Record("link", str(n), b"", expires_at=end) for n, end in enumerate(ends)], now=early)
    assert store.forget_expired(NOON) == 2
    assert store.forget_expired(NOON) == 0
    assert [record.id for record in store.records("link", early)] == ["0", "3"]


def test_records_come_by_id_from_where_one_stopped_and_of_one_owner(store: Store) -> None:
    owners = {"a": "x", "b": "y", "B": "x", "é": "x", "c": "x", "\U0001f600": "x", "\uffff": "y"}
    store.keep([Record("key", id, b"", owner) for id, owner in owners.items()], now=NOON)
    store.keep([Record("kez", "c", b"", "x"), Record("ke", "c", b"", "x")], now=NOON)
    in_order = ["B", "a", "b", "c", "é", "\uffff", "\U0001f600"]
    assert [record.id for record in store.records("key", NOON)] == in_order
    assert [record.id for record in store.records("key", NOON, owner="x")] == ["B", "a", "c", "é", "\U0001f600"]
    assert [record.id for record in store.records("key", NOON, owner="x", after="a", limit=2)] == ["c", "é"]
    assert [record.id for record in store.records("key", NOON, after="b", limit=1)] == ["c"]
    assert store.records("key", NOON, limit=0) == []
    assert store.records("key", NOON, owner="nobody") == []


ADDED = Changes(added_profiles=(Profile("user", "acme", "u1", "Ann"),))


def test_the_directory_version_grows_with_each_change_and_with_nothing_else(store: Store) -> None:
    first = store.directory_version()
    store.change_directory(lambda known: ADDED)
    second = store.directory_version()
    assert second > first
    store.change_directory(lambda known: Changes())
    store.keep([ANN], now=NOON, events=[seal(simple(1))])
    assert store.directory_version() == second


def test_a_change_of_the_directory_is_kept_with_the_events_that_tell_of_it(store: Store) -> None:
    def events(before: Directory, changes: Changes) -> list[Sealed]:
        assert (list(before.profiles), changes) == ([], ADDED)
        assert list(store.directory().profiles) == []
        return [seal(simple(1, action="create"))]

    assert store.change_directory(lambda known: ADDED, events) == ADDED
    assert list(store.directory().profiles) == list(ADDED.added_profiles)
    assert [row.event.action for row in store.scan(OPERATOR, EVERYTHING)] == ["create"]


def test_a_change_of_the_directory_whose_events_fail_is_not_kept(store: Store) -> None:
    def events(before: Directory, changes: Changes) -> list[Sealed]:
        raise ValueError("no event")

    version = store.directory_version()
    with pytest.raises(ValueError, match="no event"):
        store.change_directory(lambda known: ADDED, events)
    assert list(store.directory().profiles) == []
    assert store.directory_version() == version
    store.change_directory(lambda known: ADDED)
    assert list(store.directory().profiles) == list(ADDED.added_profiles)
