"""The other commands: show, columns, facets, directory, stats, head, verify, doctor, completion, and their help."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID

import click
import pytest
from cli.small import BOB_CHANGED, BOB_IN, EVENTS, Cli, write_lines

from trailbook.cli.root import QueryCommand, root
from trailbook.directory.viewer import Root, Viewer
from trailbook.report.columns import COLUMNS

PEOPLE = {
    "users": [{"id": "u2", "tenant": "acme", "name": "Bob", "groups": ["g1"]}],
    "groups": [{"id": "g1", "tenant": "acme", "name": "Call center"}],
    "roles": [{"id": "agent", "tenant": "globex", "name": "Agent"}],
    "tenants": [{"id": "acme", "name": "Acme"}],
}


def commands(group: click.Group = root, *above: str) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, one in group.commands.items():
        found.append(((*above, name), one))
        if isinstance(one, click.Group):
            found += commands(one, *above, name)
    return found


def test_everything_of_an_event_is_shown(cli: Cli, store: Path) -> None:
    told = cli("show", BOB_CHANGED)
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0].split() == ["ID", BOB_CHANGED]
    assert " ".join(lines[1].split()) == ("Occurred at Nov 17, 2021, 2:07:31 PM +00:00 (2021-11-17T14:07:31+00:00)")
    shown = [line.strip() for line in told.out.splitlines()]
    assert "- bob@old.example" in " ".join(shown)
    assert "+ bob@new.example" in " ".join(shown)
    assert "\x1b" not in told.out


def test_an_event_is_shown_in_a_zone_and_locale_and_by_an_id_in_capitals(cli: Cli, store: Path) -> None:
    told = cli("show", BOB_CHANGED.upper(), "--tz", "Europe/Berlin", "--locale", "de")
    assert "17.11.2021, 15:07:31 +01:00" in told.out


def test_an_event_that_the_viewer_may_not_see_is_not_there(cli: Cli, store: Path) -> None:
    told = cli("show", BOB_CHANGED, "--as", "tenant:globex")
    assert told == (
        2,
        "",
        f"Error: {BOB_CHANGED}: There is no event with this id that you may see. "
        "Copy it from the column Audit - ID: trailbook report --columns id,date_time,details.\n",
    )


@pytest.mark.parametrize("id", ["00000000", BOB_CHANGED[:-1], "x" * 36, BOB_CHANGED.replace("-", "")])
def test_a_part_of_an_id_is_none(cli: Cli, store: Path, id: str) -> None:
    told = cli("show", id)
    assert told == (
        2,
        "",
        f"Error: '{id}' is no id of an event: that is a whole UUID, 36 characters long. "
        "Copy it from the column Audit - ID: trailbook report --columns id,date_time,details.\n",
    )


def test_the_columns_are_listed_with_their_labels(cli: Cli) -> None:
    lines = cli("columns").out.splitlines()
    assert lines[0].split() == ["*", "id", "Audit", "-", "ID", "the", "event's", "ID"]
    assert [line[2:].split()[0] for line in lines[: len(COLUMNS)]] == list(COLUMNS)
    assert lines[-1] == "* shown by default. # of rows is in the header, or beside each group."


def test_frequent_values_are_counted(cli: Cli, store: Path) -> None:
    assert cli("facets", "action").out.split() == [
        "action",
        "2",
        "login",
        "1",
        "export",
        "1",
        "send_email",
        "1",
        "update",
    ]
    assert cli("facets", "user", "--limit", "1").out.split() == ["user", "1", "acme/u1", "Ann"]
    assert cli("facets", "outcome", "-action:login").out.split() == ["outcome", "2", "success", "1", "denied"]
    assert cli("facets", "action", "--as", "tenant:globex").out.split() == ["action", "1", "export", "1", "login"]
    assert cli("facets", "action", "during:2021-11-18", "--tz", "Asia/Tokyo").out.split() == (
        ["action", "2", "login", "1", "send_email"]
    )
    every = cli("facets").out
    assert [block.splitlines()[0] for block in every.split("\n\n")] == [
        "user", "group", "role", "tenant", "action", "resource", "app", "outcome", "ip", "book",
    ]  # fmt: skip


def test_values_of_what_is_hidden_are_not_counted(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer("eve", Root(), frozenset({"ip", "initiator"}))
    monkeypatch.setattr(sys.modules[QueryCommand.__module__], "parse_viewer", lambda text: viewer)
    assert cli("facets", "ip") == (
        1,
        "",
        "Error: The values of ip would tell what is hidden from you (Audit - Initiator (User), Audit - Initiator IP). "
        "Ask for another field.\n",
    )
    assert cli("facets", "user").code == 1
    assert [block.splitlines()[0] for block in cli("facets").out.split("\n\n")] == [
        "group", "role", "tenant", "action", "resource", "app", "outcome", "book",
    ]  # fmt: skip


def test_a_field_without_counts_is_refused(cli: Cli, store: Path) -> None:
    told = cli("facets", "colour")
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines()[-1] == (
        "Error: Invalid value for '[FIELD]': 'colour' is not one of 'user', 'group', 'role', 'tenant', 'action', "
        "'resource', 'app', 'outcome', 'ip', 'book'."
    )


def test_people_are_imported_listed_and_fill_what_events_leave_out(cli: Cli, folder: Path) -> None:
    Path("people.json").write_text(json.dumps(PEOPLE), "utf-8")
    told = cli("directory", "import", "people.json", "--as-of", "2021-01-01T00:00:00Z")
    assert told == (
        0,
        "people.json: 5 entries added, 0 ended; those without a date hold since 2021-01-01 00:00 UTC\n",
        "",
    )
    assert cli("directory", "list").out.splitlines() == [
        "group   acme/g1  Call center since 2021-01-01",
        "role    globex/agent  Agent since 2021-01-01",
        "tenant  acme/acme  Acme since 2021-01-01",
        "user    acme/u2  Bob since 2021-01-01",
    ]
    assert cli("directory", "list", "--kind", "user").out == "user    acme/u2  Bob since 2021-01-01\n"
    assert cli("directory", "list", "--as", "tenant:globex").out == "role    globex/agent  Agent since 2021-01-01\n"
    write_lines(folder / "events.jsonl", EVENTS)
    cli("import", "--format", "native", "events.jsonl")
    shown = cli("report", "id:" + BOB_IN, "--columns", "initiator,groups", "--format", "csv").out.splitlines()
    assert shown[1] == '"Bob","Call center"'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json"], "none.json: The file cannot be read: No such file or directory. Check the path"),
        (["people.json", "--as-of", "yesterday"], "--as-of: 'yesterday' is no time with a zone. Write 2021-11-01T0"),
        (["people.json", "--as-of", "2021-11-01T00:00"], "--as-of: '2021-11-01T00:00' is no time with a zone."),
    ],
)  # fmt: skip
def test_people_that_cannot_be_imported_are_explained(cli: Cli, arguments: list[str], message: str) -> None:
    Path("people.json").write_text(json.dumps(PEOPLE), "utf-8")
    told = cli("directory", "import", *arguments)
    assert told.code == 2
    assert told.err.startswith(f"Error: {message}")


def test_what_the_store_holds_is_told(cli: Cli, store: Path) -> None:
    lines = [line.rsplit(None, 1) for line in cli("stats").out.splitlines()]
    figures = {name.strip(): int(figure.replace(",", "")) for name, figure in lines if "last seen" not in name}
    assert (figures["events"], figures["book acme"], figures["book globex"]) == (5, 3, 2)
    assert figures["bytes per event"] > 0


def test_when_each_application_was_last_seen_is_told(cli: Cli) -> None:
    times = {"web": ("2021-11-17T14:07:00Z", "2021-11-18T01:00:00+02:00"), "Web": ("2021-11-20T00:00:00Z",)}
    times |= {"w*": ("2021-11-01T09:00:00Z",), "": ("2021-11-02T00:00:00Z",), "a\x1b": ("2021-11-03T00:00:00Z",)}
    events = [
        EVENTS[0] | {"id": str(UUID(int=number)), "application": application, "occurred_at": at}
        for number, (application, at) in enumerate((one, at) for one, all_ in times.items() for at in all_)
    ]
    cli("import", "--format", "native", str(write_lines(Path("seen.jsonl"), events)))
    assert [line.split("seen", 1)[1].split() for line in cli("stats").out.splitlines() if "seen" in line] == [
        ["web", "2021-11-17T23:00:00Z"],
        ["(empty)", "2021-11-02T00:00:00Z"],
        ["Web", "2021-11-20T00:00:00Z"],
        ["a␛", "2021-11-03T00:00:00Z"],
        ["w*", "2021-11-01T09:00:00Z"],
    ]


def test_heads_are_printed_and_verified_against(cli: Cli, store: Path) -> None:
    noted = cli("head", "--json").out
    heads = json.loads(noted)
    assert {book: head["size"] for book, head in heads.items()} == {"acme": 3, "globex": 2}
    assert [line.split() for line in cli("head").out.splitlines()] == [
        ["3", heads["acme"]["root"], "acme"],
        ["2", heads["globex"]["root"], "globex"],
    ]
    Path("heads.json").write_text(noted, "utf-8")
    assert cli("verify") == (0, "All 5 events of 2 books are whole.\n", "")
    assert cli("verify", "--against", "heads.json").out == (
        "All 5 events of 2 books are whole, 2 of them against noted heads.\n"
    )
    heads["acme"]["root"] = "00" * 32
    Path("heads.json").write_text(json.dumps(heads), "utf-8")
    told = cli("verify", "--against", "heads.json")
    assert told.code == 1
    assert told.out.startswith("book acme")
    assert told.err == (
        "Error: trailbook.db: 1 problem was found. "
        "Keep this file as evidence and restore a backup; if only the index is wrong, `doctor --reindex`.\n"
    )


def test_no_name_of_a_book_or_file_steers_the_terminal(cli: Cli, folder: Path) -> None:
    steering = {"\x1b", "\x9b", "\u202e"}
    write_lines(folder / "a\x1b[2J.jsonl", [EVENTS[0] | {"tenant": "a\x9b2J\u202ec"}, {}])
    outputs = [cli("--store", "\x1bs.db", "import", "--format", "native", "a\x1b[2J.jsonl", "--rejects", "\x1br").out]
    outputs += [cli("--store", "\x1bs.db", *words).out for words in (["head"], ["head", "--json"], ["stats"])]
    assert list(json.loads(outputs[2])) == ["a\x9b2J\u202ec"]
    outputs.append(cli("--store", "\x1bs.db", "demo", "--events", "3").out)
    Path("\x1bp.json").write_text("{}", "utf-8")
    outputs.append(cli("directory", "import", "\x1bp.json").out)
    outputs.append(cli("--store", "\x1bs.db", "report", "--about", "about.json", "--format", "jsonl").out)
    outputs.append(Path("about.json").read_text("utf-8"))
    for output in outputs:
        assert output
        assert not steering & set(output)


def test_one_event_of_one_book_is_told_as_one(cli: Cli, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS[:1])
    assert " 1 stored, 0 duplicates, 0 conflicts, " in cli("import", "--format", "native", "events.jsonl").out
    assert " 0 stored, 1 duplicate, 0 conflicts, " in cli("import", "--format", "native", "events.jsonl").out
    assert cli("verify").out == "1 event of 1 book is whole.\n"
    assert cli("report", "--group-by", "action", "--format", "csv").err == "# of rows: 1 in 1 group\n"
    write_lines(folder / "events.jsonl", [EVENTS[0] | {"action": "other"}, EVENTS[2]])
    assert " 1 stored, 0 duplicates, 1 conflict, " in cli("import", "--format", "native", "events.jsonl").out
    assert cli("verify").out == "All 2 events of 1 book are whole.\n"
    Path("people.json").write_text('{"users": [{"id": "u2", "tenant": "acme", "name": "Bob"}]}', "utf-8")
    assert cli("directory", "import", "people.json").out.startswith("people.json: 1 entry added, 0 ended; ")


def test_a_damaged_index_is_found_and_made_anew(cli: Cli, store: Path) -> None:
    assert cli("doctor") == (0, "The index agrees with the events.\n", "")
    with closing(sqlite3.connect(store)) as connection, connection:
        (index,) = connection.execute("SELECT min(name) FROM sqlite_master WHERE sql LIKE '%USING fts5%'").fetchone()
        connection.execute(f"INSERT INTO {index}({index}) VALUES ('delete-all')")
    told = cli("doctor")
    assert told.code == 1
    assert told.err.startswith("Error: trailbook.db: ")
    assert told.err.endswith("if only the index is wrong, `doctor --reindex`.\n")
    assert cli("doctor", "--reindex") == (0, "The index agrees with the events.\n", "")
    assert cli("doctor").code == 0


def test_every_command_has_help_whose_first_lines_are_not_cut(cli: Cli) -> None:
    told = cli("--help")
    assert told.code == 0
    assert "..." not in told.out.partition("Commands:")[2]
    assert "trailbook report 'user:alice'      what Alice did and what was done to her" in told.out
    for words, one in commands():
        shown = cli(*words, "--help")
        assert (shown.code, shown.err) == (0, ""), words
        assert shown.out.startswith(f"Usage: trailbook {' '.join(words)} ")
        assert max(map(len, shown.out.splitlines())) <= 100, words
        assert len(one.get_short_help_str(limit=50)) <= 50, words
        if isinstance(one, click.Group):
            assert "..." not in shown.out.partition("Commands:")[2], words


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    told = cli()
    assert told.code == 2
    assert told.err.startswith("Usage: trailbook [OPTIONS] COMMAND [ARGS]...")


def test_the_version_is_told(cli: Cli) -> None:
    assert cli("--version").out.startswith("trailbook, version ")


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["reprot"], "Error: No such command 'reprot'. Did you mean 'report'?"),
        (["report", "--definitoin"], "Error: No such option '--definitoin'. Did you mean '--definition'?"),
        (["report", "--store", "x.db"], "Write it before the command: trailbook --store STORE report ..."),
        (["report", "--limit", "0"], "Error: Invalid value for '--limit': 0 is not in the range 1<=x<=1000000000000."),
        (["report", "--order", "up"], "Error: Invalid value for '--order': 'up' is not one of 'newest', 'oldest'."),
        (
            ["report", "--as", "bob"],
            "Error: viewer: There is no viewer 'bob'. Write root, tenant:acme, groups:acme/g1,g2 or self:acme/u17.",
        ),
        (["import"], "Error: Missing argument 'FILE...'."),
        (["show"], "Error: Missing argument 'ID'."),
    ],
)  # fmt: skip
def test_what_is_typed_wrongly_is_explained(cli: Cli, arguments: list[str], last: str) -> None:
    told = cli(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines()[-1] == last
