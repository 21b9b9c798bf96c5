"""Looking counts: one event per report opened and per export, kept before a row is given (design, decision 12)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec

from ..access.own import home
from ..errors import Outdated
from ..event.model import Reference
from ..store.ports import Record
from .changed import Work

SAME_LOOK = timedelta(minutes=10)
"""Whoever asks the same again within this long is still looking."""
KIND = "looked"

_encode = msgspec.json.Encoder(order="deterministic").encode


def opened(
    work: Work, what: Mapping[str, Any], *, tenant: str | None = None, related: tuple[Reference, ...] = ()
) -> None:
    """Keep that the caller opened this, unless it was just kept. Raises StoreError: then nothing may be shown.

    `what` is text (a query may name users): it goes into the event's data, and never makes anybody a target.
    """
    book = tenant or home(work.caller)
    who = (work.caller.kind, work.caller.id, book, what)
    id = hashlib.sha256(_encode(who)).hexdigest()
    if work.service.store.record(KIND, id, work.now) is not None:
        return
    event = work.event("reports", "open", tenant=book, related=related, data=what)
    # Who asked the same at the same moment has kept it.
    with suppress(Outdated):
        work.service.keep([Record(KIND, id, b"", expires_at=work.now + SAME_LOOK)], events=[event])


def exported(
    work: Work, what: Mapping[str, Any], *, tenant: str | None = None, related: tuple[Reference, ...] = ()
) -> None:
    """Keep that the caller takes this out. Raises StoreError: then nothing may be given."""
    book = tenant or home(work.caller)
    work.service.keep([], events=[work.event("reports", "export", tenant=book, related=related, data=what)])
