"""Formats that are text, on a stream of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO

from .options import Options


@contextmanager
def as_text(out: BinaryIO, options: Options) -> Iterator[TextIO]:
    """A text stream over `out` that leaves line ends alone. At the end all is written, and `out` stays open."""
    text = io.TextIOWrapper(out, options.encoding, "replace", newline="")
    try:
        yield text
    finally:
        text.detach()  # or it would close `out` with itself
