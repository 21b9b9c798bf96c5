"""A worksheet that takes whole rows of texts and numbers, and what a cell of a spreadsheet can hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_576
"""Rows of a worksheet, its headings included."""
MOST_CHARACTERS = 32_767
"""UTF-16 units of a cell."""

LINE, HIGHEST = 15, 409
"""Points that a line is high, and that a row may be."""

# What XML cannot hold is written as _xHHHH_ (ECMA-376, ST_Xstring), and an underscore that would begin such an escape
# as _x005F_. XlsxWriter's own escape takes one of two that overlap for text.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_LOOKED_AT = re.compile(f"{_ESCAPED.pattern}|[&<>]")


class Sheet(Worksheet):  # type: ignore[misc]
    """A worksheet of which each row is written at once, all cells of a column in one format.

    XlsxWriter takes cell by cell, by which a workbook takes twice as long, and writes a text from `<r>` to `</r>` as
    the markup that it looks like. Its file, its bounds and a format's number are its own affair: a test compares what
    is written with what its own calls write. Only for workbooks with `constant_memory`.
    """

    def take(self, formats: Sequence[Format]) -> None:
        """Say what the cells of the coming rows look like."""
        self._columns = [
            (f'<c r="{xl_col_to_name(at)}', f'" s="{one._get_xf_index()}"') for at, one in enumerate(formats)
        ]

    def write_cells(self, row: int, cells: Sequence[str | float], lines: int = 1) -> None:
        """Write a row, counted from 0, below all that are written, so many lines high; an empty text is no cell."""
        number = row + 1
        texts = "".join([cell for cell in cells if cell.__class__ is str])
        if _LOOKED_AT.search(texts):
            cells = [_escaped(cell) if isinstance(cell, str) else cell for cell in cells]
        written = [
            f'{start}{number}{format} t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>'
            if cell.__class__ is str
            else f"{start}{number}{format}><v>{cell!r}</v></c>"
            for (start, format), cell in zip(self._columns, cells, strict=True)
            if cell != ""
        ]
        high = f' ht="{min(lines * LINE, HIGHEST)}" customHeight="1"' if lines > 1 else ""
        self.fh.write(f'<row r="{number}"{high}>{"".join(written)}</row>')
        self.dim_rowmin = self.dim_colmin = 0
        self.dim_rowmax, self.dim_colmax = row, len(cells) - 1


def _escaped(text: str) -> str:
    text = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fits(text: str) -> str:
    """The text, cut with a mark that says how much of it is left out if a cell cannot hold it."""
    if len(text) <= MOST_CHARACTERS // 2 or (len(text.encode("utf-16-le", "surrogatepass")) // 2 <= MOST_CHARACTERS):
        return text
    room = MOST_CHARACTERS - len(_mark(len(text)))
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore")
    return kept + _mark(len(text) - len(kept))


def _mark(characters: int) -> str:
    return f" … [{characters:,} characters left out]"
