"""The command report: what is asked for by options and definitions is what is written, where it is to be written."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from cli.small import ANN_REFUSED, BOB_CHANGED, BOB_IN, EXPORTED, MAILED, Cli
from msgspec.structs import replace
from papers import read
from unpacked import unpacked

from trailbook.directory.directory import Directory
from trailbook.render import FORMATS
from trailbook.store.sqlite.store import SqliteStore

IDS = ("--columns", "id", "--format", "csv")


def ids(cli: Cli, *arguments: str) -> list[str]:
    """The ids of the rows that a report has, in its order."""
    told = cli("report", *IDS, *arguments)
    assert told.code == 0, told.err
    return [line.strip('"') for line in told.out.splitlines()[1:]]


def test_a_report_says_what_it_is_and_shows_rows(cli: Cli, store: Path) -> None:
    told = cli("report", "user:acme/u2", "--columns", "date_time,initiator,matched")
    assert told.code == 0
    assert told.err == ""
    lines = told.out.splitlines()
    assert lines[0] == "Audit Trail Details Report"
    assert [line.split() for line in lines[1:4]] == [
        ["Query", "user:acme/u2"],
        ["Period", "all", "time", "(UTC)"],
        ["Viewer", "root"],
    ]
    assert lines[5].split() == ["#", "of", "rows", "2"]
    assert [line for line in lines if line.startswith("│")] == [
        "│ Audit - Date/Time     │ Audit - Initiator (User) │ Matched │",
        "│ Nov 18, 2021, 8:00 AM │ Bob                      │ by      │",
        "│ Nov 17, 2021, 2:07 PM │ Ann                      │ against │",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [EXPORTED, ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]),
        (["--order", "oldest", "--limit", "2"], [BOB_CHANGED, MAILED]),
        (["--since", "2021-11-18"], [EXPORTED, ANN_REFUSED, BOB_IN]),
        (["--until", "2021-11-17"], [MAILED, BOB_CHANGED]),
        (["--during", "2021-11"], [ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]),
        (["--during", "2021-11-18", "--tz", "Europe/Berlin"], [ANN_REFUSED, BOB_IN, MAILED]),
        (["against.user:Bob"], [BOB_CHANGED]),
        (["-resource:users"], [EXPORTED, MAILED]),
        (["-outcome:success", "--limit", "1"], [EXPORTED]),
        (["-(action:login OR action:export)"], [MAILED, BOB_CHANGED]),
        (['-"send_email"', "--order", "oldest"], [BOB_CHANGED, BOB_IN, ANN_REFUSED, EXPORTED]),
        (["-send_email", "--order", "oldest"], [BOB_CHANGED, BOB_IN, ANN_REFUSED, EXPORTED]),
        (["-o0"], [EXPORTED, ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]),
        (["-w0", "--limit", "1"], [EXPORTED]),
        (["-heads"], [EXPORTED, ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]),
        (["--", "-by.user:Bob"], [EXPORTED, ANN_REFUSED, MAILED, BOB_CHANGED]),
        (["--as", "tenant:globex"], [EXPORTED, ANN_REFUSED]),
        (["--as", "groups:acme/g1,g7"], [BOB_CHANGED]),
        (["--as", "self:acme/u2"], [BOB_IN, BOB_CHANGED]),
        (["--as", "root"], [EXPORTED, ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]),
        (["user:Ann", "--as", "tenant:acme"], [BOB_CHANGED]),
    ],
)
def test_options_choose_the_rows(cli: Cli, store: Path, arguments: list[str], expected: list[str]) -> None:
    assert ids(cli, *arguments) == expected


def test_a_name_that_two_people_bear_is_pointed_out(cli: Cli, store: Path) -> None:
    told = cli("report", "user:Ann", *IDS)
    assert told.err == "# of rows: 2\nNote: The user 'Ann' means 2 parties: acme/u1, globex/u1.\n"


def test_columns_are_chosen_ordered_and_renamed(cli: Cli, store: Path) -> None:
    told = cli("report", "id:" + BOB_CHANGED, "--columns", "action=What, initiator ,ip", "--format", "csv")
    assert told.out == '"What","Audit - Initiator (User)","Audit - Initiator IP"\r\n"update","Ann","85.223.209.22"\r\n'


def test_groups_are_counted(cli: Cli, store: Path) -> None:
    told = cli("report", "--group-by", "month,action", "--format", "csv")
    assert told.out.splitlines() == [
        '"Month","Audit - Action","# of rows"',
        '"November 2021","login","2"',
        '"November 2021","send_email","1"',
        '"November 2021","update","1"',
        '"December 2021","export","1"',
    ]
    assert told.err == "# of rows: 5 in 4 groups\n"


def test_a_group_column_may_be_renamed_but_others_are_refused(cli: Cli, store: Path) -> None:
    told = cli("report", "--group-by", "outcome", "--columns", "outcome=How it ended", "--format", "csv")
    assert told.out.splitlines()[0] == '"How it ended","# of rows"'
    told = cli("report", "--group-by", "action", "--columns", "action,initiator")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "Error: columns: A report grouped by action has no single Audit - Initiator (User) in a row. "
        "Leave initiator out of the columns, or group by it too.\n"
    )


def test_dates_are_written_as_asked(cli: Cli, store: Path) -> None:
    def shown(*arguments: str) -> str:
        told = cli("report", "id:" + BOB_CHANGED, "--columns", "date_time", "--format", "csv", *arguments)
        return told.out.splitlines()[1].strip('"').replace("\u202f", " ")

    assert shown() == "Nov 17, 2021, 2:07 PM"
    assert shown("--tz", "Europe/Berlin", "--locale", "de") == "17.11.2021, 15:07"
    assert shown("--seconds") == "Nov 17, 2021, 2:07:31 PM"
    assert shown("--offset", "--tz", "Asia/Tokyo") == "Nov 17, 2021, 11:07 PM +09:00"
    assert shown("--date-pattern", "iso") == "2021-11-17T14:07:31+00:00"
    assert shown("--date-pattern", "dd.MM.yyyy") == "17.11.2021, 2:07 PM"


def test_formulas_are_guarded_unless_raw(cli: Cli, store: Path) -> None:
    asked = ("report", "id:" + BOB_CHANGED, "--columns", "action==1+1", "--format", "csv")
    assert cli(*asked).out.startswith('"\'=1+1"')
    assert cli(*asked, "--raw").out.startswith('"=1+1"')
    assert cli(*asked, "--bom").out.startswith('\ufeff"')


def test_data_is_spread_out_on_request(cli: Cli, store: Path) -> None:
    asked = ("report", "id:" + BOB_CHANGED, "--columns", "data", "--format", "csv")
    assert cli(*asked).out.splitlines()[1:] == ['"{""note"":""=1+1""}"']
    assert len(cli(*asked, "--full-data").out.splitlines()[1:]) == 3


def test_json_lines_say_what_the_report_is_unless_told_not_to(cli: Cli, store: Path) -> None:
    asked = ("report", "nobody:x OR id:" + MAILED, "--columns", "id,action", "--format", "jsonl", "--title", "Mail")
    first, *_ = cli("report", "id:" + MAILED, *asked[2:]).out.splitlines()
    header = json.loads(first)["report"]
    assert (header["title"], header["rows"], header["viewer"]) == ("Mail", 1, "root")
    assert {book: head["size"] for book, head in header["heads"].items()} == {"acme": 3, "globex": 2}
    rows = cli("report", "id:" + MAILED, *asked[2:], "--no-header").out.splitlines()
    assert [json.loads(row) for row in rows] == [{"id": MAILED, "action": "send_email"}]


def test_what_a_report_is_can_stand_beside_it(cli: Cli, store: Path) -> None:
    asked = ("report", "action:login", "--columns", "id,outcome=How")
    told = cli(*asked, "-o", "logins.csv", "--about", "logins.json")
    assert told == (0, "", "# of rows: 2 -> logins.csv\n")
    about = json.loads(Path("logins.json").read_text("utf-8"))
    assert about["columns"] == [
        {"key": "id", "label": "Audit - ID", "kind": "text"},
        {"key": "outcome", "label": "How", "kind": "text"},
    ]
    assert (about["report"]["query"], about["report"]["rows"], len(about["report"]["heads"])) == ("action:login", 2, 2)
    cli(*asked, "-o", "logins.jsonl")
    first = json.loads(Path("logins.jsonl").read_text("utf-8").splitlines()[0])
    assert first.keys() == about.keys()
    assert {**first["report"], "generated_at": ""} == {**about["report"], "generated_at": ""}
    assert cli(*asked, "--about", "-o.json", "--format", "csv").out.startswith('"Audit - ID","How"')
    assert json.loads(Path("-o.json").read_text("utf-8"))["columns"] == about["columns"]


def test_a_manifest_says_what_a_file_is_and_how_it_is_made_again(cli: Cli, store: Path) -> None:
    asked = ("report", "action:login", "--columns", "id,outcome=How")
    assert cli(*asked, "-o", "logins.csv", "--manifest", "logins.json") == (0, "", "# of rows: 2 -> logins.csv\n")
    file, said = Path("logins.csv").read_bytes(), json.loads(Path("logins.json").read_text("utf-8"))
    assert said["file"] == {"format": "csv", "bytes": len(file), "sha256": hashlib.sha256(file).hexdigest()}
    assert said["columns"][1] == {"key": "outcome", "label": "How", "original": "Outcome"}
    assert (said["rows"], said["viewer"]["name"], said["viewer"]["scope"]) == (2, "root", {"type": "root"})
    Path("definition.json").write_text(json.dumps(said["definition"]))
    Path("heads.json").write_text(json.dumps(said["report"]["heads"]))
    again = cli("report", "--definition", "definition.json", "--heads", "heads.json", "--format", "csv")
    assert again.out.encode().replace(b"\r\n", b"\n") == file.replace(b"\r\n", b"\n")
    refused = cli(*asked, "-o", "logins.csv", "--manifest", "logins.csv")
    assert (refused.code, "--manifest" in refused.err) == (2, True)


def test_the_suffix_of_the_file_is_the_format(cli: Cli, store: Path, folder: Path) -> None:
    told = cli("report", "action:login", "--columns", "id", "-o", "logins.CSV")
    assert told == (0, "", "# of rows: 2 -> logins.CSV\n")
    assert Path("logins.CSV").read_bytes() == f'"Audit - ID"\r\n"{ANN_REFUSED}"\r\n"{BOB_IN}"\r\n'.encode()
    cli("report", "-o", "r.jsonl")
    assert json.loads(Path("r.jsonl").read_text("utf-8").splitlines()[0])["report"]["rows"] == 5
    cli("report", "-o", "r.txt")
    assert Path("r.txt").read_text("utf-8").startswith("Audit Trail Details Report\n")
    cli("report", "--format", "csv", "--columns", "id", "-o", "r.any")
    assert Path("r.any").read_text("utf-8").startswith('"Audit - ID"\n')


def test_a_pdf_has_the_rows_on_the_paper_that_is_asked_for(
    cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = cli("report", "user:acme/u2", "--columns", "action", "-o", "u2.pdf", "--paper", "Letter")
    assert (told.code, told.err) == (0, "# of rows: 2 -> u2.pdf\n")
    whole = Path("u2.pdf").read_bytes()
    assert b"/MediaBox [ 0 0 792 612 ]" in whole
    assert "# of rows 2" in read(whole)
    monkeypatch.setattr("trailbook.cli.reporting.FORMATS", {"pdf": replace(FORMATS["pdf"], most_rows=1)})
    assert "Note: PDF holds the first 1 rows; other formats hold all.\n" in cli("report", "-o", "u2.pdf").err


def test_a_suffix_of_no_format_is_refused_before_anything_is_written(cli: Cli, store: Path) -> None:
    told = cli("report", "-o", "report.doc")
    assert told == (
        2,
        "",
        "Error: report.doc: There is no format for a name that ends in '.doc'. "
        "Let it end in .csv, .xlsx, .pdf, .json, .html or .txt, or choose with --format: "
        f"{', '.join(FORMATS)}.\n",
    )
    assert not Path("report.doc").exists()


@pytest.mark.parametrize(("format", "start"), [("xlsx", b"PK"), ("parquet", b"PAR1"), ("json", b"{"), ("html", b"<!D")])
def test_every_format_is_written_by_suffix_and_by_name(cli: Cli, store: Path, format: str, start: bytes) -> None:
    told = cli("report", "action:login", "--columns", "id,details", "-o", f"logins.{format}")
    assert told == (0, "", f"# of rows: 2 -> logins.{format}\n")
    assert Path(f"logins.{format}").read_bytes().startswith(start)
    assert ANN_REFUSED.encode() in unpacked(Path(f"logins.{format}").read_bytes())
    assert cli("report", "action:login", "--format", format, "-o", "named").code == 0
    assert Path("named").read_bytes().startswith(start)


def test_a_file_appears_whole_or_not_at_all(
    cli: Cli, store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("old.csv").write_text("before", "utf-8")

    def torn(report: object, out: object, options: object) -> int:
        out.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], write=torn))  # type: ignore[arg-type]
    told = cli("report", "-o", "old.csv")
    assert told == (1, "", "Error: No space left on device.\n")
    assert Path("old.csv").read_text("utf-8") == "before"
    assert sorted(one.name for one in folder.iterdir() if "csv" in one.name) == ["old.csv"]


def test_an_older_file_hands_on_its_mode_and_a_link_stays_a_link(cli: Cli, store: Path) -> None:
    Path("secret.csv").touch(0o600)
    Path("link.csv").symlink_to("secret.csv")
    assert cli("report", "-o", "link.csv").code == 0
    assert Path("link.csv").is_symlink()
    assert stat.S_IMODE(Path("secret.csv").stat().st_mode) == 0o600
    assert Path("secret.csv").stat().st_size > 100
    before = os.umask(0o027)
    try:
        assert cli("report", "-o", "new.csv").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("new.csv").stat().st_mode) == 0o640


def test_a_device_is_written_to_and_not_replaced(cli: Cli, store: Path) -> None:
    master, slave = os.openpty()  # a device of our own: whatever goes wrong, the machine keeps its others
    Path("screen.csv").symlink_to(os.ttyname(slave))
    assert cli("report", "--columns", "id", "--limit", "1", "-o", "screen.csv").code == 0
    assert Path("screen.csv").is_char_device()
    assert os.read(master, 1000).startswith(b'"Audit - ID"')
    os.close(slave)
    os.close(master)


def test_a_file_that_cannot_be_made_is_told(cli: Cli, store: Path, folder: Path) -> None:
    told = cli("report", "-o", "none/report.csv")
    assert told.code == 2
    assert told.err == (
        f"Error: {folder}/none/report.csv: It cannot be written: No such file or directory. "
        "Name a file in a folder that is there and that you may write to.\n"
    )
    assert "Is a directory" in cli("report", "--format", "csv", "-o", ".").err


def test_a_report_at_noted_heads_leaves_out_what_came_later(cli: Cli, store: Path, folder: Path) -> None:
    Path("heads.json").write_text(cli("head", "--json").out, "utf-8")
    later = {"id": "00000000-0000-7000-8000-000000000009", "occurred_at": "2021-11-18T08:30:00Z", "tenant": "acme"}
    Path("later.jsonl").write_text(json.dumps({**later, "resource": "users", "action": "logout"}), "utf-8")
    assert cli("import", "--format", "native", "later.jsonl").code == 0
    assert len(ids(cli)) == 6
    assert ids(cli, "--heads", "heads.json") == [EXPORTED, ANN_REFUSED, BOB_IN, MAILED, BOB_CHANGED]
    Path("broken.json").write_text("{", "utf-8")
    assert cli("report", "--heads", "broken.json").err == (
        "Error: broken.json: These are not heads: Input data was truncated. "
        "Give a file that `trailbook head --json` wrote.\n"
    )


DEFINITION = {
    "title": "Logins",
    "query": "action:login",
    "columns": ["id", {"key": "outcome", "label": "How"}],
    "during": "2021-11",
    "zone": "Europe/Berlin",
    "order": "oldest",
}
TOML = """
title = "Logins"
query = "action:login"
columns = ["id", { key = "outcome", label = "How" }]
during = "2021-11"
zone = "Europe/Berlin"
order = "oldest"
"""


@pytest.mark.parametrize(("name", "text"), [("logins.json", json.dumps(DEFINITION)), ("logins.toml", TOML)])
def test_a_saved_definition_is_followed_and_options_override_it(cli: Cli, store: Path, name: str, text: str) -> None:
    Path(name).write_text(text, "utf-8")
    saved = ("report", "--definition", name, "--format", "csv")
    assert cli(*saved).out.splitlines() == [
        '"Audit - ID","How"',
        f'"{BOB_IN}","success"',
        f'"{ANN_REFUSED}","failure"',
    ]
    assert cli(*saved, "outcome:denied", "--since", "2021-12-01", "--columns", "action").out.splitlines() == [
        '"Audit - Action"',
        '"export"',
    ]
    assert cli(*saved, "--group-by", "outcome").out.splitlines() == [
        '"How","# of rows"',
        '"failure","1"',
        '"success","1"',
    ]
    header = json.loads(cli("report", "--definition", name, "--format", "jsonl").out.splitlines()[0])["report"]
    assert (header["title"], header["zone"], header["order"]) == ("Logins", "Europe/Berlin", "oldest")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("d.toml", "title = ", "d.toml: This is not TOML: Invalid value (at end of document). Correct that line."),
        ("d.json", "[]", "d.json: A definition is a JSON object. Put it between { and }."),
        ("d.json", '{"colums": ["id"]}', "d.json, colums: A definition has no 'colums'. Did you mean columns?"),
        ("d.toml", 'columns = ["acton"]', "d.toml, columns: There is no column 'acton'. Did you mean action?"),
        ("d.toml", "title = '\udcff'", "d.toml: The definition is not UTF-8. Save it as UTF-8."),
        (
            "d.toml",
            None,
            "d.toml: The definition cannot be read: No such file or directory. Check the path.",
        ),
    ],
)
def test_a_wrong_definition_is_explained(cli: Cli, store: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        Path(name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cli("report", "--definition", name) == (2, "", f"Error: {message}\n")


def test_who_there_is_is_read_once_and_only_if_a_query_names_someone(
    cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = SqliteStore.directory

    def counting(self: SqliteStore) -> Directory:
        read.append(1)
        return whole(self)

    monkeypatch.setattr(SqliteStore, "directory", counting)
    for arguments, times in (
        (["report", "action:login"], 0),
        (["report", "user:Ann group:g1 role:x", "--as-of", "now"], 1),
        (["facets", "action", "user:Ann group:g1"], 1),
    ):
        read.clear()
        assert cli(*arguments).code == 0
        assert len(read) == times, arguments


def test_a_group_as_it_is_now_has_its_present_members(cli: Cli, store: Path) -> None:
    directory = {
        "users": [{"id": "u2", "tenant": "acme", "name": "Bob", "groups": ["g1"]}],
        "groups": [{"id": "g1", "tenant": "acme", "name": "Call center"}],
    }
    Path("people.json").write_text(json.dumps(directory), "utf-8")
    assert cli("directory", "import", "people.json", "--as-of", "2022-01-01T00:00:00Z").code == 0
    assert ids(cli, "by.group:g1") == [BOB_CHANGED]
    assert ids(cli, "by.group:g1", "--as-of", "then") == [BOB_CHANGED]
    assert ids(cli, "by.group:g1", "--as-of", "now") == [BOB_IN]


def test_settings_give_zone_and_locale(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("trailbook.toml").write_text('zone = "Europe/Berlin"\nlocale = "de"\n', "utf-8")
    shown = cli("report", "id:" + BOB_CHANGED, "--columns", "date_time", "--format", "csv").out.splitlines()[1]
    assert shown == '"17.11.2021, 15:07"'
    monkeypatch.setenv("TRAILBOOK_ZONE", "Asia/Tokyo")
    shown = cli("report", "id:" + BOB_CHANGED, "--columns", "date_time", "--format", "csv").out.splitlines()[1]
    assert shown == '"17.11.2021, 23:07"'


def test_a_viewer_of_nothing_is_told_so(cli: Cli, store: Path) -> None:
    told = cli("report", "--as", "tenant:acm", *IDS)
    assert told == (
        0,
        '"Audit - ID"\r\n',
        "# of rows: 0\nNote: there is no book of which tenant:acm may see anything.\n",
    )


def test_a_query_in_pieces_is_not_half_understood(cli: Cli, store: Path) -> None:
    told = cli("report", "user:alice", "action:login")
    assert told == (
        2,
        "",
        "Error: query: The query came in 2 pieces: 'user:alice', 'action:login'. "
        "Put all of it in one pair of quotes: trailbook report 'user:alice action:login'.\n",
    )


def test_a_query_that_could_be_an_option_with_its_value_is_a_query(cli: Cli, store: Path, folder: Path) -> None:
    told = cli("report", "-offline", "--format", "jsonl")
    assert json.loads(told.out.splitlines()[0])["report"]["query"] == "-offline"
    assert [one.name for one in folder.iterdir()] == ["trailbook.db"]
    assert cli("facets", "action", "-offline").code == 0
    assert cli("report", "-h").out.startswith("Usage: trailbook report ")
    assert cli("report", "-x").err.endswith("Error: No such option '-x'.\n")


def test_an_option_that_takes_what_begins_with_a_minus_keeps_it(cli: Cli, store: Path) -> None:
    assert cli("report", "-o", "-o.csv").code == 0
    assert Path("-o.csv").exists()
    told = cli("report", "--title", "-user:x", "--since", "-7d", "--format", "jsonl")
    header = json.loads(told.out.splitlines()[0])["report"]
    assert (header["title"], header["query"], header["rows"]) == ("-user:x", "", 0)
