"""Opening files and expanding compressed ones (gzip, zstd), in bounded memory and with bounds against bombs."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

from ..errors import BadFile

STDIN = "-"
_PIECE = 1 << 20
_RAW_PIECE = 1 << 16
"""Small, since the bound on expansion is only as fine as what is read at once."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


_ZSTD_PIECE = 1 << 10
"""A block of 4 bytes expands to 128 KiB, and the engine gives out at once all that it makes: here 32 MiB at most."""


class Bounds(Struct, frozen=True):
    """How far a file may expand. Bytes beyond `free` must not be over `ratio` times what was read of the file.

    Repetitive logs reach 60 to 150; a bomb of zeros reaches 1,030 with gzip and 10,000 and more with zstd.
    """

    free: int = 64 << 20
    ratio: int = 400
    total: int = 1 << 40


DEFAULT_BOUNDS = Bounds()


class Source:
    """An open file that says how far it has been read: `done` of `total` bytes (0 if not known), before expansion."""

    def __init__(self, file: BinaryIO, total: int, place: str, bounds: Bounds) -> None:
        self._file = file
        self.total = total
        self.done = 0
        self.place = place
        self._bounds = bounds

    def pieces(self) -> Iterator[bytes]:
        """The contents, expanded if they are compressed. Raises BadFile."""
        first = self.raw()
        if first.startswith(_GZIP):
            yield from self._bounded(self._gunzip(first))
        elif first.startswith(_ZSTD):
            yield from self._bounded(self._unzstd(first))
        else:
            while first:
                yield first
                first = self.raw()

    def raw(self, size: int = _RAW_PIECE) -> bytes:
        """The next bytes as they are in the file; none at its end. Raises BadFile."""
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise BadFile(f"It cannot be read: {error.strerror}.", place=self.place, remedy="Check the disk.") from None
        self.done += len(piece)
        return piece

    def _gunzip(self, piece: bytes) -> Iterator[bytes]:
        engine = zlib.decompressobj(31)
        while piece:
            try:
                out = engine.decompress(piece, _PIECE)
            except zlib.error:
                raise self._broken("gzip") from None
            if out:
                yield out
            piece = engine.unconsumed_tail
            if engine.eof:
                piece = engine.unused_data.lstrip(b"\0") or self.raw().lstrip(b"\0")  # members in a row, padding
                if piece:
                    engine = zlib.decompressobj(31)
            elif not piece:
                piece = self.raw()
        if not engine.eof:
            raise self._broken("gzip")

    def _unzstd(self, piece: bytes) -> Iterator[bytes]:
        # A window of 128 MiB is what `zstd --long` needs; more would let a few bytes claim gigabytes of memory.
        context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        engine = context.decompressobj()
        while piece:
            for at in range(0, len(piece), _ZSTD_PIECE):
                rest = piece[at : at + _ZSTD_PIECE]
                while rest:
                    if engine.eof:
                        engine = context.decompressobj()
                    try:
                        out = engine.decompress(rest)
                    except zstandard.ZstdError:
                        raise self._broken("zstd") from None
                    if out:
                        yield out
                    rest = engine.unused_data
            piece = self.raw()
        if not engine.eof:
            raise self._broken("zstd")

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        expanded, bounds = 0, self._bounds
        for piece in pieces:
            expanded += len(piece)
            if expanded > bounds.free and expanded > min(self.done * bounds.ratio, bounds.total):
                raise BadFile(
                    f"It expands to more than {bounds.ratio} times its size, or over {bounds.total >> 30:,} GiB.",
                    place=self.place,
                    remedy="If it can be trusted, expand it first (gunzip, unzstd) and import the result.",
                )
            yield piece

    def _broken(self, kind: str) -> BadFile:
        return BadFile(
            f"The {kind} data is damaged or cut off.",
            place=self.place,
            remedy="Fetch the file again; what was read is in.",
        )


@contextmanager
def opened(path: str, bounds: Bounds = DEFAULT_BOUNDS) -> Iterator[Source]:
    """A file, or standard input for `-`, ready to be read. Raises BadFile that says how to mend it."""
    if path == STDIN:
        yield Source(sys.stdin.buffer, 0, "standard input", bounds)
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 (closed below; only opening it may be refused here)
    except IsADirectoryError:
        raise BadFile("It is a directory.", place=path, remedy="Name the files in it, e.g. with *.json.gz.") from None
    except PermissionError:
        raise BadFile("There is no permission to read it.", place=path, remedy="Check its owner and mode.") from None
    except FileNotFoundError:
        raise BadFile("There is no such file.", place=path, remedy="Check the path.") from None
    except (OSError, ValueError) as error:
        raise BadFile(f"It cannot be opened: {error}.", place=path, remedy="Check the path.") from None
    with file:
        about = os.fstat(file.fileno())
        yield Source(file, about.st_size if stat.S_ISREG(about.st_mode) else 0, path, bounds)
