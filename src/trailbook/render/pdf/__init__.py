"""PDF: a title block, the rows as a table with its header on each page, grouped reports with a chart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from ...report.result import Heading, Report
from ..chart import WIDTH, of_report, plot
from ..chart.drawing import SIZE
from ..fonts import faces, installed
from ..header import after, before
from ..options import Options
from ..terminal import safe
from .columns import SAMPLE, Wish, fitted, wishes
from .document import Document
from .drawn import graphics, texts
from .pages import MARGIN, PADDING, Column, Pages, Table
from .setting import Setter

PAPERS = {"A4": (841.89, 595.28), "A3": (1190.55, 841.89), "Letter": (792.0, 612.0)}
"""Widths and heights in points, landscape."""

MOST_CHARACTERS = 65_536
"""Of a cell; what is longer is cut, with a mark."""

_SIZES = (8.0, 7.5, 7.0, 6.5)
_LINES = 5
"""Lines of a usual cell; if there were more, the letters are made smaller."""

_TITLE, _ABOUT, _SMALL = 14.0, 8.0, 7.0
_GAP = 8.0
_NAMED = 40


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as a PDF and return the number of its rows, which are at most `options.pdf_rows`.

    Text of any script is drawn by the fonts found on this machine. Nothing is left out silently: long cells are
    wrapped, a row goes on over pages, a cell of more than `MOST_CHARACTERS` is cut with a mark and counted, and what no
    font has is drawn as a box and named at the end.
    """
    document = Document(report.header.title, report.header.generated_at)
    regular, bold = faces(options.fonts), faces(options.fonts, bold=True)
    cut = _Cut()
    stream = (tuple([cut.cell(one) for one in row]) for row in itertools.islice(report.texts(), options.pdf_rows))
    sample = list(itertools.islice(stream, SAMPLE))
    labels = [safe(heading.label) for heading in report.headings]
    asked = wishes(labels, sample, document.setter(bold, 1).width, document.setter(regular, 1).width)
    paper, size, widths = _laid_out(asked, options.paper)
    small, text = document.setter(regular, _SMALL), document.setter(regular, _ABOUT)
    pages = Pages(document, *PAPERS[paper], small, safe(report.header.title))
    if options.header:
        _begin(report, options, pages, text, document.setter(bold, _ABOUT), document.setter(bold, _TITLE))
    figure = of_report(report)
    if figure is not None:
        drawing = plot(figure, report.header.locale, min(pages.room, WIDTH))
        pages.drawing(graphics(drawing), texts(drawing, document.setter(regular, SIZE)), drawing.height)
        pages.space(_GAP)
    body = document.setter(regular, size)
    columns = list(_columns(report.headings, widths))
    table = Table(pages, columns, labels, document.setter(bold, size), body)
    rooms = [column.room for column in columns]
    written = 0
    for row in itertools.chain(sample, stream):
        table.row(list(map(body.block, row, rooms)))
        written += 1
    pages.space(_GAP)
    for note in _notes(written, cut.cells, document.missing()):
        pages.text(note, text)
    pages.turn()
    document.write(out, small)
    return written


def _begin(report: Report, options: Options, pages: Pages, light: Setter, heavy: Setter, title: Setter) -> None:
    """The title, and what the report says of itself."""
    pages.text(safe(report.header.title), title)
    pages.space(_GAP / 2)
    lines = [*before(report.header), *after(report.header)[1:]]
    left = min(max(heavy.width(safe(line.label)) for line in lines) + _GAP, pages.room / 3)
    for line in lines:
        pages.labelled(safe(line.label), safe(line.text, lines=True), heavy, light, left)
    for warning in _warnings(report, options):
        pages.text(f"! {safe(warning)}", heavy)
    pages.space(_GAP)


class _Cut:
    """Cuts cells that are too long, and counts them."""

    cells = 0

    def cell(self, text: str) -> str:
        """The text as it is shown."""
        if len(text) > MOST_CHARACTERS:
            self.cells += 1
            text = f"{text[:MOST_CHARACTERS]}… (+{len(text) - MOST_CHARACTERS:,})"
        return safe(text, lines=True)


def _laid_out(asked: Sequence[Wish], paper: str) -> tuple[str, float, list[float]]:
    """The paper, the size of the letters, and the columns' widths.

    The letters are as large as they can be for rows that are not too high; A3 is taken if the columns do not fit A4.
    """
    for name in [paper] if paper else ["A4", "A3"]:
        room = PAPERS[name][0] - 2 * MARGIN - 2 * PADDING * len(asked)
        chosen = None
        for size in _SIZES:
            widths = fitted([Wish(one.least * size, one.wanted * size) for one in asked], room)
            if widths is not None:
                chosen = name, size, widths
                if all(one.wanted * size <= width * _LINES for one, width in zip(asked, widths, strict=True)):
                    break
        if chosen is not None:
            return chosen
    whole = sum(one.least for one in asked)
    return name, size, [one.least * room / whole for one in asked]


def _columns(headings: Iterable[Heading], widths: Iterable[float]) -> Iterator[Column]:
    x = MARGIN
    for heading, width in zip(headings, widths, strict=True):
        yield Column(x + PADDING, width, heading.kind == "number")
        x += width + 2 * PADDING


def _warnings(report: Report, options: Options) -> Iterator[str]:
    yield from report.header.warnings
    if report.header.shown > options.pdf_rows:
        yield (
            f"This file holds the first {options.pdf_rows:,} of {report.header.shown:,} rows, "
            "which is the most that a PDF may hold here. Other formats hold all of them."
        )
    if not installed(options.fonts):
        yield "No fonts were found where this file was made: only Latin letters are drawn, others are boxes."


def _notes(written: int, cut: int, missing: Sequence[str]) -> Iterator[str]:
    yield f"End of the report. Rows in this file: {written:,}"
    if cut:
        yield f"Cells cut after {MOST_CHARACTERS:,} characters: {cut:,} (each ends in the number left out)"
    if missing:
        named = ", ".join(f"U+{ord(one):04X}" for one in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        yield f"Characters that no font here has, drawn as boxes: {len(missing):,} ({named}{more})"
