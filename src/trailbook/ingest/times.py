"""Times of records, in the formats that a map names, as moments in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import BadEvent
from .paths import Compiler, Fetch, as_text
from .values import value

Moment = Callable[[Any, Any, tzinfo | None], datetime]
"""Takes an item, the record and the zone of times that carry none. Raises BadEvent."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {
    "epoch": Decimal(1_000_000),
    "epoch_ms": Decimal(1_000),
    "epoch_us": Decimal(1),
    "epoch_ns": Decimal("0.001"),
}
_Parser = Callable[[Any], datetime]


def zone(compiler: Compiler, name: Any, place: str) -> tzinfo:
    """The time zone of a name. Raises BadMap."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (TypeError, ValueError, OSError, KeyError):
        raise compiler.error(
            place, f"There is no time zone {name!r}.", "Write one like UTC or Europe/Berlin."
        ) from None


def moment(compiler: Compiler, written: Any, place: str) -> Moment:
    """The function of a map's `time`: the first of the alternatives that is there and fits. Raises BadMap."""
    choices = [
        _choice(compiler, one, f"{place}[{at}]" if isinstance(written, list) else place)
        for at, one in enumerate(written if isinstance(written, list) else [written])
    ]

    def find(item: Any, root: Any, fallback: tzinfo | None) -> datetime:
        refused: BadEvent | None = None
        for source, parsers, own_zone in choices:
            found = source(item, root)
            if found is None:
                continue
            try:
                return _parse(found, parsers, own_zone or fallback)
            except BadEvent as error:
                refused = refused or error
        raise refused or BadEvent(
            "The record has no time.", place="occurred_at", remedy="Name the field that holds it in the map's `time`."
        )

    return find


def _choice(compiler: Compiler, written: Any, place: str) -> tuple[Fetch, list[_Parser], tzinfo | None]:
    if not isinstance(written, dict) or not {"formats", "zone"} & written.keys():
        return value(compiler, written, place), [_rfc3339], None
    table = dict(written)
    formats = table.pop("formats", ["rfc3339"])
    own_zone = zone(compiler, table.pop("zone"), f"{place}.zone") if "zone" in table else None
    if not isinstance(formats, list) or not formats or not all(isinstance(one, str) for one in formats):
        raise compiler.error(
            f"{place}.formats", "This must be a list of formats.", 'Write it like ["rfc3339", "epoch_ms"].'
        )
    return value(compiler, table, place), [_parser(compiler, one, f"{place}.formats") for one in formats], own_zone


def _parser(compiler: Compiler, written: str, place: str) -> _Parser:
    if written == "rfc3339":
        return _rfc3339
    if written in _EPOCH_UNITS:
        unit = _EPOCH_UNITS[written]
        return lambda found: _epoch(found, unit)
    if "%" not in written:
        raise compiler.error(
            place,
            f"There is no time format {written!r}.",
            f"Known are rfc3339, {', '.join(_EPOCH_UNITS)} and patterns like %d/%m/%Y %H:%M:%S.",
        )
    return lambda found: datetime.strptime(as_text(found), written)


def _rfc3339(found: Any) -> datetime:
    """RFC 3339, section 5.6, with a blank for the T allowed as its note says; the zone may be missing."""
    text = as_text(found)
    if len(text) < 19 or text[4] != "-" or text[10] not in "Tt " or text[13] != ":":
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _epoch(found: Any, unit: Decimal) -> datetime:
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        raise ValueError(found)
    return _EPOCH + timedelta(microseconds=int(Decimal(str(found)) * unit))


def _parse(found: Any, parsers: list[_Parser], own_zone: tzinfo | None) -> datetime:
    for parser in parsers:
        try:
            local = parser(found)
            if local.tzinfo is None:
                if own_zone is None:
                    raise BadEvent(
                        f"The time {as_text(found)[:100]!r} carries no zone.",
                        place="occurred_at",
                        remedy='Say which zone it is in: zone = "Europe/Berlin" in the map\'s [record].',
                    )
                local = local.replace(tzinfo=own_zone)
            return local.astimezone(UTC)
        except (ValueError, OverflowError, InvalidOperation):
            continue
    raise BadEvent(
        f"The time {as_text(found)[:100]!r} is in none of the formats that the map names.",
        place="occurred_at",
        remedy="Add its format to `formats` of the map's `time`.",
    )
