"""The commands that move a trail: copy and migrate."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from cli.small import EVENTS, Cli, command, write_lines
from cli.terminal import on_a_terminal

from trailbook.store.sqlite.schema import MIGRATIONS, migrate


def test_a_trail_is_copied_and_nothing_but_what_is_new_the_next_time(cli: Cli, store: Path, folder: Path) -> None:
    heads = cli("head", "--json").out
    assert cli("copy", "trailbook.db", "new/copy.db") == (
        0,
        "5 events copied; 2 books with the same heads, 0 records.\n",
        "",
    )
    assert cli("--store", "new/copy.db", "head", "--json").out == heads
    assert cli("--store", "new/copy.db", "report", "--format", "csv").out == cli("report", "--format", "csv").out
    assert cli("--store", "new/copy.db", "verify").code == cli("--store", "new/copy.db", "doctor").code == 0
    write_lines(folder / "more.jsonl", [{**EVENTS[0], "id": "00000000-0000-7000-8000-000000000009"}])
    assert cli("import", "--format", "native", "more.jsonl").code == 0
    assert cli("copy", "trailbook.db", "new/copy.db").out == (
        "1 event copied (5 were there); 2 books with the same heads, 0 records.\n"
    )


def test_people_and_keys_come_along(cli: Cli, store: Path, folder: Path) -> None:
    (folder / "people.json").write_text('{"users": [{"id": "u2", "tenant": "acme", "name": "Bob"}]}', "utf-8")
    assert cli("directory", "import", "people.json").code == 0
    assert cli("key", "create", "--tenant", "acme", "--use", "read").code == 0
    assert cli("copy", "trailbook.db", "copy.db").out.endswith("1 record.\n")
    for arguments in (("key", "list"), ("directory", "list")):
        assert cli("--store", "copy.db", *arguments).out == cli(*arguments).out != ""


@pytest.mark.parametrize("target", ["trailbook.db", "./trailbook.db", "link.db"])
def test_a_store_is_not_copied_to_itself(cli: Cli, store: Path, folder: Path, target: str) -> None:
    Path("link.db").symlink_to("trailbook.db")
    assert cli("copy", "trailbook.db", target) == (
        2,
        "",
        f"Error: {target}: This is the store that is copied from. Name another.\n",
    )


def test_a_copy_of_what_is_not_there_makes_nothing(cli: Cli, folder: Path) -> None:
    told = cli("copy", "missing.db", "copy.db")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: missing.db: There is no store here.")
    assert os.listdir(folder) == []


def test_a_target_with_another_trail_is_refused_and_left_as_it_is(cli: Cli, store: Path, folder: Path) -> None:
    write_lines(folder / "other.jsonl", EVENTS[1:2])
    assert cli("--store", "other.db", "import", "--format", "native", "other.jsonl").code == 0
    before = cli("--store", "other.db", "head").out
    assert cli("copy", "trailbook.db", "other.db") == (
        1,
        "",
        "Error: The target holds something else: its book acme does not begin as the source's. "
        "Copy into a new store, or into one that holds nothing but an earlier copy of this trail.\n",
    )
    assert cli("--store", "other.db", "head").out == before


def test_a_copy_tells_its_progress_in_numbers_on_a_terminal(store: Path, folder: Path) -> None:
    first = on_a_terminal("copy", "trailbook.db", "copy.db")
    assert "Checking" not in first
    assert re.search(r"Copying +\[#+\] +5/5 +100%", first)
    assert re.search(r"Checking what is there +\[#+\] +5/5 +100%", on_a_terminal("copy", "trailbook.db", "copy.db"))


def test_a_store_of_this_version_is_left_as_it_is(cli: Cli, store: Path) -> None:
    before = store.read_bytes()
    assert cli("migrate") == (0, f"trailbook.db is up to date (version {len(MIGRATIONS)}).\n", "")
    assert store.read_bytes() == before


def test_a_store_that_is_not_there_is_made(cli: Cli, folder: Path) -> None:
    assert cli("--store", "var/new.db", "migrate").out == f"var/new.db was made (version {len(MIGRATIONS)}).\n"
    assert cli("--store", "var/new.db", "migrate").out == f"var/new.db is up to date (version {len(MIGRATIONS)}).\n"
    assert cli("--store", "var/new.db", "report").code == 0


def test_a_store_of_an_older_version_is_brought_up(cli: Cli, folder: Path) -> None:
    with closing(sqlite3.connect("trailbook.db", isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
    assert cli("migrate").out == f"trailbook.db was brought from version 1 to version {len(MIGRATIONS)}.\n"
    assert cli("key", "list").code == 0


def test_a_store_of_a_newer_version_is_refused(cli: Cli, store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for arguments in (("migrate",), ("copy", "trailbook.db", "copy.db"), ("copy", "other.db", "trailbook.db")):
        cli("--store", "other.db", "migrate")
        told = cli(*arguments)
        assert (told.code, told.out) == (1, "")
        assert told.err.startswith("Error: trailbook.db: This store has version 99; this Trailbook knows versions up")


def test_many_that_migrate_at_once_make_one_store(folder: Path) -> None:
    started = [
        subprocess.Popen(command("migrate"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]
    said = sorted(one.communicate(timeout=120)[0] for one in started)
    version = f"(version {len(MIGRATIONS)}).\n"
    assert said == [f"trailbook.db is up to date {version}"] * 3 + [f"trailbook.db was made {version}"]
