"""What expired leaves the store by itself, while the service runs."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from entered import later
from served import NOW, service

from trailbook.errors import Busy
from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Record
from trailbook.web import app
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

LINK = Record("link", "l-1", b"", expires_at=NOW + timedelta(minutes=5))


def run_until_forgotten(served: Service) -> bool:
    """Run the service until the link is gone, though nobody asks for anything; whether it is, soon."""

    async def run() -> bool:
        application = app.make_app(served)
        async with application.router.lifespan_context(application):
            until = time.monotonic() + 10
            while is_kept(served) and time.monotonic() < until:
                later(served, minutes=1)
                await asyncio.sleep(0.01)
        return not is_kept(served)

    return asyncio.run(run())


def is_kept(served: Service) -> bool:
    return served.store.record(LINK.kind, LINK.id, NOW) is not None


def test_what_expired_is_taken_out_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "FORGET_SECONDS", 0.01)
    served = service()
    served.store.keep([LINK], now=NOW)
    assert run_until_forgotten(served)


def test_a_store_that_cannot_do_it_now_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "FORGET_SECONDS", 0.01)
    refusals = [Busy("Others are writing."), RuntimeError("a fault")]

    class Refusing(MemoryStore):
        def forget_expired(self, now):  # type: ignore[no-untyped-def]
            if refusals:
                raise refusals.pop()
            return super().forget_expired(now)

    served = service(Refusing())
    served.store.keep([LINK], now=NOW)
    assert run_until_forgotten(served)
    assert refusals == []


def test_what_has_not_expired_stays() -> None:
    served = service()
    served.store.keep([LINK], now=NOW)

    async def run() -> None:
        application = app.make_app(served)
        async with application.router.lifespan_context(application):
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert is_kept(served)
