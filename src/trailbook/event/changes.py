"""What differs between two states of a thing, field by field: what a producer sends as the event's `changes`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from ..errors import BadEvent
from .model import Change

MASK = "•••"
"""What stands for a value that must not be recorded."""

MOST_CHANGES = 1000
DEEPEST = 32


def changes(before: Any, after: Any, mask: Iterable[str] = ()) -> dict[str, Change]:
    """The fields that differ between two mappings, Structs or dataclasses; None means that there was nothing.

    Nested mappings give dotted paths (`address.city`); lists are compared as wholes. A field that is absent is the
    same as one that is None; values of different types differ (1, 1.0 and True do). Values come out as JSON has them.
    `mask` names fields, at any depth (`password`, `*_key`) or by path (`card.number`), in any case: where they differ,
    both sides are `•••`. Raises BadEvent for values that JSON cannot hold, for over 1,000 changes or 32 levels, and
    for two fields of one path.
    """
    patterns = tuple(pattern.lower() for pattern in mask)
    found: dict[str, Change] = {}
    try:
        for path, old, new in _differences(_fields(before, "before"), _fields(after, "after"), ()):
            name = ".".join(path)
            if name in found:
                raise BadEvent("Two fields have this path.", place=f"changes.{name}", remedy="Rename one of them.")
            if len(found) == MOST_CHANGES:
                raise BadEvent(
                    f"More than {MOST_CHANGES} fields differ.", place="changes", remedy="Compare the parts that matter."
                )
            if patterns and _is_masked(path, patterns):
                found[name] = Change(MASK, MASK)
            elif patterns:
                found[name] = Change(_masked(old, path, patterns), _masked(new, path, patterns))
            else:
                found[name] = Change(old, new)
    except RecursionError as error:
        raise _too_deep(()) from error
    return found


def _fields(value: Any, side: str) -> dict[str, Any]:
    fields = _mapping(value, ()) if value is not None else {}
    if fields is None:
        raise BadEvent(
            f"The state {side} is of type {type(value).__name__}.",
            place="changes",
            remedy="Give a mapping, a Struct or a dataclass.",
        )
    return fields


def _mapping(value: Any, path: tuple[str, ...]) -> dict[str, Any] | None:
    """The fields of a value that has some, else None."""
    if isinstance(value, Mapping):
        fields = {str(key): inner for key, inner in value.items()}
        if len(fields) != len(value):
            raise BadEvent("Two keys have the same text.", place=_place(path), remedy="Make keys texts.")
        return fields
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _differences(
    before: dict[str, Any], after: dict[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Path, old and new value of each field that differs."""
    if len(above) >= DEEPEST:
        raise _too_deep(above)
    for key in before | after:
        path = (*above, key)
        old, new = before.get(key), after.get(key)
        old_fields, new_fields = _mapping(old, path), _mapping(new, path)
        # A side that is absent takes part as an empty mapping, unless both would be: then `{}` itself is the change.
        nested = (old_fields is not None or old is None) and (new_fields is not None or new is None)
        if nested and (old_fields or new_fields):
            yield from _differences(old_fields or {}, new_fields or {}, path)
            continue
        old, new = _plain(old, path), _plain(new, path)
        if not _same(old, new):
            yield path, old, new


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    """The value as JSON has it: mappings, lists, texts, numbers, booleans and None."""
    if value is None or type(value) in (str, int, bool, float):
        return value
    try:
        return msgspec.to_builtins(value, str_keys=True, order="deterministic")
    except (TypeError, ValueError) as error:
        raise BadEvent(
            f"A value of type {type(value).__name__} cannot be recorded.",
            place=_place(path),
            remedy="Give text, numbers, times, lists or mappings.",
        ) from error


def _same(old: Any, new: Any) -> bool:
    """Equal in type as well as in value, all the way down."""
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        return len(old) == len(new) and all(map(_same, old, new))
    if type(old) is not type(new):
        return False
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_same(value, new[key]) for key, value in old.items())
    return bool(old == new)


def _is_masked(path: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    """Whether the field, or one that it is part of, is named by a pattern, alone or by its path."""
    names = [part.lower() for part in path]
    paths = [".".join(names[: end + 1]) for end in range(len(names))]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in (*names, *paths))


def _masked(value: Any, path: tuple[str, ...], patterns: tuple[str, ...]) -> Any:
    """The value with masked fields inside it covered, such as those of mappings in a list."""
    if isinstance(value, dict):
        return {
            key: MASK if _is_masked((*path, key), patterns) else _masked(inner, (*path, key), patterns)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked(inner, path, patterns) for inner in value]
    return value


def _place(path: tuple[str, ...]) -> str:
    return ".".join(("changes", *path))


def _too_deep(path: tuple[str, ...]) -> BadEvent:
    return BadEvent(
        f"Fields are nested deeper than {DEEPEST} levels.",
        place=_place(path[:3]),
        remedy="Compare the parts that matter.",
    )
