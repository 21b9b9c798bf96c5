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


@pytest.mark.parametrize("path", [*screenshots.STRANGERS.values(), *screenshots.PAGES.values()])
def test_every_page_of_which_a_picture_is_taken_answers(path: str, served: Service) -> None:
    page = reading(served).get(path)
    assert page.status in (200, 303), page.text


def test_the_pictures_in_the_readme_are_those_that_are_taken_and_each_is_shown_and_small() -> None:
    docs = Path(__file__).parents[2] / "docs"
    pictures = {one.name: one.stat().st_size for one in (docs / "pictures").iterdir()}
    readme = (docs.parent / "README.md").read_text(encoding="utf-8")
    for name in screenshots.README:
        assert f"](docs/pictures/{name}.png)" in readme
    shown = "".join(one.read_text(encoding="utf-8") for one in docs.glob("*.md")).replace(
        "](pictures/", "](docs/pictures/"
    )
    for name, size in pictures.items():
        assert f"](docs/pictures/{name})" in readme + shown
        assert size < 200_000
    assert {f"{name}.png" for name in screenshots.README} <= pictures.keys()
