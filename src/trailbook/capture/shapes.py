"""The short ways to write users, targets, references and changes, and what they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ..errors import BadEvent
from ..event.model import Belonging, Change, Initiator, Reference, Target

InitiatorLike = str | Mapping[str, Any] | Initiator
TargetLike = tuple[str, ...] | Mapping[str, Any] | Target
ReferenceLike = tuple[str, ...] | Mapping[str, Any] | Reference
BelongingLike = str | Mapping[str, Any] | Belonging
ChangeLike = Change | tuple[Any, Any] | Mapping[str, Any]

_S = TypeVar("_S", bound=Struct)


def as_initiator(given: InitiatorLike) -> Initiator:
    """Who did it, of an id, a mapping of fields or as it is. Raises BadEvent."""
    if isinstance(given, Initiator):
        return given
    return Initiator(given) if isinstance(given, str) else _converted(given, Initiator, "initiator")


def as_target(given: TargetLike) -> Target:
    """Whom or what it was done to, of (kind, id), (kind, id, name), a mapping or as it is. Raises BadEvent."""
    if isinstance(given, Target):
        return given
    if isinstance(given, tuple):
        kind, id, name = _named(given, "targets")
        return Target(kind, id, name)
    return _converted(given, Target, "targets")


def as_reference(given: ReferenceLike) -> Reference:
    """What it refers to, of (kind, id), (kind, id, name), a mapping or as it is. Raises BadEvent."""
    if isinstance(given, Reference):
        return given
    if isinstance(given, tuple):
        kind, id, name = _named(given, "related")
        return Reference(kind, id, name)
    return _converted(given, Reference, "related")


def as_belonging(given: BelongingLike, place: str) -> Belonging:
    """A group or role, of an id, a mapping or as it is. Raises BadEvent."""
    if isinstance(given, Belonging):
        return given
    return Belonging(given) if isinstance(given, str) else _converted(given, Belonging, place)


def each(given: Any) -> Iterable[Any]:
    """Several, or one that was given by itself."""
    is_one = isinstance(given, (str, Mapping, Struct)) or (
        isinstance(given, tuple) and given != () and isinstance(given[0], str)
    )
    return (given,) if is_one else given


def as_change(given: ChangeLike, field: str) -> Change:
    """Old and new, of a pair, a mapping or as it is. Raises BadEvent."""
    if isinstance(given, Change):
        return given
    if isinstance(given, tuple) and len(given) == 2:
        return Change(*given)
    return _converted(given, Change, f"changes.{field}")


def _named(given: tuple[str, ...], place: str) -> tuple[str, str, str]:
    if not 2 <= len(given) <= 3 or not all(isinstance(one, str) for one in given):
        raise BadEvent("This is not (kind, id) or (kind, id, name).", place=place, remedy='Such as ("user", "u18").')
    return given[0], given[1], given[2] if len(given) == 3 else ""


def _converted(given: Any, kind: type[_S], place: str) -> _S:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise BadEvent(
            f"This is no {kind.__name__.lower()}: {error}.", place=place, remedy="See the description of an event."
        ) from error
