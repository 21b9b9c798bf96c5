"""The application: its routes, and what every request passes through before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache, partial

from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from .. import __version__
from ..errors import TrailbookError
from . import (
    accounts,
    alerts,
    asking,
    delivering,
    directory,
    exports,
    health,
    ingesting,
    keys,
    openapi,
    openid,
    pages,
    problems,
    reports,
    roles,
    scheduling,
    seats,
    sessions,
    signing_in,
)
from .callers import Find, find_caller
from .logs import log, where
from .middleware import Edge
from .pages import errors as pages_errors
from .pages.screens import Elsewhere
from .quotas import settled
from .service import Service

FORGET_SECONDS = 3600.0
"""Between two times that what expired is taken out of the store."""
SETTLE_SECONDS = 1.0
"""Between two times that quotas are settled with the other processes, if it is not pressing."""


def make_app(
    service: Service, *, find_caller: Find = find_caller, at_end: Callable[[], None] = lambda: None
) -> FastAPI:
    """The ASGI application that serves this to whom `find_caller` finds; `at_end` is called when it has ended."""
    app = FastAPI(
        title="Trailbook",
        version=__version__,
        summary="Who did what, when, from where and to whom.",
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi.PATH,
        # It would send clients on to whatever the Host header says.
        redirect_slashes=False,
        lifespan=_running,
    )
    app.state.service, app.state.find_caller, app.state.at_end = service, find_caller, at_end
    app.state.remembered = ingesting.Remembered()
    app.openapi = partial(openapi.describe, app)  # type: ignore[method-assign]
    app.add_middleware(Edge, service=service, dress=pages_errors.dressed)
    app.add_exception_handler(HTTPException, pages_errors.dressing(problems.answer_http))
    app.add_exception_handler(RequestValidationError, pages_errors.dressing(problems.answer_invalid))
    app.add_exception_handler(TrailbookError, pages_errors.dressing(problems.answer))
    app.add_exception_handler(Elsewhere, pages_errors.send_on)
    app.router.routes.extend(_routes())
    return app


@cache
def _routes() -> list[BaseRoute]:
    """All routes, in the order in which they are tried: those that are asked for most come first.

    What FastAPI makes of them takes a tenth of a second, and is the same for every application of a process.
    """
    events = (ingesting, asking, reports)
    managing = (exports, scheduling, alerts, delivering, directory, accounts, roles, keys, sessions, seats)
    together = APIRouter(generate_unique_id_function=lambda route: route.name)
    for room in (*events, health, *managing, signing_in, openid):
        together.include_router(room.router)
    for router in pages.ROUTERS:
        together.include_router(router)
    return together.routes


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """What starts before the first request, and ends after the last has its answer."""
    service: Service = app.state.service
    current_default_thread_limiter().total_tokens = service.settings.threads
    service.intake.start()
    if service.settings.worker:
        service.worker.start()
    tasks = [asyncio.create_task(one(service)) for one in (_keep_forgetting, _keep_settling)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await run_sync(service.worker.stop)
        service.streams.close()
        await service.intake.stop()
        service.metrics.stop()
        app.state.at_end()


async def _keep_forgetting(service: Service) -> None:
    """Take what expired out of the store, now and every hour: sessions, links, counts of who tried to sign in."""
    while True:
        try:
            await run_sync(service.store.forget_expired, service.clock())
        except Exception as error:
            # Whatever it is, the service goes on, and comes to its end in order.
            log().warning("what expired is still there", error=where(error))
        await asyncio.sleep(FORGET_SECONDS)


async def _keep_settling(service: Service) -> None:
    """Settle what was sent here with the other processes of the service."""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(service.quotas.pressing.wait(), SETTLE_SECONDS)
        claims = service.quotas.claims()
        if not claims:
            continue
        now = service.clock()
        try:
            levels = await run_sync(settled, service.store, claims, now, limiter=service.receiving)
        except Exception as error:
            service.quotas.give_back(claims)
            log().warning("quotas are not settled yet", error=where(error))
        else:
            service.quotas.settle(levels, now.timestamp())
