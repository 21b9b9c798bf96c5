"""What the soak tests share: files of demo events, programs beside them, and what became of a store."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from trailbook.cli import run
from trailbook.demo.trail import demo_events
from trailbook.directory.directory import Directory
from trailbook.event.canonical import encode
from trailbook.ingest.accept import Context

TESTS = Path(__file__).parents[1]
END = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = Context(END, Directory((), ()))
_COUNTS = re.compile(r"([\d,]+) read, ([\d,]+) stored, ([\d,]+) duplicates, ([\d,]+) conflicts, ([\d,]+) rejected")


def write_events(path: Path, count: int, seed: int) -> Path:
    """A file of `count` demo events, JSON Lines; another seed gives events with other ids."""
    path.write_bytes(b"".join(encode(event) + b"\n" for event in demo_events(count, seed, END)))
    return path


def batches(lines: Sequence[bytes], seed: str) -> Iterator[list[bytes]]:
    """The lines in batches of one to a thousand; the same seed gives the same batches."""
    dice = Random(seed)
    start = 0
    while start < len(lines):
        size = dice.choice((1, 20, 250, 1000))
        yield list(lines[start : start + size])
        start += size


def program(name: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A program of this folder, started, with a pipe from its output."""
    return start([sys.executable, str(TESTS / "soak" / f"{name}.py"), *map(str, arguments)], **options)


def trailbook(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return start([sys.executable, "-c", "import trailbook.cli; trailbook.cli.main()", *map(str, arguments)], **options)


def start(command: list[str], **options: object) -> subprocess.Popen[str]:
    """A process that finds the package and the tests' own modules as we do."""
    paths = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> Ended:
    """Run a command of the command line in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(one) for one in arguments])
    return Ended(code, out.buffer.getvalue().decode(), err.getvalue())


class Counts(NamedTuple):
    """What an import told at its end."""

    read: int
    stored: int
    duplicates: int
    conflicts: int
    rejected: int


def counts(out: str) -> Counts:
    """The counts in the output of an import."""
    found = _COUNTS.search(out)
    assert found is not None, out
    return Counts(*(int(one.replace(",", "")) for one in found.groups()))


def imported(store: str | Path, file: Path) -> Counts:
    """What the next run of `trailbook import` counts; it must end well."""
    ended = command("--store", store, "import", file)
    assert ended.code == 0, ended
    return counts(ended.out)


def assert_whole(store: str | Path) -> None:
    """`trailbook doctor` and `trailbook verify` find nothing."""
    for check in ("doctor", "verify"):
        ended = command("--store", store, check)
        assert ended.code == 0, ended
