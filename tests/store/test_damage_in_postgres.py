"""What keeps events in PostgreSQL as they are, and what is found if somebody gets past it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest
from sealed import NOON, seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.errors import StoreError
from trailbook.query.tree import Field
from trailbook.store.postgres.store import PostgresStore

EVENTS = 12
PAST_THE_GUARDS = "SET session_replication_role = replica"


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with some events in two books."""
    found = postgres.url(tmp_path)
    with closing(PostgresStore(found)) as store:
        store.append(
            [
                seal(simple(n, at=NOON + timedelta(days=20 * n), tenant="acme" if n % 3 else "globex"))
                for n in range(EVENTS)
            ]
        )
    return found


@pytest.fixture
def administrator(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who may do anything in the database."""
    with psycopg.connect(url.replace(postgres.LOGIN, postgres.ADMINISTRATOR, 1), autocommit=True) as connection:
        yield connection


def problems(url: str, check: str) -> list[str]:
    """What `verify` or `doctor` tells, but for how this server is set up."""
    with closing(PostgresStore(url)) as store:
        found = store.verify(store.heads(OPERATOR), silent) if check == "verify" else store.doctor(silent)
    return [f"{one.place}: {one.problem}" for one in found if not one.place.startswith("server's setting")]


@pytest.mark.parametrize("table", ["event", "identity"])
@pytest.mark.parametrize(
    "change", ["UPDATE trailbook.{} SET place = place + 100", "DELETE FROM trailbook.{}", "TRUNCATE trailbook.{}"]
)
def test_not_even_who_may_do_anything_changes_or_deletes_what_is_stored(
    administrator: psycopg.Connection[Any], table: str, change: str
) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="never changed or deleted"):
        administrator.execute(change.format(table))


@pytest.mark.parametrize("role", ["trailbook_writer", "trailbook_reader"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trailbook.event SET tokens = '{}'",
        "DELETE FROM trailbook.event",
        "UPDATE trailbook.identity SET at = 0",
        "DELETE FROM trailbook.identity",
        "DELETE FROM trailbook.book",
        "TRUNCATE trailbook.event",
        "DROP TABLE trailbook.event",
        "ALTER TABLE trailbook.event DISABLE TRIGGER ALL",
    ],
)
def test_the_roles_that_do_the_work_may_not_even_try(url: str, role: str, change: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


def test_a_whole_store_has_no_problems(url: str) -> None:
    assert problems(url, "verify") == problems(url, "doctor") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "UPDATE trailbook.event SET body = (SELECT body FROM trailbook.event ORDER BY at LIMIT 1)"
            " WHERE place = (1::bigint << 40) + 1",
            "position 1: ",
        ),
        ("UPDATE trailbook.event SET body = '\\x00' WHERE place = (1::bigint << 40) + 1", "Its bytes cannot be read"),
        ("DELETE FROM trailbook.event WHERE place = (1::bigint << 40) + 1", "position 1: Its row is gone."),
        (
            "WITH gone AS (DELETE FROM trailbook.event WHERE place = (1::bigint << 40) + 1)"
            " DELETE FROM trailbook.identity WHERE place = (1::bigint << 40) + 1",
            "The event is missing; the next one is at 2.",
        ),
        ("UPDATE trailbook.book SET root = sha256('')", "do not add up to its head"),
        ("UPDATE trailbook.event SET who = 999", "Its initiator in the table is not that of its bytes."),
        ("UPDATE trailbook.identity SET id = gen_random_uuid()", "It cannot be found by its id."),
        ("INSERT INTO trailbook.event SELECT at, arrival + 1, place, who, what, tokens, body FROM trailbook.event",
         "It should have"),
    ],
    ids=["exchanged", "spoilt", "row gone", "event gone", "head", "initiator", "id", "added"],
)  # fmt: skip
def test_what_was_changed_past_the_guards_is_found(
    url: str, administrator: psycopg.Connection[Any], change: str, told: str
) -> None:
    administrator.execute(PAST_THE_GUARDS)
    administrator.execute(change)
    assert any(told in one for one in problems(url, "verify"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE trailbook.event SET tokens = tokens[2:]", "1 are missing, 0 should not be there"),
        ("UPDATE trailbook.event SET tokens = tokens || 999999", "0 are missing, 1 should not be there"),
        ("DELETE FROM trailbook.party", "is not known by the name"),
        ("UPDATE trailbook.party SET name = 'Eve'", "which no event gives"),
        ("UPDATE trailbook.party SET id_key = 0", "cannot be looked up"),
        ("DROP TRIGGER event_is_never_deleted ON trailbook.event", "The trigger event_is_never_deleted is gone"),
        ("ALTER TABLE trailbook.identity DISABLE TRIGGER ALL", "The trigger identity_is_never_updated is gone"),
        ("ALTER TABLE trailbook.event DISABLE ROW LEVEL SECURITY", "Its row-level security is off"),
    ],
    ids=["token gone", "token added", "name gone", "name", "key", "trigger gone", "trigger off", "policy off"],
)
def test_what_does_not_follow_from_the_events_is_found(
    url: str, administrator: psycopg.Connection[Any], change: str, told: str
) -> None:
    with administrator.transaction(force_rollback=False):
        administrator.execute("SET LOCAL session_replication_role = replica")
        administrator.execute(change)
    try:
        assert any(told in one for one in problems(url, "doctor"))
    finally:
        administrator.execute("ALTER TABLE trailbook.event ENABLE ROW LEVEL SECURITY")
        administrator.execute("ALTER TABLE trailbook.identity ENABLE TRIGGER ALL")
        administrator.execute(
            "CREATE OR REPLACE TRIGGER event_is_never_deleted BEFORE DELETE ON trailbook.event"
            " FOR EACH ROW EXECUTE FUNCTION trailbook.refuse()"
        )


def test_tokens_and_names_are_made_anew_by_who_may_act_as_the_owner(
    url: str, administrator: psycopg.Connection[Any]
) -> None:
    administrator.execute("UPDATE trailbook.event SET tokens = '{}'")
    administrator.execute("DELETE FROM trailbook.party")
    with closing(PostgresStore(url.replace(postgres.LOGIN, postgres.ADMINISTRATOR, 1))) as store:
        assert store.count(OPERATOR, Field("action", ("play",))) == 0
        store.rebuild_index(silent)
        assert store.count(OPERATOR, Field("action", ("play",))) == EVENTS
        assert store.parties(OPERATOR, "user", "Name of u1")
    assert problems(url, "doctor") == problems(url, "verify") == []


def test_who_does_not_own_the_store_is_told_who_may_make_its_index_anew(url: str) -> None:
    with closing(PostgresStore(url)) as store, pytest.raises(StoreError, match="Only who owns this store may do that"):
        store.rebuild_index(silent)
