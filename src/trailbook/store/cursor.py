"""Cursors: where a page begins, as an opaque text that only we make."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from typing import NamedTuple

from ..errors import BadInput
from .ports import Order

_KEY_BYTES = 16
_LAYOUT = struct.Struct(f">{_KEY_BYTES}sBI")


class Cursor(NamedTuple):
    """A page in `order` that lies after (or, with `backwards`, before) the row `key`."""

    key: int
    order: Order
    backwards: bool


def write_cursor(cursor: Cursor) -> str:
    """The cursor as URL-safe text."""
    flags = (cursor.order == "oldest") | cursor.backwards << 1
    key = cursor.key.to_bytes(_KEY_BYTES, "big", signed=True)
    return base64.urlsafe_b64encode(_LAYOUT.pack(key, flags, _check(key, flags))).decode().rstrip("=")


def read_cursor(text: str, order: Order) -> Cursor:
    """The cursor of its text. Raises BadInput if it was not made here, or for another order."""
    try:
        padded = text.encode() + b"=" * (-len(text) % 4)
        key, flags, check = _LAYOUT.unpack(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, struct.error):
        key, flags, check = b"", 0, -1
    if check != _check(key, flags):
        raise BadInput("This cursor was not made by Trailbook.", place="cursor", remedy="Start from the first page.")
    cursor = Cursor(int.from_bytes(key, "big", signed=True), "oldest" if flags & 1 else "newest", bool(flags & 2))
    if cursor.order != order:
        raise BadInput(
            f"This cursor belongs to a list ordered {cursor.order} first.",
            place="cursor",
            remedy="Ask with the same order, or start from the first page.",
        )
    return cursor


def _check(key: bytes, flags: int) -> int:
    return zlib.crc32(key + bytes([flags]))
