"""Where a report is written: the screen, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
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
    elif path.exists() and not path.is_file():
        with _explained(path):
            there = path.open("w", encoding="utf-8", newline="")
        with there:
            yield there
    else:
        with _replaced(path.resolve()) as file:
            yield file


@contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    with _explained(path):
        handle, part = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(part, stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
