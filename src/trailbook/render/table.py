"""A table for the terminal: fits the width, or makes each row a record if the columns cannot stand side by side."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from operator import gt
from typing import BinaryIO, TextIO

from ..report.result import Heading, Report
from .header import Line, after, before
from .options import Options
from .terminal import padded, safe, styled, widest, width, wrapped
from .text import as_text

SAMPLE = 100
"""Rows that are looked at to choose the widths, before anything is written."""

NARROWEST = 10
"""Columns of the terminal that a wrapped cell gets at least; if there is not as much, rows become records."""

LEAST_WIDTH = 20


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as a table and return the number of its rows. The first rows settle the widths."""
    with as_text(out, options) as text:
        return _write(report, text, options)


def _write(report: Report, out: TextIO, options: Options) -> int:
    room = max(options.width, LEAST_WIDTH)
    if options.header:
        out.write(styled(safe(report.header.title), "bold", options.colour) + "\n")
        _write_lines(before(report.header), out, room, options)
        for warning in report.header.warnings:
            for line in wrapped(f"! {safe(warning)}", room):
                out.write(styled(line, "yellow", options.colour) + "\n")
        out.write("\n")
    stream = (tuple([safe(cell, lines=True) for cell in row]) for row in report.texts())
    sample = list(itertools.islice(stream, SAMPLE))
    labels = [safe(heading.label) for heading in report.headings]
    contents = [max(map(widest, column), default=0) for column in zip(*sample, strict=True)] or [0] * len(labels)
    widths = _widths(labels, contents, room - 3 * len(labels) - 1)
    every = itertools.chain(sample, stream)
    if widths is None:
        rows = _write_records(labels, every, out, room, options)
    else:
        wraps = any(map(gt, contents, widths))
        rows = _write_table(report.headings, labels, every, widths, wraps, out, options)
    if options.header:
        out.write("\n")
        _write_lines(after(report.header), out, room, options)
    return rows


def _widths(labels: Sequence[str], contents: Sequence[int], room: int) -> list[int] | None:
    """Widths for whole labels if all fits so, else for their longest words; None if neither can be."""
    whole = list(map(max, map(width, labels), contents))
    if sum(whole) <= room:
        return whole
    words = [max(map(width, label.split(" "))) for label in labels]
    return fitted(list(map(max, words, contents)), room)


def fitted(natural: Sequence[int], room: int) -> list[int] | None:
    """Widths that fill at most `room`: what fits in an even share stays, the rest shares what is left.

    None if a column would have to be narrower than `NARROWEST` and than its contents.
    """
    widths = [max(one, 1) for one in natural]
    if sum(min(one, NARROWEST) for one in widths) > room:
        return None
    narrowest_first = sorted(range(len(widths)), key=widths.__getitem__)
    for done, at in enumerate(narrowest_first):
        widths[at] = min(widths[at], room // (len(widths) - done))
        room -= widths[at]
    return widths


def _write_table(
    headings: Sequence[Heading],
    labels: Sequence[str],
    rows: Iterable[Sequence[str]],
    widths: Sequence[int],
    ruled: bool,
    out: TextIO,
    options: Options,
) -> int:
    right = [heading.kind == "number" for heading in headings]
    bars = ["─" * (one + 2) for one in widths]
    rule = f"├{'┼'.join('╌' * (one + 2) for one in widths)}┤\n" if ruled else ""
    out.write(f"┌{'┬'.join(bars)}┐\n")
    for line in _side_by_side(labels, widths, right, 0):
        out.write(f"│ {' │ '.join(styled(cell, 'bold', options.colour) for cell in line)} │\n")
    out.write(f"├{'┼'.join(bars)}┤\n")
    written = 0
    for row in rows:
        out.write(rule if written else "")
        for line in _side_by_side(row, widths, right, options.cell_lines):
            out.write(f"│ {' │ '.join(line)} │\n")
        written += 1
    out.write(f"└{'┴'.join(bars)}┘\n")
    return written


def _side_by_side(
    cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], most: int
) -> Iterator[tuple[str, ...]]:
    """The lines of a row: each cell wrapped, and filled up to its width."""
    columns = [wrapped(cell, room, most) for cell, room in zip(cells, widths, strict=True)]
    for parts in itertools.zip_longest(*columns, fillvalue=""):
        yield tuple(padded(part, room, right=side) for part, room, side in zip(parts, widths, right, strict=True))


def _write_records(
    labels: Sequence[str], rows: Iterable[Sequence[str]], out: TextIO, room: int, options: Options
) -> int:
    written = 0
    for row in rows:
        written += 1
        number = f"── {written} "
        out.write(styled(number + "─" * (room - len(number)), "dim", options.colour) + "\n")
        _write_lines(list(map(Line, labels, row)), out, room, options)
    return written


def _write_lines(lines: Sequence[Line], out: TextIO, room: int, options: Options) -> None:
    """Labels beside their texts; in a narrow room above them."""
    left = max(width(safe(line.label)) for line in lines) + 2
    beside = room - left >= 2 * NARROWEST
    for line in lines:
        label = styled(padded(safe(line.label), left), "dim", options.colour)
        texts = wrapped(safe(line.text, lines=True), room - left if beside else room - 2, options.cell_lines)
        if beside:
            out.write(f"{label}{padded(texts[0], 0)}".rstrip(" ") + "\n")
            out.writelines(f"{' ' * left}{padded(text, 0)}".rstrip(" ") + "\n" for text in texts[1:])
        else:
            out.write(label.rstrip(" ") + "\n")
            out.writelines(f"  {padded(text, 0)}".rstrip(" ") + "\n" for text in texts)
