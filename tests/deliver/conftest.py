"""What the tests of delivering share: every store by turns, empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import STORES

from trailbook.store.ports import Store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn, empty."""
    made = STORES[request.param](tmp_path)
    yield made
    made.close()
