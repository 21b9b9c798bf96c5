"""What happens behind Trailbook's back is found: by `verify` in the books, by `doctor` in the index."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sealed import NOON, seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.errors import Damaged, StoreError
from trailbook.event.canonical import encode
from trailbook.event.model import Target
from trailbook.query.tree import EVERYTHING
from trailbook.store.ports import Head
from trailbook.store.sqlite.index import expected, tokens_of
from trailbook.store.sqlite.schema import MIGRATIONS, migrate
from trailbook.store.sqlite.store import SqliteStore

THIRD = "SELECT key FROM event WHERE book = 1 AND position = 3"


def silent(done: int, total: int) -> None:
    """Shows no progress."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with 300 events in two books, closed."""
    path = tmp_path / "trail.db"
    store = SqliteStore(path)
    bob = (Target("user", "bob", "Bob", "acme"),)
    for start in (0, 150):
        store.append([
            seal(simple(n, at=NOON + timedelta(seconds=n), tenant="acme" if n % 3 else "globex", targets=bob))
            for n in range(start, start + 150)
        ])  # fmt: skip
    store.append([seal(simple(9000 + n, at=NOON)) for n in range(1100)])
    store.close()
    return path


@pytest.fixture
def tampered(path: Path) -> Iterator[sqlite3.Connection]:
    """The file opened past Trailbook, its triggers dropped."""
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in ("event_is_never_updated", "event_is_never_deleted", "identity_is_never_updated"):
        connection.execute(f"DROP TRIGGER {trigger}")
    yield connection
    connection.close()


@pytest.fixture
def beside(path: Path) -> Iterator[sqlite3.Connection]:
    """The file opened past Trailbook, its triggers as they are."""
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def verified(path: Path, against: dict[str, Head] | None = None) -> list[str]:
    """The problems that `verify` tells, as text."""
    store = SqliteStore(path)
    found = [f"{one.place}: {one.problem}" for one in store.verify(against or {}, silent)]
    store.close()
    return found


def examined(path: Path) -> list[str]:
    """The problems that `doctor` tells, as text."""
    store = SqliteStore(path)
    found = [f"{one.place}: {one.problem}" for one in store.doctor(silent)]
    store.close()
    return found


def test_a_whole_store_has_no_problems(path: Path) -> None:
    assert verified(path) == []
    assert examined(path) == []


@pytest.mark.parametrize(
    "sql", ["UPDATE event SET position = 5", "DELETE FROM event", "DELETE FROM identity", "UPDATE identity SET key = 1"]
)
def test_events_can_be_neither_changed_nor_deleted(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(sql)


def test_an_edited_event_is_found(path: Path, tampered: sqlite3.Connection) -> None:
    frame = SqliteStore(path)
    (row,) = frame.events(OPERATOR, simple(7).id)
    frame.close()
    import zstandard

    body = zstandard.ZstdCompressor().compress(encode(row.event).replace(b'"play"', b'"look"'))
    of_row = "book = (SELECT id FROM book WHERE name = ?) AND position = ?"
    tampered.execute(f"UPDATE event SET body = ? WHERE {of_row}", (body, row.event.tenant, row.position))
    found = verified(path)
    assert "book acme: Its events do not add up to its head: events were changed or exchanged." in found
    assert any("position 4" in problem and "action" in problem for problem in found)


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        (f"UPDATE identity SET id = randomblob(16) WHERE key = ({THIRD})", "found by its id"),
        ("UPDATE event SET what = 99 WHERE book = 1 AND position = 3", "Its resource, action"),
        ("UPDATE event SET who = 99 WHERE book = 1 AND position = 3", "Its initiator"),
        ("UPDATE event SET key = key + 8001 WHERE book = 1 AND position = 3", "Its time in the table"),
        ("UPDATE event SET body = x'00' WHERE book = 1 AND position = 3", "Its bytes cannot be read"),
    ],
)
def test_a_column_that_was_edited_is_found(path: Path, tampered: sqlite3.Connection, sql: str, wrong: str) -> None:
    tampered.execute(sql)
    assert any("position 3" in problem and wrong in problem for problem in verified(path))


