"""Probes: alive, ready or why not, and who may see the figures."""

from __future__ import annotations

from collections import namedtuple
from unittest.mock import AsyncMock

import pytest
from served import caller, client, service
from starlette.testclient import TestClient

from trailbook.directory.viewer import TenantScope
from trailbook.errors import StoreError
from trailbook.store.memory import MemoryStore
from trailbook.web import health
from trailbook.web.app import make_app

pytestmark = pytest.mark.usefixtures("every_store")

Usage = namedtuple("Usage", "total used free")


def test_alive_answers_whoever_asks() -> None:
    told = client(service()).get("/healthz")
    assert (told.status_code, told.json()) == (200, {"status": "alive"})


def test_ready_when_nothing_is_in_the_way() -> None:
    told = client(service()).get("/readyz")
    assert (told.status_code, told.json()) == (200, {"status": "ready"})


def test_not_ready_says_every_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(MemoryStore):
        def directory_version(self) -> int:
            raise StoreError("The store is gone.")

    served = service(Broken(), queue_events=100, max_batch_events=100)
    served.intake.room.take("acme", 96, 0)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, 1 << 20))
    told = client(served).get("/readyz")
    assert (told.status_code, told.json()) == (
        503,
        {
            "status": "not ready",
            "reasons": [
                "The store is gone.",
                "There is hardly any room left on the disk.",
                "As many events are waiting to be stored as may.",
            ],
        },
    )


def test_figures_are_for_this_machine_without_a_key() -> None:
    here = TestClient(make_app(service()), client=("127.0.0.1", 1))
    told = here.get("/metrics")
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert here.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 401
    assert client(service()).get("/metrics").status_code == 401


def test_figures_are_for_root_and_not_for_a_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = client(service())
    for status, who in (
        (200, caller()),
        (403, caller(rights=frozenset(("export",)))),
        (403, caller(TenantScope("acme"))),
    ):
        monkeypatch.setattr(health, "caller_of", AsyncMock(return_value=who))
        assert asked.get("/metrics").status_code == status
