"""Errors as RFC 9457 problem details: one status and one type for each kind of error, the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from ..access.model import Origin
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
    OtherHead,
    Outdated,
    Overloaded,
    StoreError,
    TooLarge,
    TooMuch,
    TooSlow,
    TrailbookError,
    Unreachable,
    Unsupported,
)
from ..query.excerpt import visible
from .logs import log

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
    (OtherHead, 409, "other-head", "The book is not what the head says"),
    (Damaged, 500, "damaged", "The store is damaged"),
    (StoreError, 503, "store", "The store cannot do it"),
    (Unreachable, 503, "unreachable", "Another system does not answer"),
    (TrailbookError, 500, "error", "Something went wrong"),
)


_DESCRIPTIONS: dict[int, str] = {
    **{status: title for _, status, _, title in reversed(KINDS)},
    400: "The request cannot be used as it is",
    405: "The path does not take this method",
    408: "The body took too long to arrive",
    421: "This is not the host that was asked for",
    422: "The request does not have the documented form, or an event breaks a rule",
    503: "The service cannot do it now",
}

_REFUSED: dict[int, tuple[str, str, str, str]] = {
    400: (
        "bad-input",
        "The request cannot be used as it is",
        "The body cannot be read: it is not JSON, or is nested too deeply.",
        "Correct the body.",
    ),
    404: ("not-there", "There is nothing here", "Nothing answers at this path.", "See /api/openapi.json."),
    405: (
        "not-this-method",
        "This method is not for this path",
        "The path does not take this method.",
        "Use one that the Allow header names.",
    ),
}  # fmt: skip
_MOST_TOLD = 20
_METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")


def kind_of(error: TrailbookError) -> tuple[int, str, str]:
    """The status, the type and the title of an error."""
    return next((status, type_, title) for class_, status, type_, title in KINDS if isinstance(error, class_))


def problem(error: TrailbookError) -> dict[str, Any]:
    """The problem details of an error: `type`, `title`, `status`, `detail`, `place`, `remedy`; of a query, `at`."""
    status, type_, title = kind_of(error)
    # Where the store cannot do it is a path on this machine, which the log tells.
    place = "" if isinstance(error, StoreError) else error.place
    more = {"at": error.at} if isinstance(error, BadQuery) and error.text else {}
    return details(status, type_, title, error.problem, place=place, remedy=error.remedy, **more)


def details(
    status: int, type_: str, title: str, detail: str, *, place: str = "", remedy: str = "", **more: Any
) -> dict[str, Any]:
    """The problem details of what is no error of ours, such as a path that nothing answers at."""
    return {
        "type": f"urn:trailbook:problem:{type_}",
        "title": title,
        "status": status,
        "detail": detail,
        **({"place": place} if place else {}),
        **({"remedy": remedy} if remedy else {}),
        **more,
    }


class Problem(Response):
    """Problem details as an answer."""

    def __init__(self, details: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(msgspec.json.encode(details), details["status"], headers, MEDIA_TYPE)
        self.details = details


def response(details: dict[str, Any], headers: Mapping[str, str] | None = None, *, request_id: str = "") -> Response:
    """Problem details as an answer; `request_id` names the request in our logs."""
    return Problem({**details, "request_id": request_id} if request_id else details, headers)


def of_error(error: TrailbookError, request_id: str = "") -> Response:
    """One of our errors as an answer."""
    headers = {}
    if isinstance(error, TooMuch):
        headers["Retry-After"] = str(max(1, ceil(error.retry_after)))
    if isinstance(error, Busy):
        headers["Retry-After"] = "1"
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="trailbook"'
    return response(problem(error), headers, request_id=request_id)


async def answer(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in one of our errors."""
    assert isinstance(error, TrailbookError)
    status, type_, _ = kind_of(error)
    if status >= 500 and isinstance(error, StoreError):
        log().warning("not done", request_id=_request_id(request), problem=type_, place=error.place)
    return of_error(error, _request_id(request))


async def answer_http(request: Request, error: Exception) -> Response:
    """The answer to a request that the framework refuses: no such path or method, or a body that is no JSON."""
    assert isinstance(error, HTTPException)
    type_, title, detail, remedy = _REFUSED.get(error.status_code, _REFUSED[400])
    headers = error.headers
    if error.status_code == 405:
        headers = {"Allow": ", ".join(one for one in _METHODS if _takes(request, one))}
    return response(
        details(error.status_code, type_, title, detail, remedy=remedy),
        headers,
        request_id=_request_id(request),
    )


async def answer_invalid(request: Request, error: Exception) -> Response:
    """The answer to a request whose parameters or body do not have the documented form; values are not told again."""
    assert isinstance(error, RequestValidationError)
    found = [{"place": _place(one["loc"]), "detail": one["msg"]} for one in error.errors()[:_MOST_TOLD]]
    told = details(
        422,
        "invalid",
        "The request does not have the documented form",
        f"{found[0]['detail']}.",
        place=found[0]["place"],
        remedy="See /api/openapi.json.",
        errors=found,
    )
    return response(told, request_id=_request_id(request))


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may answer with, for `responses=`; those of every endpoint go without saying."""
    return {status: {"description": _DESCRIPTIONS[status]} for status in statuses}


def _takes(request: Request, method: str) -> bool:
    """Whether any route answers the path with this method; the framework looks at the first with the path only."""
    scope = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": [], "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def _request_id(request: Request) -> str:
    origin: Origin = request.state.origin
    return origin.request_id


def _place(path: Sequence[str | int]) -> str:
    """Such as `body.targets[2].name`, at most 200 characters of it, since it holds names that were sent."""
    place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path).removeprefix(".")
    return visible(place[:200])
