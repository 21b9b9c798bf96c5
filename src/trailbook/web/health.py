"""Whether the service is alive and ready, and its figures: for probes and Prometheus, not part of the API."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from anyio.to_thread import run_sync
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ..access.decide import viewer
from ..access.model import Caller
from ..deliver.tasks import overdue
from ..directory.viewer import Root
from ..errors import NotAllowed, TrailbookError
from ..store.address import folder_of, is_database
from .answers import json
from .callers import caller_of
from .openapi import ANYBODY
from .origin import is_local
from .problems import answers
from .service import Service, service_of

router = APIRouter(tags=["health"])

ROOM_BYTES = 8 << 20
"""With less room than this on the disk, beside what is kept in reserve, the service does not call itself ready."""
_FILES = ("", "-wal", "-shm")


@router.get("/healthz", openapi_extra=ANYBODY)
async def alive() -> Response:
    """Whether the process answers."""
    return json({"status": "alive"})


@router.get("/readyz", openapi_extra=ANYBODY, responses={503: {"description": "It is not ready; `reasons` says why"}})
async def ready(request: Request) -> Response:
    """Whether events can be stored and found; with status 503 and the reasons if not."""
    service = service_of(request)
    reasons = await run_sync(not_ready, service, limiter=service.receiving)
    if reasons:
        return json({"status": "not ready", "reasons": reasons}, status=503)
    return json({"status": "ready"})


@router.get(
    "/metrics",
    response_class=Response,
    responses={**answers(401, 403), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def figures(request: Request) -> Response:
    """Figures for Prometheus: for who may see all events, and for whoever asks on the server's own machine."""
    service = service_of(request)
    peer = request.client
    if not is_local(peer.host if peer else "", request.scope["headers"]):
        check_root(await caller_of(request), service.clock())
    text = await run_sync(_figures, service, limiter=service.receiving)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _figures(service: Service) -> bytes:
    return service.metrics.text(store_bytes(service), overdue(service.store, service.clock()))


def check_root(caller: Caller, now: datetime) -> None:
    """Let pass who may see all events, and with them the figures of all. Raises NotAllowed."""
    if not isinstance(viewer(caller, now).scope, Root):
        raise NotAllowed("Only root may see the figures of all.", place="access", remedy="Ask whoever is root.")


def not_ready(service: Service) -> list[str]:
    """Why events cannot be stored or found now, in sentences; nothing if they can."""
    reasons: list[str] = []
    try:
        service.store.directory_version()
    except TrailbookError as error:
        reasons.append(error.problem)
    try:
        if disk(service)[1] < ROOM_BYTES:
            reasons.append("There is hardly any room left on the disk.")
    except OSError:
        reasons.append("The store's folder cannot be looked at.")
    if service.intake.room.full:
        reasons.append("As many events are waiting to be stored as may.")
    return reasons


def disk(service: Service) -> tuple[int, int]:
    """The bytes of the disk that the store is on, and how many of them are free. Raises OSError."""
    usage = shutil.disk_usage(folder_of(service.settings.store).absolute())
    return usage.total, usage.free


def store_bytes(service: Service) -> dict[str, int]:
    """The sizes of the store's files, in bytes."""
    sizes = {}
    for suffix in () if is_database(service.settings.store) else _FILES:
        path = Path(service.settings.store + suffix)
        if path.is_file():
            sizes[suffix.removeprefix("-") or "events"] = path.stat().st_size
    return sizes
