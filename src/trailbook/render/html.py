"""HTML: one file that needs nothing else, to be opened, read and printed; it holds no script and loads nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from ..report.result import Heading, Report
from .chart import of_report, plot, svg
from .header import Line, after, before
from .options import Options
from .text import as_text

_STYLE = """
:root { color-scheme: light dark; --line: #c8ccd2; --soft: #f1f3f5; }
@media (prefers-color-scheme: dark) { :root { --line: #4b5159; --soft: #23272c; } }
* { box-sizing: border-box; }
body { margin: 1.5rem; font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 1rem; }
dt { opacity: .75; }
dd { margin: 0; overflow-wrap: anywhere; }
.warning { border-inline-start: 4px solid #b7791f; padding-inline-start: .6rem; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .9rem; margin: 0 0 1rem; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: start; vertical-align: top; }
th { position: sticky; top: 0; background: var(--soft); }
td { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 6rem; max-width: 32rem; unicode-bidi: plaintext; }
.number { text-align: end; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 1rem; }
@media print {
  @page { size: A4 landscape; margin: 1cm; }
  body { margin: 0; font-size: 8pt; }
  table { font-size: 7pt; }
  th { position: static; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  td { min-width: 0; }
}
"""

# A carriage return would be read as a line feed, and NUL is nothing that HTML can hold: it is shown as its picture.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\x00": "\u2400"}
_ESCAPED = re.compile(f"[{''.join(_ESCAPES)}]")


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as HTML and return the number of its rows. Without `header` there is only the table."""
    header, written = report.header, 0
    with as_text(out, options) as text:
        text.write(_top(header.title, header.locale))
        if options.header:
            text.write(f"<h1>{_escaped(header.title)}</h1>\n{_listed(before(header))}")
            text.writelines(f'<p class="warning">{_escaped(one)}</p>\n' for one in header.warnings)
        if (figure := of_report(report)) is not None:
            text.write(f"<figure>{svg(plot(figure, header.locale))}</figure>\n")
        text.write(f"<table>\n<thead><tr>{_headings(report.headings)}</tr></thead>\n<tbody>\n")
        starts = ['<td class="number">' if one.kind == "number" else "<td>" for one in report.headings]
        for row in report.texts():
            text.write(_row(starts, row))
            written += 1
        text.write("</tbody>\n</table>\n")
        if options.header:
            text.write(_listed(after(header, most_heads=None)))
        text.write("</body>\n</html>\n")
    return written


def _top(title: str, locale: str) -> str:
    """All that comes before the body's contents. The policy lets a browser load and run nothing."""
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(locale.replace("_", "-"))}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )


def _listed(lines: Iterable[Line]) -> str:
    items = "".join(f"<dt>{_escaped(label)}</dt><dd>{_escaped(text)}</dd>\n" for label, text in lines)
    return f"<dl>\n{items}</dl>\n"


def _headings(headings: Sequence[Heading]) -> str:
    return "".join(
        f'<th scope="col"{" class=number" if one.kind == "number" else ""}>{_escaped(one.label)}</th>'
        for one in headings
    )


def _row(starts: Sequence[str], row: Sequence[str]) -> str:
    cells = "</td>".join([start + _escaped(cell) for start, cell in zip(starts, row, strict=True)])
    return f"<tr>{cells}</td></tr>\n"


def _escaped(text: str) -> str:
    """What stands for the text between tags; within them, quotes would have to be escaped too."""
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)
