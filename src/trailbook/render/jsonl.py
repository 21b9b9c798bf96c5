"""JSON Lines: a line that says what the report is, then an object per row, by column key."""

from __future__ import annotations

import re
from typing import Any, BinaryIO, TextIO

import msgspec

from ..report.result import Report
from .options import Options
from .text import as_text

# All of Unicode's property Bidi_Control. Outside of its strings JSON has only ASCII; C0 controls are escaped anyway.
_STEERING = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_encode = msgspec.json.Encoder().encode


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as JSON Lines and return the number of its rows.

    Values are for programs: dates and times as in ISO 8601, `data` and `changes` as they were. The first line is
    `{"report": …, "columns": […]}` unless `header` is off; no row has the key `report`. What could steer a terminal is
    escaped, as JSON lets any character be.
    """
    keys = [heading.key for heading in report.headings]
    written = 0
    with as_text(out, options) as text:
        if options.header:
            _write(report.about(), text)
        for row in report.values():
            _write(dict(zip(keys, row, strict=True)), text)
            written += 1
    return written


def escaped(json: str) -> str:
    """The same JSON with C1 controls, Unicode's line ends and bidirectional controls as `\\uXXXX`."""
    return json if json.isascii() else _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _write(one: dict[str, Any], out: TextIO) -> None:
    out.write(escaped(_encode(one).decode()) + "\n")
