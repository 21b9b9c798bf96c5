"""A trail copied from any store to any other is the same trail, however often the copying was interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import structs
from sealed import NOON, seal, simple
from stores import STORES

from trailbook.directory.directory import Directory
from trailbook.directory.model import Changes, Membership, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import Damaged, StoreError
from trailbook.event.canonical import Sealed
from trailbook.event.model import Event, Target
from trailbook.query.tree import EVERYTHING
from trailbook.store import copying
from trailbook.store.copying import Copied, check_target, copy_trail
from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Kept, Progress, Receipt, Record, Store

PAIRS = list(product(STORES, STORES))
SECOND = timedelta(seconds=1)
ANN = Record("account", "a1", b"Ann", owner="acme")


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]} to {pair[1]}")
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two stores, empty: each pair of kinds in turn."""
    folders = tmp_path / "from", tmp_path / "to"
    for folder in folders:
        folder.mkdir()
    with (
        closing(STORES[request.param[0]](folders[0])) as source,
        closing(STORES[request.param[1]](folders[1])) as target,
    ):
        yield source, target


def quiet(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def copied(source: Store, target: Store, progress: Progress = quiet) -> Copied:
    """What a copy did."""
    return copy_trail(source, target, check_target(source, target, quiet), progress)


def batches(seed: int, number: int = 12) -> Iterator[list[Sealed]]:
    """Batches of events of three books: early ones, late ones, and many of one moment."""
    dice = Random(seed)
    count = 0
    for turn in range(number):
        batch = []
        for _ in range(dice.choice((1, 5, 30))):
            count += 1
            at = NOON + timedelta(days=dice.choice((0, 0, 0, -40, 1)), microseconds=dice.choice((0, 0, 1, 20_000)))
            event = simple(
                count,
                at,
                dice.choice(("acme", "acme", "globex", "initech")),
                dice.choice(("u1", "u2")),
                targets=(Target("user", f"t{dice.randrange(4)}", "Bob", "acme"),),
                recorded_at=NOON + timedelta(days=2, seconds=turn),
            )
            batch.append(seal(event))
        yield batch


def filled(store: Store, seed: int = 1) -> None:
    """Put a trail, a directory and records in the store."""
    for batch in batches(seed):
        store.append(batch)
    profiles = (Profile("user", "acme", "u1", "Ann", NOON), Profile("group", "acme", "g1", "Agents"))
    members = (Membership("acme", "u1", "group", "g1", "acme", NOON),)
    store.change_directory(lambda _: Changes(added_profiles=profiles, added_memberships=members))
    renamed = structs.replace(profiles[0], valid_to=NOON + SECOND)
    store.change_directory(lambda _: Changes(closed_profiles=(renamed,)))
    store.keep([ANN, Record("key", "k1", b"\x00\xff", "acme/u1", expires_at=NOON + SECOND)], now=NOON)
    store.keep([structs.replace(ANN, body=b"Anna", version=1)], now=NOON)


def told(store: Store) -> dict[str, Any]:
    """All that a store tells of what it holds."""
    return {
        "heads": store.heads(OPERATOR),
        "oldest": [(row.position, row.event) for row in store.scan(OPERATOR, EVERYTHING, order="oldest")],
        "newest": [(row.position, row.event) for row in store.page(OPERATOR, EVERYTHING, limit=50).rows],
        "users": store.facet_counts(OPERATOR, EVERYTHING, "user"),
        "bobs": store.parties(OPERATOR, "user", "Bob"),
        "people": (store.directory().profiles, store.directory().memberships, store.directory_version()),
        "records": store.kept_records(),
    }


def whole(store: Store) -> dict[str, list[tuple[bytes, bytes]]]:
    """Each book's canonical bytes, and what is kept of their submissions."""
    return {
        book: [(kept.sealed.canonical, kept.sealed.submission) for kept in store.kept(book, 0, 10_000)]
        for book in store.heads(OPERATOR)
    }


def test_what_is_kept_is_given_by_position_with_its_bytes(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    sealed = [seal(simple(n, at=NOON - n * SECOND, tenant="acme" if n % 3 else "globex")) for n in range(1, 12)]
    receipts = [receipt for receipt in store.append(sealed) if receipt.book == "acme"]
    expected = [one for one in sealed if one.event.tenant == "acme"]
    kept = store.kept("acme", 0, 100)
    assert [one.position for one in kept] == list(range(8))
    assert [(one.sealed.event, one.sealed.canonical) for one in kept] == [
        (one.event, one.canonical) for one in expected
    ]
    assert [one.sealed.submission for one in kept] == [one.submission[:8] for one in expected]
    assert {one.key: one.sealed.event.id for one in kept} == {
        row.key: row.event.id for row in store.scan(OPERATOR, EVERYTHING) if row.event.tenant == "acme"
    }
    assert store.kept("acme", 5, 2) == kept[5:7]
    assert store.leaves("acme", 2, 3) == [one.leaf_hash for one in receipts[2:5]]
    assert store.kept("acme", 8, 5) == store.leaves("acme", 8, 5) == store.kept("nobody", 0, 5) == []


def test_all_records_are_kept_in_order(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    given = [Record("b", "1", b""), Record("a", "2", b"", expires_at=NOON + SECOND), Record("a", "10", b"x", "o")]
    store.keep(given, now=NOON)
    kept = [structs.replace(given[n], version=1) for n in (2, 1, 0)]
    assert store.kept_records() == kept
    assert store.kept_records(limit=2) == kept[:2]
    assert store.kept_records(after=("a", "10")) == kept[1:]
    assert store.kept_records(after=("b", "1")) == []


def test_what_is_restored_takes_the_place_of_what_was_there(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    filled(store)
    events = store.heads(OPERATOR)
    directory = Directory([Profile("tenant", "acme", "acme", "Acme")])
    store.restore(directory, 41, iter([structs.replace(ANN, version=7)]))
    assert store.directory().profiles == directory.profiles
    assert store.directory().memberships == ()
    assert store.directory_version() == 41
    assert store.kept_records() == [structs.replace(ANN, version=7)]
    assert store.heads(OPERATOR) == events


def test_a_restore_that_fails_changes_nothing(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    filled(store)
    before = told(store)

    def failing() -> Iterator[Record]:
        yield structs.replace(ANN, version=9)
        raise StoreError("The source is away.")

    with pytest.raises(StoreError, match="away"):
        store.restore(Directory(), 41, failing())
    assert told(store) == before


def test_a_copy_tells_what_its_source_tells(stores: tuple[Store, Store]) -> None:
    source, target = stores
    filled(source)
    events = sum(head.size for head in source.heads(OPERATOR).values())
    assert copied(source, target) == Copied(events, 0, 3, 2)
    assert told(target) == told(source)
    assert whole(target) == whole(source)


def test_an_empty_trail_is_copied(stores: tuple[Store, Store]) -> None:
    source, target = stores
    assert copied(source, target) == copied(source, target) == Copied(0, 0, 0, 0)
    assert target.heads(OPERATOR) == {}


def test_a_retry_is_a_duplicate_in_the_copy_and_another_event_a_conflict(stores: tuple[Store, Store]) -> None:
    source, target = stores
    (first,) = source.append([seal(simple(1))])
    copied(source, target)
    again, other = target.append([seal(simple(1)), seal(simple(1, action="delete"))])
    assert (again.status, again.position, again.leaf_hash) == ("duplicate", 0, first.leaf_hash)
    assert other.status == "conflict"


def test_a_copy_goes_on_where_the_one_before_was_interrupted(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "BATCH", 7)
    monkeypatch.setattr(copying, "WAITING", 5)
    monkeypatch.setattr(copying, "TOGETHER", 2)
    source, target = stores
    filled(source)
    interrupted = 0
    while True:
        try:
            done = copied(source, Interrupted(target, 3))
            break
        except StoreError:
            interrupted += 1
    assert interrupted > 3
    assert done.before == 3 * 7 * interrupted
    for part in ("heads", "users", "bobs", "people", "records"):
        assert told(target)[part] == told(source)[part]
    assert whole(target) == whole(source)


def test_a_later_copy_brings_over_what_came_since(stores: tuple[Store, Store]) -> None:
    source, target = stores
    filled(source)
    first = copied(source, target)
    source.append([seal(simple(n, tenant=tenant)) for n, tenant in ((901, "acme"), (902, "umbrella"))])
    source.change_directory(lambda _: Changes(added_profiles=(Profile("user", "acme", "u9", "Cid"),)))
    source.keep([], removed=[structs.replace(ANN, version=2)], now=NOON)
    assert copied(source, target) == Copied(2, first.events, 4, 1)
    assert told(target) == told(source)
    assert copied(source, target) == Copied(0, first.events + 2, 4, 1)


def test_what_arrives_during_a_copy_is_left_to_the_next(stores: tuple[Store, Store]) -> None:
    source, target = stores
    source.append([seal(simple(n)) for n in range(1, 4)])
    ceiling = source.heads(OPERATOR)
    arriving = iter([seal(simple(9)), seal(simple(10, tenant="globex"))])
    copied(source, target, lambda done, total: source.append(list(arriving)) and None)
    assert target.heads(OPERATOR) == ceiling
    copied(source, target)
    assert told(target) == told(source)


@pytest.mark.parametrize("newest_first", [True, False])
def test_events_of_one_moment_keep_their_order_in_a_book_and_between_books(
    stores: tuple[Store, Store], newest_first: bool
) -> None:
    source, target = stores
    dice = Random(7)
    tenants = dice.choices(("acme", "globex", "initech"), k=60)
    events = [simple(n, NOON + n // 10 * SECOND, tenant, recorded_at=NOON) for n, tenant in enumerate(tenants, 1)]
    source.append([seal(event) for event in (events[::-1] if newest_first else events)])
    copied(source, target)
    assert told(target)["oldest"] == told(source)["oldest"]


@pytest.mark.parametrize(
    "there",
    [
        [simple(1, action="delete"), simple(2)],
        [simple(2), simple(1)],
        [simple(1), simple(2), simple(3), simple(4)],
        [simple(1), simple(7, tenant="globex")],
    ],
    ids=["another event", "another order", "more events", "another book"],
)
def test_a_target_that_holds_something_else_is_refused(stores: tuple[Store, Store], there: list[Event]) -> None:
    source, target = stores
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    target.append([seal(event) for event in there])
    before = told(target)
    with pytest.raises(StoreError, match="The target holds something else: its book"):
        copied(source, target)
    assert told(target) == before


def test_a_target_with_people_or_accounts_of_its_own_is_refused(stores: tuple[Store, Store]) -> None:
    source, target = stores
    filled(source)
    target.keep([ANN], now=NOON)
    with pytest.raises(StoreError, match="users or accounts of its own"):
        copied(source, target)
    target.keep([], removed=[structs.replace(ANN, version=1)], now=NOON)
    target.change_directory(lambda _: Changes(added_profiles=(Profile("user", "acme", "u9", "Cid"),)))
    with pytest.raises(StoreError, match="users or accounts of its own"):
        copied(source, target)
    assert target.heads(OPERATOR) == {}


def test_a_target_that_has_the_same_people_and_accounts_is_none_of_them(stores: tuple[Store, Store]) -> None:
    source, target = stores
    for store in stores:
        store.keep([ANN], now=NOON)
        store.change_directory(lambda _: Changes(added_profiles=(Profile("user", "acme", "u9", "Cid"),)))
    assert copied(source, target).records == 1


def test_who_writes_to_the_target_meanwhile_is_noticed(stores: tuple[Store, Store]) -> None:
    source, target = stores
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    with pytest.raises(StoreError, match="Somebody else writes to the target: event 0 of book acme came to be at"):
        copied(source, Shared(target, seal(simple(9))))
    with pytest.raises(StoreError, match="The target holds something else"):
        copied(source, target)


def test_who_writes_to_another_book_of_the_target_is_noticed_at_the_end(stores: tuple[Store, Store]) -> None:
    source, target = stores
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    with pytest.raises(StoreError, match="Somebody else wrote to the target: its book globex has 1 event, not 0"):
        copied(source, Shared(target, seal(simple(9, tenant="globex"))))


def test_two_copies_at_once_make_one(stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 5)
    source, target = stores
    filled(source)
    others = iter([lambda: copied(source, target)])
    copied(source, target, lambda done, total: [other() for other in others] and None)
    assert whole(target) == whole(source)
    assert target.heads(OPERATOR) == source.heads(OPERATOR)


def test_progress_is_told_of_what_is_checked_and_of_what_is_copied(stores: tuple[Store, Store]) -> None:
    source, target = stores
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    copied(source, target)
    source.append([seal(simple(n)) for n in (4, 5)])
    steps: list[tuple[str, int, int]] = []
    start = check_target(source, target, lambda *step: steps.append(("check", *step)))
    copy_trail(source, target, start, lambda *step: steps.append(("copy", *step)))
    assert steps == [("check", 3, 3), ("copy", 2, 2)]


def test_a_source_whose_events_were_exchanged_is_noticed() -> None:
    source, target = MemoryStore(), MemoryStore()
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    source._kept["acme"][1] = Kept(0, 1, seal(simple(2, action="delete")))
    with pytest.raises(Damaged, match="The events of the book acme do not add up to its head"):
        copied(source, target)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_source_that_misses_an_event_is_noticed(missing: int) -> None:
    source, target = MemoryStore(), MemoryStore()
    source.append([seal(simple(n)) for n in (1, 2, 3)])
    del source._kept["acme"][missing]
    with pytest.raises(Damaged, match=f"position {missing} of the book acme is missing"):
        copied(source, target)


class Beside:
    """A store, but for what a test makes it do otherwise."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class Interrupted(Beside):
    """A store that fails after so many batches."""

    def __init__(self, store: Store, batches: int) -> None:
        super().__init__(store)
        self.batches = batches

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """Append, as long as it goes well."""
        if not self.batches:
            raise StoreError("Interrupted.")
        self.batches -= 1
        return self.store.append(batch)


class Shared(Beside):
    """A store to which somebody else appends an event just before us."""

    def __init__(self, store: Store, other: Sealed) -> None:
        super().__init__(store)
        self.others = [other]

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """Append after the others."""
        while self.others:
            self.store.append([self.others.pop()])
        return self.store.append(batch)
