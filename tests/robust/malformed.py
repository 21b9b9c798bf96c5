"""Who sends malformed requests, how one is described, and what every answer to one has, for the tests of robustness."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from asked import filled
from entered import add
from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from trailbook.access.kept import KEYS, SESSIONS
from trailbook.access.keys import make_key
from trailbook.access.model import Account, Origin
from trailbook.access.sessions import make_session
from trailbook.directory.viewer import Root
from trailbook.event.model import PartyKey
from trailbook.web.app import make_app
from trailbook.web.service import Service

API = "/api/v1"
EVENT: dict[str, Any] = {
    "occurred_at": "2021-11-17T14:07:31Z", "resource": "users", "action": "login", "application": "web",
    "initiator": {"id": "u1", "tenant": "acme"},
}  # fmt: skip
CANARY = "hunter2canary"
"""Stands in requests where what was sent must not be told again."""
LINES = {"Content-Type": "application/x-ndjson"}
LONGEST_ANSWER = 8 << 10
"""However much is wrong, an answer has fewer bytes than this."""


class Bad(NamedTuple):
    """A request that is malformed, and the answer: its status, its kind, and a part of its detail and its place."""

    what: str
    request: str
    status: int
    kind: str
    detail: str
    place: str = ""
    body: bytes | None = None
    headers: dict[str, str] = {}  # noqa: RUF012
    asker: str = "root"


def json_of(value: Any) -> bytes:
    return json.dumps(value).encode()


def event(**given: Any) -> bytes:
    """An event with these fields."""
    return json_of({**EVENT, **given})


def check(answer: Response, bad: Bad) -> None:
    """Whether it is answered as it should be: as problem details that name the request and tell no secret again."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert answer.status_code == problem["status"] == bad.status, problem
    assert problem["type"] == f"urn:trailbook:problem:{bad.kind}"
    assert bad.detail in problem["detail"]
    assert problem.get("place", "").startswith(bad.place)
    assert bool(problem.get("place")) == bool(bad.place)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert len(answer.content) < LONGEST_ANSWER
    assert CANARY not in answer.text


@pytest.fixture(scope="module")
def askers() -> Askers:
    return Askers(max_body_bytes=1 << 20, max_batch_bytes=4 << 20, max_batch_events=1_000)


class Resting:
    """An application that neither starts nor ends: what runs beside the requests stays as it is."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await self._app(scope, receive, send)


class Askers:
    """Clients of one service: root and a reader in sessions, keys of acme for sending and for reading, and nobody."""

    def __init__(self, **settings: Any) -> None:
        self.served = filled(**settings)
        self.app = make_app(self.served)
        root = add(self.served, "root", role="root", scope=Root(), user=PartyKey("user", "default", "root"))
        self._root = root
        signed_in = self.signed_in()
        self.key = bearer(key(self.served, "ingest", "read", "manage"))
        self._clients = {
            "root": self._client(signed_in),
            "reader": self._client(session(self.served, add(self.served, "ann"))),
            "forger": self._client({**signed_in, "X-CSRF-Token": "0" * 43}),
            "sender": self._client(bearer(key(self.served, "ingest"))),
            "key": self._client(self.key),
            "nobody": self._client({}),
        }

    def send(self, bad: Bad) -> Response:
        """Send it as whoever it says, as JSON if it has a body and says nothing else."""
        method, _, url = bad.request.partition(" ")
        headers = {"Content-Type": "application/json"} if bad.body is not None else {}
        return self._clients[bad.asker].request(method, url, content=bad.body, headers={**headers, **bad.headers})

    def ask(self, request: str, value: Any = None) -> Response:
        """The answer to root, which must be one, in a session of its own: others may have been ended."""
        method, _, url = request.partition(" ")
        asking = self._client(self.signed_in())
        answer = asking.request(method, url, **({} if value is None else {"json": value}))
        assert answer.status_code < 300, answer.text
        return answer

    def signed_in(self) -> dict[str, str]:
        """The headers of root in a session that has just begun."""
        return session(self.served, self._root)

    def _client(self, headers: dict[str, str]) -> TestClient:
        return TestClient(self.app, "https://testserver", raise_server_exceptions=False, headers=headers)


def session(served: Service, account: Account) -> dict[str, str]:
    """The headers of a browser that the account is signed in with, a second factor included."""
    lasts = timedelta(hours=1)
    token, made = make_session(account, Origin(), served.clock(), served.randomness, lasts=lasts, proven=True)
    served.keep([SESSIONS.record(made)])
    return {"Cookie": f"__Host-trailbook={token}", "X-CSRF-Token": made.csrf}


def key(served: Service, *uses: Any) -> str:
    """The text of a key of acme."""
    text, kept = make_key(
        served.randomness, name="web", tenant="acme", uses=frozenset(uses), created_by="a", created_at=served.clock()
    )
    served.keep([KEYS.record(kept)])
    return text


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}
