"""The table in docs/formats.md that says how much the maps find says what they find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from size import FULL

from trailbook.ingest.coverage import FIELDS, Coverage, coverage
from trailbook.ingest.mapping import load_map

LOGS = Path("../shared/data")
PAGE = Path("docs/formats.md")


def rows() -> list[tuple[str, ...]]:
    table = PAGE.read_text(encoding="utf-8").partition("| Format | Events |")[2].partition("\n\n")[0]
    return [tuple(re.split(r"\s*\|\s*", line.strip("| "))) for line in table.splitlines()[2:]]


def row(name: str, found: Coverage) -> tuple[str, ...]:
    return (f"`{name}`", f"{found.events:,}", *(f"{found.share(field):.1%}" for field in FIELDS))


@pytest.mark.parametrize("name", ["cloudtrail", *(["windows-security"] if FULL else [])])
def test_the_documented_coverage_of_a_whole_log_is_true(name: str) -> None:
    (found,) = coverage(str(LOGS / f"{name}.jsonl.gz"), load_map(name)).values()
    assert row(name, found) in rows()[:2]


def test_the_documented_coverage_of_the_mixed_file_is_true() -> None:
    found = coverage(str(LOGS / "vendors.jsonl.gz"), load_map("log-type"))
    assert [row(name, one) for name, one in found.items() if one.events] == rows()[2:]
