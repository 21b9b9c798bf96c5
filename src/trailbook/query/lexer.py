"""The query language's characters as tokens: what is quoted, what is a key, where each value stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, NoReturn

from ..errors import BadQuery
from .excerpt import quoted

LONGEST_QUERY = 16 * 1024
"""Bytes of UTF-8 that a query may have."""

TokenKind = Literal["(", ")", "-", "AND", "OR", "NOT", "word", "term", "end"]

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*):")
_BARE_WORD = re.compile(r'[^\s()"]+')
_BARE_VALUE = re.compile(r'[^\s(),"]+')
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_TYPOGRAPHIC_QUOTES = ("“", "”", "„")


class Value(NamedTuple):
    """A word or value: its text without quotes and escapes, where it stands, and whether it is a prefix (`foo*`).

    `prefix` is the bare star at its end, which is not part of `text`.
    """

    text: str
    at: int
    prefix: bool = False


class Token(NamedTuple):
    """A piece of a query: a sign, an operator, a free word or phrase, or a term (a key with its values)."""

    kind: TokenKind
    at: int
    key: str = ""
    values: tuple[Value, ...] = ()


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`, the last one of kind `end`. Raises BadQuery."""
    _check_whole(text)
    at = 0
    while True:
        at = _skip_space(text, at)
        if at == len(text):
            yield Token("end", at)
            return
        token, at = _next(text, at)
        yield token


def _check_whole(text: str) -> None:
    try:
        size = len(text) if len(text) > LONGEST_QUERY else len(text.encode())
    except UnicodeEncodeError as error:
        fail(text, error.start, "This is half of a character (a lone surrogate).", "Type the query again.")
    if size > LONGEST_QUERY:
        raise BadQuery(
            f"The query is longer than {LONGEST_QUERY // 1024} KiB.",
            remedy="Ask for the group or role instead of each of its users, or run several reports.",
        )


def _next(text: str, at: int) -> tuple[Token, int]:
    match text[at]:
        case "(":
            return Token("(", at), at + 1
        case ")":
            return Token(")", at), at + 1
        case "-":
            if at + 1 == len(text) or text[at + 1].isspace():
                fail(text, at, "Nothing follows this '-'.", 'Write -action:login without a space, or "-" in quotes.')
            return Token("-", at), at + 1
    key = _KEY.match(text, at)
    if key:
        values, end = _values(text, key.end(), key[1])
        return Token("term", at, key[1].lower(), values), end
    return _word(text, at)


def _word(text: str, at: int) -> tuple[Token, int]:
    if text[at] == '"':
        inner, end = _quotation(text, at)
        prefix = text.startswith("*", end)
        end += prefix
    else:
        inner, end = _bare(_BARE_WORD, text, at)
        operator = inner.upper()
        if operator in ("AND", "OR", "NOT"):
            if inner != operator:
                fail(text, at, f"{quoted(inner)} can be meant in two ways.",
                     f'Write {operator} in capitals as an operator, or "{inner}" in quotes as a word.')  # fmt: skip
            return Token(operator, at), end  # type: ignore[arg-type]  # one of the three just compared
        prefix = inner.endswith("*")
        inner = inner.removesuffix("*")
    _check_end(text, end)
    return Token("word", at, values=(Value(inner, at, prefix),)), end


def _values(text: str, at: int, key: str) -> tuple[tuple[Value, ...], int]:
    values: list[Value] = []
    while True:
        start = at
        if text.startswith('"', at):
            inner, at = _quotation(text, at)
            value = Value(inner, start)
        else:
            inner, at = _bare(_BARE_VALUE, text, at)
            value = Value(inner.removesuffix("*"), start, inner.endswith("*"))
        if not inner.strip():
            after = "comma" if values else "colon"
            fail(text, start, f"There is no value after this {after}.",
                 f'Write the value right behind it, in quotes if it has spaces: {key}:"Call center".')  # fmt: skip
        values.append(value)
        if not text.startswith(",", at):
            break
        at += 1
    _check_end(text, at)
    return tuple(values), at


def _bare(pattern: re.Pattern[str], text: str, at: int) -> tuple[str, int]:
    if text.startswith(_TYPOGRAPHIC_QUOTES, at):
        fail(text, at, "This is a typographic quotation mark.", 'Use the straight one: "Call center".')
    found = pattern.match(text, at)
    return (found[0], found.end()) if found else ("", at)


def _quotation(text: str, at: int) -> tuple[str, int]:
    found = _QUOTED.match(text, at)
    if not found:
        fail(
            text, at, "This quotation mark is never closed.", 'Close it with ", or write \\" for a mark that is meant.'
        )
    return _ESCAPE.sub(r"\1", found[1]), found.end()


def _check_end(text: str, at: int) -> None:
    if at < len(text) and text[at] != ")" and not text[at].isspace():
        fail(text, at, f"A space is missing before {quoted(text[at])}.",
             'Put a space here; or, if it belongs to the value, put the whole value in quotes: "a(b)".')  # fmt: skip


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def quote(text: str) -> str:
    """`text` between quotation marks, so that a token reads it again as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_bare_word(text: str) -> bool:
    """Whether `text` is read as a free word without quotes."""
    return (
        _is_bare(_BARE_WORD, text)
        and not text.startswith("-")
        and not _KEY.match(text)
        and text.upper() not in ("AND", "OR", "NOT")
    )


def is_bare_value(text: str) -> bool:
    """Whether `text` is read as a key's value without quotes."""
    return _is_bare(_BARE_VALUE, text)


def _is_bare(pattern: re.Pattern[str], text: str) -> bool:
    # What does not print is quoted too, to show that it is there.
    return (
        bool(pattern.fullmatch(text))
        and text.isprintable()
        and not text.endswith("*")
        and not text.startswith(_TYPOGRAPHIC_QUOTES)
    )


def fail(text: str, at: int, problem: str, remedy: str) -> NoReturn:
    """Raise the BadQuery that points at the character at `at`."""
    raise BadQuery(problem, text=text, at=at, remedy=remedy)
