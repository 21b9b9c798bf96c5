"""What every request passes through: its id and origin, bounds on what it may send, headers, errors and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..access.model import Origin
from ..errors import Overloaded, TrailbookError
from ..query.excerpt import visible
from ..settings import Settings
from . import problems
from .bodies import is_longer, too_large
from .logs import log, where
from .origin import origin_address, usable_request_id
from .service import Service

BODY_SECONDS = 60.0
"""A body must have arrived within this time, however slowly it is sent."""
MOST_REQUESTS = 512
"""Requests that are worked on at the same time, in each process."""
LONGEST_USER_AGENT = 512
CLIENT_GONE = 499
"""The status in logs and metrics of a request whose client left before the answer."""

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_NO_STORE = (b"cache-control", b"no-store")
_PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Paths that are asked for by address rather than by the name of the host."""


class Refused(Exception):
    """The body is not read on; what is answered instead is known."""


class Exchange:
    """One request and its answer on their way through."""

    def __init__(self, receive: Receive, send: Send, most: int, headers: list[tuple[bytes, bytes]], id: str) -> None:
        self._receive, self._send = receive, send
        self._most, self._headers, self._id = most, headers, id
        self._size = 0
        self._whole = False
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        self.status = 0
        self.refusal: Response | None = None

    async def receive(self) -> Message:
        """The next part of the body. Raises Refused if it is too much, or too late."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise self.refuse(_too_late(self._id)) from None
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise self.refuse(_too_large(self._most, self._id))
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer with the headers that all have, unless the request was refused meanwhile."""
        if self.refusal is not None and not self.status:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *self._headers]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append(_NO_STORE)
            message = {**message, "headers": headers}
        await self._send(message)

    def refuse(self, response: Response) -> Refused:
        """Answer this, whatever the application makes of it."""
        self.refusal = response
        return Refused()


class Edge:
    """The outermost part of the application, in plain ASGI. `dress` makes of an answer what this request is to get."""

    def __init__(self, app: ASGIApp, service: Service, dress: Callable[[Request, Response], Response]) -> None:
        self._app = app
        self._service = service
        self._dress = dress
        self._running = 0
        self._hosts = _hosts(service.settings)
        self._headers = (*HEADERS, *((_HSTS,) if service.settings.address.startswith("https:") else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; of other kinds, what comes before the first and after the last."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        given = _given(scope)
        origin = self._origin(scope, given)
        scope.setdefault("state", {})["origin"] = origin
        headers = [*self._headers, (b"x-request-id", origin.request_id.encode())]
        exchange = Exchange(receive, send, self._service.settings.max_body_bytes, headers, origin.request_id)
        self._running += 1
        try:
            await self._serve(scope, exchange, given, origin.request_id)
        finally:
            self._running -= 1
            self._tell(scope, origin, exchange.status, perf_counter() - began)

    async def _serve(self, scope: Scope, exchange: Exchange, given: dict[bytes, str], id: str) -> None:
        answer = self._refusal(scope, given, id)
        if answer is None:
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except Refused:
                pass
            except ClientDisconnect:
                exchange.status = CLIENT_GONE
                return
            except Exception as error:
                log().error("failed", request_id=id, route=_route(scope), error=where(error))
                answer = problems.of_error(_wrong(), id)
            if exchange.status:
                # An answer that broke off stays incomplete, which the server tells the client by closing.
                return
            answer = exchange.refusal or answer
            exchange.refusal = None
        if answer is not None:
            await self._dress(Request(scope), answer)(scope, exchange.receive, exchange.send)

    def _refusal(self, scope: Scope, given: dict[bytes, str], id: str) -> Response | None:
        """The answer to what is refused without a look at it."""
        most = self._service.settings.max_body_bytes
        if is_longer(given.get(b"content-length", ""), most):
            return _too_large(most, id)
        if self._running > MOST_REQUESTS:
            return problems.of_error(
                Overloaded("Too many requests are being answered.", retry_after=1, remedy="Send it again."), id
            )
        if self._hosts and given.get(b"host", "").lower() not in self._hosts and scope["path"] not in _PROBES:
            return problems.response(
                problems.details(
                    421,
                    "not-this-host",
                    "This is not the host that was asked for",
                    "The Host header names another host.",
                    place="Host",
                    remedy=f"Use {self._service.settings.address}.",
                ),
                request_id=id,
            )
        return None

    def _origin(self, scope: Scope, given: dict[bytes, str]) -> Origin:
        peer = scope.get("client")
        wanted = given.get(b"x-request-id", "")
        return Origin(
            origin_address(
                peer[0] if peer else "",
                given.get(b"x-forwarded-for", ""),
                given.get(b"forwarded", ""),
                self._service.settings.trusted_proxies,
            ),
            visible(given.get(b"user-agent", "")[:LONGEST_USER_AGENT]),
            wanted if usable_request_id(wanted) else self._service.new_id(),
        )

    def _tell(self, scope: Scope, origin: Origin, status: int, seconds: float) -> None:
        route, status = _route(scope), status or CLIENT_GONE
        self._service.metrics.request(scope["method"], route, status, seconds)
        caller = scope["state"].get("caller")
        log().info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=origin.request_id,
            **({"caller": f"{caller.kind}:{caller.id}"} if caller else {}),
        )


def _too_large(most: int, id: str) -> Response:
    """The answer to a body of more than so many bytes; the rest of it is not waited for."""
    return _last(problems.of_error(too_large(most, "as sent"), id))


def _too_late(id: str) -> Response:
    told = problems.details(
        408,
        "too-late",
        "The body took too long to arrive",
        f"The body had not arrived after {BODY_SECONDS:.0f} seconds.",
        place="body",
        remedy="Send less at once.",
    )
    return _last(problems.response(told, request_id=id))


def _last(response: Response) -> Response:
    """The last answer on its connection."""
    response.headers["Connection"] = "close"
    return response


def _wrong() -> TrailbookError:
    return TrailbookError(
        "Something went wrong inside Trailbook.", remedy="Tell who runs it the request_id: their log says where."
    )


def _given(scope: Scope) -> dict[bytes, str]:
    """The headers; of one that is there several times, all values as a list."""
    given: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        given[name] = f"{given[name]},{text}" if name in given else text
    return given


def _hosts(settings: Settings) -> frozenset[str]:
    """What the Host header may be, in lower case; empty: anything."""
    if not settings.url:
        return frozenset()
    parts = urlsplit(settings.url.lower())
    default = {"http": 80, "https": 443}[parts.scheme]
    bare = parts.netloc.removesuffix(f":{default}")
    return frozenset((parts.netloc, bare, *((f"{bare}:{default}",) if parts.port in (None, default) else ())))


def _route(scope: Scope) -> str:
    """The template of the path that was asked for, empty if there is none."""
    path: str = getattr(scope.get("route"), "path", "")
    return path
