"""JSON Lines: a line that says what the report is, then an object per row, by column key."""

from __future__ import annotations

from typing import BinaryIO

from ..report.result import Report
from .options import Options
from .text import as_text, json_text


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as JSON Lines and return the number of its rows.

    Values are for programs: dates and times as in ISO 8601, `data` and `changes` as they were. The first line is
    `{"report": …, "columns": […]}` unless `header` is off; no row has the key `report`. What could steer a terminal is
    escaped, as JSON lets any character be.
    """
    keys = [heading.key for heading in report.headings]
    written = 0
    with as_text(out, options) as text:
        if options.header:
            text.write(json_text(report.about()) + "\n")
        for row in report.values():
            text.write(json_text(dict(zip(keys, row, strict=True))) + "\n")
            written += 1
    return written
