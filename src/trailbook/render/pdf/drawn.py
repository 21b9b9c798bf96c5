"""Drawings as operators of a PDF: the same shapes as in SVG, as vectors."""

from __future__ import annotations

from collections.abc import Iterable

from ..chart.drawing import COLOURS, Box, Curve, Drawing, Ink, Label, Place, Strokes
from ..terminal import safe
from .setting import Setter

_STROKES: dict[Ink, str] = {"grid": "0.4 w 0.85 G", "axis": "0.6 w 0.4 G", "hatch": "0.9 w 1 G"}
_FILLS: dict[Ink, str] = {"text": "0.1 g", "dim": "0.4 g"}


def graphics(drawing: Drawing) -> list[str]:
    """What draws its boxes and lines; the origin is its upper left corner, and up is up."""
    found = ["1 J 1 j"]
    for shape in drawing.shapes:
        if isinstance(shape, Box):
            bottom = -shape.y - shape.height
            rectangle = f"{shape.x:.2f} {bottom:.2f} {shape.width:.2f} {shape.height:.2f} re f"
            found.append(f"{_colour(shape.colour)} rg {rectangle}")
        elif isinstance(shape, Strokes):
            lines = " ".join(f"{_place(start)} m {_place(end)} l" for start, end in shape.lines)
            found.append(f"0 J {_STROKES[shape.ink]} {lines} S 1 J")
        elif isinstance(shape, Curve):
            dashes = " ".join(f"{one:g}" for one in shape.dashes)
            places = " l ".join(map(_place, shape.places[1:])) + " l" if len(shape.places) > 1 else ""
            found.append(
                f"0 J 1.6 w [{dashes}] 0 d {_colour(shape.colour)} RG {_place(shape.places[0])} m {places} S [] 0 d"
            )
    return found


def texts(drawing: Drawing, setter: Setter) -> list[str]:
    """What draws its text."""
    return list(_texts((shape for shape in drawing.shapes if isinstance(shape, Label)), setter))


def _texts(labels: Iterable[Label], setter: Setter) -> Iterable[str]:
    for label in labels:
        line = setter.line(safe(label.text))
        x = label.x - line.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor]
        yield f"{_FILLS[label.ink]} {setter.begin} 1 0 0 1 {x:.2f} {-label.y:.2f} Tm {line.operators}"


def _colour(number: int) -> str:
    code = COLOURS[number].removeprefix("#")
    return " ".join(f"{int(code[at : at + 2], 16) / 255:.3f}" for at in (0, 2, 4))


def _place(place: Place) -> str:
    return f"{place[0]:.2f} {-place[1]:.2f}"
