"""The application: its routes, and what every request passes through before them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from .. import __version__
from ..errors import TrailbookError
from . import (
    accounts,
    asking,
    directory,
    health,
    ingesting,
    keys,
    openapi,
    openid,
    problems,
    reports,
    roles,
    seats,
    sessions,
    signing_in,
)
from .middleware import Edge
from .service import Service


def make_app(service: Service, *, at_end: Callable[[], None] = lambda: None) -> FastAPI:
    """The ASGI application that serves this; `at_end` is called when it has ended."""
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
    app.state.service, app.state.at_end = service, at_end
    app.openapi = partial(openapi.describe, app)  # type: ignore[method-assign]
    app.add_middleware(Edge, service=service)
    app.add_exception_handler(HTTPException, problems.answer_http)
    app.add_exception_handler(RequestValidationError, problems.answer_invalid)
    app.add_exception_handler(TrailbookError, problems.answer)
    app.include_router(ingesting.router)
    app.include_router(health.router)
    for managing in (directory, accounts, roles, keys, sessions, seats):
        app.include_router(managing.router)
    app.include_router(signing_in.router)
    app.include_router(openid.router)
    app.include_router(asking.router)
    app.include_router(reports.router)
    return app


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """What starts before the first request, and ends after the last has its answer."""
    service: Service = app.state.service
    current_default_thread_limiter().total_tokens = service.settings.threads
    service.intake.start()
    try:
        yield
    finally:
        service.streams.close()
        await service.intake.stop()
        service.metrics.stop()
        app.state.at_end()
