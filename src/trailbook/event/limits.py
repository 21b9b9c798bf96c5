"""The rules an event must keep, checked once at the edge: each breach is a BadEvent with field and remedy.

The order of the checks is that of their cost: cheap counts over the bytes ring an alarm, and only then is the event
looked through value by value. (`find` is cheaper than `in`, which first tries to take bytes for a number.)
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any, NoReturn

import msgspec

from ..errors import BadEvent
from .canonical import decode, encode
from .model import SERVER_FIELDS, Event, utc
from .problems import explain

MAX_BYTES = 1 << 20
"""An event's JSON may be this long, in bytes."""
MAX_NESTING = 64
"""Objects and lists may be nested this deep below the event itself."""
FIRST_YEAR, LAST_YEAR = 1715, 2284
"""Years, in UTC, that `occurred_at` may be in; they are what the store's row ids can hold."""
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1

MakeId = Callable[[bytes], str]

_BACKSLASH = ord("\\")
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_OPENING = b"{["
_MANY_DIGITS = b"0" * 19
_LONG_INTEGER = re.compile(rb"[:,\[]\s*(-?[0-9]{19,21})")
_MANY_DECIMALS = b"." + b"0" * 7
_BEYOND_MICROSECONDS = re.compile(r"\.[0-9]{6}[0-9]*[1-9]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_plain = msgspec.json.Decoder()
_plain_encode = msgspec.json.Encoder().encode


def decode_event(raw: bytes, *, make_id: MakeId | None = None) -> Event:
    """The event that a producer sent as JSON, or BadEvent for the first rule that it breaks.

    An id in upper case becomes lower case. An event without an id gets `make_id(raw)`; without `make_id` it is
    refused. (`fresh_ids` suits a service, `stable_id` a file that may be read again.)
    """
    if len(raw) > MAX_BYTES:
        raise BadEvent(
            f"The event is {len(raw):,} bytes long; at most {MAX_BYTES:,} are accepted.",
            remedy="Leave large contents out of `data` and refer to them in `related`.",
        )
    try:
        event = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        event = _mended(raw, error, make_id)
        _refuse_repeated_keys(raw, None)
    else:
        _refuse_repeated_keys(raw, event)
    if event.recorded_at or event.derived or event.filled or event.masked:
        _refuse_server_fields(event)
    _check_year(event)
    shape = raw.translate(_DIGITS_ALIKE, _OPENING)
    if shape.find(_MANY_DECIMALS) >= 0:
        _check_decimals(raw)
    if (
        (_BACKSLASH in raw and b"\\u0000" in raw)
        or len(raw) - len(shape) > MAX_NESTING
        or (shape.find(_MANY_DIGITS) >= 0 and _may_be_too_large(raw))
    ):
        inspect(_plain.decode(raw))
    return event


def check_event(event: Event) -> Event:
    """The same for an event that was built rather than decoded: what its JSON says, or BadEvent.

    Values that JSON has no word for (dates, tuples) in `data` and `changes` come back as what JSON makes of them.
    """
    try:
        raw = encode(event)
    except UnicodeEncodeError:
        inspect(msgspec.to_builtins(event))
        raise
    except RecursionError:
        _refuse_nesting("")
    except (TypeError, ValueError, OverflowError) as error:
        raise BadEvent(
            f"The event cannot be written as JSON: {error}.", remedy="Use texts, numbers, lists and objects only."
        ) from error
    if b"null" in raw and _may_hold_nan(repr((event.data, event.changes))):
        inspect(msgspec.to_builtins(event))
    return decode_event(raw)


def _may_be_too_large(raw: bytes) -> bool:
    """Whether a whole number past 64 bits stands in the JSON, or something in a text that looks like one."""
    return any(not SMALLEST_INTEGER <= int(digits) <= LARGEST_INTEGER for digits in _LONG_INTEGER.findall(raw))


def _may_hold_nan(shown: str) -> bool:
    """Whether values, as Python shows them, may hold a number that JSON writes as null."""
    return any(f"{before}{word}" in shown for word in ("nan", "inf") for before in " [(=-")


def inspect(tree: Any) -> None:
    """Look through an event as plain JSON values for all that the cheap checks can only suspect. Raises BadEvent."""
    for path, depth, value in _values(tree):
        if isinstance(value, str):
            _check_text(path, value)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise BadEvent(
                    "NaN and Infinity are not JSON numbers.", place=path, remedy="Send null or a text instead."
                )
        elif isinstance(value, int):
            if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                raise BadEvent(
                    "This whole number does not fit into 64 bits.", place=path, remedy="Send it as a text instead."
                )
        elif depth > MAX_NESTING:
            _refuse_nesting(path)


def _values(tree: Any) -> Iterator[tuple[str, int, Any]]:
    """Every value and key below `tree` with its path and how deep in the event it is."""
    waiting: list[tuple[str, int, Any]] = [("", 0, tree)]
    while waiting:
        path, depth, value = waiting.pop()
        yield path, depth, value
        if isinstance(value, dict):
            for key, inner in value.items():
                place = f"{path}.{key}" if path else str(key)
                yield path or "the event", depth, key
                waiting.append((_printable(place), depth + 1, inner))
        elif isinstance(value, (list, tuple)):
            waiting.extend((f"{path}[{index}]", depth + 1, inner) for index, inner in enumerate(value))


def _printable(path: str) -> str:
    return path if path.isprintable() and len(path) <= 200 else ascii(path[:200])[1:-1]


def _check_text(path: str, text: str) -> None:
    if "\0" in text:
        raise BadEvent("The text holds a NUL character (\\u0000).", place=path, remedy="Remove it.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise BadEvent(
            "The text holds half of a surrogate pair, which is no character.",
            place=path,
            remedy="Send whole characters; cutting a text at a byte or UTF-16 length often causes this.",
        )


def _refuse_nesting(path: str) -> NoReturn:
    raise BadEvent(
        f"Objects and lists are nested more than {MAX_NESTING} deep.",
        place=path or "data",
        remedy="Flatten the value or send it as a text.",
    ) from None


def _check_year(event: Event) -> None:
    year = event.occurred_at.year
    if not (FIRST_YEAR < year < LAST_YEAR or FIRST_YEAR <= _utc_year(event) <= LAST_YEAR):
        raise BadEvent(
            f"The year {year} is outside of {FIRST_YEAR} to {LAST_YEAR}.",
            place="occurred_at",
            remedy="Send the time at which it happened.",
        )


def _check_decimals(raw: bytes) -> None:
    if _BEYOND_MICROSECONDS.search(_plain.decode(raw)["occurred_at"]):
        raise BadEvent(
            "The time is more exact than a microsecond.", place="occurred_at", remedy="Send at most six decimals."
        )


def _utc_year(event: Event) -> int:
    try:
        return utc(event.occurred_at).year
    except OverflowError:
        return event.occurred_at.year


def _refuse_server_fields(event: Event) -> NoReturn:
    field = next(field for field in SERVER_FIELDS if getattr(event, field))
    raise BadEvent(f"`{field}` is set by Trailbook itself.", place=field, remedy="Leave it out.")


def _refuse_repeated_keys(raw: bytes, event: Event | None) -> None:
    """Refuse a key that occurs twice in one object, of which the decoder silently takes the last.

    What is decoded and encoded again has lost the repeated keys, and with them colons. Nothing need be counted if it
    is what was sent, as with events that this program wrote; only what makes the colons differ for another reason
    (defaults spelt out, escaped colons, other ways to write a zone) costs more.
    """
    encoded = b"" if event is None else _plain_encode(event)
    if encoded == raw:
        return
    escaped = _BACKSLASH in raw and b"\\u003" in raw
    if not escaped:
        colons = raw.count(b":")
        if event is not None and event.occurred_at.tzinfo is UTC and colons == encoded.count(b":"):
            return
        if colons == _plain_encode(_plain.decode(raw)).count(b":"):
            return
    json.loads(raw, object_pairs_hook=_unrepeated)


def _unrepeated(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise BadEvent(
                "The key occurs twice in one object.", place=_printable(key), remedy="Send each key once."
            ) from None
        seen.add(key)


def _mended(raw: bytes, error: Exception, make_id: MakeId | None) -> Event:
    """The event with its id made or in lower case, if that was all that the decoder found wrong."""
    if isinstance(error, RecursionError):
        _refuse_nesting("")
    if not isinstance(error, msgspec.ValidationError):
        _refuse_surrogates(raw)
        raise explain(error, raw) from None
    message = str(error)
    no_id = message == "Object missing required field `id`" and make_id is not None
    if not no_id and not message.endswith("`$.id`"):
        raise explain(error, raw) from None
    tree = _parsed(raw)
    if no_id and make_id is not None:
        tree["id"] = make_id(raw)
    elif isinstance(tree["id"], str) and _UUID.fullmatch(tree["id"]):
        tree["id"] = tree["id"].lower()
    else:
        raise explain(error, raw) from None
    try:
        return msgspec.convert(tree, Event)
    except msgspec.ValidationError as other:
        raise explain(other, raw) from None


def _parsed(raw: bytes) -> Any:
    try:
        return _plain.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse_surrogates(raw)
        raise explain(error, raw) from None
    except RecursionError:
        _refuse_nesting("")


def _refuse_surrogates(raw: bytes) -> None:
    """Name the field of a lone surrogate, which Python's own parser lets through."""
    if b"\\u" in raw:
        try:
            tree = json.loads(raw)
        except (ValueError, RecursionError):
            return
        inspect(tree)
