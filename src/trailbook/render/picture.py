"""Drawings as PNG, for mail, where SVG is not shown."""

from __future__ import annotations

from resvg_py import svg_to_bytes

from .chart.drawing import Drawing, Label
from .chart.svg import svg
from .fonts import faces

_INK, _PAPER = "#1a1a1a", "#ffffff"


def png(drawing: Drawing, *, fonts: str = "", zoom: float = 2.0) -> bytes:
    """The drawing on white, `zoom` dots to a point, with the fonts found in the folder `fonts` and the usual ones."""
    known = faces(fonts)
    text = "".join(shape.text for shape in drawing.shapes if isinstance(shape, Label))
    return svg_to_bytes(
        svg_string=svg(drawing, colour=_INK, font=known.first.family),
        background=_PAPER,
        zoom=zoom,
        skip_system_fonts=True,
        font_files=[str(path) for path in known.files(text)],
        font_family=known.first.family,
    )
