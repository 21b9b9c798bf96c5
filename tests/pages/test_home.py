"""The start page."""

from __future__ import annotations

from collections.abc import Callable

from browser import NARROW, is_too_wide, violations
from playwright.sync_api import Page

from trailbook.access.model import Account

Open = Callable[..., Page]


def test_home_reads_well_in_any_browser(visit: Open, ann: Account) -> None:
    for more in ({}, {"color_scheme": "dark"}, {"viewport": NARROW}, {"locale": "de-DE"}):
        page = visit("/", ann, **more)
        assert "Ann Example" in page.locator("h1").inner_text()
        assert violations(page) == []
        assert not is_too_wide(page)
