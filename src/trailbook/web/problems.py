"""Errors as RFC 9457 problem details: one status and one type for each kind of error, the same everywhere."""

from __future__ import annotations

from math import ceil
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..errors import (
    BadDefinition,
    BadEvent,
    BadFile,
    BadInput,
    BadMap,
    BadQuery,
    Busy,
    Conflict,
    Damaged,
    DiskFull,
    Mismatch,
    NotAllowed,
    NotSignedIn,
    NotThere,
    Outdated,
    Overloaded,
    StoreError,
    TooLarge,
    TooMuch,
    TooSlow,
    TrailbookError,
    Unsupported,
)

MEDIA_TYPE = "application/problem+json"

# The first class that an error is an instance of decides.
KINDS: tuple[tuple[type[TrailbookError], int, str, str], ...] = (
    (BadQuery, 400, "bad-query", "The query cannot be understood"),
    (BadDefinition, 400, "bad-definition", "The report definition does not fit"),
    (Conflict, 409, "conflict", "Something else is stored under this id"),
    (BadEvent, 422, "bad-event", "The event breaks a rule"),
    (BadMap, 400, "bad-map", "The map cannot be used"),
    (BadFile, 400, "bad-file", "The file cannot be read"),
    (TooLarge, 413, "too-large", "This is too large"),
    (Unsupported, 415, "unsupported", "This form is not understood"),
    (BadInput, 400, "bad-input", "The request cannot be used as it is"),
    (NotSignedIn, 401, "not-signed-in", "Who is asking is not known"),
    (NotAllowed, 403, "not-allowed", "This is not allowed"),
    (NotThere, 404, "not-there", "There is nothing here"),
    (Mismatch, 412, "mismatch", "It is not what was read"),
    (Outdated, 409, "outdated", "Somebody else has changed it"),
    (Overloaded, 503, "overloaded", "More than can be taken in now"),
    (TooMuch, 429, "too-much", "More than may be taken now"),
    (DiskFull, 507, "disk-full", "There is no room left"),
    (Busy, 503, "busy", "The store is busy"),
    (TooSlow, 503, "too-slow", "The query takes too long"),
    (Damaged, 500, "damaged", "The store is damaged"),
    (StoreError, 503, "store", "The store cannot do it"),
    (TrailbookError, 500, "error", "Something went wrong"),
)


def kind_of(error: TrailbookError) -> tuple[int, str, str]:
    """The status, the type and the title of an error."""
    return next((status, type_, title) for class_, status, type_, title in KINDS if isinstance(error, class_))


def problem(error: TrailbookError) -> dict[str, Any]:
    """The problem details of an error: `type`, `title`, `status`, `detail`, `place`, `remedy`; of a query, `at`."""
    status, type_, title = kind_of(error)
    return {
        "type": f"urn:trailbook:problem:{type_}",
        "title": title,
        "status": status,
        "detail": error.problem,
        **({"place": error.place} if error.place else {}),
        **({"remedy": error.remedy} if error.remedy else {}),
        **({"at": error.at} if isinstance(error, BadQuery) and error.text else {}),
    }


def response(details: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Problem details as an answer."""
    return Response(msgspec.json.encode(details), details["status"], headers, MEDIA_TYPE)


async def answer(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in one of our errors."""
    assert isinstance(error, TrailbookError)
    headers = {}
    if isinstance(error, TooMuch):
        headers["Retry-After"] = str(max(1, ceil(error.retry_after)))
    if isinstance(error, Busy):
        headers["Retry-After"] = "1"
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="trailbook"'
    return response(problem(error), headers)
