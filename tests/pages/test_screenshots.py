"""`make screenshots` takes pictures of pages that there are."""

from __future__ import annotations

from pathlib import Path

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


def test_the_pictures_in_the_readme_are_those_that_are_taken_and_small() -> None:
    folder = Path(__file__).parents[2] / "docs" / "pictures"
    readme = (folder.parents[1] / "README.md").read_text(encoding="utf-8")
    assert {one.stem for one in folder.iterdir()} == set(screenshots.README)
    for one in folder.iterdir():
        assert f"](docs/pictures/{one.name})" in readme
        assert one.stat().st_size < 200_000
