"""Bad input of every kind: each gets a message that a person understands, the right exit code, and harms nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import zstandard
from cli.small import Cli, command, write_lines
from measured import usage_of
from size import sized

from trailbook.settings import Settings

MIB = 1 << 20
NATIVE = ("import", "--format", "native")


def event(number: int, **fields: Any) -> dict[str, Any]:
    """An event in Trailbook's own format."""
    about = {"occurred_at": "2021-11-17T14:07:31Z", "resource": "users", "action": "update"}
    return {"id": f"00000000-0000-7000-8000-{number:012d}", **about, **fields}


def rejects(path: Path) -> list[dict[str, Any]]:
    """What a rejects file says."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Used(NamedTuple):
    """How a program of its own ended, its standard error, and its CPU seconds and MiB of memory at most."""

    code: int
    out: str
    err: str
    seconds: float
    memory: float


def measured(*arguments: str) -> Used:
    """Runs a command as a program of its own and measures it."""
    with open("out", "wb") as out, open("err", "wb") as err:
        used = usage_of(command(*arguments), out, err)
    out_text, err_text = Path("out").read_text("utf-8"), Path("err").read_text("utf-8")
    return Used(used.code, out_text, err_text, used.seconds, used.memory / 1024)


def test_broken_json_in_line_7_of_10(cli: Cli, folder: Path) -> None:
    lines = [json.dumps(event(number)) for number in range(1, 11)]
    lines[6] = '{"id": "00000000-0000'
    Path("log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    told = cli(*NATIVE, "log.jsonl")
    assert (told.code, told.err) == (0, "")
    first, *rest = told.out.splitlines()
    assert ": 10 read, 9 stored, 0 duplicates, 0 conflicts, 1 rejected;" in first
    assert rest == [
        "  what was rejected, and why: log.jsonl.rejects.jsonl",
        "  line 7: The JSON ends too early. Send the whole event.",
    ]
    assert rejects(folder / "log.jsonl.rejects.jsonl") == [
        {
            "line": 7,
            "reason": "The JSON ends too early.",
            "field": "",
            "remedy": "Send the whole event.",
            "record": '{"id": "00000000-0000',
        }
    ]


def test_only_the_first_reasons_are_shown(cli: Cli, folder: Path) -> None:
    write_lines(folder / "log.jsonl", [event(1), *({"id": "x"} for _ in range(5))])
    lines = cli(*NATIVE, "log.jsonl").out.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["line 2", "line 3", "line 4", "..."]


def test_a_wrong_encoding_of_a_line(cli: Cli, folder: Path) -> None:
    latin = json.dumps(event(1, details="café"), ensure_ascii=False).encode("latin-1")
    Path("log.jsonl").write_bytes(latin + b"\n" + json.dumps(event(2)).encode() + b"\n")
    told = cli(*NATIVE, "log.jsonl")
    assert told.code == 0
    assert told.out.splitlines()[2] == "  line 1: Byte 142 is not UTF-8. Send JSON encoded as UTF-8."


def test_a_wrong_encoding_of_a_file(cli: Cli) -> None:
    Path("log.jsonl").write_bytes(json.dumps(event(1)).encode("utf-16-le"))
    assert cli(*NATIVE, "log.jsonl") == (
        2,
        "",
        "Error: log.jsonl: It is UTF-16 or UTF-32 without a byte order mark, or no text at all. "
        "Convert it: iconv -f UTF-16LE -t UTF-8.\n",
    )


@pytest.mark.parametrize("arguments", [NATIVE, ("import",)])
def test_an_empty_file(cli: Cli, arguments: tuple[str, ...]) -> None:
    Path("log.jsonl").touch()
    message = "Error: log.jsonl: It is empty. Check that the export was finished.\n"
    assert cli(*arguments, "log.jsonl") == (2, "", message)


def test_a_file_of_one_blank_line_after_another(cli: Cli) -> None:
    Path("log.jsonl").write_bytes(b"\n" * 1000)
    assert cli(*NATIVE, "log.jsonl").err == "Error: log.jsonl: It is empty. Check that the export was finished.\n"


def test_a_directory(cli: Cli) -> None:
    Path("logs").mkdir()
    message = "Error: logs: It is a directory. Name the files in it, e.g. with *.json.gz.\n"
    assert cli(*NATIVE, "logs") == (2, "", message)


def test_no_such_file(cli: Cli) -> None:
    assert cli(*NATIVE, "log.jsonl") == (2, "", "Error: log.jsonl: There is no such file. Check the path.\n")


def test_no_permission(folder: Path) -> None:
    write_lines(folder / "log.jsonl", [event(1)]).chmod(0)
    words = command(*NATIVE, "log.jsonl")
    if os.geteuid() == 0:  # root may read everything, unless it gives up just that
        without = shutil.which("setpriv")
        assert without, "setpriv of util-linux is needed to try this as root"
        words = [without, "--bounding-set=-dac_override,-dac_read_search", *words]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Error: log.jsonl: There is no permission to read it. Check its owner and mode.\n"


def test_an_unknown_format(cli: Cli, folder: Path) -> None:
    write_lines(folder / "log.jsonl", [{"what": "ever"}])
    told = cli("import", "--format", "oktaa", "log.jsonl")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Error: There is no format 'oktaa'. Did you mean okta? Known are: 1password, auth0, ")
    told = cli("import", "log.jsonl")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Error: log.jsonl: Its format is not known. Say which with --format: 1password, auth0, ")
    assert told.err.endswith("; or --map file.toml.\n")


MAP = 'title = "T"\ndescription = "D"\n[event]\ntime = "occurred_at"\naction = "action"\nresource = {}\n'


def test_a_map_whose_path_cannot_be_one(cli: Cli, folder: Path) -> None:
    write_lines(folder / "log.jsonl", [event(1)])
    Path("ours.toml").write_text(MAP.format('"what[["'), "utf-8")
    assert cli("import", "--map", "ours.toml", "log.jsonl") == (
        2,
        "",
        "Error: map ours, event.resource: The path 'what[[' is not well formed at character 5. "
        "Write it like a.b, a[0].b, a[*].b or a[name=value].b, with ' ' around keys that hold . [ ] or blanks.\n",
    )


def test_a_map_whose_path_finds_nothing(cli: Cli, folder: Path) -> None:
    write_lines(folder / "log.jsonl", [event(1)])
    Path("ours.toml").write_text(MAP.format('"ressource"'), "utf-8")
    told = cli("import", "--map", "ours.toml", "log.jsonl")
    assert told.code == 2
    assert told.out.splitlines()[1:] == [
        "  note: this path of the map never found a value: event.resource: ressource",
        "  what was rejected, and why: log.jsonl.rejects.jsonl",
        "  line 1: resource: The record has nothing that map ours takes for its resource. "
        "Check that the file is in this format, or give the map a fallback.",
    ]
    assert told.err == (
        "Error: Nothing fitted of log.jsonl (see log.jsonl.rejects.jsonl). Try --dry-run, or another --format.\n"
    )


def compressed(path: Path, first: bytes, filling: bytes) -> None:
    """A file of a mebibyte at most that expands to a gibibyte: `first`, then `filling` over and over."""
    block = filling * MIB
    with path.open("wb") as file:
        if path.suffix == ".gz":
            gzip = zlib.compressobj(9, wbits=31)
            file.write(gzip.compress(first) + gzip.flush(zlib.Z_FULL_FLUSH))
            file.write((gzip.compress(block) + gzip.flush(zlib.Z_FULL_FLUSH)) * 1024)  # it begins anew with each block
            file.write(gzip.flush())
        else:
            zstd = zstandard.ZstdCompressor(3).compressobj()
            file.write(zstd.compress(first))
            for _ in range(1024):
                file.write(zstd.compress(block))
            file.write(zstd.flush())


LINE = json.dumps(event(1)).encode() + b"\n"
TOO_LARGE = "It expands to more than 400 times its size, or over 1,024 GiB."


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize(
    ("first", "filling", "message"),
    [
        (b"", b"\0", "It is UTF-16 or UTF-32 without a byte order mark, or no text at all."),
        (
            json.dumps(event(1)).encode() + b"\n",
            b"\0",
            "It expands to more than 400 times its size, or over 1,024 GiB.",
        ),
        (LINE, b" ", TOO_LARGE),
        (b"", b"\n", "It is empty."),
        (b'{"a": "', b"x", TOO_LARGE),
        (b'[{"a": 1},\n', b" ", TOO_LARGE),
    ],
    ids=["zeros", "zeros after a line", "blanks after a line", "line ends", "one text", "one list"],
)
def test_a_bomb_of_1_gb(folder: Path, suffix: str, first: bytes, filling: bytes, message: str) -> None:
    compressed(folder / f"bomb{suffix}", first, filling)
    told = measured(*NATIVE, f"bomb{suffix}")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"Error: bomb{suffix}: {message} ")
    assert told.memory < 300, f"{told.memory:.0f} MiB"
    assert told.seconds < 8, f"{told.seconds:.1f} s"


def test_a_line_of_100_mb(folder: Path) -> None:
    with (folder / "log.jsonl").open("wb") as file:
        file.write(json.dumps(event(1)).encode() + b'\n{"details": "')
        for _ in range(100):
            file.write(b"x" * MIB)
        file.write(b'"}\n' + json.dumps(event(3)).encode() + b"\n")
    told = measured(*NATIVE, "log.jsonl")
    assert (told.code, told.err) == (0, "")
    first, *rest = told.out.splitlines()
    assert ": 3 read, 2 stored, 0 duplicates, 0 conflicts, 1 rejected;" in first
    assert rest[1] == "  line 2: The line is longer than 16 MiB. Cut the largest field of the record."
    assert told.memory < 150, f"{told.memory:.0f} MiB"


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2021-11-17T14:07:31", "The time has no zone. Add `Z` for UTC or an offset, as in 2021-11-17T14:07:00+01:00."),
        ("9999-11-17T14:07:31Z", "The year 9999 is outside of 1715 to 2284. Send the time at which it happened."),
        ("1714-11-17T14:07:31Z", "The year 1714 is outside of 1715 to 2284. Send the time at which it happened."),
    ],
)
def test_a_time_that_cannot_be_stored(cli: Cli, folder: Path, moment: str, reason: str) -> None:
    write_lines(folder / "log.jsonl", [event(1, occurred_at=moment), event(2)])
    told = cli(*NATIVE, "log.jsonl")
    assert told.code == 0
    assert told.out.splitlines()[2] == f"  line 1: occurred_at: {reason}"
    assert [(one["line"], one["field"]) for one in rejects(folder / "log.jsonl.rejects.jsonl")] == [(1, "occurred_at")]


@pytest.mark.parametrize("edge", ["since", "until", "during"])
def test_the_year_9999_in_a_query(cli: Cli, store: Path, edge: str) -> None:
    problem = "is outside the years 1715 to 2284. Events are recorded within these years only; "
    remedy = "leave the edge out if you mean all of them."
    assert cli("report", f"--{edge}", "9999-12-31") == (2, "", f"Error: {edge}: '9999-12-31' {problem}{remedy}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--columns", "acton"], "columns: There is no column 'acton'. Did you mean action?"),
        (["--group-by", "acton"], "group_by: There is nothing to group by called 'acton'. Did you mean action?"),
        (["--columns", "id,id"], "columns: 'id' is there twice. Leave one of them out."),
        (["--tz", "Europe/Berln"], "zone: There is no time zone 'Europe/Berln'. Did you mean Europe/Berlin?"),
        (["--tz", "../passwd"], "zone: There is no time zone '../passwd'. Write it as in Europe/Berlin or UTC."),
        (["--locale", "xx"], "locale: There is no locale 'xx'. Write it as in en or pt-BR."),
        (["--since", "2021-02-30"], "since: There is no '2021-02-30' in the calendar. Correct the date or the time."),
    ],
)  # fmt: skip
def test_an_unknown_column_zone_locale_or_day(cli: Cli, store: Path, arguments: list[str], message: str) -> None:
    assert cli("report", *arguments) == (2, "", f"Error: {message}\n")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            'user:"ali',
            "Error: query, character 6: This quotation mark is never closed. "
            'Close it with ", or write \\" for a mark that is meant.\nuser:"ali\n     ^\n',
        ),
        (
            "usr:alice",
            "Error: query, character 1: There is no key 'usr:'. Did you mean user:? "
            "To look for it as text, put it in quotes.\nusr:alice\n^\n",
        ),
        (
            "(" * 40 + "action:login" + ")" * 40,
            "Error: query, character 31: The query is nested more than 30 levels deep. "
            "Remove parentheses that change nothing, or list values with commas: action:login,logout.\n"
            + "(" * 40 + "action:login" + ")" * 24 + "…\n" + " " * 30 + "^\n",
        ),
    ],
    ids=["an open quote", "an unknown key", "40 levels"],
)  # fmt: skip
def test_a_query_that_cannot_be_read(cli: Cli, store: Path, query: str, message: str) -> None:
    assert cli("report", query) == (2, "", message)
    assert cli("facets", "action", query) == (2, "", message)


def test_a_query_of_40_real_levels_and_one_of_2001_terms(cli: Cli, store: Path) -> None:
    query = "action:x"
    for level in range(40):
        query = f"(app:a{level} OR {query})" if level % 2 else f"(app:b{level} {query})"
    told = cli("report", query)
    assert (told.code, told.out) == (2, "")
    assert "The query is nested more than 30 levels deep." in told.err
    told = cli("report", "action:" + ",".join(f"x{number}" for number in range(2001)))
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Error: query, character 1: The query has more than 2,000 terms. ")


@pytest.mark.parametrize("arguments", [("report",), ("import", "--format", "native", "log.jsonl"), ("verify",)])
def test_a_store_of_a_newer_version(cli: Cli, store: Path, folder: Path, arguments: tuple[str, ...]) -> None:
    write_lines(folder / "log.jsonl", [event(1)])
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 99")
    told = cli(*arguments)
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: trailbook.db: This store has version 99; this Trailbook knows versions up to ")
    assert told.err.endswith(". Update Trailbook, or open another store.\n")


@pytest.mark.parametrize("command", ["report", "stats", "verify", "facets", "head", "doctor"])
def test_no_store_yet(cli: Cli, folder: Path, command: str) -> None:
    assert cli(command) == (
        1,
        "",
        "Error: trailbook.db: There is no store here. "
        "Fill one with `trailbook demo` or `trailbook import FILE`, or name another with --store.\n",
    )
    assert list(folder.iterdir()) == []


def test_a_store_that_is_none(cli: Cli, folder: Path) -> None:
    Path("notes.txt").write_text("Dear diary" * 1000, "utf-8")
    assert cli("--store", "notes.txt", "report") == (
        1,
        "",
        "Error: notes.txt: This file is not a Trailbook store. Give the path of a store, or of a new file.\n",
    )
    assert Path("notes.txt").read_text("utf-8") == "Dear diary" * 1000
    assert cli("--store", "notes.txt/trailbook.db", "demo", "--events", "1") == (
        1,
        "",
        "Error: notes.txt/trailbook.db: Its folder cannot be made: File exists. Name another place with --store.\n",
    )
    assert cli("--store", "none/trailbook.db", "report").code == 1
    assert [one.name for one in folder.iterdir()] == ["notes.txt"]


def test_many_events_at_one_instant_in_several_books(cli: Cli, folder: Path) -> None:
    count, books = sized(5_000, 100_000), ("acme", "globex", "initech", "umbrella")
    write_lines(folder / "log.jsonl", [event(number, tenant=books[number % 4]) for number in range(count)])
    started = time.process_time()
    assert f": {count:,} read, {count:,} stored, 0 duplicates," in cli(*NATIVE, "log.jsonl").out
    assert f": {count:,} read, 0 stored, {count:,} duplicates," in cli(*NATIVE, "log.jsonl").out
    assert time.process_time() - started < sized(10, 200)
    rows = cli("report", "--columns", "id,book,position", "--format", "csv", "--order", "oldest").out.splitlines()[1:]
    assert len({row.split(",")[0] for row in rows}) == count
    for number, book in enumerate(books):
        places = [row.replace('"', "").split(",")[2] for row in rows if f'"{book}"' in row]
        assert sorted(map(int, places)) == list(range(len(range(number, count, 4))))
    second = ("--since", "2021-11-17T14:07:31", "--until", "2021-11-17T14:07:32")
    assert cli("report", *second, "--columns", "id", "--format", "csv").out.count("\r\n") == count + 1
    assert cli("report", "--since", "2021-11-17T14:07:32", "--columns", "id", "--format", "csv").out.count("\r\n") == 1
    assert cli("report", "--until", "2021-11-17T14:07:31", "--columns", "id", "--format", "csv").out.count("\r\n") == 1
    assert cli("verify").out == f"All {count:,} events of 4 books are whole.\n"
    assert cli("doctor").code == 0


def test_names_of_files_that_are_no_text_are_shown_harmlessly(program: Cli) -> None:
    told = program(*NATIVE, os.fsdecode(b"caf\xe9\x1b[2J.jsonl"))
    problem = "The argument 'caf\\udce9␛[2J.jsonl' is not UTF-8."
    assert told == (2, "", f"Error: {problem} Write it in UTF-8; a file of such a name can be read as `- < FILE`.\n")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("zone = ", "trailbook.toml: The settings are not valid TOML: Invalid value (at end of document). Correct it."),
        (
            'zon = "UTC"',
            f"trailbook.toml: There is no setting `zon`. Known are: {', '.join(Settings.model_fields)}.",
        ),
        ('zone = "Europe/Berln"', "zone: There is no time zone 'Europe/Berln'. Did you mean Europe/Berlin?"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(cli: Cli, store: Path, settings: str, message: str) -> None:
    Path("trailbook.toml").write_text(settings, "utf-8")
    assert cli("report") == (2, "", f"Error: {message}\n")


DEEP, LONG = "[" * 100_000, "9" * 5_000


@pytest.mark.parametrize(
    ("name", "text", "arguments", "message"),
    [
        ("d.json", DEEP, ("report", "--definition", "d.json"), "d.json: It is nested too deeply. A definition has "),
        ("d.toml", f"a = {DEEP}", ("report", "--definition", "d.toml"), "d.toml: It is nested too deeply. A definit"),
        ("m.toml", f"a = {DEEP}", ("import", "--map", "m.toml", "log"), "m.toml: The map is nested too deeply. Is "),
        ("trailbook.toml", f"a = {DEEP}", ("report",), "trailbook.toml: The settings are nested too deeply. Correct "),
        ("d.toml", f"a = {LONG}", ("report", "--definition", "d.toml"), "d.toml: This is not TOML: Exceeds the limit "),
        ("m.toml", f"a = {LONG}", ("import", "--map", "m.toml", "log"), "m.toml: The map is not valid TOML: Exceeds "),
        ("trailbook.toml", f"a = {LONG}", ("report",), "trailbook.toml: The settings are not valid TOML: Exceeds the "),
        ("h.json", DEEP, ("report", "--heads", "h.json"), "h.json: These are not heads: "),
        ("p.json", DEEP, ("directory", "import", "p.json"), "p.json: "),
        ("log", DEEP, ("import", "--format", "native", "log"), "log: "),
    ],
)  # fmt: skip
def test_what_is_nested_100_000_levels_deep_or_a_number_of_5_000_digits(
    cli: Cli, store: Path, name: str, text: str, arguments: tuple[str, ...], message: str
) -> None:
    Path(name).write_text(text, "utf-8")
    told = cli(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"Error: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "--limit", "9" * 20), f"Invalid value for '--limit': {'9' * 20} is not in the range"),
        (("facets", "--limit", "9" * 20), f"Invalid value for '--limit': {'9' * 20} is not in the range"),
        (("demo", "--events", "9" * 20), f"Invalid value for '--events': {'9' * 20} is not in the range"),
        (("report", "--definition", "d.toml"), "d.toml, limit: A limit is from 1 to 1,000,000,000,000. Leave it "),
        (("report", "caf\udce9"), "The argument 'caf\\udce9' is not UTF-8. Write it in UTF-8; a file of such a "),
        (("--store", "caf\udce9", "stats"), "The argument 'caf\\udce9' is not UTF-8. Write it in UTF-8; a file of "),
    ],
)  # fmt: skip
def test_numbers_and_bytes_that_no_store_knows(cli: Cli, store: Path, arguments: tuple[str, ...], message: str) -> None:
    Path("d.toml").write_text(f"limit = {10**15}", "utf-8")
    told = cli(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines()[-1].startswith(f"Error: {message}")


def test_the_highest_limit_is_one(cli: Cli, store: Path) -> None:
    assert cli("report", "--limit", str(10**12)).code == 0
    assert cli("demo", "--events", "3", "--seed", "9" * 20, "--output", "-").code == 0
