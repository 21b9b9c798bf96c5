"""API keys: making one, telling a mistyped one from an unknown one, and the caller that a key stands for."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from ..directory.viewer import TenantScope
from ..errors import NotSignedIn
from ..event.changes import changes
from ..event.model import Event, PartyKey, Target
from .model import RIGHTS_OF_USE, ApiKey, Caller, KeyUse, Seat
from .own import Doing, own_event
from .sessions import token

_SHAPE = re.compile(r"tb_([a-z2-7]{8})_[A-Za-z0-9_-]{43}_[0-9a-f]{6}")
_USED_EVERY = timedelta(minutes=1)


def new_id(randomness: Callable[[int], bytes]) -> str:
    """The 8 characters by which a key is named."""
    return b32encode(randomness(5)).decode().lower()


def make_key(
    randomness: Callable[[int], bytes],
    *,
    id: str = "",
    name: str,
    tenant: str,
    uses: frozenset[KeyUse],
    created_by: str,
    created_at: datetime,
    applications: tuple[str, ...] = (),
    hidden: frozenset[str] = frozenset(),
    expires_at: datetime | None = None,
) -> tuple[str, ApiKey]:
    """A key's text, to be shown this once, and what is kept of it.

    The text is `tb_`, 8 characters that name it, `_`, 256 bits in base64url, `_` and a checksum of 6 digits.
    `id`: those that name it, if they are chosen already.
    """
    id = id or new_id(randomness)
    body = f"tb_{id}_{token(randomness)}"
    text = f"{body}_{_checksum(body)}"
    return text, ApiKey(
        id, digest(text), name, tenant, uses, applications, hidden, created_by, created_at, expires_at
    )  # fmt: skip


def key_id(text: str) -> str:
    """The id in a key's text. Raises NotSignedIn for one that was mistyped or cut, without a look at any store."""
    shape = _SHAPE.fullmatch(text)
    body, _, checksum = text.rpartition("_")
    if shape is None or _checksum(body) != checksum:
        raise NotSignedIn(
            "This is not a whole key: a part of it is missing or mistyped.",
            place="Authorization",
            remedy="Send it as it was shown when it was made: Bearer tb_...",
        )
    return shape[1]


def caller_of_key(text: str, key: ApiKey | None, now: datetime) -> Caller:
    """The caller that a key's text stands for, given the key of its id.

    Raises NotSignedIn, the same for a key that is unknown, revoked or has expired.
    """
    known = hmac.compare_digest(digest(text), key.digest if key is not None else bytes(32))
    if key is None or not known:
        raise _not_known()
    return caller_with_key(key, now)


def caller_with_key(key: ApiKey | None, now: datetime) -> Caller:
    """The caller that a key stands for now. Raises NotSignedIn for one that is gone, revoked or has expired."""
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise _not_known()
    rights = frozenset[str]().union(*(RIGHTS_OF_USE[use] for use in key.uses))
    seat = Seat(
        TenantScope(key.tenant),
        rights,  # type: ignore[arg-type]
        key.hidden,
        expires_at=key.expires_at,
        applications=key.applications,
    )
    return Caller("key", key.id, key.name, PartyKey("user", key.tenant, f"key:{key.id}"), seat)


def _not_known() -> NotSignedIn:
    return NotSignedIn(
        "This key is not known, or holds no longer.",
        place="Authorization",
        remedy="Ask who manages access for one.",
    )


def used(key: ApiKey, now: datetime) -> ApiKey | None:
    """The key as last used now, or None if less than a minute has passed since that was kept."""
    if key.last_used_at is not None and now - key.last_used_at < _USED_EVERY:
        return None
    return replace(key, last_used_at=now)


def told(key: ApiKey | None) -> dict[str, Any]:
    """What events tell of a key: what it may do, and until when."""
    if key is None:
        return {}
    fields = {
        "name": key.name,
        "tenant": key.tenant,
        "uses": sorted(key.uses),
        "applications": list(key.applications),
        "hidden": sorted(key.hidden),
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    return {name: value for name, value in fields.items() if value}


def key_event(doing: Doing, action: str, before: ApiKey | None, after: ApiKey) -> Event:
    """The event of a change of a key, in its tenant's book; the user that it acts as is the target."""
    return own_event(
        doing.caller,
        doing.origin,
        doing.at,
        id=doing.new_id(),
        tenant=after.tenant,
        resource="keys",
        action=action,
        targets=(Target("user", f"key:{after.id}", after.name, after.tenant),),
        changes=changes(told(before), told(after)),
    )


def digest(text: str) -> bytes:
    """What is kept of a key's text: its SHA-256. (It has 256 random bits: a slow hash would protect nothing.)"""
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"
