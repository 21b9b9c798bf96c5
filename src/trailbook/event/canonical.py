"""The canonical bytes of an event: made once, at ingest, then stored, hashed and exported as they are."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from .model import SERVER_FIELDS, Event

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Event)


class Sealed(Struct, frozen=True):
    """An event ready to be appended: with its canonical bytes and the SHA-256 of what its producer sent."""

    event: Event
    canonical: bytes
    submission: bytes


def encode(event: Event) -> bytes:
    """The canonical bytes: UTF-8 JSON, fields in declared order, defaults left out, keys of mappings sorted."""
    return _encoder.encode(event)


def decode(canonical: bytes) -> Event:
    """The event of its canonical bytes."""
    return _decoder.decode(canonical)


def submission_digest(event: Event) -> bytes:
    """SHA-256 of what the producer sent, normalised: the event before enrichment, without the server's fields."""
    assert not any(getattr(event, field) for field in SERVER_FIELDS)
    return hashlib.sha256(_encoder.encode(event)).digest()
