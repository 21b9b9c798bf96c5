"""Everything of one event, laid out for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from ..report.detail import Detail, Mark
from .options import Options
from .terminal import Style, padded, safe, styled, width, wrapped

_STYLES: Mapping[Mark, Style] = {"strong": "bold", "good": "green", "bad": "red", "note": "yellow"}
_LEAST_ROOM = 20


def write(details: Sequence[Detail], out: TextIO, options: Options) -> None:
    """Write labels and, beside them, texts wrapped to the width; a label without a text is not left out."""
    left = max(width(safe(one.label)) for one in details) + 2
    room = max(options.width - left, _LEAST_ROOM)
    for label, text, mark in details:
        beside = styled(padded(safe(label), left), "dim", options.colour)
        for line in wrapped(safe(text, lines=True), room):
            shown = padded(line, 0)
            if mark:
                shown = styled(shown, _STYLES[mark], options.colour)
            out.write((beside + shown).rstrip(" ") + "\n")
            beside = " " * left
