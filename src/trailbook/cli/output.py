"""Where a report is written: the screen, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import BadFile


@contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a text file that leaves line ends alone. Raises BadFile if it cannot be made there.

    A file is written beside its place and then put there at once, so that nobody sees half of it, and an older one
    stays until then and hands on its mode. A device or pipe is written to as it is.
    """
    if path is None:
        yield sys.stdout
        return
    with _explained(path):
        path = path.resolve()
        mode = path.stat().st_mode if path.exists() else stat.S_IFREG | 0o666
        direct = None if stat.S_ISREG(mode) else path.open("w", encoding="utf-8", newline="")
    if direct is not None:
        with direct:
            yield direct
        return
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with _explained(path):
            made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode))
        with os.fdopen(made, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadFile(
            f"It cannot be written: {error.strerror}.",
            place=str(path),
            remedy="Give -o a file in a folder that is there and that you may write to.",
        ) from error
