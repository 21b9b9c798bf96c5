"""Comma-separated values (RFC 4180): labels first, then the rows; what the report says of itself has no place here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from ..report.result import Report
from .formulas import guarded
from .options import Options
from .terminal import safe
from .text import as_text


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as CSV with CRLF and return the number of its rows.

    A cell that a spreadsheet would take for a formula begins with an apostrophe, unless `raw`. All cells are quoted.
    On a terminal controls and bidirectional overrides are written out, so it is then not what a file would hold.
    """
    written = 0
    with as_text(out, options) as text:
        if options.bom:
            text.write("\ufeff")
        text.write(_record([heading.label for heading in report.headings], options))
        for row in report.texts():
            text.write(_record(row, options))
            written += 1
    return written


def _record(cells: Sequence[str], options: Options) -> str:
    if options.terminal:
        cells = [safe(cell, lines=True) for cell in cells]
    if not options.raw:
        cells = guarded(cells)
    # Quoting all cells takes a fifth of the time that csv.writer needs to find out which ones need it; and looking
    # whether there is anything to double takes a quarter of the time that doubling it does where there is nothing.
    quoted = '","'.join([cell.replace('"', '""') if '"' in cell else cell for cell in cells])
    return f'"{quoted}"\r\n'
