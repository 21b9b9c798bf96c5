"""Commands as programs of their own: pipes that close, Ctrl-C, terminals, memory, and completion in a shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli.small import EVENTS, Cli, command, write_lines
from cli.terminal import on_a_terminal
from measured import usage_of
from size import sized

from trailbook.cli import run


def peak(*arguments: str) -> int:
    """The most memory that a command takes, in KiB."""
    used = usage_of(command(*arguments), subprocess.DEVNULL, subprocess.DEVNULL)
    assert used.code == 0
    return used.memory


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with many rows."""
    store = tmp_path_factory.mktemp("demo") / "demo.db"
    events = str(sized(4_000, 100_000))
    assert run(["--store", str(store), "demo", "--events", events, "--end", "2026-01-01"]) == 0
    return store


def test_a_reader_that_goes_away_ends_the_command_in_silence(demo: Path) -> None:
    for arguments in (["report", "--format", "csv"], ["report"], ["columns"], ["formats", "show", "okta"]):
        with subprocess.Popen(
            command("--store", str(demo), *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            if arguments[0] == "report":
                process.stdout.read(100)
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 1


def heed_ctrl_c() -> None:
    """In a child: take Ctrl-C as a program in a terminal does, though whoever runs the tests may ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_ends_an_import_with_a_sentence_and_running_again_completes_it(folder: Path) -> None:
    os.mkfifo("log.jsonl")
    events = "".join(write_lines(folder / "whole.jsonl", EVENTS).read_text("utf-8").splitlines(keepends=True)[:1])
    with (
        subprocess.Popen(
            command("import", "--format", "native", "log.jsonl"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_ctrl_c,
        ) as process,
        open("log.jsonl", "w", encoding="utf-8") as pipe,
    ):
        pipe.write(events)
        pipe.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert (out, err) == ("", "\nInterrupted. What was stored is kept; running it again is safe.\n")
    assert run(["import", "--format", "native", "whole.jsonl"]) == 0


def test_ctrl_c_leaves_no_half_report(demo: Path, folder: Path) -> None:
    asked = command("--store", str(demo), "report", "--format", "csv", "-o", "report.csv")
    with subprocess.Popen(asked, stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not any(one.name.startswith(".report.csv") for one in folder.iterdir()):
            if process.poll() is not None:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert [one.name for one in folder.iterdir() if one.name.startswith(".report.csv")] == []
    assert Path("report.csv").exists() == (process.returncode == 0)


def test_colours_are_for_terminals_only(store: Path, program: Cli) -> None:
    asked = ("report", "--columns", "action,outcome")
    assert "\x1b[1m" in on_a_terminal(*asked)
    assert "\x1b" not in on_a_terminal(*asked, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(*asked, TERM="dumb")
    assert "\x1b" not in program(*asked).out
    on_a_terminal(*asked, "-o", "report.txt")
    assert "\x1b" not in Path("report.txt").read_text("utf-8")


def test_nothing_in_an_event_steers_the_terminal(folder: Path, program: Cli) -> None:
    write_lines(folder / "events.jsonl", [EVENTS[0] | {"details": "\x1b[31mred \x9b2J \u202egnp.exe"}])
    assert program("import", "--format", "native", "events.jsonl").code == 0
    for name in ("table", "csv", "jsonl"):
        told = on_a_terminal("report", "--columns", "details", "--format", name, NO_COLOR="1")
        assert "31mred" in told
        assert not {"\x1b", "\x9b", "\u202e"} & set(told), name
    assert "\x1b[31mred" in program("report", "--columns", "details", "--format", "csv").out


def test_progress_is_for_terminals_only(folder: Path, program: Cli) -> None:
    write_lines(folder / "events.jsonl", EVENTS)
    told = on_a_terminal("import", "--format", "native", "events.jsonl")
    assert "Importing events.jsonl  [####" in told
    assert "100%" in told
    assert program("import", "--format", "native", "events.jsonl").err == ""
    assert "Verifying  [####" in on_a_terminal("verify")


def test_a_workbook_or_parquet_is_not_for_a_terminal(store: Path, program: Cli) -> None:
    for format, name in (("xlsx", "Excel"), ("parquet", "Parquet")):
        shown = on_a_terminal("report", "--format", format, code=2)
        assert f"{name} is not for a terminal. Write it to a file: -o report.{format}." in shown
    piped = subprocess.run(command("report", "--format", "xlsx"), capture_output=True, timeout=60, check=True)
    assert piped.stdout.startswith(b"PK")


def test_writing_a_file_shows_a_bar_once_it_takes_a_second(store: Path) -> None:
    assert "Writing" not in on_a_terminal("report", "-o", "quick.csv")
    slow = "from trailbook.cli import reporting, main; reporting._PATIENCE_SECONDS = 0; main()"
    assert "Writing  [####" in on_a_terminal("report", "-o", "slow.csv", program=slow)


def test_a_terminal_that_knows_few_characters_gets_question_marks(store: Path) -> None:
    ended = subprocess.run(
        command("report", "--limit", "1", "--columns", "action"),
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"? export         ?" in ended.stdout


def test_a_report_takes_the_same_memory_however_many_rows_it_has(demo: Path) -> None:
    rows = ["--store", str(demo), "report", "--format"]
    for name in ("csv", "jsonl", "table"):
        few, all = peak(*rows, name, "--limit", "500"), peak(*rows, name)
        assert all - few < 12 * 1024, f"{name}: {few} KiB for 500 rows, {all} KiB for all"


def completed(words: str, at: int) -> list[str]:
    """What a shell is offered at word `at` of a command line."""
    env = {**os.environ, "_TRAILBOOK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    ended = subprocess.run(command(), capture_output=True, text=True, env=env, timeout=60)
    assert ended.stderr == ""
    return [line.partition(",")[2] for line in ended.stdout.splitlines()]


def test_words_are_completed() -> None:
    assert completed("trailbook report outcome:f", 2) == ["outcome:failure"]
    assert completed("trailbook re", 1) == ["report"]
    assert completed("trailbook report --da", 2) == ["--date-pattern"]
    assert completed("trailbook report --columns id,da", 3) == ["id,date_time", "id,date", "id,data"]
    assert completed("trailbook report --columns date,dat", 3) == ["date,date_time", "date,data"]
    assert completed("trailbook report --group-by w", 3) == ["week"]
    assert completed("trailbook report --format j", 3) == ["jsonl", "json"]
    assert completed("trailbook report against.", 2) == [
        "against.user:", "against.group:", "against.role:", "against.tenant:",
    ]  # fmt: skip
    assert completed("trailbook facets out", 2) == ["outcome"]
    assert completed("trailbook import --format kub", 3) == ["kubernetes"]
    assert completed("trailbook formats show 1", 3) == ["1password"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_a_shell_is_printed_and_valid(program: Cli, shell: str) -> None:
    told = program("completion", shell)
    assert told.code == 0
    assert "_TRAILBOOK_COMPLETE" in told.out
    assert "trailbook" in told.out
    if found := shutil.which(shell):
        assert subprocess.run([found, "-n"], input=told.out, text=True, timeout=60).returncode == 0


def test_completion_for_another_shell_is_refused(program: Cli) -> None:
    told = program("completion", "powershell")
    assert told.code == 2
    assert "'powershell' is not one of 'bash', 'zsh', 'fish'." in told.err
