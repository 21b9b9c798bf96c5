"""What holds for every file of the project: short enough to read, says what it is for, holds no stray address."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = {"src": 400, "tools": 400, "bench": 400, "tests": 600}
"""Lines, by folder: what can be read in one sitting; tests are read one by one."""

STRAY = re.compile(
    # In pieces, so that this file does not find itself.
    "|".join(
        (
            r"pypi\." + "org",
            "python" + r"hosted\.org",
            "index" + "-url",
            "/root" + "/",
            "/opt/" + r"\w",
            r"(?<![\w.])/work" + "/",
        )
    )
)
"""Addresses of package registries, and paths of somebody's machine."""

ALLOWED = {"Makefile": "index" + "-url"}
"""The one word that a file may hold all the same: the option that leaves addresses out."""


def files() -> list[Path]:
    """Every file that is, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


FILES = files()
SOURCES = [one for one in FILES if one.suffix == ".py"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_files_to_look_at() -> None:
    assert len(SOURCES) > 10


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_source_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    most = LONGEST[path.relative_to(ROOT).parts[0]]
    assert len(text.splitlines()) <= most, f"{named(path)} is longer than {most} lines: split it"
    first = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    assert first, f"{named(path)} does not begin with a docstring"
    assert first[-1] in ".?:;", f"the first line of {named(path)} is not a whole sentence"


def test_no_file_holds_the_address_of_a_registry_or_a_path_of_a_machine() -> None:
    found = [
        f"{named(path)}:{number}: {hit.group()}"
        for path in FILES
        if (text := readable(path)) is not None
        for number, line in enumerate(text.splitlines(), 1)
        if (hit := STRAY.search(line)) and ALLOWED.get(path.name) != hit.group()
    ]
    assert found == []


def readable(path: Path) -> str | None:
    """The text of a file, or None if it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_every_pinned_package_has_a_hash_of_each_file_and_no_address() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    packages = re.findall(r"(?m)^([a-z0-9-]+)==", pins)
    assert {"msgspec", "pytest", "setuptools", "wheel"} <= set(packages)
    assert len(re.findall(r"(?m)^[a-z0-9-]+==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", pins)) == len(packages)
    assert "://" not in pins


def test_the_checks_can_be_run_as_they_stand() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
