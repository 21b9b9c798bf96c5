"""Numbers in sentences."""

from __future__ import annotations

import pytest

from trailbook.event.wording import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 books"), (1, "1 book"), (2, "2 books"), (2900, "2,900 books")])
def test_one_is_singular_and_all_else_plural(number: int, text: str) -> None:
    assert counted(number, "book") == text


def test_a_plural_of_its_own() -> None:
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
