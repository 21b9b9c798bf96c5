"""A PDF as a file: pages of operators, the fonts that they use, and the number of pages, which is known at the end."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFDocument,
    PDFFormXObject,
    PDFName,
    PDFPage,
    PDFStream,
)

from ..fonts import Face, Faces
from .embed import Embedded
from .setting import Setter

_NUMBER = "pages"
_VERSION = (1, 7)
_FASTER = 3
"""How hard zlib tries: harder makes a file smaller by a tenth, in twice the time."""


class Document:
    """A PDF that is being made. Lengths are in points, from the lower left corner of a page."""

    def __init__(self, title: str, made_at: datetime) -> None:
        self.pages = 0
        self._pdf = PDFDocument(invariant=1, pdfVersion=_VERSION)
        self._pdf.info.title = self._pdf.info.subject = title
        self._pdf.info.author = self._pdf.info.creator = "Trailbook"
        self._pdf._timeStamp.YMDhms = made_at.astimezone(UTC).timetuple()[:6]
        self._setters: list[Setter] = []
        self._fonts: dict[Face, Embedded] = {}
        self._all_fonts = PDFDictionary({})
        self._resources = self._pdf.Reference(
            PDFDictionary(
                {
                    "Font": self._pdf.Reference(self._all_fonts),
                    "XObject": self._pdf.xobjDict([_NUMBER]),
                    "ProcSet": PDFArray([PDFName("PDF"), PDFName("Text")]),
                }
            )
        )

    def setter(self, faces: Faces, size: float) -> Setter:
        """Sets text in this document."""
        setter = Setter(faces, self._embedded, size)
        self._setters.append(setter)
        return setter

    def missing(self) -> list[str]:
        """The characters so far that no font has, in their order."""
        return sorted(set().union(*(setter.missing for setter in self._setters)))

    def add(self, width: float, height: float, operators: Sequence[str]) -> None:
        """A further page of this size, which these draw."""
        page = PDFPage()
        page.MediaBox = PDFArray([0, 0, round(width, 2), round(height, 2)])
        page.Resources = self._resources
        page.Contents = _packed("\n".join(operators))
        self._pdf.addPage(page)
        self.pages += 1

    def number_of_pages(self, x: float, y: float) -> str:
        """The operator that writes the number of pages there; `write` draws the number itself."""
        return f"q 1 0 0 1 {x:.2f} {y:.2f} cm /{self._pdf.getXObjectName(_NUMBER)} Do Q"

    def write(self, out: BinaryIO, small: Setter) -> None:
        """End the document and write it; the number of pages is set by `small`."""
        number = small.line(f"{self.pages:,}")
        form = PDFFormXObject(0, -small.size, number.width + small.size, 2 * small.size)
        form.Resources = self._resources
        form.setStreamList(f"BT {small.begin} {number.operators} ET")
        self._pdf.addForm(_NUMBER, form)
        for font in self._fonts.values():
            self._all_fonts[font.name] = font.add_to(self._pdf)
        out.write(self._pdf.GetPDFData(None))

    def _embedded(self, face: Face) -> Embedded:
        if face not in self._fonts:
            self._fonts[face] = Embedded(f"F{len(self._fonts) + 1}", face)
        return self._fonts[face]


def _packed(operators: str) -> PDFStream:
    return PDFStream(
        PDFDictionary({"Filter": PDFName("FlateDecode")}), zlib.compress(operators.encode("ascii"), _FASTER)
    )
