"""What differs between two JSON values: a row for each place where they do, wherever it lies within them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import Any, Literal, NamedTuple

import msgspec

from ...event.model import Change
from .trees import key_text

Way = Literal["added", "removed", "changed"]

MOST_DIFFERENCES = 500
"""Rows that a page shows of one event."""
_MOST_ALIGNED = 200
"""Lists up to this long are aligned, so that one item more in front is one row; longer ones go item by item."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Difference(NamedTuple):
    """A place, such as `lines[2].city`, and what was there and is there; of one side only if it came or went."""

    path: str
    way: Way
    old: Any
    new: Any


class Differences(NamedTuple):
    """The first differences, and whether there are more."""

    rows: tuple[Difference, ...]
    more: bool


def compare(changes: Mapping[str, Change]) -> Differences:
    """What an event's changes come down to, in their order. A side that is None was not there."""
    rows = list(islice(_of_fields(changes), MOST_DIFFERENCES + 1))
    return Differences(tuple(rows[:MOST_DIFFERENCES]), len(rows) > MOST_DIFFERENCES)


def _of_fields(changes: Mapping[str, Change]) -> Iterator[Difference]:
    for field, change in changes.items():
        found = _of_field(field, change)
        # What a producer says has changed is told, even if it comes to the same.
        yield next(found, Difference(field, "changed", change.old, change.new))
        yield from found


def _of_field(field: str, change: Change) -> Iterator[Difference]:
    if change.old is None and change.new is not None:
        yield Difference(field, "added", None, change.new)
    elif change.new is None and change.old is not None:
        yield Difference(field, "removed", change.old, None)
    else:
        yield from _differences(field, change.old, change.new)


def _differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_objects(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(path, old, new)
    # Not ==, to which 1, 1.0 and true are the same.
    elif _encode(old) != _encode(new):
        yield Difference(path, "changed", old, new)


def _of_objects(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for key in dict.fromkeys([*old, *new]):
        place = path + key_text(key)
        if key not in new:
            yield Difference(place, "removed", old[key], None)
        elif key not in old:
            yield Difference(place, "added", None, new[key])
        else:
            yield from _differences(place, old[key], new[key])


def _of_lists(path: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    """Items are named by where they are in the new list; those that went, by where they were."""
    for before, after in _unlike(old, new):
        both = min(len(before), len(after))
        for one, other in zip(before[:both], after[:both], strict=True):
            yield from _differences(f"{path}[{other}]", old[one], new[other])
        for one in before[both:]:
            yield Difference(f"{path}[{one}]", "removed", old[one], None)
        for other in after[both:]:
            yield Difference(f"{path}[{other}]", "added", None, new[other])


def _unlike(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[range, range]]:
    """Stretches of the two lists that stand for each other and are not the same."""
    if max(len(old), len(new)) > _MOST_ALIGNED:
        yield range(len(old)), range(len(new))
        return
    matcher = SequenceMatcher(None, [_encode(one) for one in old], [_encode(one) for one in new], autojunk=False)
    for tag, first, last, first_new, last_new in matcher.get_opcodes():
        if tag != "equal":
            yield range(first, last), range(first_new, last_new)
