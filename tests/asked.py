"""A service with the same few events for all tests of asking, and who asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import stores
from served import caller, client, service
from starlette.testclient import TestClient
from trails import AT, event, sealed_trail

from trailbook.access.model import RIGHTS, Caller, Right
from trailbook.directory.viewer import OPERATOR, GroupScope, Root, Scope, SelfScope, TenantScope
from trailbook.event.model import Belonging, Event, Initiator, Target
from trailbook.query.tree import Field
from trailbook.store.ports import Row, Store
from trailbook.web.service import Service

API = "/api/v1"
BOB = Initiator("u2", "Bob", "acme", groups=(Belonging("g1", "Call center", "acme"),))
GLO = Initiator("u1", "Ann", "globex", ip="10.0.0.1")

EVENTS: tuple[Event, ...] = (
    event(1, AT, action="play"),
    event(2, AT + timedelta(hours=1), action="export", data={"rows": 3}),
    event(3, AT + timedelta(hours=2), initiator=BOB, action="update", targets=(Target("user", "u1", "Ann", "acme"),)),
    event(4, AT + timedelta(hours=3), initiator=BOB, action="login", outcome="failure", details="=1+1"),
    event(5, AT + timedelta(hours=4), initiator=GLO, tenant="globex", action="canary", details="canary"),
)
"""Four events of acme (two of Ann, one of Bob against Ann, one of Bob alone), and one of globex."""

ROOT: Scope = Root()
ACME, GLOBEX = TenantScope("acme"), TenantScope("globex")
GROUP, SELF = GroupScope("acme", ("g1",)), SelfScope("acme", "u1")


def number(id: str) -> int:
    """The number that an event was made with."""
    return int(id[-4:], 16)


def filled(store: Store | None = None, **settings: Any) -> Service:
    """A service that holds EVENTS."""
    kept = store or stores.new()
    kept.append(sealed_trail(EVENTS))
    return service(kept, **settings)


def asking(
    scope: Scope = ACME, served: Service | None = None, rights: frozenset[Right] = frozenset(RIGHTS), **seat: Any
) -> TestClient:
    """Somebody with this scope asks the service."""
    return client(served or filled(), who(scope, rights, **seat))


def who(scope: Scope = ACME, rights: frozenset[Right] = frozenset(RIGHTS), **seat: Any) -> Caller:
    """Somebody with this scope."""
    return caller(scope, rights, **seat)


def get(asks: TestClient, path: str, **parameters: Any) -> Any:
    """The answer, which must be one, as JSON."""
    answer = asks.get(f"{API}{path}" + (f"?{urlencode(parameters)}" if parameters else ""))
    assert answer.status_code == 200, answer.text
    return answer.json()


def looks(served: Service) -> list[Row]:
    """What Trailbook kept of who looked, oldest first."""
    return list(served.store.scan(OPERATOR, Field("app", ("trailbook",)), order="oldest"))
