"""What every request passes through: ids, bounds on bodies and hosts, headers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from served import client, service
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.testclient import TestClient

from trailbook.web import middleware
from trailbook.web.app import make_app

KIB = 1 << 10


def echo(**settings: Any) -> TestClient:
    """A client of an application that takes bodies, raw and decoded by the framework, of at most 1 KiB."""
    made = client(service(max_body_bytes=KIB, **settings))
    app = made.app

    @app.post("/raw")  # type: ignore[attr-defined]
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.post("/decoded")  # type: ignore[attr-defined]
    def decoded(body: list[int]) -> int:
        return len(body)

    @app.get("/cached")  # type: ignore[attr-defined]
    def cached() -> Response:
        return Response("x", headers={"Cache-Control": "private, no-cache"})

    return made


def test_a_request_keeps_its_id_or_gets_one() -> None:
    asked = client(service())
    assert asked.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    for bad in ("a b", "a" * 129, ""):
        given = asked.get("/nothing", headers={"X-Request-ID": bad})
        assert len(given.headers["x-request-id"]) == 36
        assert given.json()["request_id"] == given.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/openapi.json"])
def test_every_answer_has_the_security_headers(path: str) -> None:
    headers = client(service()).get(path).headers
    assert headers["content-security-policy"] == (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert {name: headers[name] for name in headers if name.startswith(("x-c", "x-f", "ref", "cross", "cache"))} == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_an_endpoint_may_say_otherwise_how_its_answer_is_cached() -> None:
    assert echo().get("/cached").headers["cache-control"] == "private, no-cache"


def test_https_is_asked_for_where_the_address_has_it() -> None:
    asked = client(service(url="https://audit.example.com"))
    told = asked.get("/healthz")
    assert told.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("path", ["/raw", "/decoded"])
def test_a_body_may_be_as_long_as_the_setting_says_and_no_longer(path: str) -> None:
    asked = echo()
    fits = b"[" + b" " * (KIB - 2) + b"]"
    assert asked.post(path, content=fits, headers={"Content-Type": "application/json"}).status_code == 200
    told = asked.post(path, content=fits + b" ", headers={"Content-Type": "application/json"})
    assert (told.status_code, told.json()["detail"]) == (413, "The body is longer than 1,024 bytes as sent.")
    assert told.headers["connection"] == "close"


async def call(path: str, pieces: list[bytes], headers: dict[str, str], wait: float = 0) -> tuple[int, Any, int]:
    """POST a body in pieces, without a length: the status, what is told, and how many pieces were taken."""
    sent: list[Any] = []
    taken = 0

    async def given() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    left = given()

    async def receive() -> dict[str, Any]:
        nonlocal taken
        await asyncio.sleep(wait)
        piece = await anext(left, b"")
        taken += 1
        return {"type": "http.request", "body": piece, "more_body": taken < len(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
    }
    await echo().app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(one.get("body", b"") for one in sent)), taken


@pytest.mark.parametrize("path", ["/raw", "/decoded"])
def test_a_body_without_a_length_is_not_read_on(path: str) -> None:
    pieces = [b" " * 600] * 1_000
    status, told, taken = asyncio.run(call(path, pieces, {"content-type": "application/json"}))
    assert (status, told["type"], taken) == (413, "urn:trailbook:problem:too-large", 2)


def test_a_length_that_is_too_much_is_refused_before_anything_is_read() -> None:
    status, _, taken = asyncio.run(call("/raw", [b"x"], {"content-length": "9" * 5_000}))
    assert (status, taken) == (413, 0)


@pytest.mark.parametrize("path", ["/raw", "/decoded"])
def test_a_body_that_drips_is_not_waited_for(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.2)
    pieces = [b" "] * 1_000
    status, told, taken = asyncio.run(call(path, pieces, {"content-type": "application/json"}, wait=0.05))
    assert (status, told["type"]) == (408, "urn:trailbook:problem:too-late")
    assert taken < 10


def test_too_many_requests_at_a_time_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MOST_REQUESTS", 0)
    told = client(service()).get("/healthz")
    assert (told.status_code, told.json()["type"]) == (503, "urn:trailbook:problem:overloaded")
    assert told.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("url", "host", "status"),
    [
        ("", "anything.example", 404),
        ("https://audit.example.com", "audit.example.com", 404),
        ("https://audit.example.com", "AUDIT.example.com:443", 404),
        ("https://audit.example.com", "audit.example.com:8443", 421),
        ("https://audit.example.com", "evil.example", 421),
        ("https://audit.example.com", "audit.example.com.evil.example", 421),
        ("http://localhost:8080", "localhost:8080", 404),
        ("http://localhost:8080", "localhost", 421),
    ],
)
def test_the_host_has_to_be_ours_if_it_is_known(url: str, host: str, status: int) -> None:
    asked = client(service(url=url))
    assert asked.get("/nothing", headers={"Host": host}).status_code == status
    assert asked.get("/healthz", headers={"Host": host}).status_code == 200


def test_an_answer_that_breaks_off_is_not_completed() -> None:
    made = make_app(service())

    @made.get("/breaks")
    def breaks() -> StreamingResponse:
        def pieces() -> Iterator[bytes]:
            yield b"a"
            raise RuntimeError("half-way")

        return StreamingResponse(pieces())

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/breaks",
        "raw_path": b"/breaks",
        "query_string": b"",
        "headers": [],
        "client": None,
        # So that the framework watches no connection beside it.
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }
    asyncio.run(made(scope, receive, send))
    assert [one.get("more_body") for one in sent] == [None, True]
