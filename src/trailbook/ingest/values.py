"""Values of maps: paths, texts with places to fill, fallbacks and conversions, as functions of a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .conditions import condition, pattern
from .paths import Compiler, Fetch, as_text

_WORDS = ("from", "when", "match", "split", "join", "case", "values", "patterns", "default", "missing")
_PART = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{((?:[^{}']|'[^']*')+)\}|[\[\]]|[^{}\[\]]+")


def value(compiler: Compiler, written: Any, place: str) -> Fetch:
    """The function of a VALUE as written in a map. Raises BadMap."""
    if isinstance(written, str):
        if not written:
            return _nothing
        if written.startswith("="):
            return _text(compiler, written[1:], place)
        return compiler.path(written, place)
    if isinstance(written, list):
        return _first([value(compiler, one, f"{place}[{at}]") for at, one in enumerate(written)])
    if isinstance(written, dict):
        return _converted(compiler, written, place)
    raise compiler.error(
        place, f"{written!r} is no value.", 'Write a path "a.b", a text "=text", a list of them or { from = ... }.'
    )


def constant(written: Any) -> str | None:
    """The text that a VALUE always is, or None if it depends on the record."""
    if isinstance(written, str) and written.startswith("=") and not set(written) & set("{}[]"):
        return written[1:]
    return None


def _nothing(item: Any, root: Any) -> Any:
    return None


def _first(choices: list[Fetch]) -> Fetch:
    if len(choices) == 2:  # by far the most frequent, and a loop costs more than the call
        one, other = choices

        def either(item: Any, root: Any) -> Any:
            found = one(item, root)
            return other(item, root) if found is None else found

        return either

    def first(item: Any, root: Any) -> Any:
        for choice in choices:
            found = choice(item, root)
            if found is not None:
                return found
        return None

    return first


def _text(compiler: Compiler, written: str, place: str) -> Fetch:
    """A text: a list of parts, each a text, a path to fill in, or an optional list of such."""
    parts: list[Any] = []
    optional: list[Any] | None = None
    at = 0
    while at < len(written):
        found = _PART.match(written, at)
        if found is None or (found[0] == "[" and optional is not None) or (found[0] == "]" and optional is None):
            raise compiler.error(
                place,
                f"The text {written!r} is not well formed at character {at + 2}.",
                "Close every { and [, do not nest [ ], and write {{ }} [[ ]] for the characters themselves.",
            )
        at = found.end()
        into = parts if optional is None else optional
        if found[0] == "[":
            optional = []
        elif found[0] == "]":
            parts.append(into)
            optional = None
        elif found[1]:
            paths = [compiler.path(one.strip(), place) for one in found[1].split("|")]
            into.append(paths[0] if len(paths) == 1 else _first(paths))
        else:
            into.append(found[0][0] if found[0] in ("{{", "}}", "[[", "]]") else found[0])
    if optional is not None:
        raise compiler.error(
            place, f"The text {written!r} has a [ without its ].", "Close it, or write [[ for the character."
        )
    if all(isinstance(part, str) for part in parts):
        whole = "".join(parts) or None
        return lambda item, root: whole
    return lambda item, root: _fill(parts, item, root) or None


def _fill(parts: list[Any], item: Any, root: Any) -> str | None:
    made = []
    for part in parts:
        if isinstance(part, str):
            made.append(part)
        elif isinstance(part, list):
            made.append(_fill(part, item, root) or "")
        else:
            found = part(item, root)
            if found is None:
                return None
            made.append(as_text(found))
    return "".join(made)


def _converted(compiler: Compiler, table: dict[str, Any], place: str) -> Fetch:
    unknown = [word for word in table if word not in _WORDS]
    if unknown or "from" not in table:
        problem = f"There is no {unknown[0]!r} in a value." if unknown else "The value has no 'from'."
        raise compiler.error(place, problem, f"Known are: {', '.join(_WORDS)}.")
    source = value(compiler, table["from"], f"{place}.from")
    for word in ("match", "split", "join", "case", "default", "missing"):
        if word in table and not isinstance(table[word], str):
            raise compiler.error(f"{place}.{word}", "This must be a text.", "Put it in quotes.")
    steps: list[Callable[[Any], Any]] = []
    if "match" in table:
        steps.append(_matcher(pattern(compiler, table["match"], f"{place}.match")))
    if "split" in table:
        steps.append(_splitter(table["split"] or ","))
    if "join" in table:
        steps.append(_joiner(table["join"]))
    if "case" in table:
        if table["case"] not in ("lower", "upper"):
            raise compiler.error(f"{place}.case", f"There is no case {table['case']!r}.", "Write lower or upper.")
        steps.append(
            (lambda found: as_text(found).lower())
            if table["case"] == "lower"
            else (lambda found: as_text(found).upper())
        )
    if {"values", "patterns", "default"} & table.keys():
        steps.append(_translator(compiler, table, place))
    test = condition(compiler, table["when"], f"{place}.when") if "when" in table else None
    missing = table.get("missing")
    empty = compiler.empty

    def convert(item: Any, root: Any) -> Any:
        if test is not None and not test(item, root):
            return None
        found = source(item, root)
        for step in steps:
            if found is None:
                break
            found = step(found)
        return missing if found is None or (type(found) is str and found in empty) else found

    return convert


def _matcher(wanted: re.Pattern[str]) -> Callable[[Any], Any]:
    def match(found: Any) -> Any:
        hit = wanted.search(as_text(found))
        return None if hit is None else hit[1] if wanted.groups else hit[0]

    return match


def _splitter(separator: str) -> Callable[[Any], Any]:
    def split(found: Any) -> Any:
        if isinstance(found, list):
            return found
        return [part for one in as_text(found).split(separator) if (part := one.strip())] or None

    return split


def _joiner(separator: str) -> Callable[[Any], Any]:
    def join(found: Any) -> Any:
        if not isinstance(found, list):
            return found
        return separator.join(text for one in found if (text := as_text(one))) or None

    return join


def _translator(compiler: Compiler, table: dict[str, Any], place: str) -> Callable[[Any], Any]:
    values = table.get("values", {})
    if isinstance(values, str):
        if values not in compiler.tables:
            raise compiler.error(
                f"{place}.values", f"There is no table [tables.{values}].", "Add it, or correct the name."
            )
        values = compiler.tables[values]
    patterns = table.get("patterns", {})
    for name, one in (("values", values), ("patterns", patterns)):
        if not isinstance(one, dict) or not all(isinstance(text, str) for text in one.values()):
            raise compiler.error(f"{place}.{name}", "This must be a table of texts.", 'Write it like { a = "x" }.')
    searched = [(pattern(compiler, key, f"{place}.patterns"), text) for key, text in patterns.items()]
    default = table.get("default")

    def translate(found: Any) -> Any:
        text = as_text(found)
        if text in values:
            return values[text]
        for wanted, meant in searched:
            if wanted.search(text):
                return meant
        return found if default is None else default

    return translate
