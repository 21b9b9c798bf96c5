"""Reading records from opened files: JSON, JSON Lines, CSV and TSV; a bad record never ends the rest."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import BadEvent, BadFile
from ..event.wording import counted
from .source import Source

LONGEST_LINE = 16 << 20
LARGEST_DOCUMENT = 256 << 20
_LISTS = (
    "Records", "records", "value", "items", "entries", "logs", "operation_logs", "activity_logs", "results", "data",
)  # fmt: skip
"""Fields that hold the records where a whole file is one object: CloudTrail, Azure, Google, Slack, Zoom and others."""
_OPENS_LIST = re.compile(rb'"(?:%s)"\s*:\s*\[' % b"|".join(name.encode() for name in _LISTS))
_BOMS = (("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE))
_NAME = re.compile(r"[@_]?[^\W\d][\w .:/@()-]*")
_LONGEST_HEADER = 64 << 10
_TOO_LONG = "\0"
"""Stands for a line that was too long, among the lines of a CSV file."""


class CsvShape(Struct, frozen=True):
    """How the rows of a CSV file are written. `columns` are named by the map where the file has no header."""

    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()


class Record(Struct, frozen=True, gc=False):
    """A record of a file: its line (from 1; in one JSON document its number), its bytes, and its value or error.

    The value is None where it was not asked for.
    """

    line: int
    raw: bytes
    value: Any = None
    error: BadEvent | None = None


def records(source: Source, shape: CsvShape | None = None, *, raw_lines: bool = False) -> Iterator[Record]:
    """The records of a file. `shape` says that it is CSV; `raw_lines` leaves the lines of JSON Lines undecoded.

    Without it the file is JSON: one object per line; or one array; or one object, which may hold a list of records in
    one of the fields `_LISTS`. Raises BadFile.
    """
    pieces = _utf8(source)
    begun, alone = _first_line(pieces)
    if not begun.strip():
        raise BadFile("It is empty.", place=source.place, remedy="Check that the export was finished.")
    again = chain([begun], pieces)
    shape = shape or _told_by_header(begun)
    if shape is not None:
        yield from _rows(again, shape, source.place)
    elif _is_document(begun, alone):
        yield from _document(again, source.place)
    else:
        yield from _json_lines(again, raw_lines)


def _utf8(source: Source) -> Iterator[bytes]:
    """The contents as UTF-8: a byte order mark is taken off, UTF-16 that has one is converted."""
    pieces = source.pieces()
    first = next(pieces, b"")
    encoding, mark = next((one for one in _BOMS if first.startswith(one[1])), ("", b""))
    rest = chain([first[len(mark) :]], pieces)
    if encoding.startswith("utf-16"):
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        for piece in rest:
            yield decoder.decode(piece).encode(errors="replace")
        yield decoder.decode(b"", final=True).encode(errors="replace")
        return
    if first[:4].count(0) >= 2:
        raise BadFile(
            "It is UTF-16 or UTF-32 without a byte order mark, or no text at all.",
            place=source.place,
            remedy="Convert it: iconv -f UTF-16LE -t UTF-8.",
        )
    yield from rest


def _first_line(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """The beginning of a file, at least its first line that is not blank, and whether nothing comes after that."""
    begun = bytearray()
    for piece in pieces:
        begun += piece
        if b"\n" in piece or len(begun) > LONGEST_LINE:
            _, _, rest = begun.lstrip().partition(b"\n")
            if rest.strip() or len(begun) > LONGEST_LINE:  # blanks to no end are left to the reading of lines
                return bytes(begun), False
    return bytes(begun), b"\n" not in begun.strip()


def _told_by_header(begun: bytes) -> CsvShape | None:
    """The shape of a CSV file, if the first line holds three or more names, none of them twice, and no JSON follows."""
    line, _, rest = begun.lstrip().partition(b"\n")
    if line[:1] in (b"{", b"[") or rest.lstrip()[:1] in (b"{", b"[") or len(line) > _LONGEST_HEADER:
        return None
    text = line.decode(errors="replace").rstrip()
    for delimiter in ",", ";", "\t":
        with suppress(csv.Error, StopIteration):
            names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
            if len(set(names)) == len(names) >= 3 and all(map(_NAME.fullmatch, names)):
                return CsvShape(delimiter)
    return None


def _is_document(begun: bytes, alone: bool) -> bool:
    """Whether a file is one JSON value, rather than one on each line."""
    text = begun.strip()
    if text.startswith(b"["):
        return True
    if not text.startswith(b"{"):
        return False
    line, ended, _ = text.partition(b"\n")
    if alone:
        return len(line) > LONGEST_LINE or _OPENS_LIST.search(line) is not None
    if not ended:  # the first line is longer than a line may be: an object on one line, or a line to be refused
        return _OPENS_LIST.search(line, 0, 4096) is not None
    line = line.rstrip()
    return not line.endswith(b"}") and (
        line.endswith((b"{", b"[", b",")) or _OPENS_LIST.search(line, 0, 4096) is not None
    )


def _document(pieces: Iterator[bytes], place: str) -> Iterator[Record]:
    """The records of one JSON value. Each is decoded by itself, so that memory holds the text and one record."""
    text = bytearray()
    for piece in pieces:
        text += piece
        if len(text) > LARGEST_DOCUMENT:
            raise BadFile(
                f"It is one JSON document of more than {LARGEST_DOCUMENT >> 20} MiB.",
                place=place,
                remedy="Write one record per line instead: jq -c '.[]' or jq -c '.Records[]'.",
            )
    whole = bytes(text)
    del text
    try:
        for number, raw in enumerate(_elements(whole), 1):
            yield decode_json(bytes(raw), number)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile(
            f"This is not one JSON document: {error}.",
            place=place,
            remedy="Check that the export was finished; several documents must stand one per line (jq -c .).",
        ) from None


def _elements(whole: bytes) -> list[msgspec.Raw]:
    if whole.lstrip().startswith(b"["):
        return msgspec.json.decode(whole, type=list[msgspec.Raw])
    fields = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    for name in _LISTS:
        raw = bytes(fields[name]).lstrip() if name in fields else b""
        if raw.startswith(b"["):
            found = msgspec.json.decode(raw, type=list[msgspec.Raw])
            # A record may itself have such a field: the list must hold objects, and be what the file is about.
            if all(bytes(one).lstrip().startswith(b"{") for one in found) and 2 * len(raw) > len(whole) - len(raw):
                return found
    return [msgspec.Raw(whole)]


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes | None]:
    """The lines without their ends; None for one that is longer than LONGEST_LINE, of which nothing is kept."""
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        end, *following = piece.split(b"\n")
        size += len(end)
        if size <= LONGEST_LINE:
            begun.append(end)
        else:
            begun.clear()
        if following:
            yield b"".join(begun) if size <= LONGEST_LINE else None
            beginning = following.pop()
            for line in following:
                yield line if len(line) <= LONGEST_LINE else None
            begun, size = [beginning], len(beginning)
    if size:
        yield b"".join(begun) if size <= LONGEST_LINE else None


def _json_lines(pieces: Iterator[bytes], raw: bool) -> Iterator[Record]:
    for number, line in enumerate(_lines(pieces), 1):
        if line is None:
            yield Record(number, b"", error=_too_long())
        elif stripped := line.strip():
            yield Record(number, stripped) if raw else decode_json(stripped, number)


def decode_json(raw: bytes, line: int) -> Record:
    """A record of JSON bytes: its value, or what is wrong with them."""
    try:
        return Record(line, raw, msgspec.json.decode(raw))
    except RecursionError:
        return _wrong(line, raw, "The JSON is nested too deeply.", "Flatten it.")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        try:
            raw.decode()
        except UnicodeDecodeError as wrong:
            return _wrong(line, raw, f"Byte {wrong.start + 1} is not UTF-8.", "Export as UTF-8, or convert with iconv.")
        return _wrong(line, raw, f"This is not JSON: {error}.", "Each line must be one JSON object.")


def _wrong(line: int, raw: bytes, problem: str, remedy: str) -> Record:
    return Record(line, raw, error=BadEvent(problem, remedy=remedy))


def _too_long() -> BadEvent:
    return BadEvent(f"The line is longer than {LONGEST_LINE >> 20} MiB.", remedy="Cut the largest field of the record.")


def _rows(pieces: Iterator[bytes], shape: CsvShape, place: str) -> Iterator[Record]:
    """The rows of RFC 4180, as objects of texts. The csv module refuses fields over 128 KiB, and so do we."""
    lines = (_TOO_LONG if one is None else one.decode(errors="surrogateescape") + "\n" for one in _lines(pieces))
    reader = csv.reader(lines, delimiter=shape.delimiter, strict=True)
    columns = _columns(reader, place) if shape.header else list(shape.columns)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _wrong(reader.line_num, b"", f"This is not a CSV row: {error}.", "Check its quotes.")
            continue
        if row == [_TOO_LONG]:
            yield Record(reader.line_num, b"", error=_too_long())
        elif row:
            yield _row(row, columns, reader.line_num)


def _columns(reader: Iterator[list[str]], place: str) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        raise BadFile("Its first line is no CSV header.", place=place, remedy="Check the file.") from None
    named = [name for name in columns if name]
    if len(set(named)) != len(named):
        raise BadFile("Two columns have the same name.", place=place, remedy="Rename one of them in the first line.")
    return columns


def _row(row: list[str], columns: list[str], line: int) -> Record:
    value = {name: cell for name, cell in zip(columns, row, strict=False) if name}
    try:
        raw = msgspec.json.encode(value)
    except UnicodeEncodeError:
        shown = ",".join(row).encode(errors="surrogateescape")
        return _wrong(line, shown, "The row is not UTF-8.", "Export as UTF-8, or convert with iconv.")
    if len(row) != len(columns):
        problem = f"The row has {counted(len(row), 'cell')} for {counted(len(columns), 'column')}."
        return _wrong(line, raw, problem, "Check its delimiters and quotes.")
    return Record(line, raw, value)
