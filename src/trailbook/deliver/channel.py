"""What every way out of the house has in common: the message, and the three ways in which sending one can fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ..errors import TrailbookError


class Attachment(msgspec.Struct, frozen=True):
    """A file that goes with a message: the name that it is to bear there, its media type, and where it is now."""

    name: str
    media_type: str
    path: Path


class Message(msgspec.Struct, frozen=True):
    """One message to one recipient.

    `id` says which message it is, the same at every try: 1 to 128 letters, digits, `.`, `_` and `-`. A receiver that
    knows it already has the message. `to` is a mail address, a folder below the one for deliveries, or a webhook's URL.
    `text` and `html` say the same; `chart_png` is shown where `html` has an `<img src="cid:chart">`. Subject and texts
    may hold anything: each channel makes sure for itself that nothing in them does harm.
    """

    id: str
    to: str
    subject: str
    text: str
    html: str = ""
    chart_png: bytes | None = None
    attachments: tuple[Attachment, ...] = ()


class Undelivered(TrailbookError):
    """A message was not delivered, as far as is known; raised as one of the three below."""


class Refused(Undelivered):
    """It will not be taken: trying again unchanged would fail again."""


class Failed(Undelivered):
    """It was not taken this time; trying again is right."""


class Uncertain(Undelivered):
    """It was sent whole, and the answer was lost: it may have been delivered. Trying again may deliver it twice."""


Channel = Callable[[Message], None]
"""Delivers a message and returns once it was taken for good; raises Refused, Failed or Uncertain, and nothing else.

It blocks for as long as the time-outs of its settings allow, and may be called from several threads at once.
"""
