"""`make screenshots` takes pictures of pages that there are."""

from __future__ import annotations

import pytest
import screenshots
from paged import reading
from served import service

from trailbook.web.service import Service


@pytest.fixture
def served() -> Service:
    return service()


@pytest.mark.parametrize("path", [*screenshots.STRANGERS.values(), *filter(None, screenshots.PAGES.values())])
def test_every_page_of_which_a_picture_is_taken_answers(path: str, served: Service) -> None:
    page = reading(served).get(path)
    assert page.status in (200, 303), page.text
