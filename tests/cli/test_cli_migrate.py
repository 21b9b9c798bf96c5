"""`trailbook migrate` on PostgreSQL: what it makes, as whom, and what it tells whoever may not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import postgres
import pytest
from cli.small import EVENTS, Cli, command, write_lines

from trailbook.errors import StoreError
from trailbook.store.ports import Migration
from trailbook.store.postgres.schema import MIGRATIONS, migrate

MADE = f"(version {len(MIGRATIONS)}).\n"


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A server of our own: roles are all of a server's."""
    made = postgres.quick()
    yield made
    made.end()


class Place:
    """A database that nobody has migrated, on a server without our roles."""

    def __init__(self, server: postgres.Server, name: str) -> None:
        self.server = server
        self.name = name
        self.run("postgres", f"CREATE DATABASE {name}")

    def run(self, database: str, *statements: str) -> None:
        """Run statements as an administrator."""
        with self.server.connect(database) as administrator:
            for statement in statements:
                administrator.execute(statement)

    def login(self, user: str, rights: str = "") -> str:
        """A role that may log in, made; gives the URL of the store for it."""
        self.run("postgres", f"""CREATE ROLE "{user.replace('"', '""')}" LOGIN {rights}""")
        return self.server.url(self.name, quote(user))


@pytest.fixture
def place(server: postgres.Server) -> Iterator[Place]:
    """See Place."""
    made = Place(server, "trail")
    yield made
    made.run("postgres", "DROP DATABASE trail WITH (FORCE)")
    with server.connect("postgres") as administrator:
        names = administrator.execute("SELECT quote_ident(rolname) FROM pg_roles WHERE oid >= 16384").fetchall()
    made.run("postgres", *(f"DROP ROLE {name}" for (name,) in names))


def test_who_may_make_roles_and_owns_the_database_needs_no_more(cli: Cli, place: Place) -> None:
    url = place.login("owner", "CREATEROLE")
    place.run("postgres", "ALTER DATABASE trail OWNER TO owner")
    assert cli("--store", url, "migrate").out.endswith(f"was made {MADE}")
    assert cli("--store", url, "migrate").out.endswith(f"is up to date {MADE}")


def test_who_may_not_is_told_what_an_administrator_has_to_run_and_that_is_enough(cli: Cli, place: Place) -> None:
    url = place.login('o"wner')
    told = cli("--store", url, "migrate")
    assert (told.code, told.out) == (1, "")
    assert "This user may not make what Trailbook needs in the database." in told.err
    sql = told.err.partition("Let an administrator run in it: ")[2]
    assert [one.split()[0] for one in sql.split(";")[:-1]] == ["CREATE"] * 3 + ["GRANT", "CREATE"]
    assert ' TO "o""wner";' in sql
    place.run("trail", sql)
    assert cli("--store", url, "migrate").out.endswith(f"was made {MADE}")


def test_who_only_works_in_a_store_of_this_version_is_told_that_it_is(cli: Cli, place: Place) -> None:
    url = place.login("worker", "NOINHERIT")
    assert "CREATE ROLE" in cli("--store", url, "migrate").err
    cli("--store", place.server.url("trail", postgres.ADMINISTRATOR), "migrate")
    told = cli("--store", url, "migrate")
    assert told.code == 1
    assert 'GRANT "trailbook_owner", "trailbook_writer", "trailbook_reader" TO "worker";' in told.err
    place.run("trail", "GRANT trailbook_writer, trailbook_reader TO worker")
    assert cli("--store", url, "migrate").out.endswith(f"is up to date {MADE}")
    place.run("trail", "UPDATE trailbook.trail SET version = 0")
    assert cli("--store", url, "migrate").err.endswith('run in it: GRANT "trailbook_owner" TO "worker";\n')


def test_many_that_migrate_at_once_make_one_store(place: Place) -> None:
    url = place.server.url("trail", postgres.ADMINISTRATOR)
    started = [
        subprocess.Popen(
            command("--store", url, "migrate"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(4)
    ]
    said = sorted(one.communicate(timeout=120)[0].partition("/trail ")[2] for one in started)
    assert said == [f"is up to date {MADE}"] * 3 + [f"was made {MADE}"]


def test_a_store_of_a_newer_version_is_refused(cli: Cli, place: Place) -> None:
    url = place.server.url("trail", postgres.ADMINISTRATOR)
    cli("--store", url, "migrate")
    place.run("trail", "UPDATE trailbook.trail SET version = 99")
    for arguments in (("migrate",), ("report",), ("copy", url, "copy.db")):
        told = cli("--store", url, *arguments)
        assert (told.code, told.out) == (1, "")
        assert "This store has version 99; this Trailbook knows versions up to" in told.err


def test_a_store_is_brought_up_all_or_nothing(cli: Cli, place: Place) -> None:
    url, now = place.server.url("trail", postgres.ADMINISTRATOR), len(MIGRATIONS)
    cli("--store", url, "migrate")
    more = "CREATE TABLE trailbook.extra (x int);"
    with pytest.raises(StoreError, match="syntax error"):
        migrate(url, migrations=(*MIGRATIONS, f"{more} CREATE TABLE trailbook.broken (;"))
    assert cli("--store", url, "migrate").out.endswith(f"is up to date {MADE}")
    assert migrate(url, migrations=(*MIGRATIONS, more)) == Migration(now, now + 1)
    assert "Update Trailbook, or open another store." in cli("--store", url, "report").err
    place.run("trail", f"UPDATE trailbook.trail SET version = {now - 1}")
    assert cli("--store", url, "report").err.endswith(
        "This store is of an earlier version of Trailbook. Run `trailbook migrate`.\n"
    )


def test_a_store_that_nobody_has_migrated_yet_says_so(cli: Cli, place: Place, folder: Path) -> None:
    url = place.server.url("trail", postgres.ADMINISTRATOR)
    write_lines(folder / "log.jsonl", EVENTS)
    cli("--store", "other.db", "migrate")
    for arguments in (
        ("report",), ("serve",), ("import", "--format", "native", "log.jsonl"), ("copy", url, "copy.db"),
        ("copy", "other.db", url),
    ):  # fmt: skip
        told = cli("--store", url, *arguments)
        assert (told.code, told.out) == (1, "")
        assert "trailbook migrate" in told.err


def test_a_schema_of_our_name_that_is_not_ours_is_left_alone(cli: Cli, place: Place) -> None:
    place.run("trail", "CREATE SCHEMA trailbook", "CREATE TABLE trailbook.theirs (x int)")
    told = cli("--store", place.server.url("trail", postgres.ADMINISTRATOR), "migrate")
    assert "There is a schema named trailbook in this database that is not Trailbook's." in told.err


def test_a_server_that_cannot_be_asked_is_named_without_the_password(cli: Cli, server: postgres.Server) -> None:
    host = quote(str(server.folder), safe="")
    for url, said in (
        (server.url("nowhere", f"{postgres.ADMINISTRATOR}:secret"), "There is no such database."),
        (server.url("postgres", "nobody:secret"), "The server does not let this user in."),
        (f"postgresql://nobody:secret@/postgres?host={host}&port=1", "The server cannot be reached."),
        ("postgresql://nobody:secret@[::1/postgres", "The server cannot be asked so."),
        ("postgresql://nobody:secret@/postgres?password=secret&sslmode=none", "The server cannot be reached."),
    ):
        for arguments in (("migrate",), ("report",), ("copy", url, "copy.db")):
            told = cli("--store", url, *arguments)
            assert (told.code, told.out) == (1, "")
            assert told.err.startswith("Error: postgresql://")
            assert said in told.err
            assert "secret" not in told.err
