"""JSON values as a page unfolds them: a tree of named values, of which no more is built than a page can show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from ...report.cells import json_text

Kind = Literal["object", "list", "text", "number", "word"]

MOST_NODES = 2_000
"""Values that a page shows of one tree."""
LONGEST_TEXT = 20_000
"""Characters that a page shows of one text."""
LONGEST_NAME = 200
"""Characters that a page shows of one name."""

_AMBIGUOUS = re.compile(r"(true|false|null|-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)?")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Cut(NamedTuple):
    """A text as far as a page shows it, and how many characters it has beyond."""

    text: str
    beyond: int


class Node(NamedTuple):
    """A value under its name (a list's have numbers; the topmost has none). `beyond`: values within, not shown."""

    name: str
    kind: Kind
    value: Cut
    size: int
    items: tuple[Node, ...]
    beyond: int


def short(name: str) -> str:
    """A name as far as a line shows it."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def cut(text: str) -> Cut:
    """As much of a text as a page shows."""
    return Cut(text[:LONGEST_TEXT], max(0, len(text) - LONGEST_TEXT))


def tree(value: Any) -> Node:
    """The tree of a JSON value; of a large one, the values that come first."""
    return _node("", value, iter(range(MOST_NODES)))


def key_text(key: str) -> str:
    """A key behind the path of its object: `.city`, or `["first name"]`."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{as_json(key)}]"


def as_json(value: Any) -> str:
    """A value as JSON writes it: texts in quotes."""
    return json_text([value])[1:-1]


def _node(name: str, value: Any, room: Iterator[int]) -> Node:
    """`room` yields once for each value that may yet be shown."""
    if not isinstance(value, (dict, list)):
        return Node(name, _kind(value), cut(_words(value)), 0, (), 0)
    within = value.items() if isinstance(value, dict) else ((str(at), one) for at, one in enumerate(value))
    items = tuple(_node(short(key), one, room) for (key, one), _ in zip(within, room, strict=False))
    return Node(
        name, "object" if isinstance(value, dict) else "list", Cut("", 0), len(value), items, len(value) - len(items)
    )


def _kind(value: Any) -> Kind:
    if isinstance(value, str):
        return "text"
    return "word" if value is None or isinstance(value, bool) else "number"


def _words(value: Any) -> str:
    """Texts as they are, but for those that would look like another value, or like none."""
    return value if isinstance(value, str) and not _AMBIGUOUS.fullmatch(value) else as_json(value)
