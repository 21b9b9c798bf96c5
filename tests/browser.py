"""A service that a real browser reaches, and Debian's Chromium to reach it with, for the tests of the pages."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import axe_playwright_python
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from trailbook.access.kept import SESSIONS
from trailbook.access.model import Account, Origin
from trailbook.access.sessions import make_session
from trailbook.web.app import make_app
from trailbook.web.callers import COOKIE
from trailbook.web.protocol import BoundedProtocol
from trailbook.web.service import Service
from trailbook.web.serving import listen

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
BOTH_LOOKS: tuple[dict[str, Any], ...] = ({}, {"color_scheme": "dark", "viewport": NARROW, "locale": "de-DE"})
"""Wide, light and in English; on a phone, dark and in German."""
HOSTILE = "<script>alert(1)</script> \u202e{{ 7 * 7 }}"
"""A name that would be markup, a template, and turn the text behind it around."""


@contextmanager
def running(served: Service) -> Iterator[str]:
    """The address at which the service answers, on this machine alone."""
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(served), http=BoundedProtocol, ws="none", lifespan="on", log_config=None, access_log=False,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the service has ended while it started"
            assert time.monotonic() < deadline, "the service did not start within 30 seconds"
            time.sleep(0.01)
        yield address
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "There is no Chromium here: make chromium installs it, or name one with CHROMIUM=/path/to/it."
    with sync_playwright() as playwright:
        # As root, in a container say, Chromium cannot make its own sandbox; it opens nothing but our pages.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, **more: Any) -> Iterator[Page]:
    """A new window at the service's address; at its end, whatever its console complained of is an error."""
    context = browser.new_context(base_url=address, **{"viewport": WIDE, "locale": "en-US", **more})
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if _matters(one.type, one.text) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def signed_in(context: BrowserContext, served: Service, account: Account, address: str) -> None:
    """Give the browser a session of the account, second factor included."""
    lasts = timedelta(hours=12)
    token, session = make_session(account, Origin(), served.clock(), os.urandom, lasts=lasts, proven=True)
    served.keep([SESSIONS.record(session)])
    host = address.removeprefix("http://").partition(":")[0]
    cookie = {"name": COOKIE, "value": token, "domain": host, "path": "/", "secure": True, "httpOnly": True}
    context.add_cookies([cookie])  # type: ignore[list-item]


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is: a line for each element."""
    page.evaluate(AXE)
    # Of what is well, it would otherwise tell each element too, and look for a selector of it: almost half of its time.
    asked = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = page.evaluate("asked => axe.run(asked).then(found => found.violations)", asked)
    return [f"{one['id']}: {node['html'][:300]}" for one in found for node in one["nodes"]]


def is_too_wide(page: Page) -> bool:
    """Whether the page has to be scrolled sideways (tables scroll by themselves)."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def _matters(type_: str, text: str) -> bool:
    """Whether something is wrong: not that an answer had a status of its own, as a test may have asked for."""
    return type_ == "error" and not text.startswith("Failed to load resource")
