"""HOW IT LOOKS: one writer per format, all with one signature, each streaming rows in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import BinaryIO, Protocol

from msgspec import Struct

from ..report.result import Report
from . import csv, html, json, jsonl, table
from .options import PDF_ROWS, Options


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


def _late(module: str) -> Writer:
    """The writer in a module that is loaded when it is needed: such libraries take longer to load than all the rest."""

    def write(report: Report, out: BinaryIO, options: Options) -> int:
        writer: Writer = import_module(f".{module}", __name__).write
        return writer(report, out, options)

    return write


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
    "json": Format(
        "JSON", "one document: what the report is, and an object per row", "json", "application/json", json.write
    ),
    "xlsx": Format(
        "Excel",
        "a workbook (XLSX) with typed dates and a sheet about the report",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _late("xlsx"),
        streams=False,
        binary=True,
    ),
    "parquet": Format(
        "Parquet",
        "typed columns for engines that read them",
        "parquet",
        "application/vnd.apache.parquet",
        _late("parquet"),
        binary=True,
    ),
    "pdf": Format(
        "PDF",
        "pages to print and to file, with a chart if it is grouped",
        "pdf",
        "application/pdf",
        _late("pdf"),
        streams=False,
        binary=True,
        most_rows=PDF_ROWS,
    ),
    "html": Format(
        "HTML", "one page to read and print that needs nothing else", "html", "text/html; charset=utf-8", html.write
    ),
}
"""All formats by the name by which they are asked for."""

DOWNLOADS: Mapping[str, Format] = {name: format for name, format in FORMATS.items() if name != "table"}
"""The formats that a report is taken out in as a file."""

__all__ = ["DOWNLOADS", "FORMATS", "Format", "Options", "Writer"]
