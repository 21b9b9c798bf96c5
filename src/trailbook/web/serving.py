"""Running the service: a socket, one process or several, and the first account."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from ..errors import Outdated, TrailbookError
from ..settings import Settings
from ..store.ports import Store
from ..wiring import open_store
from . import logs
from .app import make_app
from .metrics import MULTIPROCESS
from .protocol import BoundedProtocol
from .service import Service
from .signing_in import first_link, vouched_link

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 30
LOCK_SECONDS = 5.0
"""How long a request waits for others who write to the store, the command line say, before it is told to come again."""
GRACE_SECONDS = 30
"""Requests that were accepted before the end may take this long to finish."""


def service_on(store: Store, settings: Settings) -> Service:
    """A service with the time and randomness of this machine."""
    return Service(store, settings, clock=lambda: datetime.now(UTC), randomness=os.urandom)


def application(settings: Settings) -> FastAPI:
    """The application of one process, with a store of its own, which is closed when it ends."""
    logs.configure(settings.log_level)
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    store = opened(settings)
    app = make_app(service_on(store, settings), at_end=store.close)
    # What is there from the start stays: the collector of cycles need not look through it again and again.
    gc.collect()
    gc.freeze()
    return app


def serve(settings: Settings, tell: Callable[[str], None], *, sign_in: bool = False) -> None:
    """Answer requests until SIGTERM or SIGINT; `tell` is given what a person should read.

    `sign_in`: tell a link that signs the first account in at once, for who tries things out.

    Raises StoreError, and TrailbookError if nothing can listen at the host and port.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        # Before there is a server to end gracefully, and after it has ended so.
        signal.signal(one, lambda number, frame: sys.exit(0))
    logs.configure(settings.log_level)
    with ExitStack() as stack:
        listening = stack.enter_context(closing(listen(settings.host, settings.port)))
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        with closing(opened(settings)) as store:
            link = _link_told(service_on(store, settings), at_once=sign_in)
        tell(f"Trailbook listens at {settings.address}")
        if link:
            tell(link)
        if settings.workers > 1:
            os.environ[MULTIPROCESS] = stack.enter_context(tempfile.TemporaryDirectory(prefix="trailbook-"))
            Multiprocess(_config(settings), sockets=[listening]).run()
        else:
            uvicorn.Server(_config(settings)).run(sockets=[listening])


def opened(settings: Settings) -> Store:
    """The store of the settings; it is made if it is not there. Raises StoreError."""
    return open_store(settings.store, create=True, wait=LOCK_SECONDS, reserve=settings.reserve_bytes)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises TrailbookError if it cannot."""
    place = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise TrailbookError(
            "There is no such address here.", place=place, remedy="Name another with --host."
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise TrailbookError(
            f"Nothing can listen here: {(error.strerror or str(error)).lower()}.",
            place=place,
            remedy="Stop what listens there, or name another port with --port.",
        ) from error
    listening.set_inheritable(True)
    return listening


def start(service: Service) -> str | None:
    """The token of a link to the first account, if nobody can sign in yet; of several that start, one gives it."""
    try:
        return first_link(service)
    except Outdated:
        return None


def _link_told(service: Service, *, at_once: bool) -> str:
    """What a person is told of how to sign in at first; empty if somebody can already."""
    address = service.settings.address
    if at_once:
        path = f"/sign-in/once#{vouched_link(service)}"
        return f"Open this to be signed in as root, once and within an hour:\n  {address}{path}"
    token = start(service)
    return "" if token is None else sign_in_told("root", address, token, "24 hours")


def sign_in_told(name: str, address: str, token: str, lasts: str) -> str:
    """What a person is told about a one-time link. Its token stands where browsers do not send it."""
    return (
        f"Sign in as {name} and set a password, once and within {lasts}:\n"
        f"  {address}/sign-in#{token}\n"
        "  (or send what is behind the # to POST /api/v1/session/link, with a password)"
    )


def _end_with(parent: BaseProcess) -> None:
    """End this worker in order when its parent has been killed, so that it does not keep the port."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        partial(application, settings),
        factory=True,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        workers=settings.workers,
        log_config=None,
        access_log=False,
        # Whose word is taken on where a request came from is decided in origin.py, from the settings.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # A worker that is only busy is not killed.
        timeout_worker_healthcheck=GRACE_SECONDS,
    )
