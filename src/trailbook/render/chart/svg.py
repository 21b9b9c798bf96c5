"""Drawings as SVG, to stand within a page or by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from ..terminal import safe
from .drawing import COLOURS, SIZE, Box, Curve, Drawing, Ink, Shape, Strokes

_INKS: dict[Ink, str] = {
    "text": 'fill="currentColor"',
    "dim": 'fill="currentColor" fill-opacity="0.75"',
    "grid": 'stroke="currentColor" stroke-opacity="0.18"',
    "axis": 'stroke="currentColor" stroke-opacity="0.6"',
    "hatch": 'stroke="#fff" stroke-opacity="0.75"',
}
_NOT_XML = re.compile("[\ufffe\uffff]")


def svg(drawing: Drawing, *, colour: str = "", font: str = "") -> str:
    """The drawing as an SVG element.

    Text and axes have the colour of the text around it, unless `colour` says one; bars have the classes `c0`, `c1` …
    beside their colours, so that a page may choose others. No style sheet, no script, no address within.
    """
    wide, high = _number(drawing.width), _number(drawing.height)
    own = f' color="{escape(colour)}"' if colour else ""
    family = f' font-family="{escape(font)}"' if font else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 {wide} {high}" '
        f'width="{wide}" height="{high}" font-size="{_number(SIZE)}"{family}{own}>'
        f"<title>{_text(drawing.title)}</title><desc>{_text(drawing.description)}</desc>"
        f"{''.join(map(_shape, drawing.shapes))}</svg>"
    )


def _shape(shape: Shape) -> str:
    if isinstance(shape, Box):
        title = f"<title>{_text(shape.title)}</title>" if shape.title else ""
        return (
            f'<rect class="c{shape.colour}" x="{_number(shape.x)}" y="{_number(shape.y)}" '
            f'width="{_number(shape.width)}" height="{_number(shape.height)}" '
            f'fill="{COLOURS[shape.colour]}">{title}</rect>'
        )
    if isinstance(shape, Strokes):
        path = "".join(f"M{_place(start)}L{_place(end)}" for start, end in shape.lines)
        return f'<path class="{shape.ink}" d="{path}" fill="none" {_INKS[shape.ink]}/>'
    if isinstance(shape, Curve):
        dashes = f' stroke-dasharray="{" ".join(map(_number, shape.dashes))}"' if shape.dashes else ""
        return (
            f'<polyline class="c{shape.colour}" points="{" ".join(map(_place, shape.places))}" fill="none" '
            f'stroke="{COLOURS[shape.colour]}" stroke-width="2" stroke-linejoin="round"{dashes}/>'
        )
    return (
        f'<text class="{shape.ink}" x="{_number(shape.x)}" y="{_number(shape.y)}" '
        f'text-anchor="{shape.anchor}" {_INKS[shape.ink]}>{_text(shape.text)}</text>'
    )


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", safe(text)))


def _place(place: Sequence[float]) -> str:
    return f"{_number(place[0])},{_number(place[1])}"


def _number(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
