"""Pages that fill from top to bottom: lines of text, drawings, and a table whose header stands on each page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .document import Document
from .setting import Block, Setter

MARGIN = 28.0
_FOOT = 16.0
_LEADING = 1.32
_ASCENT = 1.0
_LEAST_LINES = 3
"""Of the first row below a header, for which the table begins on a page that is begun."""

PADDING = 3.0
INK, DIM, RULE, SHADE = "0.1 g", "0.4 g", "0.75 G", "0.93 g"


class Column(NamedTuple):
    """A column of the table: where its text begins, the room for it, and whether it stands at the right."""

    x: float
    room: float
    right: bool


class Pages:
    """The pages of a document, of one size; a new one begins when there is no more room."""

    def __init__(self, document: Document, width: float, height: float, small: Setter, foot: str) -> None:
        self.document = document
        self.width, self.height = width, height
        self.room = width - 2 * MARGIN
        self._small, self._foot = small, foot
        self.graphics: list[str] = []
        self.texts: list[str] = []
        self._top = height - MARGIN
        self._bottom = MARGIN + _FOOT
        self.y = self._top

    def left(self) -> float:
        """The height that is left on this page."""
        return self.y - self._bottom

    def space(self, height: float) -> None:
        """Leave some room; if there is not as much, the next thing stands on a new page."""
        if height > self.left():
            self.turn()
        else:
            self.y -= height

    def text(self, text: str, setter: Setter, *, x: float = 0, room: float = 0, colour: str = INK) -> None:
        """A paragraph, wrapped, from `x` right of the margin."""
        for line in setter.block(text, room or self.room - x).lines:
            self.space(setter.size * _LEADING)
            at = MARGIN + x
            baseline = self.y + setter.size * (_LEADING - _ASCENT)
            self.texts.append(f"{colour} {setter.begin} 1 0 0 1 {at:.2f} {baseline:.2f} Tm {line.operators} {INK}")

    def labelled(self, label: str, text: str, heavy: Setter, light: Setter, left: float) -> None:
        """A label, and a paragraph beside it."""
        leading = light.size * _LEADING
        self.space(leading)
        baseline = self.y + light.size * (_LEADING - _ASCENT)
        self.texts.append(f"{heavy.begin} 1 0 0 1 {MARGIN:.2f} {baseline:.2f} Tm {heavy.line(label, left).operators}")
        self.y += leading
        self.text(text, light, x=left)

    def drawing(self, graphics: Sequence[str], texts: Sequence[str], height: float) -> None:
        """A drawing whose upper left corner is the origin of its operators."""
        if height > self.left():
            self.turn()
        self.graphics += [f"q 1 0 0 1 {MARGIN:.2f} {self.y:.2f} cm", *graphics, "BT", *texts, "ET", "Q"]
        self.y -= height

    def turn(self) -> None:
        """End this page."""
        foot = self._small.line(self._foot, self.room * 0.7)
        count = f"Page {self.document.pages + 1:,} of"
        number = self.width - MARGIN - self._small.width("000,000")
        page = self._small.line(f"{count} ")
        y = MARGIN
        self.document.add(
            self.width,
            self.height,
            [
                "0.4 w",
                *self.graphics,
                "BT",
                INK,
                *self.texts,
                DIM,
                f"{self._small.begin} 1 0 0 1 {MARGIN:.2f} {y:.2f} Tm {foot.operators}",
                f"1 0 0 1 {number - page.width:.2f} {y:.2f} Tm {page.operators}",
                "ET",
                self.document.number_of_pages(number, y),
            ],
        )
        self.graphics, self.texts = [], []
        self.y = self._top


class Table:
    """A table on such pages. Its rows are of lines of one height, so that a row can be continued on the next page."""

    def __init__(
        self, pages: Pages, columns: Sequence[Column], labels: Sequence[str], heavy: Setter, light: Setter
    ) -> None:
        self._pages = pages
        self._columns = columns
        self._begins = [f"1 0 0 1 {column.x:.2f} " for column in columns]
        self._heavy, self._light = heavy, light
        self._leading = light.size * _LEADING
        self._left, self._end = MARGIN, columns[-1].x + columns[-1].room + PADDING
        self._head = [heavy.block(label, column.room) for label, column in zip(labels, columns, strict=True)]
        self._head_lines = max(len(one.lines) for one in self._head)
        self._fresh = False
        if pages.left() < (self._head_lines + _LEAST_LINES) * self._leading:
            pages.turn()
            self._fresh = True
        self._begin()

    def _begin(self) -> None:
        """The header, at the top of what is left of the page."""
        pages = self._pages
        first = self._first()
        height = self._head_lines * self._leading + 2 * PADDING
        pages.y -= height
        pages.graphics.append(f"{SHADE} {self._left:.2f} {pages.y:.2f} {self._end - self._left:.2f} {height:.2f} re f")
        pages.graphics.append(RULE)
        pages.texts.append(f"{self._heavy.begin} {self._leading:.2f} TL")
        self._draw(self._head, 0, self._head_lines, first)
        pages.texts.append(self._light.begin)

    def row(self, cells: Sequence[Block]) -> None:
        """A row: on this page, else on the next, else over as many as it needs."""
        pages = self._pages
        lines = max([len(one.lines) for one in cells])
        at = 0
        while at < lines:
            fit = int((pages.left() - 2 * PADDING) / self._leading)
            # A row is continued only from a page of its own, or if it has begun.
            if (fit < lines - at and at == 0 and not self._fresh) or fit < 1:
                pages.turn()
                self._begin()
                self._fresh = True
                continue
            end = min(lines, at + fit)
            self._draw(cells, at, end, self._first())
            pages.y -= (end - at) * self._leading + 2 * PADDING
            rule = f"{self._left:.2f} {pages.y:.2f} m {self._end:.2f} {pages.y:.2f} l S"
            # Below what is continued on the next page the rule is dashed.
            pages.graphics.append(rule if end == lines else f"[3 3] 0 d {rule} [] 0 d")
            at = end
            self._fresh = False

    def _first(self) -> float:
        """The baseline of the first line of what begins here."""
        return self._pages.y - PADDING - self._light.size * 0.95

    def _draw(self, cells: Sequence[Block], at: int, end: int, first: float) -> None:
        texts = self._pages.texts
        tail = f"{first:.2f} Tm "
        for column, begin, block in zip(self._columns, self._begins, cells, strict=True):
            if at == 0 and end >= len(block.lines) and not block.right and not column.right:
                texts.append(f"{begin}{tail}{block.operators}")
                continue
            for number, line in enumerate(block.lines[at:end]):
                x = column.x + (column.room - line.width if column.right or line.right else 0)
                texts.append(f"1 0 0 1 {x:.2f} {first - number * self._leading:.2f} Tm {line.operators}")
