"""What the documentation says is tried: its commands, snippets and queries run, and its outputs are compared.

Each page is read from top to bottom in a directory of its own, block by block:

- `console`: lines after `$ ` are commands (a `\\` at the end continues one); the lines below, if any, are their output,
  in which `...` stands for any text, and alone on a line for any lines; `[exit 2]` as the last line for that exit code.
  `export NAME=value` holds for the rest of the page.
- `sh`: commands that have to succeed. `python`: a program that has to. `query`: one query on each line.
- `toml`, `json`, `csv`, `text`: looked at only; with a file name behind the language, written to that file first.

A server that a page starts has a port of its own, whatever the page says, and ends with the page. A page that does
something as the user `postgres` has a PostgreSQL of its own, which is there already.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import postgres
import private_postgres
import pytest

from trailbook.query.language import parse

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

STAND_INS = {
    r"make run": f"make --no-print-directory -f {ROOT}/Makefile run ONCE=yes READY= BIN={Path(sys.executable).parent}",
    r"make (test|soak|fonts|bench|docs|screenshots|lint|format|constraints|clean|help)( \w+=\S+)?": "true",
    r"make setup && \. \.venv/bin/activate": "true",
    r"git clone .*": "true",
    r"cd trailbook": "true",
    r"\. \.venv/bin/activate": "true",
    r"trailbook serve &": "trailbook serve > serve.txt 2>&1 & echo $! > serve.pid",
    r"kill \$!": "kill $(cat serve.pid)",
    r"sudo apt-get install .*": "true",
    r"sudo -u postgres (.*)": rf"PGUSER={private_postgres.ADMINISTRATOR} \1",
}
"""Commands that are not run here, and what runs instead. `make run` and `make test` are run by `.ci/run`."""


PORT = ":8080"
"""The port that the pages name; it may be taken here."""


class Block(NamedTuple):
    """A fenced block: the line of its fence, its language, the file it belongs in (or empty), its lines."""

    at: int
    language: str
    file: str
    lines: list[str]


class Step(NamedTuple):
    """A command with the output expected of it (None: not compared) and its exit code."""

    at: int
    command: str
    output: list[str] | None
    code: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    current: Block | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"```(\w*) ?(\S*)\s*$", line)
        if current is None and fence:
            current = Block(number, fence.group(1), fence.group(2), [])
        elif current is not None and line == "```":
            yield current
            current = None
        elif current is not None:
            current.lines.append(line)
    assert current is None, f"the block that begins in line {current and current.at} has no end"


def steps(block: Block) -> Iterator[Step]:
    """The commands of a block."""
    lines = [f"$ {line}" if block.language == "sh" and line.strip() else line for line in block.lines]
    number = 0
    while number < len(lines):
        assert lines[number].startswith("$ "), f"line {block.at + 1 + number}: output without a command"
        at, command = block.at + 1 + number, lines[number][2:]
        number += 1
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {lines[number].strip()}"
            number += 1
        output = []
        while number < len(lines) and not lines[number].startswith("$ "):
            output.append(lines[number])
            number += 1
        code = 0
        if output and (given := re.fullmatch(r"\[exit (\d+)\]", output[-1])):
            code = int(given.group(1))
            output.pop()
        yield Step(at, command, output or None, code)


def expected(output: list[str]) -> re.Pattern[str]:
    """What output matches the lines of a page."""
    parts = (r"(?:.*\n)*?" if line == "..." else fragment(line) + r"[ ]*\n" for line in output)
    return re.compile("".join(parts) + r"\s*")


def fragment(line: str) -> str:
    return ".*?".join(re.escape(piece) for piece in line.rstrip().split("..."))


def stand_in(command: str) -> str:
    for pattern, instead in STAND_INS.items():
        if found := re.fullmatch(pattern, command):
            return found.expand(instead)
    return command


class Reading:
    """The page that is being read, in a directory of its own; whatever its commands have started ends with it."""

    def __init__(self, page: Path, where: Path) -> None:
        self.page, self.where = page, where
        self.exported: dict[str, str] = {}
        self.running: list[int] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = f":{free.getsockname()[1]}"
        self.path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.database: postgres.Server | None = None
        if page.exists() and "sudo -u postgres" in page.read_text(encoding="utf-8"):
            self.database = postgres.quick()
            self.path = f"{private_postgres.binaries()}{os.pathsep}{self.path}"
            self.exported["PGHOST"] = str(self.database.folder)

    def run(self, step: Step) -> None:
        """Run a command and compare what it says."""
        if export := re.fullmatch(r"export (\w+)=(\S+)", step.command):
            self.exported[export.group(1)] = export.group(2)
        environment = {
            **self.exported, "PATH": self.path, "HOME": str(self.where), "LANG": "C.UTF-8", "COLUMNS": "118",
            "TZ": "UTC", "PYTHONUTF8": "1", "TRAILBOOK_PORT": self.port[1:],
        }  # fmt: skip
        # What goes on in the background keeps this file, so that nobody waits for it as for a pipe.
        with (self.where / ".said").open("w+", encoding="utf-8") as said:
            process = subprocess.Popen(
                ["bash", "-c", stand_in(step.command).replace(PORT, self.port)],
                cwd=self.where, env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
            self.running.append(process.pid)
            code = process.wait(120)
            said.seek(0)
            output = said.read().replace(self.port, PORT)
        told = f"{self.page.name}, line {step.at}: $ {step.command}\n{output}"
        assert code == step.code, f"exit code {code}, not {step.code}, of {told}"
        if step.output is not None:
            wanted = "\n".join(step.output)
            assert expected(step.output).fullmatch(output + "\n"), f"another output than\n{wanted}\nof {told}"

    def end(self) -> None:
        """End what is still running."""
        for group in self.running:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        if self.database:
            self.database.end()


@pytest.fixture
def reading(page: Path, tmp_path: Path) -> Iterator[Reading]:
    """The page, and the end of whatever it started."""
    begun = Reading(page, tmp_path)
    yield begun
    begun.end()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_page_says_works(page: Path, tmp_path: Path, reading: Reading) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        text = "\n".join(block.lines) + "\n"
        if block.file:
            (tmp_path / block.file).write_text(text, encoding="utf-8")
        match block.language:
            case "console" | "sh":
                for step in steps(block):
                    reading.run(step)
            case "python":
                (tmp_path / ".snippet.py").write_text(text.replace(PORT, reading.port), encoding="utf-8")
                reading.run(Step(block.at, f"{sys.executable} .snippet.py", None, 0))
            case "query":
                for line in filter(None, block.lines):
                    parse(line)
            case "toml":
                tomllib.loads(text)
            case "json":
                json.loads(text)
            case language:
                assert language in {"csv", "text"}, f"{page.name}, line {block.at}: no test knows ```{language}"


def test_what_a_page_has_started_does_not_outlive_it(tmp_path: Path) -> None:
    reading = Reading(Path("page.md"), tmp_path)
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    try:
        reading.run(Step(1, "sleep 100 > held &", None, 0))
        with pytest.raises(AssertionError, match=r"exit code 3, not 0, of page.md, line 2: \$ exit 3"):
            reading.run(Step(2, "exit 3", None, 0))
        assert select.select([held], [], [], 0.2)[0] == []
        reading.end()
        assert select.select([held], [], [], 20)[0] == [held]
    finally:
        os.close(held)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_harness_sees_commands_outputs_and_exit_codes() -> None:
    page = "a\n```console\n$ one \\\n    more\nsaid\n...\n$ two\n[exit 2]\n```\n"
    assert list(steps(next(blocks(page)))) == [
        Step(3, "one more", ["said", "..."], 0),
        Step(7, "two", None, 2),
    ]


@pytest.mark.parametrize(
    ("output", "fits"),
    [("a\nb\n", True), ("a 12 c\n\n", False), ("a\nx\ny\nb\n", True), ("b\n", False), ("a\nb\nc\n", False)],
)
def test_dots_alone_on_a_line_stand_for_any_lines(output: str, fits: bool) -> None:
    assert bool(expected(["a", "...", "b"]).fullmatch(output)) is fits


def test_dots_within_a_line_stand_for_any_text() -> None:
    assert expected(["stored ... events"]).fullmatch("stored 12 events\n")
    assert not expected(["stored ... events"]).fullmatch("stored 12\nevents\n")
