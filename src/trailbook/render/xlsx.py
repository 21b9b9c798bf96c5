"""XLSX: a workbook with the rows, typed, and a sheet that says what the report is; memory does not grow with it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from typing import Any, BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from ..report.result import Heading, Report
from . import sheet
from .formulas import guarded
from .header import Line, after, before
from .options import Options
from .sheet import Sheet, fits
from .terminal import safe, widest, width, wrapped

SAMPLE = 100
"""Rows that are looked at to choose the widths."""
KEPT_FREE, LOOKED_EVERY = 64 << 20, 100
"""Bytes of the disk that unpacked rows, many times what the file has, never take; after how many rows to look."""
NARROWEST, WIDEST, WIDEST_JSON = 8, 45, 90
"""Characters that a column is wide."""
_FILTER_BUTTON = 3

_EPOCH = datetime(1899, 12, 30)
_FIRST = datetime(1900, 3, 1)
"""From here on all spreadsheets count days alike; Excel's 1900 has a February 29."""
_OFFSET = re.compile(r"[+-]\d\d:\d\d")

Cell = str | float
_TOP_LEFT = {"valign": "top", "align": "left"}


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as XLSX and return the number of its rows.

    Dates and times are typed, in the report's zone; where the report shows an offset, as in the hour that occurs twice,
    or where a spreadsheet has no such date, they are text as shown. All other cells are text, guarded from becoming
    formulas unless `raw`, and cut if they are longer than a cell may be. Rows that one sheet cannot hold go on in
    further ones. Without `header` there is no sheet *Report*. Raises OSError while the disk is all but full.
    """
    with tempfile.TemporaryDirectory(prefix="trailbook-") as folder, tempfile.TemporaryFile(dir=folder) as packed:
        # Packing goes back in its file; where it could not, the same report would have other bytes.
        book = Workbook(packed, {"constant_memory": True, "tmpdir": folder})
        book.use_zip64()
        created = report.header.generated_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": fits(report.header.title), "created": created})
        rows = _Rows(book, report, options, folder)
        rows.write()
        if options.header:
            _about(book, report, rows)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None
        packed.seek(0)
        shutil.copyfileobj(packed, out, 1 << 20)
    return rows.written


class _Rows:
    """The sheets of rows, how many rows are written, and how many cells were cut."""

    def __init__(self, book: Workbook, report: Report, options: Options, folder: str) -> None:
        self.written = self.cut = 0
        self._folder = folder
        self._book = book
        self._report = report
        self._raw = options.raw
        self._name = "Groups" if report.header.group_by else "Rows"
        self._typed = [at for at, one in enumerate(report.headings) if one.kind in ("time", "date", "number")]
        text = book.add_format({"text_wrap": True, "valign": "top"})
        self._formats = [
            book.add_format({"num_format": _pattern(one), **_TOP_LEFT}) if at in self._typed else text
            for at, one in enumerate(report.headings)
        ]
        self._heading = book.add_format({"bold": True, "bg_color": "#E8EBEF", "bottom": 1, "text_wrap": True})

    def write(self) -> None:
        """Write all rows."""
        rows = self._cells()
        sample = list(islice(rows, SAMPLE))
        widths = _widths(self._report.headings, sample)
        rows = chain(sample, rows)
        self._sheet(1, widths, rows)
        for number, first in enumerate(rows, 2):  # what the sheets up to here could not hold
            self._sheet(number, widths, chain((first,), rows))

    def _sheet(self, number: int, widths: Sequence[int], rows: Iterator[Sequence[Cell]]) -> None:
        """Write a sheet, with as many rows as it can hold."""
        found: Sheet = self._book.add_worksheet(self._name if number == 1 else f"{self._name} {number}", Sheet)
        for at, (wide, format) in enumerate(zip(widths, self._formats, strict=True)):
            found.set_column(at, at, wide, format)
        found.take([self._heading] * len(self._formats))
        labels = [heading.label for heading in self._report.headings]
        high = max(len(wrapped(safe(label), wide)) for label, wide in zip(labels, widths, strict=True))
        found.write_cells(0, self._texts(labels), high)
        found.take(self._formats)
        row = 0
        for row, cells in enumerate(islice(rows, sheet.MOST_ROWS - 1), 1):
            found.write_cells(row, cells, _lines(cells, widths))
            if row % LOOKED_EVERY == 0 and shutil.disk_usage(self._folder).free < KEPT_FREE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written += row
        found.freeze_panes(1, 0)
        found.autofilter(0, 0, row, len(self._formats) - 1)
        found.repeat_rows(0)
        _printed(found)

    def _cells(self) -> Iterator[Sequence[Cell]]:
        text, value, typed = self._report.text, self._report.value, self._typed
        for row in self._report.read():
            texts = text(row)
            cells = self._texts(texts)
            if typed:
                values = value(row)
                for at in typed:
                    if (number := _number(values[at], texts[at])) is not None:
                        cells[at] = number
            yield cells

    def _texts(self, texts: Sequence[str]) -> list[Cell]:
        cells = list(texts if self._raw else guarded(texts))
        if max(map(len, cells)) > sheet.MOST_CHARACTERS // 2:
            fitting = list(map(fits, cells))
            self.cut += sum(one is not other for one, other in zip(cells, fitting, strict=True))
            cells = fitting
        return list(cells)


def _number(value: Any, text: str) -> float | None:
    """What a spreadsheet has for a moment, a day, a time of day or a number; None where it is to be text."""
    if not isinstance(value, str):
        number: float | None = value
        return number
    if _OFFSET.search(text):
        return None
    if len(value) == 10:
        moment = datetime.combine(date.fromisoformat(value), time())
    elif value[2] == ":":
        moment = datetime.combine(_EPOCH, time.fromisoformat(value))
        return (moment - _EPOCH).total_seconds() / 86_400
    else:
        moment = datetime.fromisoformat(value).replace(tzinfo=None)
    return (moment - _EPOCH).total_seconds() / 86_400 if moment >= _FIRST else None


def _pattern(heading: Heading) -> str:
    """How a typed column shows its numbers."""
    if heading.kind == "number":
        return "0"
    if heading.kind == "date":
        return "yyyy-mm" if heading.key == "month" else "yyyy-mm-dd"
    return "hh:mm:ss" if heading.key == "time" else "yyyy-mm-dd hh:mm:ss"


def _widths(headings: Sequence[Heading], sample: Iterable[Sequence[Cell]]) -> list[int]:
    """Characters for each column: what its cells need, and the longest word of its heading."""
    least = [
        max(NARROWEST, *(len(word) + _FILTER_BUTTON for word in heading.label.split()), len(_pattern(heading)) + 2)
        if heading.kind in ("time", "date")
        else max(NARROWEST, *(len(word) + _FILTER_BUTTON for word in heading.label.split()))
        for heading in headings
    ]
    for row in sample:
        for at, cell in enumerate(row):
            if isinstance(cell, str) and len(cell) > least[at]:
                least[at] = max(least[at], widest(safe(cell[: 20 * WIDEST], lines=True)) + 2)
    most = [WIDEST_JSON if heading.kind == "json" else WIDEST for heading in headings]
    return list(map(min, least, most))


def _lines(cells: Sequence[Cell], widths: Sequence[int]) -> int:
    """The lines of a row: not every program finds out by itself how high a row of wrapped texts has to be.

    A quarter of each line is taken to be lost where words end, rather than to cut the last line.
    """
    most = 1
    for cell, wide in zip(cells, widths, strict=True):
        if cell.__class__ is str and (len(cell) * 2 > wide or "\n" in cell):
            parts = str(cell)[: wide * sheet.HIGHEST // sheet.LINE].split("\n")
            used = (width(safe(part)) for part in parts)
            most = max(most, sum(1 if one < wide else 1 + one * 4 // (wide * 3) for one in used))
    return most


def _about(book: Workbook, report: Report, rows: _Rows) -> None:
    """The sheet that says what the report is, and what of it the sheets of rows could not hold."""
    header = report.header
    lines = [
        *before(header),
        *(Line("Note", warning) for warning in header.warnings),
        Line("Cells cut", _cut(rows.cut)),
        *after(header, most_heads=sheet.MOST_ROWS // 2),
    ]
    found: Sheet = book.add_worksheet("Report", Sheet)
    label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    title = book.add_format({"bold": True, "font_size": 14})
    found.set_column(0, 0, 24)
    found.set_column(1, 1, 100)
    found.take([title])
    found.write_cells(0, [fits(header.title)])
    found.take([label, text])
    for row, line in enumerate(lines, 2):
        cells = [fits(one) for one in line]
        found.write_cells(row, cells, _lines(cells, (24, 100)))
    _printed(found)


def _cut(cells: int) -> str:
    end = "; the end of each says how much is left out" if cells else ""
    return f"{cells:,} (a cell holds {sheet.MOST_CHARACTERS:,} characters{end})"


def _printed(found: Sheet) -> None:
    found.set_landscape()
    found.set_paper(8)  # A3
    found.set_margins(0.4, 0.4, 0.4, 0.6)
    found.fit_to_pages(1, 0)
    found.set_footer("&C&P / &N")