def test_a_removed_event_is_found(path: Path, tampered: sqlite3.Connection) -> None:
    tampered.execute("DELETE FROM event WHERE book = 1 AND position = 5")
    found = verified(path)
    assert found[0].endswith("position 5: The event is missing; the next one is at 6.")


def test_a_removed_last_event_is_found(path: Path, tampered: sqlite3.Connection) -> None:
    tampered.execute("DELETE FROM event WHERE book = 1 AND position = (SELECT max(position) FROM event WHERE book = 1)")
    assert any("It should have" in problem for problem in verified(path))


def test_two_events_that_changed_places_are_found(path: Path, tampered: sqlite3.Connection) -> None:
    tampered.execute("UPDATE event SET position = -1 WHERE book = 1 AND position = 4")
    tampered.execute("UPDATE event SET position = 4 WHERE book = 1 AND position = 5")
    tampered.execute("UPDATE event SET position = 5 WHERE book = 1 AND position = -1")
    assert any("do not add up" in problem for problem in verified(path))


def test_an_added_event_is_found(path: Path, tampered: sqlite3.Connection) -> None:
    columns = "book, position + 1, offset, who, what, body"
    last = "book = 1 ORDER BY position DESC LIMIT 1"
    tampered.execute(f"INSERT INTO event SELECT key + 1, {columns} FROM event WHERE {last}")
    assert any("It should have" in problem for problem in verified(path))


def test_an_event_of_no_book_is_found(path: Path, tampered: sqlite3.Connection) -> None:
    tampered.execute("INSERT INTO event SELECT key - 1, 77, 0, offset, who, what, body FROM event LIMIT 1")
    assert "event table: 1 events belong to no book." in verified(path)


def test_a_store_rewritten_as_a_whole_is_found_by_a_head_noted_elsewhere(path: Path, tmp_path: Path) -> None:
    store = SqliteStore(path)
    noted = store.heads(OPERATOR)
    store.append([seal(simple(5000))])
    store.close()
    assert verified(path, noted) == []
    forged = SqliteStore(tmp_path / "forged.db")
    forged.append([seal(simple(n, tenant="acme", action="nothing")) for n in range(1400)])
    forged.close()
    found = verified(tmp_path / "forged.db", noted)
    assert found == [
        "book globex: The book is gone, but a head of it was noted.",
        f"book acme: Its first {noted['acme'].size} events are not those of the head noted elsewhere.",
    ]


def test_a_token_that_is_missing_or_too_many_is_found_with_its_row(path: Path, beside: sqlite3.Connection) -> None:
    (key,) = beside.execute("SELECT key FROM event WHERE book = 1 AND position = 9").fetchone()
    beside.execute("INSERT INTO facet (rowid, tokens) VALUES (?, 'wsurplus')", (key,))
    assert examined(path) == [f"index, row {key}: The term 'wsurplus' is there and should not be."]


def test_a_row_that_is_missing_in_the_index_is_found_by_each_of_its_terms(
    path: Path, beside: sqlite3.Connection
) -> None:
    (key,) = beside.execute("SELECT key FROM event WHERE book = 1 AND position = 9").fetchone()
    (token_key,) = beside.execute("SELECT value FROM setting WHERE name = 'token_key'").fetchone()
    rows = [row for chunk in expected(beside, token_key, silent) for row in tokens_of(chunk)]
    (lost,) = [tokens for place, tokens in rows if place == key]
    beside.execute("INSERT INTO facet (facet) VALUES ('delete-all')")
    beside.executemany("INSERT INTO facet (rowid, tokens) VALUES (?, ?)", [row for row in rows if row[0] != key])
    terms = sorted(set(lost.split()), key=str.encode)
    assert examined(path) == [f"index, row {key}: The term '{term}' is missing." for term in terms]


