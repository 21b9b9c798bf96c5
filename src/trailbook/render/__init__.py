"""HOW IT LOOKS: one writer per format, all with one signature, each streaming rows in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Protocol

from msgspec import Struct

from ..report.result import Report
from . import csv, jsonl, table
from .options import Options


class Writer(Protocol):
    """Writes a report to `out` as bytes (text as UTF-8) and returns the number of rows written."""

    def __call__(self, report: Report, out: BinaryIO, options: Options) -> int:
        """Write it."""


class Format(Struct, frozen=True):
    """A format: what it is called and is, in words, its writer, and what whoever makes files of it must know.

    `suffix`: what a file's name ends in, without the dot. `streams`: its first bytes come before its last row, so that
    it can be sent while it is made. `binary`: it is no text, and not for a terminal. `most_rows`: the most rows that it
    holds (None: any number).
    """

    name: str
    description: str
    suffix: str
    media_type: str
    write: Writer
    streams: bool = True
    binary: bool = False
    most_rows: int | None = None


FORMATS: Mapping[str, Format] = {
    "table": Format("Table", "a table that fits the terminal", "txt", "text/plain; charset=utf-8", table.write),
    "csv": Format(
        "CSV",
        "comma-separated values (RFC 4180), safe to open in a spreadsheet",
        "csv",
        "text/csv; charset=utf-8",
        csv.write,
    ),
    "jsonl": Format(
        "JSON Lines", "what the report is, then an object per row", "jsonl", "application/jsonl", jsonl.write
    ),
}
"""All formats by the name by which they are asked for."""

DOWNLOADS: Mapping[str, Format] = {name: format for name, format in FORMATS.items() if name != "table"}
"""The formats that a report is taken out in as a file."""

__all__ = ["DOWNLOADS", "FORMATS", "Format", "Options", "Writer"]
