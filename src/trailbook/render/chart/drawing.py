"""A drawing: shapes with their places, whatever they are drawn on. Lengths are in points, from the upper left."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

Anchor = Literal["start", "middle", "end"]
Ink = Literal["text", "dim", "grid", "axis", "hatch"]

Place = tuple[float, float]


class Box(NamedTuple):
    """A filled rectangle: its place, its size, the number of its colour, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str


class Strokes(NamedTuple):
    """Straight lines, each from one place to another."""

    lines: tuple[tuple[Place, Place], ...]
    ink: Ink


class Curve(NamedTuple):
    """A line through places, in a colour by number, with dashes (their lengths; none: whole)."""

    places: tuple[Place, ...]
    colour: int
    dashes: tuple[float, ...]


class Label(NamedTuple):
    """A line of text by its baseline."""

    x: float
    y: float
    text: str
    anchor: Anchor
    ink: Ink


Shape = Box | Strokes | Curve | Label


class Drawing(Struct, frozen=True):
    """Shapes in the order in which they are drawn; `title` and `description` say it to who does not see it."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]


COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b88700", "#3f9fd0", "#8a5fbf", "#767676")
"""Told apart whatever colours one sees (after Okabe and Ito), on white as on black; the last is for the others."""

SIZE = 10.0
"""Of all text."""
