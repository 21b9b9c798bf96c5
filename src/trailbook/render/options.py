"""What a writer can be asked for beside the report: one set of options for all formats."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Paper = Literal["", "A4", "A3", "Letter"]
"""Paper in landscape."""

PDF_ROWS = 50_000
"""The most rows of a PDF, which is held in memory until it is whole."""


class Options(Struct, frozen=True):
    """How a report is written; a writer leaves alone what does not concern its format.

    `terminal`: a terminal shows it at once, so that nothing in it may steer one. `width`: its columns. `colour`: with
    ANSI colours (only for a terminal). `header`: with what the report says of itself. `cell_lines`: the most lines of a
    cell in a table (0: all). `raw`: without guarding spreadsheets from formulas. `bom`: begin with a byte order mark,
    by which some spreadsheets know UTF-8. `encoding`: of text, where a terminal does not understand UTF-8. `paper`: of
    a PDF (empty: A4, or A3 if the columns need it). `pdf_rows`: the most rows of a PDF. `fonts`: a folder of fonts that
    come before those found where fonts usually are.
    """

    terminal: bool = False
    width: int = 80
    colour: bool = False
    header: bool = True
    cell_lines: int = 20
    raw: bool = False
    bom: bool = False
    encoding: str = "utf-8"
    paper: Paper = ""
    pdf_rows: int = PDF_ROWS
    fonts: str = ""
