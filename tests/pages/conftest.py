"""What the tests of the pages share: a service, accounts, the pages as text, and a real browser before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import entered
import pytest
from browser import chromium, opened, running, signed_in
from entered import quick_passwords
from paged import Reader, reading
from playwright.sync_api import Browser, Page
from served import service

from trailbook.access.model import Account
from trailbook.directory.viewer import Root
from trailbook.web.service import Service

__all__ = ["quick_passwords"]

Open = Callable[..., Page]


@pytest.fixture
def served() -> Service:
    """A service in memory whose clock stands still."""
    return service()


@pytest.fixture
def ann(served: Service) -> Account:
    """A reader of acme."""
    return entered.add(served, "ann", label="Ann Example")


@pytest.fixture
def amy(served: Service) -> Account:
    """Who manages acme."""
    return entered.add(served, "amy", role="administrator", label="Amy Admin")


@pytest.fixture
def bea(served: Service) -> Account:
    """An analyst of acme."""
    return entered.add(served, "bea@example.com", role="analyst", label="Bea")


@pytest.fixture
def boss(served: Service) -> Account:
    """Who manages acme, its reports included."""
    return entered.add(served, "boss@example.com", role="administrator", label="Boss")


@pytest.fixture
def root(served: Service) -> Account:
    """Who may see and do everything."""
    return entered.add(served, "root", role="root", scope=Root(), label="Root")


@pytest.fixture
def read(served: Service) -> Callable[[Account | None], Reader]:
    """Makes somebody who reads the pages without a browser: `read(ann).get("/")`."""
    return lambda account=None: reading(served, account)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: while it runs, no other test of this process may have an event loop."""
    with chromium() as started:
        yield started


@pytest.fixture
def address(served: Service) -> Iterator[str]:
    """Where the service answers."""
    with running(served) as at:
        yield at


@pytest.fixture
def visit(browser: Browser, served: Service, address: str) -> Iterator[Open]:
    """Opens a page: `visit("/", ann, color_scheme="dark")`; without an account nobody is signed in."""
    windows = []

    def open_(path: str, account: Account | None = None, **more: Any) -> Page:
        window = opened(browser, address, **more)
        page = window.__enter__()
        windows.append(window)
        if account is not None:
            signed_in(page.context, served, account, address)
        page.goto(path)
        return page

    yield open_
    for window in windows:
        window.__exit__(None, None, None)
