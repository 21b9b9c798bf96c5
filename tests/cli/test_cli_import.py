"""The commands import, formats and demo: what goes in, what is told about it, and where the rest is found."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli.small import BOB_CHANGED, EVENTS, Cli, command, write_lines

from trailbook.event.canonical import decode
from trailbook.ingest.mapping import shipped_maps

COUNTS = re.compile(r"; [\d.]+ s, [\d,]+ records/s$")
MAP = """
title = "Doors"
description = "Doors that people open."
csv = { delimiter = ";" }
[event]
time = { from = "when", formats = ["%d.%m.%Y %H:%M"] }
action = "what"
resource = "=doors"
[initiator]
id = "who"
"""


def test_what_became_of_a_file_is_told_and_again_it_is_duplicates(cli: Cli, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    told = cli("import", "events.jsonl", "--format", "native")
    assert (told.code, told.err) == (0, "")
    title = next(one.title for one in shipped_maps() if one.name == "native")
    assert COUNTS.sub("", told.out.strip()) == (
        f"events.jsonl ({title}): 5 read, 5 stored, 0 duplicates, 0 conflicts, 0 rejected"
    )
    again = cli("import", "events.jsonl", "--format", "native")
    assert " 5 read, 0 stored, 5 duplicates, 0 conflicts, 0 rejected;" in again.out
    assert sorted(one.name for one in folder.iterdir()) == ["events.jsonl", "trailbook.db"]


def test_events_that_name_no_tenant_or_application_get_those_given(cli: Cli, folder: Path) -> None:
    event = {"id": BOB_CHANGED, "occurred_at": "2021-11-17T14:07:31Z", "resource": "users", "action": "update"}
    write_lines(folder / "events.jsonl", [event])
    cli("import", "--format", "native", "--tenant", "acme", "--application", "web", "events.jsonl")
    told = cli("report", "--columns", "book,application", "--format", "csv")
    assert told.out.splitlines()[1] == '"acme","web"'


def test_standard_input_is_imported_and_needs_a_format(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = gzip.compress("".join(json.dumps(one) + "\n" for one in EVENTS).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert cli("import", "-").err == (
        "Error: standard input: It can be read only once, so its format cannot be looked up first. "
        "Give it with --format or --map.\n"
    )
    assert "5 stored" in cli("import", "--format", "native", "-").out


def test_nothing_of_a_pipe_is_lost_to_a_look_at_its_format(folder: Path, program: Cli) -> None:
    file = write_lines(folder / "events.jsonl", EVENTS)
    words = shlex.join(command("import"))
    told = subprocess.run(["bash", "-c", f"{words} <(cat {file})"], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.endswith(
        ": It can be read only once, so its format cannot be looked up first. Give it with --format or --map.\n"
    )
    told = subprocess.run(
        ["bash", "-c", f"{words} --format native <(cat {file})"], capture_output=True, text=True, timeout=60
    )
    assert ": 5 read, 5 stored," in told.stdout
    os.mkfifo("pipe")
    for asked in (["import", "pipe"], ["import", "--dry-run", "pipe"], ["formats", "coverage", "pipe"]):
        assert program(*asked).err.startswith("Error: pipe: It can be read only once, ")


def test_a_dry_run_shows_events_and_stores_nothing(cli: Cli, folder: Path) -> None:
    write_lines(folder / "events.jsonl", [EVENTS[0], {"id": "x"}])
    told = cli("import", "--dry-run", "--format", "native", "events.jsonl")
    assert told.code == 0
    assert told.out.split()[:7] == ["Line", "1", "would", "be", "stored", "as:", "ID"]
    assert "Line 2 would be rejected: " in told.out
    assert not Path("trailbook.db").exists()


def test_a_map_of_ones_own_is_used(cli: Cli, folder: Path) -> None:
    Path("doors.toml").write_text(MAP, "utf-8")
    Path("doors.csv").write_text("when;who;what\n17.11.2021 14:07;ann;open\n", "utf-8")
    told = cli("import", "--map", "doors.toml", "--zone", "Europe/Berlin", "doors.csv")
    assert "doors.csv (Doors): 1 read, 1 stored," in told.out, told
    shown = cli("report", "--columns", "date_time,initiator,action,resource", "--format", "csv")
    assert shown.out.splitlines()[1].replace("\u202f", " ") == '"Nov 17, 2021, 1:07 PM","ann","open","doors"'


def test_paths_of_a_map_that_find_nothing_are_told(cli: Cli, folder: Path) -> None:
    Path("doors.toml").write_text(MAP + 'name = "badge.holder"\n', "utf-8")
    Path("doors.csv").write_text("when;who;what\n17.11.2021 14:07;ann;open\n", "utf-8")
    told = cli("import", "--map", "doors.toml", "--zone", "UTC", "doors.csv")
    assert "  note: this path of the map never found a value: initiator.name: badge.holder\n" in told.out


def test_each_of_several_files_has_its_own_rejects(cli: Cli, folder: Path) -> None:
    for name in ("a", "b"):
        Path(name).mkdir()
        write_lines(Path(name) / "log.jsonl", [{"id": name}, EVENTS[0]])
    told = cli("import", "--format", "native", "a/log.jsonl", "b/log.jsonl")
    assert told.code == 0
    for name, path in (("a", "log.jsonl.rejects.jsonl"), ("b", "log.jsonl.2.rejects.jsonl")):
        assert f"  what was rejected, and why: {path}\n" in told.out
        (row,) = map(json.loads, Path(path).read_text("utf-8").splitlines())
        assert (row["line"], json.loads(row["record"])) == (1, {"id": name})
    told = cli("import", "--format", "native", "--rejects", "r", "a/log.jsonl", "b/log.jsonl")
    assert (told.code, told.err) == (
        2,
        "Error: One rejects file cannot be that of several files. Leave out --rejects.\n",
    )


def test_a_file_of_which_nothing_fits_does_not_stop_the_next(cli: Cli, folder: Path) -> None:
    write_lines(folder / "bad.jsonl", [{"id": "x"}])
    write_lines(folder / "good.jsonl", EVENTS)
    told = cli("import", "--format", "native", "--rejects", "why.jsonl", "bad.jsonl")
    assert (told.code, told.err) == (
        2,
        "Error: Nothing fitted of bad.jsonl (see why.jsonl). Try --dry-run, or another --format.\n",
    )
    told = cli("import", "--format", "native", "bad.jsonl", "good.jsonl")
    assert told.code == 2
    assert "good.jsonl (" in told.out
    assert " 5 read, 5 stored," in told.out


def test_a_mixed_file_tells_which_types_have_no_map(cli: Cli, folder: Path) -> None:
    rows = [{"log_type": "Nobody\x1b[2J.Knows", "p_event_time": "2021-11-17T00:00:00Z"}] * 2
    write_lines(folder / "mixed.jsonl", rows)
    told = cli("import", "--format", "log-type", "mixed.jsonl")
    assert told.code == 2
    assert "  no map for type Nobody␛[2J.Knows: 2 records\n" in told.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "okta", "--map", "m.toml"], "Give --format or --map, not both. A map names its own format."),
        (["--map", "m.json"], "m.json: A map is a .toml file. See `trailbook formats show okta` for one."),
        (
            ["--format", "native", "--zone", "Europe/Berln"],
            "zone: There is no time zone 'Europe/Berln'. Did you mean Europe/Berlin?",
        ),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(cli: Cli, folder: Path, arguments: list[str], message: str) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    assert cli("import", *arguments, "events.jsonl") == (2, "", f"Error: {message}\n")
    assert not Path("trailbook.db").exists()


def test_paths_in_the_settings_are_masked(cli: Cli, folder: Path) -> None:
    Path("trailbook.toml").write_text('mask = ["data.pin"]\n', "utf-8")
    write_lines(folder / "events.jsonl", [EVENTS[0] | {"data": {"pin": 4711, "note": "x"}}])
    cli("import", "--format", "native", "events.jsonl")
    shown = cli("report", "--columns", "data", "--format", "csv").out
    assert "4711" not in shown
    assert '""note"":""x""' in shown


def test_the_formats_are_listed_and_shown(cli: Cli) -> None:
    told = cli("formats")
    names = [line.split()[0] for line in told.out.splitlines()]
    assert {"native", "cloudtrail", "windows-security", "okta", "1password"} <= set(names)
    assert names == [one.name for one in shipped_maps()]
    shown = cli("formats", "show", "okta")
    assert shown.code == 0
    assert "[initiator]" in shown.out
    wrong = cli("formats", "show", "oktaa")
    assert wrong.code == 2
    assert wrong.err.startswith("Error: There is no format 'oktaa'. Did you mean okta? Known are: 1password, auth0, ")


def test_the_coverage_of_a_file_is_told(cli: Cli, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    told = cli("formats", "coverage", "events.jsonl", "--format", "native")
    heading, row = told.out.splitlines()
    assert heading.split() == ["events", "refused", "initiator", "target", "ip", "outcome", "changes", "format"]
    assert row.split() == ["5", "0", "80.0%", "20.0%", "40.0%", "100.0%", "20.0%", "native"]


def test_the_demo_is_stored_once_and_says_what_to_try(cli: Cli, folder: Path) -> None:
    told = cli("--store", "it's.db", "demo", "--events", "300", "--end", "2026-01-01")
    lines = told.out.splitlines()
    assert lines[:3] == ["300 of 300 events stored in it's.db", "", "Try next:"]
    assert re.fullmatch(r"  trailbook --store 'it'\"'\"'s\.db' report user:\w+/\w+ --limit 10", lines[3])
    assert lines[4] == "  trailbook --store 'it'\"'\"'s.db' report --group-by tenant,action"
    for line in lines[3:]:
        rows = cli("--store", "it's.db", *line.split()[3:], "--format", "csv", "--bom")
        assert len(rows.out.splitlines()) > 1, line
    again = cli("--store", "it's.db", "demo", "--events", "300", "--end", "2026-01-01")
    assert again.out.startswith("0 of 300 events stored in it's.db; they were there\n")
    names = cli("--store", "it's.db", "directory", "list", "--kind", "tenant").out
    assert "tenant  acme/acme  Acme" in names


def test_the_folder_of_a_new_store_is_made(cli: Cli, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    assert " 5 stored," in cli("--store", "var/audit/x.db", "import", "--format", "native", "events.jsonl").out
    assert cli("--store", "new/y.db", "demo", "--events", "3").out.startswith("3 of 3 events stored in new/y.db\n")


def test_a_conflict_tells_what_may_be_its_cause(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    assert "a conflict" not in cli("import", "--format", "native", "events.jsonl").out
    monkeypatch.setenv("TRAILBOOK_MASK", "data.note")
    told = cli("import", "--format", "native", "events.jsonl")
    assert " 4 duplicates, 1 conflict, 0 rejected;" in told.out
    assert told.out.splitlines()[1:3] == [
        "  a conflict: other contents under an id that is stored, or other mask settings than before",
        "  what was rejected, and why: events.jsonl.rejects.jsonl",
    ]
    assert "with other contents, or was stored with other mask settings than now." in told.out.splitlines()[3]


def test_in_the_demo_only_what_arrived_late_is_recorded_late(cli: Cli, folder: Path) -> None:
    cli("demo", "--events", "3000", "--end", "2026-01-01")
    late = len(cli("report", "is:late", "--format", "csv").out.splitlines()) - 1
    assert 5 <= late <= 30
    header = json.loads(cli("report", "--format", "jsonl", "--limit", "1").out.splitlines()[0])["report"]
    assert header["late"] == late
    newest = cli("report", "--columns", "recorded_at", "--date-pattern", "iso", "--format", "csv", "--limit", "1")
    assert newest.out.splitlines()[1].startswith('"2025-12-31T')


def test_the_demo_is_written_as_files_that_can_be_imported(cli: Cli, folder: Path) -> None:
    told = cli("demo", "--events", "50", "--end", "2026-01-01", "--output", "-", "--directory", "people.json")
    assert len({json.loads(line)["id"] for line in told.out.splitlines()}) == 50
    cli("demo", "--events", "50", "--end", "2026-01-01", "--output", "demo.jsonl")
    assert Path("demo.jsonl").read_text("utf-8") == told.out
    assert decode(Path("demo.jsonl").read_bytes().splitlines()[0]).tenant
    assert not Path("trailbook.db").exists()
    assert cli("directory", "import", "people.json").code == 0
    assert "50 stored" in cli("import", "demo.jsonl").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--end", "0001-01-01"], "Error: --end: The year 0001 is too far away. Choose one from 1801 to 2199.\n"),
        (["--end", "tomorrow"], "Error: Invalid value for '--end': 'tomorrow' does not match the format '%Y-%m-%d'.\n"),
        (["--events", "0"], "Error: Invalid value for '--events': 0 is not in the range 1<=x<=1000000000.\n"),
        (["--output", "none/demo.jsonl"], "No such file or directory"),
        (["--directory", "none/demo.json"], "No such file or directory"),
    ],
)
def test_a_demo_that_cannot_be_made_is_refused(cli: Cli, arguments: list[str], message: str) -> None:
    told = cli("demo", *arguments)
    assert told.code == 2
    assert message in told.err
