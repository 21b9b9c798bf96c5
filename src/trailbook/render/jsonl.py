"""JSON Lines: a line that says what the report is, then an object per row, by column key."""

from __future__ import annotations

from typing import Any, TextIO

import msgspec

from ..report.result import Report
from .options import Options

_encode = msgspec.json.Encoder().encode


def write(report: Report, out: TextIO, options: Options) -> int:
    """Write the report as JSON Lines and return the number of its rows.

    Values are for programs: dates and times as in ISO 8601, `data` and `changes` as they were. The first line is
    `{"report": …, "columns": […]}` unless `header` is off; no row has the key `report`.
    """
    if options.header:
        columns = [{"key": one.key, "label": one.label, "kind": one.kind} for one in report.headings]
        _write({"report": report.header.to_dict(), "columns": columns}, out)
    keys = [heading.key for heading in report.headings]
    written = 0
    for row in report.values():
        _write(dict(zip(keys, row, strict=True)), out)
        written += 1
    return written


def _write(one: dict[str, Any], out: TextIO) -> None:
    out.write(_encode(one).decode() + "\n")
