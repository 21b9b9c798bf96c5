"""The application as a whole: its routes are closed, described, and end in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from anyio.to_thread import current_default_thread_limiter
from served import client, service

from trailbook.web.app import make_app

pytestmark = pytest.mark.usefixtures("every_store")

OPEN = {
    ("get", "/healthz"), ("get", "/readyz"), ("post", "/api/v1/session"), ("post", "/api/v1/session/link"),
    ("get", "/api/v1/session/openid"), ("get", "/api/v1/session/openid/callback"),
}  # fmt: skip
"""What whoever has no key or session yet may ask."""


def test_every_other_path_asks_who_is_there() -> None:
    served = service()
    app = make_app(served)
    asked = client(served)
    answering = {
        (method, path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if asked.request(method, path.replace("{kind}", "users")).status_code != 401
    }
    assert answering == OPEN


def test_no_page_of_the_framework_is_there() -> None:
    assert [client(service()).get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404] * 3


def test_nobody_is_sent_on_to_the_host_of_the_header() -> None:
    assert client(service()).get("/healthz/", headers={"Host": "evil.example"}).status_code == 404


@pytest.mark.parametrize("threads", [1, 5])
def test_reads_share_as_many_threads_as_the_setting_says(threads: int) -> None:
    app = make_app(service(threads=threads))

    @app.get("/threads")
    async def count() -> float:
        return current_default_thread_limiter().total_tokens

    async def asked() -> Any:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        async with app.router.lifespan_context(app):
            scope = {"type": "http", "method": "GET", "path": "/threads", "query_string": b"", "headers": []}
            await app(scope, receive, send)
        return float(sent[1]["body"])

    assert asyncio.run(asked()) == threads


def test_at_the_end_the_queue_is_stored_before_the_store_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    served = service()
    app = make_app(served, at_end=lambda: ended.append("closed"))

    async def stop() -> None:
        ended.append("stored")

    async def run() -> None:
        async with app.router.lifespan_context(app):
            ended.append("running")

    monkeypatch.setattr(served.intake, "stop", stop)
    asyncio.run(run())
    assert ended == ["running", "stored", "closed"]
