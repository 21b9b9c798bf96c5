"""Where output goes: the screen, or a file that appears only when it is whole and destroys nothing that is needed."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..errors import BadFile, BadInput
from ..render.text import escaped

_STORE_FILES = ("", "-wal", "-shm", "-journal")
"""What SQLite appends to a database's name for the files that belong to it."""

_ELSEWHERE = "Name another file."


def spare(target: str | None, option: str, store: str, needed: Iterable[str | None] = ()) -> None:
    """Raise BadInput if writing to `target` would destroy the store or a file that is `needed`, whatever its name."""
    if target is None or (os.path.exists(target) and not os.path.isfile(target)):
        return
    if any(same_file(target, store + suffix) for suffix in _STORE_FILES):
        raise BadInput("This is the store; it is not written over.", place=f"{option} {target}", remedy=_ELSEWHERE)
    for one in needed:
        if one is not None and same_file(target, one):
            raise BadInput(
                f"This is the file {one}, which this command uses; it is not written over.",
                place=f"{option} {target}",
                remedy=_ELSEWHERE,
            )


def same_file(one: str, other: str) -> bool:
    """Whether both paths lead to one file, by whatever links; neither need be there yet."""
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there yet
        return os.path.realpath(one) == os.path.realpath(other)


def spread_out(value: object) -> str:
    """A value as JSON over indented lines, with nothing in it that could steer a terminal."""
    return escaped(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextmanager
def output(path: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file, to write bytes to. Raises BadFile if it cannot be made there.

    A file is written beside its place and then put there at once, so that nobody sees half of it, and an older one
    stays until then and hands on its mode. A device or pipe is written to as it is.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _explained(path):
        path = path.resolve()
        mode = path.stat().st_mode if path.exists() else stat.S_IFREG | 0o666
        direct = None if stat.S_ISREG(mode) else path.open("wb")
    if direct is not None:
        with direct:
            yield direct
        return
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with _explained(path):
            made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode))
        with os.fdopen(made, "wb") as file:
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
            remedy="Name a file in a folder that is there and that you may write to.",
        ) from error