def test_a_name_that_could_not_be_found_any_more_is_told(path: Path, beside: sqlite3.Connection) -> None:
    beside.execute("DELETE FROM party WHERE id = 'bob' AND book = 1")
    (problem,) = examined(path)
    assert problem.endswith("The user bob is not known by the name 'Bob'.")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DELETE FROM listed WHERE facet = 'action:play'", "cannot be found by its beginning"),
        ("INSERT INTO listed VALUES ('action:never')", "is listed, but no event has it"),
        ("UPDATE party SET folded_name = 'rob' WHERE id = 'bob'", "not known by the name 'Bob'"),
        ("INSERT INTO party VALUES (1, 'user', 'acme', 'eve', 'Eve', 'eve', 'eve')", "which no event gives"),
        ("UPDATE setting SET value = 0 WHERE name = 'furthest_spill'", "places from its time"),
        ("DROP TRIGGER event_is_never_deleted", "The trigger event_is_never_deleted is gone"),
    ],
)
def test_all_that_queries_and_guards_stand_on_is_examined(
    path: Path, beside: sqlite3.Connection, sql: str, told: str
) -> None:
    beside.execute(sql)
    assert any(told in problem for problem in examined(path))


def test_rebuilding_the_index_mends_it_and_the_lists(path: Path, beside: sqlite3.Connection) -> None:
    beside.execute("INSERT INTO facet (facet) VALUES ('delete-all')")
    beside.execute("DELETE FROM listed")
    beside.execute("UPDATE party SET folded_name = 'rob'")
    store = SqliteStore(path)
    assert store.doctor(silent) != []
    store.rebuild_index(silent)
    assert store.doctor(silent) == []
    store.close()


def test_an_index_of_another_version_is_refused_until_it_is_rebuilt(path: Path, beside: sqlite3.Connection) -> None:
    beside.execute("UPDATE setting SET value = 0 WHERE name = 'facets_version'")
    with pytest.raises(StoreError, match="reindex"):
        SqliteStore(path)
    store = SqliteStore(path, any_index=True)
    store.rebuild_index(silent)
    store.close()
    SqliteStore(path).close()


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"version 99.*Update Trailbook"):
        SqliteStore(path)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(StoreError, match="not a Trailbook store"):
        SqliteStore(tmp_path / "text.db")
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StoreError, match="not a Trailbook store"):
        SqliteStore(tmp_path / "other.db")


def test_a_migration_runs_once_and_a_failing_one_leaves_the_store_as_it_was(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    next_version = (*MIGRATIONS, "CREATE TABLE extra (x);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*MIGRATIONS, "CREATE TABLE extra (x);\nCREATE TABLE broken (;\n"))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    migrate(connection, next_version)
    migrate(connection, next_version)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    connection.close()


def test_a_damaged_page_gives_a_clear_error(path: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    shutil.copy(path, damaged)
    with damaged.open("r+b") as file:
        for page in range(3, 60):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    with pytest.raises(Damaged, match="doctor"):
        list(SqliteStore(damaged).scan(OPERATOR, EVERYTHING))


@pytest.mark.parametrize(
    "body", ["x'00'", "x'28b52ffd20031900005b3030'", "7"], ids=["not packed", "not an event", "not bytes"]
)
def test_an_event_that_cannot_be_read_gives_a_clear_error(path: Path, tampered: sqlite3.Connection, body: str) -> None:
    tampered.execute(f"UPDATE event SET body = {body} WHERE book = 1 AND position = 3")
    store = SqliteStore(path)
    with pytest.raises(Damaged, match="trailbook verify"):
        list(store.scan(OPERATOR, EVERYTHING))
    with pytest.raises(Damaged, match="trailbook verify"):
        store.doctor(silent)
    store.close()
