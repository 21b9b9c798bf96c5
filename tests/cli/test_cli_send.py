"""`trailbook send`: files go to a server as `import` takes them into a store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from capture.fake import KEY, Server, cut_after, free_port, says, serving, stored
from cli.small import EVENTS, Cli, write_lines

from trailbook.ingest import sending


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, named with its key by the environment."""
    with serving() as one:
        monkeypatch.setenv("TRAILBOOK_URL", one.url)
        monkeypatch.setenv("TRAILBOOK_KEY", KEY)
        yield one


def test_a_file_is_sent_and_sending_it_again_changes_nothing(cli: Cli, server: Server, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    told = cli("send", "--format", "native", "events.jsonl")
    assert told.code == 0, told
    assert told.out.startswith("events.jsonl (Trailbook): 5 read, 5 stored, 0 duplicates, 0 conflicts, 0 rejected; ")
    assert [event["id"] for event in server.events] == [event["id"] for event in EVENTS]
    assert server.events[0]["tenant"] == "acme"
    assert "recorded_at" not in server.events[0]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    again = cli("send", "--format", "native", "events.jsonl")
    assert "5 read, 0 stored, 5 duplicates, 0 conflicts, 0 rejected" in again.out
    assert not (folder / "events.jsonl.rejects.jsonl").exists()
    assert not (folder / "trailbook.db").exists()


def test_what_names_no_book_and_no_application_gets_what_is_asked_for(cli: Cli, server: Server, folder: Path) -> None:
    bare = {"occurred_at": "2021-11-17T14:07:31Z", "resource": "users", "action": "login"}
    write_lines(folder / "e.jsonl", [bare, {**bare, "tenant": "acme", "application": "web"}])
    assert cli("send", "--format", "native", "e.jsonl").code == 0
    assert cli("send", "--format", "native", "--tenant", "globex", "--application", "cron", "e.jsonl").code == 0
    first, again = (json.loads(lines[0]) for lines in server.requests)
    assert "tenant" not in first
    assert "application" not in first
    assert (again["tenant"], again["application"]) == ("globex", "cron")
    assert again["id"] == first["id"]
    assert json.loads(server.requests[1][1])["tenant"] == "acme"


def test_another_format_goes_through_its_map(cli: Cli, server: Server, folder: Path) -> None:
    (folder / "ours.toml").write_text(
        'title = "Ours"\n[csv]\n[event]\ntime = "at"\naction = "what"\nresource = "=things"\n', "utf-8"
    )
    (folder / "ours.csv").write_text("at,what,n\n2021-11-17T14:07:31Z,open,1\n", "utf-8")
    told = cli("send", "--map", "ours.toml", "ours.csv")
    assert told.code == 0, told
    assert [(event["action"], event["application"]) for event in server.events] == [("open", "ours")]


def test_refusals_of_either_side_go_to_the_rejects_file(cli: Cli, server: Server, folder: Path) -> None:
    refusal = {"status": "rejected", "field": "application", "reason": "Not of this key.", "remedy": "Ask."}
    conflict = {"status": "conflict", "field": "id", "reason": "Other contents.", "remedy": "Take another."}
    kept = {"status": "stored"}
    server.script = [says(200, body={"results": [kept, refusal, conflict, kept]})]
    broken = {**EVENTS[0], "action": ""}
    write_lines(folder / "events.jsonl", [broken, *EVENTS[1:]])
    told = cli("send", "--format", "native", "--rejects", "r.jsonl", "events.jsonl")
    assert told.code == 0, told
    assert "5 read, 2 stored, 0 duplicates, 1 conflict, 2 rejected" in told.out
    rows = [json.loads(line) for line in (folder / "r.jsonl").read_text("utf-8").splitlines()]
    assert [(row["line"], row["field"], row["reason"][:20]) for row in rows] == [
        (1, "action", "The text is empty."),
        (3, "application", "Not of this key."),
        (4, "id", "An event with this i"),
    ]


def test_large_files_go_in_several_requests_and_survive_a_bad_day(
    cli: Cli, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_BYTES", 4_000)
    bare = {"occurred_at": "2021-11-17T14:07:31Z", "resource": "users", "action": "login"}
    write_lines(folder / "e.jsonl", [{**bare, "details": str(number)} for number in range(200)])
    server.script = [stored, cut_after, says(503, {"Retry-After": "0"}), says(413), says(500)]
    told = cli("send", "--format", "native", "e.jsonl")
    assert told.code == 0, told
    assert server.details() == [str(number) for number in range(200)]
    assert max(len(b"".join(lines)) for lines in server.requests) <= 4_000


def test_a_server_that_is_not_there_ends_with_one_sentence(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_FAILURES", 2)
    write_lines(folder / "events.jsonl", EVENTS)
    url = f"http://127.0.0.1:{free_port()}"
    told = cli("send", "--url", url, "--key", "k", "--format", "native", "events.jsonl")
    assert told.code == 1
    assert told.err.startswith("Error: The server cannot be reached, or cannot take events now: ConnectionRefusedError")
    assert "Run it again later; what is there already counts as a duplicate." in told.err


def test_a_key_that_does_not_hold_ends_at_once(cli: Cli, server: Server, folder: Path) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    server.answer = says(401)
    told = cli("send", "--format", "native", "events.jsonl")
    assert told.code == 1
    assert "The server takes nothing from us: 401 Unauthorized: No. Wait." in told.err
    assert len(server.requests) == 1
    assert KEY not in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("events.jsonl",), "Set TRAILBOOK_URL and TRAILBOOK_KEY"),
        (("--url", "nowhere", "--key", "k", "events.jsonl"), "This is not the address of a server."),
        (("--url", "http://x", "--key", "k", "--format", "a", "--map", "b.toml", "events.jsonl"), "not both"),
        (("--url", "http://x", "--key", "k", "--rejects", "r", "events.jsonl", "other"), "--rejects"),
        (("--url", "http://x", "--key", "k", "--rejects", "events.jsonl", "events.jsonl"), "not written over"),
    ],
)
def test_a_command_that_cannot_work_says_why(cli: Cli, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    told = cli("send", *arguments)
    assert told.code == 2
    assert said in told.err


def test_a_file_of_which_nothing_fits_is_bad_input(cli: Cli, server: Server, folder: Path) -> None:
    write_lines(folder / "e.jsonl", [{"no": "event"}])
    told = cli("send", "--format", "native", "e.jsonl")
    assert told.code == 2
    assert "Nothing fitted of e.jsonl" in told.err
