"""Paths into records: `a.b[0].c[name=x]` becomes a function that fetches the value, or None if there is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import BadMap

Fetch = Callable[[Any, Any], Any]
"""Takes the item that a path is relative to and the whole record; None means that the value is empty."""

_Step = tuple[str, Any, Any]
_KEY = re.compile(r"[^\s.\[\]{}|'=]+")
_QUOTED = re.compile(r"'([^']+)'")
_BRACKET = re.compile(r"\[(?:(\*)|(-?\d+)|([^\s.\[\]{}|'=]+|'[^']+')=([^\]']+|'[^']*'))\]")


class PathUse:
    """A path written in a map, and whether it was ever tried and ever found a value."""

    __slots__ = ("found", "place", "text", "tried")

    def __init__(self, place: str, text: str) -> None:
        self.place = place
        self.text = text
        self.tried = False
        self.found = False


class Compiler:
    """What the parts of one map share while it is compiled: its name, its placeholders, tables and paths."""

    def __init__(self, name: str, empty: frozenset[str] = frozenset(), tables: dict[str, Any] | None = None) -> None:
        self.name = name
        self.empty = empty | {""}
        self.tables = tables or {}
        self.uses: list[PathUse] = []

    def error(self, place: str, problem: str, remedy: str = "") -> BadMap:
        """The error to raise for what stands at `place` in the map."""
        return BadMap(problem, place=f"map {self.name}, {place}", remedy=remedy)

    def path(self, text: str, place: str) -> Fetch:
        """The function of a path. Raises BadMap if it is not well formed."""
        rooted, steps = self._parse(text, place)
        use = PathUse(place, text)
        self.uses.append(use)
        if all(kind == "key" for kind, _, _ in steps):
            return _keys(tuple(key for _, key, _ in steps), rooted, self.empty, use)
        return _steps(tuple(steps), rooted, self.empty, use)

    def _parse(self, text: str, place: str) -> tuple[bool, list[_Step]]:
        if text in (".", "$"):
            return text == "$", []
        rooted = text.startswith("$.") or text.startswith("$[")
        at = 1 if rooted else 0
        steps: list[_Step] = []
        key_wanted = not rooted
        while at < len(text):
            if rooted and at == 1 and text[at] == ".":
                at, key_wanted = at + 1, True
            if key_wanted:
                found = _QUOTED.match(text, at) or _KEY.match(text, at)
                if found is None:
                    break
                steps.append(("key", found[1] if found.re is _QUOTED else found[0], None))
                at, key_wanted = found.end(), False
            elif text[at] == ".":
                at, key_wanted = at + 1, True
            elif (bracket := _BRACKET.match(text, at)) is not None:
                steps.append(_bracket_step(bracket))
                at = bracket.end()
            else:
                break
        if at < len(text) or key_wanted:
            raise self.error(
                place,
                f"The path {text!r} is not well formed at character {at + 1}.",
                "Write it like a.b, a[0].b, a[*].b or a[name=value].b, with ' ' around keys that hold . [ ] or blanks.",
            )
        return rooted, steps


def _bracket_step(bracket: re.Match[str]) -> _Step:
    if bracket[1]:
        return ("all", None, None)
    if bracket[2]:
        return ("index", int(bracket[2]), None)
    return ("where", bracket[3].strip("'"), bracket[4].strip("'"))


def _keys(keys: tuple[str, ...], rooted: bool, empty: frozenset[str], use: PathUse) -> Fetch:
    """The common case, kept lean: nothing but keys."""

    def fetch(item: Any, root: Any) -> Any:
        value = root if rooted else item
        for key in keys:
            if type(value) is not dict:
                use.tried = True
                return None
            value = value.get(key)
        if value is None or (value in empty if type(value) is str else value in ([], {})):
            use.tried = True
            return None
        use.found = True
        return value

    return fetch


def _steps(steps: tuple[_Step, ...], rooted: bool, empty: frozenset[str], use: PathUse) -> Fetch:
    def fetch(item: Any, root: Any) -> Any:
        use.tried = True
        value = without_empty(_walk(root if rooted else item, steps, 0), empty)
        if value is not None:
            use.found = True
        return value

    return fetch


def _walk(value: Any, steps: tuple[_Step, ...], at: int) -> Any:
    while at < len(steps):
        kind, name, wanted = steps[at]
        at += 1
        if kind == "key":
            value = value.get(name) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            return None
        elif kind == "index":
            value = value[name] if -len(value) <= name < len(value) else None
        elif kind == "where":
            value = next((one for one in value if isinstance(one, dict) and as_text(one.get(name)) == wanted), None)
        else:
            found = (_walk(one, steps, at) for one in value)
            flat = [inner for one in found for inner in (one if isinstance(one, list) else [one])]
            return [one for one in flat if one is not None]
        if value is None:
            return None
    return value


def without_empty(value: Any, empty: frozenset[str]) -> Any:
    """`value`, or None if it means nothing: null, a placeholder, an empty list or object, a list of such alone."""
    if value is None or (isinstance(value, str) and value in empty):
        return None
    if isinstance(value, dict):
        return value or None
    if isinstance(value, list):
        return value if any(without_empty(one, empty) is not None for one in value) else None
    return value


def as_text(value: Any) -> str:
    """A value as text: the first of a list, compact JSON of an object, `true`/`false`; empty text for None."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return next((text for one in value if (text := as_text(one))), "")
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value)
