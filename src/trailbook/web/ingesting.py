"""Sending events: `POST /api/v1/events`, which answers once they are durable."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..access.decide import require
from ..access.model import Caller
from ..directory.viewer import TenantScope
from ..errors import BadInput, Conflict, NotAllowed
from ..event.ids import stable_id
from ..event.model import SERVER_FIELDS, Event
from ..ingest.accept import Rejected
from ..store.ports import Receipt
from .answers import json
from .bodies import Batch, read_body, split, unpack
from .callers import caller_of
from .intake import Hold, MakeId, Parcel, Result, Sender
from .problems import answers
from .service import Service, service_of
from .strict import check_parameters

REMEMBERED = timedelta(seconds=1)
"""So long a key's caller is not asked for again: a key that is revoked may send for as long after."""
MOST_REMEMBERED = 1_000
_SMALL = 64 << 10
"""Bytes of a body that is split at once; a longer one, or one that is packed, in another thread."""
_NO_PARAMETERS: frozenset[str] = frozenset()
_IDEMPOTENCY_KEY = re.compile(r"^[!-~]{1,255}$")


@dataclass(slots=True)
class Kept:
    """An event that is stored, now or since before: its book, its position there from 0, its leaf hash (RFC 6962)."""

    status: Literal["stored", "duplicate"]
    id: str
    book: str
    position: int
    leaf_hash: str


@dataclass(slots=True)
class Refused:
    """An event that is not stored: the field (empty: the whole event), why, and what to do. `id` is of a conflict."""

    status: Literal["conflict", "rejected"]
    field: str
    reason: str
    remedy: str
    id: str | None = None


@dataclass(slots=True)
class Received:
    """What became of a request's events: how many of each, and one by one in their order."""

    stored: int
    duplicates: int
    conflicts: int
    rejected: int
    results: list[Kept | Refused]


def _event_schema() -> dict[str, Any]:
    """The JSON Schema of an event as it may be sent, with nothing outside of it."""
    (event,), parts = msgspec.json.schema_components([Event], ref_template="{name}")

    def whole(schema: Any) -> Any:
        if isinstance(schema, list):
            return [whole(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        return whole(parts[schema["$ref"]]) if "$ref" in schema else {key: whole(one) for key, one in schema.items()}

    schema: dict[str, Any] = whole(event)
    schema["required"] = [name for name in schema["required"] if name != "id"]
    for name in SERVER_FIELDS:
        del schema["properties"][name]
    return {**schema, "description": "What happened. Without an `id` it gets one."}


_EVENT = _event_schema()
_DOCUMENTED = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes the ids of events without one, so that the request can be sent again.",
            "schema": {"type": "string", "pattern": _IDEMPOTENCY_KEY.pattern},
        },
        {
            "name": "Content-Encoding",
            "in": "header",
            "description": "How the body is packed.",
            "schema": {"enum": ["identity", "gzip", "zstd"]},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [_EVENT, {"type": "array", "items": _EVENT}]}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "An event on each line."}},
        },
    },
}


