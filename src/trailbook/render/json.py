"""JSON: one document that says what the report is and holds its rows, an object each, by column key."""

from __future__ import annotations

from typing import BinaryIO

from ..report.result import Report
from .options import Options
from .text import as_text, json_text


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write `{"report": …, "columns": […], "rows": […]}`, a row a line, and return the number of rows.

    Values are those of JSON Lines. Without `header` there is only `{"rows": […]}`.
    """
    keys = [heading.key for heading in report.headings]
    written = 0
    with as_text(out, options) as text:
        text.write((json_text(report.about())[:-1] + ',\n"rows":[') if options.header else '{"rows":[')
        for row in report.values():
            text.write((",\n" if written else "\n") + json_text(dict(zip(keys, row, strict=True))))
            written += 1
        text.write("\n]}\n")
    return written
