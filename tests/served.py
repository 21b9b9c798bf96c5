"""A service, and callers of every kind, for the tests of the API."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import stores
from starlette.testclient import TestClient

from trailbook.access.model import RIGHTS, Caller, Right, Seat
from trailbook.directory.viewer import Root, Scope
from trailbook.event.model import PartyKey
from trailbook.settings import Settings
from trailbook.store.ports import Store
from trailbook.web.app import make_app
from trailbook.web.service import Service

NOW = datetime(2021, 12, 1, 9, tzinfo=UTC)


def service(store: Store | None = None, **settings: Any) -> Service:
    """A service whose clock stands still at NOW and whose randomness counts."""
    number = itertools.count(1)
    return Service(
        store or stores.new(),
        Settings(**settings),
        clock=lambda: NOW,
        randomness=lambda length: next(number).to_bytes(length, "big"),
    )


def caller(scope: Scope | None = None, rights: frozenset[Right] = frozenset(RIGHTS), **seat: Any) -> Caller:
    """Somebody with a session and these rights; without a scope, root."""
    tenant = getattr(scope, "tenant", "default")
    seated = Seat(scope or Root(), rights, **seat)
    return Caller("account", "a-1", "Ann", PartyKey("user", tenant, "u1"), seated)


def client(served: Service, asking: Caller | None = None) -> TestClient:
    """A client of the service; with `asking`, every request is theirs. Each has the request id `r-1`."""
    app = make_app(served) if asking is None else make_app(served, find_caller=lambda *_: asking)
    return TestClient(app, raise_server_exceptions=False, headers={"X-Request-ID": "r-1"})
