"""HOW IT LOOKS: one writer per format, all with one signature, each streaming rows in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TextIO

from msgspec import Struct

from ..report.result import Report
from . import csv, jsonl, table
from .options import Options


class Writer(Protocol):
    """Writes a report to `out` as text and returns the number of rows written."""

    def __call__(self, report: Report, out: TextIO, options: Options) -> int:
        """Write it."""


class Format(Struct, frozen=True):
    """A format: what it is, in words, and its writer."""

    description: str
    write: Writer


FORMATS: Mapping[str, Format] = {
    "table": Format("a table that fits the terminal", table.write),
    "csv": Format("comma-separated values (RFC 4180), safe to open in a spreadsheet", csv.write),
    "jsonl": Format("JSON Lines: what the report is, then an object per row", jsonl.write),
}

__all__ = ["FORMATS", "Format", "Options", "Writer"]
