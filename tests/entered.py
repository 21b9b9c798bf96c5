"""Accounts with passwords, browsers that sign in with them, and the events that it leaves, for tests."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from served import NOW
from starlette.testclient import TestClient

from trailbook.access import accounts, passwords
from trailbook.access.model import Account, Origin
from trailbook.access.own import Doing
from trailbook.directory.viewer import OPERATOR, TenantScope
from trailbook.event.model import Event, PartyKey
from trailbook.query.tree import EVERYTHING
from trailbook.web.app import make_app
from trailbook.web.service import Service

PASSWORD = "correct horse battery staple"
SESSION = "/api/v1/session"


_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the folders that import it: a password is hashed in no time, not in a fifth of a second on every core."""
    monkeypatch.setattr(passwords, "_hasher", _QUICK)
    monkeypatch.setattr(passwords, "_nobodys", lambda: _QUICK.hash(""))


@functools.cache
def _hashed(hasher: PasswordHasher) -> str:
    return hasher.hash(PASSWORD)


def hashed() -> str:
    return _hashed(passwords._hasher)


def add(served: Service, name: str = "ann", **given: Any) -> Account:
    """An account, a reader of acme unless said otherwise, with the password above."""
    fields = {
        "id": f"id-{name}", "name": name, "role": "reader", "scope": TenantScope("acme"),
        "user": PartyKey("user", "acme", name), "password": hashed(),
    }  # fmt: skip
    account = Account(**{**fields, **given})
    decided = accounts.create(served.store, account, doing(served))
    served.keep(decided.changed, events=decided.events)
    return account


def doing(served: Service) -> Doing:
    return Doing(None, Origin(), served.clock(), served.new_id)


def browser(served: Service) -> TestClient:
    """A browser that reaches the service over TLS, as its cookies ask for."""
    return TestClient(make_app(served), base_url="https://testserver", raise_server_exceptions=False)


def sign_in(client: TestClient, name: str = "ann", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """Sign in, and send the CSRF token with every request from then on."""
    answer = client.post(SESSION, json={"name": name, "password": password, **more})
    assert answer.status_code == 200, answer.text
    return holding(client, answer.json())


def holding(client: TestClient, who: dict[str, Any]) -> dict[str, Any]:
    client.headers["X-CSRF-Token"] = who["csrf"]
    return who


def token(client: TestClient) -> str:
    return client.cookies["__Host-trailbook"]


def later(served: Service, **by: float) -> None:
    """Let time pass."""
    moment = served.clock() + timedelta(**by)
    served.clock = lambda: moment


def told(served: Service, resource: str = "sessions") -> list[Event]:
    """Trailbook's own events about this resource, oldest first."""
    rows = served.store.scan(OPERATOR, EVERYTHING, order="oldest")
    return [row.event for row in rows if row.event.resource == resource]


__all__ = ["NOW", "PASSWORD", "SESSION", "add", "browser", "doing", "holding", "later", "sign_in", "token", "told"]
