"""The canonical bytes of an event: made once, at ingest, then stored, hashed and exported as they are."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec
from msgspec import Struct

from .model import SERVER_FIELDS, Event, Instant, Target

_encoder = msgspec.json.Encoder(order="deterministic")


class Sealed(Struct, frozen=True, gc=False):
    """An event ready to be appended: with its canonical bytes and the SHA-256 of what its producer sent."""

    event: Event
    canonical: bytes
    submission: bytes


class _ServerFields(Struct, frozen=True, omit_defaults=True):
    """The fields that the server sets: the last ones of an event, in the same order."""

    recorded_at: Instant | None
    derived: tuple[Target, ...] = ()
    filled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


def encode(event: Event) -> bytes:
    """The canonical bytes: UTF-8 JSON, fields in declared order, defaults left out, keys of mappings sorted."""
    return _encoder.encode(event)


decode = msgspec.json.Decoder(Event).decode
"""The event of its canonical bytes."""


def submission_digest(event: Event) -> bytes:
    """SHA-256 of what the producer sent, normalised: the event before enrichment, without the server's fields."""
    assert not any(getattr(event, field) for field in SERVER_FIELDS)
    return hashlib.sha256(_encoder.encode(event)).digest()


def seal(event: Event, sent: bytes) -> Sealed:
    """`event`, complete with `recorded_at`, sealed; `sent` is `encode` of its submission.

    Unless the directory filled in something, the canonical bytes are what was sent with the server's fields after it,
    which is cheaper than encoding all of it again.
    """
    if event.filled:
        canonical = _encoder.encode(event)
    elif event.derived or event.masked:
        canonical = sent[:-1] + _ending(_ServerFields(event.recorded_at, event.derived, masked=event.masked))
    else:
        canonical = sent[:-1] + _plain_ending(event.recorded_at)
    return Sealed(event, canonical, hashlib.sha256(sent).digest())


def _ending(last: _ServerFields) -> bytes:
    """The end of the canonical bytes: all that comes after the producer's fields."""
    return b"," + _encoder.encode(last)[1:]


@lru_cache(maxsize=64)
def _plain_ending(recorded_at: Instant | None) -> bytes:
    """The end if there is nothing in it but a time, which the events of a batch share."""
    return _ending(_ServerFields(recorded_at))
