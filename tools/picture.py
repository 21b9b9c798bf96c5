"""Draws what a terminal shows: text from standard input and the command as argument become an SVG picture."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from xml.sax.saxutils import escape

from wcwidth import wcswidth

CELL, LINE, MARGIN = 7.8, 15.5, 16
STYLE = """
  .paper { fill: #fdfdfb; stroke: #d0d0c8 } .ink { fill: #24292f } .command { fill: #0550ae; font-weight: bold }
  .rule { fill: #8c959f } text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #161b22; stroke: #30363d } .ink { fill: #e6edf3 } .command { fill: #79c0ff } .rule { fill: #6e7681 }
  }
"""


def picture(command: str, output: str) -> str:
    """The SVG of a prompt with `command` and, below it, `output`; each word group stands in its own column of cells."""
    lines = output.rstrip("\n").split("\n")
    longest = max(wcswidth(line) for line in [f"$ {command}", *lines])
    width, height = 2 * MARGIN + CELL * longest, 2 * MARGIN + LINE * (len(lines) + 1.5)
    shapes = [_text(0, 0, f"$ {command}", "command")]
    for number, line in enumerate(lines):
        shapes += [_text(column, number + 1.5, group, _style(group)) for column, group in _groups(line)]
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
    """The groups of words of a line, which two spaces or a rule part, and the rules, each with its column."""
    for group in re.finditer(r"[─╌│┌┐└┘├┤┬┴┼]+|[^\s│]+(?: [^\s│]+)*", line):
        yield wcswidth(line[: group.start()]), group.group()


def _style(group: str) -> str:
    return "rule" if group[0] in "─╌│┌└├┬┴┼┐┘┤" else "ink"


def _text(column: int, row: float, text: str, style: str) -> str:
    x, y = MARGIN + CELL * column, MARGIN + LINE * (row + 0.75)
    length = CELL * wcswidth(text)
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" textLength="{length:.1f}">{escape(text)}</text>'


if __name__ == "__main__":
    sys.stdout.write(picture(sys.argv[1], sys.stdin.read()))
