"""The application: its routes, and what every request passes through before them."""

from __future__ import annotations

from fastapi import FastAPI

from .. import __version__
from ..errors import TrailbookError
from . import directory, ingesting, problems
from .service import Service


def make_app(service: Service) -> FastAPI:
    """The ASGI application that serves this."""
    app = FastAPI(
        title="Trailbook", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.service = service
    app.add_exception_handler(TrailbookError, problems.answer)
    app.include_router(ingesting.router)
    app.include_router(directory.router)
    return app
