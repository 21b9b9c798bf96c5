"""Masking: what is secret in an event is replaced by a mark before anything is stored, and the event says where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import BadInput
from ..event.model import LONGEST_KEY, Event
from .hints import may_hold_secret
from .secrets import MARKED, is_secret_key, is_secret_option, is_secret_value, mark, mask_text

__all__ = ["MaskPath", "mask_event", "mask_line", "mask_path", "mask_text"]

_FREE = ("data", "changes")
_FIELDS = ("name", "ip", "user_agent", "reason", "details", "request_id", "trace_id")
_CONFIGURED = mark("configured")
_ANY_DEPTH = "**"
_MOST_PLACES, _LONGEST_PLACE = 1_000, 1_024
"""Of the places where an event was masked, so many are listed, each cut after so many characters; all are masked."""
_OFTEN_REPEATED = 200
"""Keys and texts of at most so many characters come again and again, and what masking made of them is remembered."""


class MaskPath(Struct, frozen=True):
    """A configured path, as its segments; `mask_path` makes one."""

    segments: tuple[str, ...]


def mask_path(text: str) -> MaskPath:
    """The path that `text` means: `data.password`, `changes.*.new`, `data.**.pin`, `initiator.ip`.

    `*`, `?` and `[…]` match within a name as in a shell, `**` any number of names; entries of a list count as the list.
    Everything in `data` and `changes` can be masked, and the texts that are not keys elsewhere. Raises BadInput.
    """
    segments = tuple(text.split("."))
    if "" in segments or segments[-1] == _ANY_DEPTH or not (segments[0] in _FREE or segments[-1] in _FIELDS):
        raise BadInput(
            f"'{text}' is not a path that can be masked.",
            place="mask paths",
            remedy=f"Begin it with {' or '.join(_FREE)}, or end it with one of {', '.join(_FIELDS)}.",
        )
    return MaskPath(("changes", "*") if segments == ("changes",) else segments)


def mask_event(event: Event, paths: Sequence[MaskPath] = ()) -> Event:
    """The event with the values at `paths`, and all that looks like a secret, replaced by marks such as
    `[masked: aws-key]`; `masked` lists where. The event itself if there was nothing to mask.

    Marks that stand in it already are listed too, since a recorder masks before it sends and cannot send `masked`. A
    producer who writes a mark of its own hides nothing by it but what it did not send.
    """
    tree = msgspec.to_builtins(event)
    tree.pop("masked", None)
    walk = _Walk()
    tree = walk.value(tree, "", tuple(path.segments for path in paths))
    if not walk.found:
        return event
    tree["masked"] = list(dict.fromkeys((*event.masked, *walk.found)))
    return msgspec.convert(tree, Event)


def mask_line(line: bytes, paths: Sequence[MaskPath] = ()) -> bytes:
    """The JSON of an event, masked as by `mask_event` but for `masked`; it may break the rules for events.

    The line itself if there was nothing to mask. Raises RecursionError for what is nested hundreds of levels deep.
    """
    if not paths and not may_hold_secret(line):
        return line
    walk = _Walk()
    tree = walk.value(msgspec.json.decode(line), "", tuple(path.segments for path in paths))
    return msgspec.json.encode(tree) if walk.found else line


class _Walk:
    """One look through an event; `found` are the places of marks, new and old."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def value(self, value: Any, place: str, paths: tuple[tuple[str, ...], ...]) -> Any:
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, dict):
            return dict(self._entries(value, place, paths))
        if isinstance(value, (list, tuple)):
            return list(self._items(value, place, paths))
        return value

    def _entries(
        self, values: dict[str, Any], place: str, paths: tuple[tuple[str, ...], ...]
    ) -> Iterator[tuple[str, Any]]:
        free = place.startswith(_FREE)
        masked_keys = 0
        for key, value in values.items():
            shown = _masked(key) if free else key
            if is_marked := shown != key or (free and MARKED in key):
                masked_keys += 1
                shown = key if shown == key else _told_apart(shown, masked_keys)
            below = f"{place}.{shown}"[:_LONGEST_PLACE] if place else shown
            if is_marked:
                self._marked(shown, below)
            deeper = _below(paths, key) if paths else ()
            if () in deeper and (free or key in _FIELDS or below == "data"):
                yield shown, self._all(value, below)
            elif free and is_secret_key(key):
                yield shown, self._secret(value, below, deeper)
            else:
                yield shown, self.value(value, below, deeper)

    def _items(self, values: Sequence[Any], place: str, paths: tuple[tuple[str, ...], ...]) -> Iterator[Any]:
        after_option = False
        for index, value in enumerate(values):
            below = f"{place}[{index}]"[:_LONGEST_PLACE]
            if after_option and isinstance(value, str) and is_secret_value(value):
                yield self._marked(mark("secret"), below)
            else:
                yield self.value(value, below, paths)
            after_option = isinstance(value, str) and is_secret_option(value)

    def _secret(self, value: Any, place: str, paths: tuple[tuple[str, ...], ...]) -> Any:
        """What a field with a secret's name holds: its text or texts, also those of a change; the rest as usual."""
        if isinstance(value, str):
            return self._marked(mark("secret"), place) if is_secret_value(value) else self._text(value, place)
        if isinstance(value, (list, tuple)):
            return [self._secret(one, f"{place}[{index}]", paths) for index, one in enumerate(value)]
        if isinstance(value, dict) and place.startswith("changes.") and value.keys() <= {"old", "new"}:
            return {side: self._secret(one, f"{place}.{side}", _below(paths, side)) for side, one in value.items()}
        return self.value(value, place, paths)

    def _all(self, value: Any, place: str) -> Any:
        """The mark for a whole value; nothing has nothing to hide, and a change keeps its two sides."""
        if value is None or value == "":
            return value
        if place.startswith("changes.") and isinstance(value, dict) and value.keys() <= {"old", "new"}:
            return {side: self._all(one, f"{place}.{side}") for side, one in value.items()}
        return self._marked(_CONFIGURED, place)

    def _text(self, text: str, place: str) -> str:
        masked = _masked(text)
        return text if masked == text and MARKED not in text else self._marked(masked, place)

    def _marked(self, value: str, place: str) -> str:
        if len(self.found) < _MOST_PLACES:
            self.found.append(place)
        return value


def _told_apart(key: str, number: int) -> str:
    """A masked key with its number, since several may have become the same; not longer than a key may be."""
    end = f" {number}" if number > 1 else ""
    return key[: LONGEST_KEY - len(end)] + end


def _masked(text: str) -> str:
    """The text without secrets, not longer than where it stands allows; the text itself if it holds none."""
    return _remembered(text) if len(text) <= _OFTEN_REPEATED else _looked_through(text)


def _looked_through(text: str) -> str:
    if not may_hold_secret(msgspec.json.encode(text)):
        return text
    masked = mask_text(text)
    return text if masked == text else masked[: max(len(text), LONGEST_KEY)]


_remembered = lru_cache(maxsize=1 << 15)(_looked_through)


@lru_cache(maxsize=4096)
def _below(paths: tuple[tuple[str, ...], ...], key: str) -> tuple[tuple[str, ...], ...]:
    """What is left of `paths` below `key`; an empty one has arrived."""
    left: list[tuple[str, ...]] = []
    for path in paths:
        if path and path[0] == _ANY_DEPTH:
            left.append(path)
            left.extend(_below((path[1:],), key))
        elif path and fnmatchcase(key, path[0]):
            left.append(path[1:])
    return tuple(left)
