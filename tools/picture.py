"""Draws what a terminal shows: text from standard input and the command as argument become an SVG picture."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from xml.sax.saxutils import escape

from wcwidth import wcswidth

CELL, LINE, MARGIN = 7.8, 15.5, 16
STYLE = """
  text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
  .paper { fill: #fdfdfb; stroke: #d0d0c8 } .ink { fill: #24292f } .command { fill: #0550ae; font-weight: bold }
  .rule { stroke: #8c959f } .faint { stroke-dasharray: 2 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #161b22; stroke: #30363d } .ink { fill: #e6edf3 } .command { fill: #79c0ff }
    .rule { stroke: #6e7681 }
  }
"""

BOX = "─╌│┌┐└┘├┤┬┴┼"
UP, DOWN = frozenset("│└┘├┤┴┼"), frozenset("│┌┐├┤┬┼")


def picture(command: str, output: str) -> str:
    """The SVG of a prompt with `command` and, below it, `output`: words stand at their cells, tables are ruled.

    Rules are drawn as lines: box-drawing characters would leave gaps, since a font's line is lower than ours.
    """
    lines = output.rstrip("\n").split("\n")
    longest = max(wcswidth(line) for line in [f"$ {command}", *lines])
    width, height = 2 * MARGIN + CELL * longest, 2 * MARGIN + LINE * (len(lines) + 1.5)
    shapes = [_text(0, 0, f"$ {command}", "command")]
    for number, line in enumerate(lines):
        shapes += [_text(column, number + 1.5, group, "ink") for column, group in _groups(line)]
    shapes += _rules(lines)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(command)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>',
            *shapes,
            "</svg>\n",
        )
    )


def _groups(line: str) -> Iterator[tuple[int, str]]:
    """The groups of words of a line, which two spaces or a rule part, each with its column."""
    for group in re.finditer(rf"[^\s{BOX}]+(?: [^\s{BOX}]+)*", line):
        yield wcswidth(line[: group.start()]), group.group()


def _rules(lines: list[str]) -> Iterator[str]:
    """The lines that box-drawing characters stand for, from the middle of a cell to the middle of another."""
    above: dict[int, int] = {}  # by column, the row in which a line begins that goes on into the present row
    for row, line in enumerate([*lines, ""]):
        for run in re.finditer("[─╌┌┐└┘├┤┬┴┼]+", line):
            first, last = wcswidth(line[: run.start()]), wcswidth(line[: run.end()]) - 1
            yield _line(first, row, last, row, "rule faint" if "╌" in run.group() else "rule")
        boxes = {wcswidth(line[:at]): character for at, character in enumerate(line) if character in BOX}
        for column, begun in sorted(above.items()):
            if boxes.get(column, " ") not in UP & DOWN:
                yield _line(column, begun, column, row if boxes.get(column) in UP else row - 1, "rule")
        above = {at: above.get(at, row) if box in UP else row for at, box in boxes.items() if box in DOWN}


def _line(column: int, row: int, to_column: int, to_row: int, style: str) -> str:
    (x1, y1), (x2, y2) = _middle(column, row), _middle(to_column, to_row)
    return f'<path class="{style}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def _middle(column: int, row: int) -> tuple[float, float]:
    return MARGIN + CELL * (column + 0.5), MARGIN + LINE * (row + 2)


def _text(column: int, row: float, text: str, style: str) -> str:
    x, y = MARGIN + CELL * column, MARGIN + LINE * (row + 0.75)
    length = CELL * wcswidth(text)
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" textLength="{length:.1f}">{escape(text)}</text>'


if __name__ == "__main__":
    sys.stdout.write(picture(sys.argv[1], sys.stdin.read()))
