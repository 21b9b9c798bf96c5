"""Formats that are text, on a stream of bytes; and JSON in which nothing steers a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

import msgspec

from .options import Options

# All of Unicode's property Bidi_Control. Outside of its strings JSON has only ASCII; C0 controls are escaped anyway.
_STEERING = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_encode = msgspec.json.Encoder().encode


@contextmanager
def as_text(out: BinaryIO, options: Options) -> Iterator[TextIO]:
    """A text stream over `out` that leaves line ends alone. At the end all is written, and `out` stays open."""
    text = io.TextIOWrapper(out, options.encoding, "replace", newline="")
    try:
        yield text
    finally:
        text.detach()  # or it would close `out` with itself


def json_text(value: Any) -> str:
    """A value as JSON on one line, with nothing in it that could steer a terminal."""
    return escaped(_encode(value).decode())


def escaped(json: str) -> str:
    """The same JSON with C1 controls, Unicode's line ends and bidirectional controls as `\\uXXXX`."""
    return json if json.isascii() else _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
