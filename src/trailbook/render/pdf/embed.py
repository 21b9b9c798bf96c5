"""Fonts as they stand in a PDF: codes for the glyphs that were drawn, and nothing of the font but those glyphs."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import uharfbuzz as hb
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFDocument, PDFName, PDFStream, PDFString, PDFZCompress

from ..fonts import Face

_SYMBOLIC = 4
_STEM = 80
_LAST_CODE = 0xFFFF
_RANGES_AT_ONCE = 100


class Embedded:
    """A font within a document, under a name of the document's own.

    A code stands for a glyph *and* the characters that it shows, so that text copied from the file is what was
    written, even where a font draws two characters by one glyph. Code 0 is the box that stands for what a font lacks.
    """

    def __init__(self, name: str, face: Face) -> None:
        self.name = name
        self.face = face
        self._codes: dict[tuple[int, str], int] = {(0, ""): 0}

    def code(self, glyph: int, text: str) -> str:
        """The code of a glyph that shows this text, as four hexadecimal digits; a box if there are no codes left."""
        if len(self._codes) > _LAST_CODE:
            return f"{self._codes.get((glyph, text), 0):04x}"
        return f"{self._codes.setdefault((glyph, text), len(self._codes)):04x}"

    def add_to(self, document: PDFDocument) -> object:
        """Put the font into the document and return a reference to it."""
        glyphs = [glyph for glyph, _ in self._codes]
        wanted = hb.SubsetInput()
        wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.glyph_set.update(set(glyphs))
        for table in ("GSUB", "GPOS", "GDEF", "kern", "morx"):
            wanted.drop_table_tag_set.add(_tag(table))
        plan = hb.SubsetPlan(self.face.face, wanted)
        new = dict(plan.old_to_new_glyph_mapping)
        data = plan.execute().blob.data
        name = f"TRAILB+{''.join(c for c in self.face.path.stem if c.isalnum())}"
        reference = document.Reference
        descendant = PDFDictionary(
            {
                "Type": PDFName("Font"),
                "Subtype": PDFName("CIDFontType2"),
                "BaseFont": PDFName(name),
                "CIDSystemInfo": PDFDictionary(
                    {"Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0}
                ),
                "FontDescriptor": reference(self._descriptor(name, data, document)),
                "W": PDFArray([0, PDFArray([self.face.advance(glyph) for glyph in glyphs])]),
                "CIDToGIDMap": reference(_packed(b"".join(struct.pack(">H", new[glyph]) for glyph in glyphs))),
            }
        )
        font = {
            "Type": PDFName("Font"),
            "Subtype": PDFName("Type0"),
            "BaseFont": PDFName(name),
            "Encoding": PDFName("Identity-H"),
            "DescendantFonts": PDFArray([reference(descendant)]),
            "ToUnicode": reference(_packed(_to_unicode([text for _, text in self._codes]))),
        }
        return reference(PDFDictionary(font))

    def _descriptor(self, name: str, data: bytes, document: PDFDocument) -> PDFDictionary:
        scale = self.face.scale
        left, bottom, right, top = struct.unpack(">4h", self.face.face.reference_table("head").data[36:44])
        extents = self.face.font.get_font_extents("ltr")
        stream = _packed(data)
        stream.dictionary["Length1"] = len(data)
        return PDFDictionary(
            {
                "Type": PDFName("FontDescriptor"),
                "FontName": PDFName(name),
                "Flags": _SYMBOLIC,
                "FontBBox": PDFArray([round(one * scale) for one in (left, bottom, right, top)]),
                "ItalicAngle": 0,
                "Ascent": round(extents.ascender * scale),
                "Descent": round(extents.descender * scale),
                "CapHeight": round(extents.ascender * scale),
                "StemV": _STEM,
                "FontFile2": document.Reference(stream),
            }
        )


def _tag(table: str) -> int:
    """A table's name as a number."""
    return int.from_bytes(table.encode(), "big")


def _packed(data: bytes) -> PDFStream:
    return PDFStream(content=data, filters=[PDFZCompress])


def _to_unicode(texts: Iterable[str]) -> bytes:
    """The CMap by which a reader of the file finds the characters of each code."""
    lines = [f"<{code:04x}> <{text.encode('utf-16-be').hex()}>" for code, text in enumerate(texts) if text]
    parts = [lines[at : at + _RANGES_AT_ONCE] for at in range(0, len(lines), _RANGES_AT_ONCE)]
    found = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{found}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
