"""What the tests of the command line share: a store with a small trail, and two ways to run commands."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.small import EVENTS, Cli, Told, command, write_lines

from trailbook.cli import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and no settings."""
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith(("TRAILBOOK_", "_TRAILBOOK"))]:
        if name != "TRAILBOOK_TEST_SIZE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Runs a command in this process; afterwards logging is as it was."""
    everything = logging.getLogger()
    handlers, level = everything.handlers[:], everything.level

    def call(*arguments: str) -> Told:
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "something went wrong inside" not in err
        return Told(code, out, err)

    yield call
    everything.handlers[:], everything.level = handlers, level


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the events, made once."""
    home = tmp_path_factory.mktemp("made")
    file, store = write_lines(home / "events.jsonl", EVENTS), home / "trailbook.db"
    assert run(["--store", str(store), "import", "--format", "native", str(file)]) == 0
    return store


@pytest.fixture
def store(made: Path, folder: Path) -> Path:
    """A store with the events, at the place where commands look for it."""
    return Path(shutil.copy(made, folder / "trailbook.db"))


@pytest.fixture
def program() -> Cli:
    """Runs a command as a program of its own."""

    def call(*arguments: str, **options: Any) -> Told:
        ended = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, **options)
        assert "Traceback" not in ended.stderr
        return Told(ended.returncode, ended.stdout, ended.stderr)

    return call
