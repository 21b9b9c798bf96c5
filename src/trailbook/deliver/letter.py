"""What a mail says, as plain text and as HTML that needs nothing from anywhere: a few facts, rows, a chart, a link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from msgspec import Struct

from ..errors import BadInput
from .clean import lines, one_line

MOST_ROWS = 10
MOST_COLUMNS = 6
LONGEST_CELL = 160
LONGEST_TEXT = 4_000

_FOOTER = "Sent by Trailbook. Names and texts in it are as applications recorded them."


class Letter(Struct, frozen=True):
    """What a mail says: a title, paragraphs, facts with labels, the first rows of a table, a note on them, a link.

    `chart` is what a picture that goes with it shows, in words (empty: there is none). `link` begins with http.
    """

    title: str
    text: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    chart: str = ""
    link: str = ""
    link_says: str = "Open it in Trailbook"
    footer: str = _FOOTER


def first_rows(
    labels: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The labels and rows that find room in a mail: the first 10 rows of 6 columns, long cells cut with a mark."""
    shown = tuple(tuple(one_line(cell, LONGEST_CELL) for cell in row[:MOST_COLUMNS]) for row in islice(rows, MOST_ROWS))
    return tuple(one_line(label, LONGEST_CELL) for label in labels[:MOST_COLUMNS]), shown


def written(letter: Letter) -> tuple[str, str]:
    """The letter as plain text and as HTML; neither has anything in it that acts. Raises BadInput for another link."""
    if letter.link and not letter.link.startswith(("https://", "http://")):
        raise BadInput("A link in a mail begins with https://.", place="link", remedy="Check the setting `url`.")
    labels, rows = first_rows(letter.labels, letter.rows)
    safe = Letter(
        title=one_line(letter.title),
        text=tuple(lines(one)[:LONGEST_TEXT] for one in letter.text if one.strip()),
        facts=tuple((one_line(label), one_line(text, 1_000)) for label, text in letter.facts),
        labels=labels,
        rows=rows,
        note=one_line(letter.note),
        chart=one_line(letter.chart),
        link=one_line(letter.link, 2_000),
        link_says=one_line(letter.link_says),
        footer=one_line(letter.footer),
    )
    return _plain(safe), _inliner().inline(_template().render(letter=safe))


def _plain(letter: Letter) -> str:
    parts = [letter.title, *letter.text]
    parts.append("\n".join(f"{label}: {text}" for label, text in letter.facts))
    parts += [
        "\n".join(f"{label}: {cell}" for label, cell in zip(letter.labels, row, strict=True) if cell)
        for row in letter.rows
    ]
    parts += [letter.note, f"{letter.link_says}: {letter.link}" if letter.link else "", f"-- \n{letter.footer}"]
    return "\n\n".join(part for part in parts if part) + "\n"


@cache
def _template() -> Template:
    room = Environment(
        loader=PackageLoader("trailbook.deliver", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return room.get_template("letter.html")


@cache
def _inliner() -> css_inline.CSSInliner:
    """Styles become attributes, for many mail programs drop style sheets; nothing is fetched for it."""
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
