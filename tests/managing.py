"""Administrators of two tenants and what they make, for the tests of managing access."""

from __future__ import annotations

from typing import Any

from httpx import Response
from served import caller, client, service
from starlette.testclient import TestClient

from trailbook.access.model import RIGHTS, SHIPPED_ROLES
from trailbook.directory.viewer import OPERATOR, TenantScope
from trailbook.event.model import Event
from trailbook.query.tree import EVERYTHING
from trailbook.web.service import Service

ACME, GLOBEX = TenantScope("acme"), TenantScope("globex")
ADMINISTRATOR = SHIPPED_ROLES[1].rights
ALL = frozenset(RIGHTS)

__all__ = ["ACME", "ADMINISTRATOR", "ALL", "GLOBEX", "account", "acme", "events", "globex", "root", "same", "service"]


def root(served: Service, **seat: Any) -> TestClient:
    """Root."""
    return client(served, caller(**seat))


def acme(served: Service, **seat: Any) -> TestClient:
    """Acme's administrator."""
    return client(served, caller(ACME, **{"rights": ADMINISTRATOR, **seat}))


def globex(served: Service) -> TestClient:
    """Globex's administrator."""
    return client(served, caller(GLOBEX, rights=ADMINISTRATOR))


def account(**given: Any) -> dict[str, Any]:
    """An account to make: a reader of acme."""
    return {"name": "bea", "role": "reader", "scope": {"type": "tenant", "tenant": "acme"}, **given}


def events(served: Service, resource: str) -> list[Event]:
    """Trailbook's own events about this resource, oldest first."""
    rows = served.store.scan(OPERATOR, EVERYTHING, order="oldest")
    return [row.event for row in rows if row.event.resource == resource]


def same(one: Response, other: Response) -> bool:
    """Whether two answers are the same but for the id of the request."""
    bodies = [answer.content.replace(answer.headers["x-request-id"].encode(), b"") for answer in (one, other)]
    return one.status_code == other.status_code and bodies[0] == bodies[1]
