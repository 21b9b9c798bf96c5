"""What the decoder says, in words that name the field and the remedy."""

from __future__ import annotations

import difflib
import re

import msgspec

from ..errors import BadEvent
from .model import Belonging, Change, Event, Initiator, Reference, Target

_AT = re.compile(r"(?P<what>.*?) - at `(?P<key>key` in `)?\$\.?(?P<path>.*?)`", re.DOTALL)
_INDEX = re.compile(r"\[[^\]]*\]")
_NAMED = re.compile(r"`(.*)`", re.DOTALL)
_PARTS: dict[str, type[msgspec.Struct]] = {
    "": Event,
    "initiator": Initiator,
    "acts_as": Target,
    "targets": Target,
    "derived": Target,
    "related": Reference,
    "groups": Belonging,
    "roles": Belonging,
    "changes": Change,
}
_MEANT = {
    "time": "occurred_at",
    "timestamp": "occurred_at",
    "created_at": "occurred_at",
    "user": "initiator",
    "actor": "initiator",
    "ip": "initiator.ip",
    "user_agent": "initiator.user_agent",
    "message": "details",
    "target": "targets",
    "metadata": "data",
    "status": "outcome",
}
_REMEDIES = (
    ("JSON is malformed: invalid utf-16", "Send whole characters, not half of a surrogate pair."),
    ("JSON is malformed", "Check quotes, commas and escapes there."),
    ("Number out of range", "Send the number as a text instead."),
)


def explain(error: Exception, raw: bytes) -> BadEvent:
    """The BadEvent for what msgspec (or UTF-8 decoding) raised on `raw`."""
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8(raw)
    message = str(error)
    if not isinstance(error, msgspec.ValidationError):
        if raw.startswith(b"\xef\xbb\xbf"):
            return BadEvent("The event starts with a byte order mark.", remedy="Send UTF-8 without one.")
        if not raw.strip():
            return BadEvent("The event is empty.", remedy="Send a JSON object.")
        if message == "Input data was truncated":
            return BadEvent("The JSON ends too early.", remedy="Send the whole event.")
        remedy = next((remedy for start, remedy in _REMEDIES if message.startswith(start)), "Send a JSON object.")
        return BadEvent(f"This is not JSON: {message.removeprefix('JSON is malformed: ')}.", remedy=remedy)
    found = _AT.fullmatch(message)
    what, path = (found["what"], found["path"]) if found else (message, "")
    place = path.replace("[...]", ".*")
    if found and found["key"]:
        return _explain_value(what, f"{place}, a key")
    if what.startswith("Object contains unknown field"):
        return _unknown(_name_in(what), place)
    if what.startswith("Object missing required field"):
        return _missing(_name_in(what), place)
    return _explain_value(what, place)


def _explain_value(what: str, place: str) -> BadEvent:
    if what.startswith("Expected `datetime` with a timezone"):
        return BadEvent(
            "The time has no zone.",
            place=place,
            remedy="Add `Z` for UTC or an offset, as in 2021-11-17T14:07:00+01:00.",
        )
    if what == "Invalid RFC3339 encoded datetime":
        return BadEvent(
            "This is not a time as in RFC 3339.",
            place=place,
            remedy="Write it as 2021-11-17T14:07:00.250Z; a leap second (:60) is sent as :59.",
        )
    if what.startswith("Expected `str` matching regex"):
        return BadEvent(
            "The id is not a UUID.",
            place=place,
            remedy="Send one as 018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10 and keep your own id in `related` or `data`.",
        )
    if what.startswith("Invalid enum value"):
        part = _part(place.rpartition(".")[0])
        allowed = _allowed(part, place.rpartition(".")[2])
        return BadEvent(f"{what.removeprefix('Invalid enum value ')} is not one of {allowed}.", place=place)
    limit = re.fullmatch(r"Expected `(\w+)` of length (<=|>=) (\d+)", what)
    if limit:
        return _wrong_length(limit[1], limit[2], int(limit[3]), place)
    wrong = re.fullmatch(r"Expected `(.*)`, got `(.*)`", what)
    if wrong:
        wanted = (
            wrong[1]
            .replace(" | ", " or ")
            .replace("str", "text")
            .replace("array", "list")
            .replace("bool", "true/false")
        )
        if not place:
            return BadEvent("An event is a JSON object.", remedy="Send one object per event.")
        remedy = "Leave the field out if there is nothing to say." if wrong[2] == "null" else f"Send a {wanted}."
        return BadEvent(f"Expected {wanted}, found {wrong[2].replace('str', 'text')}.", place=place, remedy=remedy)
    if what == "Number out of range":
        return BadEvent("This number is out of range.", place=place, remedy="Send it as a text instead.")
    return BadEvent(f"{what}.", place=place, remedy="See the description of an event.")


def _wrong_length(kind: str, side: str, length: int, place: str) -> BadEvent:
    if side == ">=":
        return BadEvent("The text is empty.", place=place, remedy="Send a text, or leave out what it belongs to.")
    unit = "characters" if kind == "str" else "entries"
    remedy = "Shorten it, or send the whole in `data`." if kind == "str" else "Split the event into several."
    return BadEvent(f"At most {length:,} {unit} are accepted.", place=place, remedy=remedy)


def _name_in(message: str) -> str:
    named = _NAMED.search(message)
    return named[1] if named else ""


def _part(path: str) -> type[msgspec.Struct]:
    segments = [segment for segment in _INDEX.sub("", path).split(".") if segment != "*"]
    return _PARTS.get(segments[-1] if segments else "", Event)


def _allowed(part: type[msgspec.Struct], field: str) -> str:
    kind = next((one.type for one in msgspec.inspect.type_info(part).fields if one.name == field), None)  # type: ignore[attr-defined]
    values = kind.values if isinstance(kind, msgspec.inspect.LiteralType) else ()
    return ", ".join(str(value) for value in values)


def _unknown(name: str, place: str) -> BadEvent:
    part = _part(place)
    near = difflib.get_close_matches(name, part.__struct_fields__, n=1)
    meant = _MEANT.get(name) if part is Event and name in _MEANT else near[0] if near else None
    shown = name if name.isprintable() and len(name) <= 100 else ascii(name[:100])
    remedy = f"Did you mean `{meant}`? " if meant else ""
    return BadEvent(
        f"There is no field `{shown}`.",
        place=f"{place}.{shown}" if place else shown,
        remedy=f"{remedy}What has no field of its own goes into `data`.",
    )


def _missing(name: str, place: str) -> BadEvent:
    return BadEvent(f"`{name}` is missing.", place=f"{place}.{name}" if place else name, remedy="Send it.")


def _not_utf8(raw: bytes) -> BadEvent:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return BadEvent(f"Byte {error.start} is not UTF-8.", remedy="Send JSON encoded as UTF-8.")
    return BadEvent("The event is not UTF-8.", remedy="Send JSON encoded as UTF-8.")
