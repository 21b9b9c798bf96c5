"""Sheets: rows written whole are what XlsxWriter itself writes cell by cell, and are as high as what they hold."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import openpyxl
from render.hostile import hostile
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from trailbook.render import FORMATS, Options
from trailbook.render.sheet import LINE, Sheet

ROWS: tuple[tuple[tuple[str | float, ...], int], ...] = (
    (("Audit - ID", "Audit - Date", "# of rows"), 1),
    (("4f7c", 44_517.5, 12), 1),
    (("a & b < c > d\nnext", 1 / 3, ""), 2),
    (("", -1.5, "\x01 _x0041_ \"quoted\" 'so'"), 3),
    (("  漢字 😀 ", 0, "last"), 20),
)
"""Cells, and how many lines high they are."""


def whole(sheet: Sheet, formats: list[Format]) -> None:
    """By our rows."""
    sheet.take(formats)
    for row, (cells, lines) in enumerate(ROWS):
        sheet.write_cells(row, cells, lines)


def cell_by_cell(sheet: Worksheet, formats: list[Format]) -> None:
    """By XlsxWriter's own calls."""
    for row, (cells, lines) in enumerate(ROWS):
        if lines > 1:
            sheet.set_row(row, lines * LINE)
        for column, (cell, format) in enumerate(zip(cells, formats, strict=True)):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell, format) if cell else None
            else:
                sheet.write_number(row, column, cell, format)


def book(kind: type[Worksheet], write: Callable[..., None]) -> dict[str, ElementTree.Element]:
    """The parts of a workbook of two such sheets, with all that a report sets beside its rows."""
    out = io.BytesIO()
    made = Workbook(out, {"constant_memory": True})
    formats = [made.add_format(how) for how in ({"text_wrap": True}, {"num_format": "yyyy-mm-dd"}, {"bold": True})]
    for name in ("Rows", "Report"):
        sheet = made.add_worksheet(name, kind)
        sheet.set_column(0, 2, 20, formats[0])
        write(sheet, formats)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(ROWS) - 1, 2)
        sheet.repeat_rows(0)
    made.close()
    with zipfile.ZipFile(out) as parts:
        return {name: ElementTree.fromstring(parts.read(name)) for name in parts.namelist() if "docProps" not in name}


def told(part: ElementTree.Element) -> list[tuple[str, dict[str, str], str | None]]:
    """All elements of a part in their order: name, attributes, text; white space is kept in every text of ours."""
    space = "{http://www.w3.org/XML/1998/namespace}space"
    return [
        (one.tag, {name: value for name, value in one.attrib.items() if name != space}, one.text) for one in part.iter()
    ]


def test_rows_written_whole_are_those_of_the_library_cell_by_cell() -> None:
    ours, theirs = book(Sheet, whole), book(Worksheet, cell_by_cell)
    assert list(ours) == list(theirs)
    for name, part in ours.items():
        changed = f"{name}: XlsxWriter writes something else now; trailbook.render.sheet has to write it too"
        assert told(part) == told(theirs[name]), changed


def test_headings_that_take_several_lines_are_not_cut() -> None:
    out = io.BytesIO()
    FORMATS["xlsx"].write(
        hostile(3, columns=["tenant", {"key": "action", "label": "one two three four"}]), out, Options()
    )
    sheet = openpyxl.load_workbook(out)["Rows"]
    assert sheet.column_dimensions["B"].width < 10
    assert sheet.row_dimensions[1].height == 3 * LINE
