"""Conditions of maps: `{ path = "value" }` tables as functions that say whether a record meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .paths import Compiler, Fetch, as_text

Test = Callable[[Any, Any], bool]
"""Takes the item that paths are relative to and the whole record."""

_Scalar = (str, int, float)


def condition(compiler: Compiler, table: Any, place: str) -> Test:
    """The function of a condition: all that the table says must hold. Raises BadMap."""
    if not isinstance(table, dict):
        raise compiler.error(place, "A condition must be a table.", 'Write it like { "a.b" = "value" }.')
    tests = [_one(compiler, key, wanted, f"{place}.{key}") for key, wanted in table.items()]
    if len(tests) == 1:
        return tests[0]

    def every(item: Any, root: Any) -> bool:
        return all(test(item, root) for test in tests)

    return every


def _one(compiler: Compiler, key: str, wanted: Any, place: str) -> Test:
    if key in ("any", "all", "none"):
        return _combined(compiler, key, wanted, place)
    fetch = compiler.path(key, place)
    if isinstance(wanted, _Scalar):
        return _equal(fetch, frozenset([as_text(wanted)]))
    if isinstance(wanted, list) and all(isinstance(one, _Scalar) for one in wanted):
        return _equal(fetch, frozenset(map(as_text, wanted)))
    if isinstance(wanted, dict) and len(wanted) == 1:
        (word, value), *_ = wanted.items()
        if word == "not" and isinstance(value, (list, *_Scalar)):
            test = _equal(fetch, frozenset(map(as_text, value if isinstance(value, list) else [value])))
            return lambda item, root: not test(item, root)
        if word == "exists" and isinstance(value, bool):
            return lambda item, root: (fetch(item, root) is not None) is value
        if word == "matches" and isinstance(value, str):
            return _matching(fetch, pattern(compiler, value, place))
    raise compiler.error(
        place,
        "This is no condition.",
        "Write a value, a list of values, { not = [...] }, { matches = 'regex' } or { exists = true }.",
    )


def _combined(compiler: Compiler, key: str, wanted: Any, place: str) -> Test:
    if not isinstance(wanted, list) or not wanted:
        raise compiler.error(place, f"{key!r} needs a list of conditions.", f"Write it like {key} = [{{ a = 1 }}].")
    tests = [condition(compiler, one, f"{place}[{at}]") for at, one in enumerate(wanted)]
    if key == "all":
        return lambda item, root: all(test(item, root) for test in tests)
    if key == "any":
        return lambda item, root: any(test(item, root) for test in tests)
    return lambda item, root: not any(test(item, root) for test in tests)


def _equal(fetch: Fetch, wanted: frozenset[str]) -> Test:
    def test(item: Any, root: Any) -> bool:
        value = fetch(item, root)
        if type(value) is str:
            return value in wanted
        if isinstance(value, list):
            return any(as_text(one) in wanted for one in value)
        return value is not None and as_text(value) in wanted

    return test


def _matching(fetch: Fetch, wanted: re.Pattern[str]) -> Test:
    def test(item: Any, root: Any) -> bool:
        value = fetch(item, root)
        if isinstance(value, list):
            return any(wanted.search(as_text(one)) for one in value)
        return value is not None and wanted.search(as_text(value)) is not None

    return test


def pattern(compiler: Compiler, text: str, place: str) -> re.Pattern[str]:
    """A regular expression of a map. Raises BadMap."""
    try:
        return re.compile(text)
    except re.error as error:
        raise compiler.error(
            place, f"The pattern {text!r} is wrong: {error}.", "Correct the regular expression."
        ) from None