class Remembered:
    """The callers of keys that were used a moment ago, so that many small requests need not each look theirs up."""

    def __init__(self) -> None:
        self._callers: dict[bytes, tuple[Caller, datetime]] = {}

    async def caller(self, request: Request) -> Caller:
        """Who is asking, in a session or with a key. Raises NotSignedIn."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            return await caller_of(request)
        now = service_of(request).clock()
        digest = hashlib.sha256(authorization.encode()).digest()
        found = self._callers.get(digest)
        if found is not None and timedelta(0) <= now - found[1] < REMEMBERED:
            return found[0]
        caller = await caller_of(request)
        if len(self._callers) >= MOST_REMEMBERED:
            self._callers.clear()
        self._callers[digest] = caller, now
        return caller


class Direct(APIRoute):
    """A route whose requests go straight to its endpoint; it is documented as any, but nothing is injected.

    What FastAPI does for each request, even one that asks for nothing, costs as much as storing a small event.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] in (self.methods or ()):
            check_parameters(scope, _NO_PARAMETERS)
            response = await self.endpoint(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await super().handle(scope, receive, send)


router = APIRouter(prefix="/api/v1", tags=["events"], route_class=Direct)


@router.post(
    "/events", response_model=Received, responses=answers(401, 403, 409, 415, 429, 507), openapi_extra=_DOCUMENTED
)
async def send_events(request: Request) -> Response:
    """Send events: one object, an array, or JSON Lines, as they are or packed with gzip or zstd.

    The answer comes once they are durable. Events that break a rule are refused one by one; the others are stored.
    """
    service = service_of(request)
    remembered: Remembered = request.app.state.remembered
    request.state.caller = caller = await remembered.caller(request)
    sender = sender_of(caller, service.clock())
    key = idempotency_key(request.headers.get("idempotency-key"))
    make_id = _fresh(service) if key is None else _stable(sender.tenant, key)
    hold = service.intake.room.admit(sender.tenant)
    try:
        batch = await _received(request, service, hold)
        hold.events(len(batch.items))
        service.quotas.take(sender.tenant, caller.id, len(batch.items), service.clock().timestamp())
        waiting = service.intake.put(Parcel(batch.items, sender, make_id, hold))
    except BaseException:
        hold.release()
        raise
    return _response(await waiting, batch.alone)


def sender_of(caller: Caller, now: datetime) -> Sender:
    """What the caller's events are bound to. Raises NotSignedIn, NotAllowed."""
    require(caller, "ingest", now)
    scope = caller.seat.scope
    if not isinstance(scope, TenantScope):
        raise NotAllowed(
            "Events are sent into the book of one tenant, and this access is not bound to one.",
            place="access",
            remedy="Make a key of that tenant, and send with it.",
        )
    return Sender(scope.tenant, caller.seat.applications)


def idempotency_key(given: str | None) -> str | None:
    """The Idempotency-Key of a request, if it has one. Raises BadInput."""
    if given is not None and not _IDEMPOTENCY_KEY.fullmatch(given):
        raise BadInput(
            "The key is not 1 to 255 visible ASCII characters.", place="Idempotency-Key", remedy="Send a UUID."
        )
    return given


def _fresh(service: Service) -> MakeId:
    return lambda index: service.new_id()


def _stable(tenant: str, key: str) -> MakeId:
    """Ids that a retry with the same key gets again, so that nothing has to be remembered."""
    return lambda index: stable_id(msgspec.json.encode((tenant, key, index)))


async def _received(request: Request, service: Service, hold: Hold) -> Batch:
    settings = service.settings
    raw = await read_body(request, settings.max_body_bytes, hold.bytes)
    encoding = request.headers.get("content-encoding", "")
    type_ = request.headers.get("content-type", "")
    if not encoding and len(raw) <= _SMALL:
        return split(raw, type_, settings.max_batch_events)

    def worked_out() -> Batch:
        body = unpack(raw, encoding, settings.max_batch_bytes, hold.bytes)
        return split(body, type_, settings.max_batch_events)

    return await run_sync(worked_out, limiter=service.receiving)


def _response(results: Sequence[Result], alone: bool) -> Response:
    if alone:
        _raise_if_refused(results[0])
    answered = [_answered(result) for result in results]
    count = [one.status for one in answered].count
    return json(Received(count("stored"), count("duplicate"), count("conflict"), count("rejected"), answered))


def _answered(result: Result) -> Kept | Refused:
    if isinstance(result, Rejected):
        return Refused("rejected", result.error.place, result.error.problem, result.error.remedy)
    if result.status == "conflict":
        error = _conflict(result)
        return Refused("conflict", error.place, error.problem, error.remedy, result.id)
    return Kept(result.status, result.id, result.book, result.position, result.leaf_hash.hex())


def _raise_if_refused(result: Result) -> None:
    if isinstance(result, Rejected):
        raise result.error
    if result.status == "conflict":
        raise _conflict(result)


def _conflict(receipt: Receipt) -> Conflict:
    return Conflict(
        "An event with this id is there already with other contents, or was stored with other mask settings than now.",
        place="id",
        remedy="Give it an id of its own, if it is another event; what is stored is never changed.",
    )
