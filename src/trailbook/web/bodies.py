"""Reading what producers send: bounded as sent and as unpacked, and split into events that nobody has decoded yet."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from starlette.requests import Request

from ..errors import BadFile, BadInput, TooLarge, Unsupported
from ..ingest.source import Bounds, Source

Note = Callable[[int], None]
"""Is told of bytes that are about to be held in memory, and may refuse them."""

_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_FREE = 1 << 20
_RATIO = 200
"""How many times their size packed events may grow, beyond the first MiB: real ones reach 60 to 150, bombs 1,000."""
_UNBOUNDED = Bounds(free=1 << 62)
"""The bounds are looked after here, where the answer can say them."""
_LINES = frozenset(("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines"))
_JSON = "application/json"
_SMALLER = "Send it in several requests."
_BLANK = b" \t\r\n"


class Batch(Struct, frozen=True):
    """The events of a request, each as its JSON; `alone` if the body is one object rather than a list of them."""

    items: Sequence[bytes]
    alone: bool = False


def unnoted(count: int) -> None:
    """Holds anything."""


def is_longer(declared: str, most: int) -> bool:
    """Whether a Content-Length says that a body is longer than `most` bytes."""
    return declared.isdecimal() and int(declared[:20]) > most


def too_large(most: int, how: str) -> TooLarge:
    """The error for a body of more than `most` bytes, `as sent` or `unpacked`."""
    return TooLarge(f"The body is longer than {most:,} bytes {how}.", place="body", remedy=_SMALLER)


async def read_body(request: Request, most: int, note: Note = unnoted) -> bytes:
    """The body as it was sent, at most `most` bytes. Raises TooLarge, ClientDisconnect, and what `note` raises."""
    if is_longer(request.headers.get("content-length", ""), most):
        raise too_large(most, "as sent")
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise too_large(most, "as sent")
        note(len(piece))
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpack(raw: bytes, encoding: str, most: int, note: Note) -> bytes:
    """The body without its Content-Encoding, at most `most` bytes; a bomb is refused before it has grown.

    Raises TooLarge, Unsupported for anything but one of identity, gzip and zstd, BadInput, and what `note` raises.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        if len(raw) > most:
            raise too_large(most, "unpacked")
        return raw
    magic = _MAGIC.get(encoding)
    if magic is None:
        raise Unsupported(
            "This Content-Encoding is not understood.",
            place="Content-Encoding",
            remedy="Send one of gzip, zstd and identity.",
        )
    if not raw.startswith(magic):
        raise _damaged(encoding)
    source = Source(io.BytesIO(raw), len(raw), "body", _UNBOUNDED)
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in source.pieces():
            size += len(piece)
            if size > most:
                raise too_large(most, "unpacked")
            if size > max(_FREE, source.done * _RATIO):
                raise TooLarge(
                    f"The body unpacks to more than {_RATIO} times its size.", place="body", remedy="Send it unpacked."
                )
            note(len(piece))
            pieces.append(piece)
    except BadFile:
        raise _damaged(encoding) from None
    return b"".join(pieces)


def split(body: bytes, content_type: str, most: int) -> Batch:
    """The events of a body: a JSON object, an array, or JSON Lines; which of them its type or its beginning says.

    At most `most` events. What stands in them is not looked at. Raises BadInput, TooLarge.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip(_BLANK)
    if not body:
        raise BadInput("The body is empty.", place="body", remedy="Send an event, an array of events or JSON Lines.")
    type_ = content_type.partition(";")[0].strip().lower()
    if type_ in _LINES:
        return Batch(_lines(body, most))
    if body.startswith(b"["):
        return Batch(_array(body, most))
    if not body.startswith(b"{"):
        raise BadInput(
            "The body begins neither as a JSON object nor as an array.",
            place="body",
            remedy="Send an event, an array of events or JSON Lines, in UTF-8.",
        )
    if type_ != _JSON and _looks_like_lines(body):
        return Batch(_lines(body, most))
    return Batch((body,), alone=True)


def _looks_like_lines(body: bytes) -> bool:
    first, ended, _ = body.partition(b"\n")
    return bool(ended) and first.rstrip().endswith(b"}")


def _lines(body: bytes, most: int) -> list[bytes]:
    lines = body.split(b"\n", most)
    if len(lines) > most:
        raise _too_many(most, "lines")
    return [stripped for line in lines if (stripped := line.strip(_BLANK))]


def _array(body: bytes, most: int) -> list[bytes]:
    decoder, fields = _array_decoder(most)
    items: list[bytes] = []
    try:
        array = decoder.decode(body)
    except msgspec.ValidationError:
        raise _too_many(most, "events") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(_what_is_wrong(error), place="body", remedy="Send a JSON array of events.") from None
    for field in fields:
        item = getattr(array, field)
        if item is UNSET:
            break
        items.append(bytes(item))
    return items


@lru_cache(maxsize=4)
def _array_decoder(most: int) -> tuple[msgspec.json.Decoder[Struct], tuple[str, ...]]:
    """Decodes an array of at most `most` values, left as they are, into the fields that it gives too.

    A struct, since that stops at the first value too many; a list is made whole first, at 30 bytes for each byte sent.
    """
    fields = tuple(f"item{number}" for number in range(most))
    array = msgspec.defstruct(
        "Array", [(field, Raw | UnsetType, UNSET) for field in fields], array_like=True, forbid_unknown_fields=True
    )
    return msgspec.json.Decoder(array), fields


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return "The body is not UTF-8."
    return f"The body is not JSON: {str(error).removeprefix('JSON is malformed: ')}."


def _too_many(most: int, what: str) -> TooLarge:
    return TooLarge(f"The body holds more than {most:,} {what}.", place="body", remedy=_SMALLER)


def _damaged(encoding: str) -> BadInput:
    return BadInput(f"The body is not {encoding}, is damaged or was cut off.", place="body", remedy="Send it again.")
