"""`make screenshots` takes pictures of pages that there are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from paged import reading
from served import service

from trailbook.web.service import Service

ROOT = Path(__file__).parents[2]

spec = importlib.util.spec_from_file_location("screenshots", ROOT / "tools" / "screenshots.py")
assert spec is not None
assert spec.loader is not None
screenshots = importlib.util.module_from_spec(spec)
spec.loader.exec_module(screenshots)


@pytest.fixture
def served() -> Service:
    return service()


@pytest.mark.parametrize("path", [*screenshots.STRANGERS.values(), *filter(None, screenshots.PAGES.values())])
def test_every_page_of_which_a_picture_is_taken_answers(path: str, served: Service) -> None:
    page = reading(served).get(path)
    assert page.status in (200, 303), page.text
