"""No command writes over the store, what belongs to it, or a file that it reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli.small import EVENTS, Cli, write_lines

NATIVE = ("import", "--format", "native")


@pytest.fixture
def log(store: Path, folder: Path) -> Path:
    """A log beside a store, a hard link to the store, and symbolic links to both."""
    write_lines(folder / "log.jsonl", EVENTS)
    Path("link.jsonl").symlink_to("log.jsonl")
    Path("link.csv").symlink_to("trailbook.db")
    os.link("trailbook.db", "twin.csv")
    Path("heads.json").write_text("{}", "utf-8")
    Path("saved.toml").write_text('title = "Saved"', "utf-8")
    Path("map.toml").write_text("[event]", "utf-8")
    return folder / "log.jsonl"


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--format", "csv", "-o", "trailbook.db"),
        ("report", "--format", "csv", "-o", "./x/../trailbook.db"),
        ("report", "--format", "csv", "-o", "trailbook.db-wal"),
        ("report", "--format", "csv", "-o", "trailbook.db-shm"),
        ("report", "--format", "csv", "-o", "trailbook.db-journal"),
        ("report", "-o", "link.csv"),
        ("report", "-o", "twin.csv"),
        ("report", "--format", "csv", "--definition", "saved.toml", "-o", "saved.toml"),
        ("report", "--format", "csv", "--heads", "heads.json", "-o", "heads.json"),
        ("report", "--about", "trailbook.db"),
        ("report", "--heads", "heads.json", "--about", "heads.json"),
        ("report", "-o", "new.txt", "--about", "./new.txt"),
        (*NATIVE, "log.jsonl", "--rejects", "log.jsonl"),
        (*NATIVE, "link.jsonl", "--rejects", "log.jsonl"),
        (*NATIVE, "log.jsonl", "--rejects", "link.jsonl"),
        (*NATIVE, "log.jsonl", "--rejects", "trailbook.db"),
        ("import", "--map", "map.toml", "log.jsonl", "--rejects", "map.toml"),
        ("demo", "--events", "5", "--output", "trailbook.db"),
        ("demo", "--events", "5", "--directory", "trailbook.db"),
        ("demo", "--events", "5", "--output", "new.json", "--directory", "./new.json"),
    ],
    ids=" ".join,
)
def test_nothing_that_is_needed_is_written_over(cli: Cli, log: Path, arguments: tuple[str, ...]) -> None:
    before = {path.name: path.read_bytes() for path in log.parent.iterdir()}
    told = cli(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("; it is not written over. Name another file.\n"), told.err
    assert {path.name: path.read_bytes() for path in log.parent.iterdir()} == before


def test_rejects_that_were_corrected_may_be_imported_beside_their_log(cli: Cli, log: Path) -> None:
    corrected = write_lines(Path("log.jsonl.rejects.jsonl"), EVENTS[:1])
    told = cli(*NATIVE, "log.jsonl", "log.jsonl.rejects.jsonl")
    assert told == (
        2,
        "",
        "Error: --rejects log.jsonl.rejects.jsonl: This is the file log.jsonl.rejects.jsonl, which this command uses; "
        "it is not written over. Name another file.\n",
    )
    assert corrected.stat().st_size > 0
    assert cli(*NATIVE, "log.jsonl.rejects.jsonl").code == 0
    assert corrected.stat().st_size > 0


def test_a_rejects_file_that_was_named_is_emptied_and_one_named_for_us_goes(cli: Cli, log: Path) -> None:
    for name in ("why.jsonl", "log.jsonl.rejects.jsonl"):
        Path(name).write_text("of an earlier import", "utf-8")
    assert cli(*NATIVE, "log.jsonl", "--rejects", "why.jsonl").code == 0
    assert Path("why.jsonl").read_bytes() == b""
    assert Path("log.jsonl.rejects.jsonl").exists()
    assert cli(*NATIVE, "log.jsonl").code == 0
    assert not Path("log.jsonl.rejects.jsonl").exists()


def test_what_was_rejected_earlier_stays_if_there_is_nothing_to_import(cli: Cli, log: Path) -> None:
    Path("none.jsonl.rejects.jsonl").write_text("of an earlier import", "utf-8")
    assert cli(*NATIVE, "none.jsonl").code == 2
    assert Path("none.jsonl.rejects.jsonl").exists()


def test_a_device_may_be_named_for_rejects_and_stays(cli: Cli, log: Path) -> None:
    Path("nowhere").symlink_to(os.devnull)  # if this failed, the link would be gone and not the machine's device
    assert cli(*NATIVE, "log.jsonl", "--rejects", "nowhere").code == 0
    assert Path("nowhere").is_char_device()
