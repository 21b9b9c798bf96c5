"""What a writer remembers of the lists of names and keys: only what is in them, whoever else writes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from sealed import seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.event.canonical import Sealed
from trailbook.event.model import PartyKey, Target
from trailbook.store.sqlite import lists
from trailbook.store.sqlite.store import SqliteStore
from trailbook.store.sqlite.writer import Writer

U1, U2 = (PartyKey("user", "acme", user) for user in ("u1", "u2"))


def batch(start: int, *users: str) -> list[Sealed]:
    """An event of each user, with a target of an own kind."""
    return [
        seal(
            simple(n, user=user, targets=(Target("user", user, f"Target {user}", "acme"), Target(f"kind-{user}", "7")))
        )
        for n, user in enumerate(users, start)
    ]


def problems(store: SqliteStore) -> list[str]:
    """What the doctor finds."""
    return [problem.problem for problem in store.doctor(lambda done, total: None)]


def named(store: SqliteStore, name: str) -> list[PartyKey]:
    """The users of a name."""
    return store.parties(OPERATOR, "user", name)


def test_names_of_a_batch_that_was_undone_are_listed_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise MemoryError

    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        store.append(batch(0, "u1"))
        with monkeypatch.context() as patched:
            patched.setattr(Writer, "_close_books", fail)
            with pytest.raises(MemoryError):
                store.append(batch(10, "u1", "u2"))
        assert named(store, "Name of u2") == []
        store.append(batch(10, "u1", "u2"))
        assert named(store, "Name of u2") == named(store, "Target u2") == [U2]
        assert problems(store) == []


def test_names_that_others_add_or_make_anew_are_listed_once(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as other:
        one.append(batch(0, "u1"))
        other.append(batch(10, "u1", "u2"))
        other.rebuild_index(lambda done, total: None)
        one.append(batch(20, "u1", "u2", "u3"))
        assert named(one, "Name of u1") == named(other, "Target u1") == [U1]
        assert problems(one) == problems(other) == []


@pytest.mark.parametrize("most", ["MOST_PARTS", "MOST_REMEMBERED"])
def test_what_is_forgotten_for_its_number_stays_listed(
    most: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, most, 0)
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        for start in range(0, 40, 10):
            store.append(batch(start, "u1", f"u{start}"))
        assert problems(store) == []


def test_events_that_share_everything_are_named_in_each_of_their_books(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "trail.db")) as store:
        target = Target("user", "u2", "Target u2", "acme")
        for n, book in enumerate(("acme", "globex", "acme")):
            store.append([seal(simple(n, tenant=book, initiator=None, targets=(target,)))])
        assert problems(store) == []
