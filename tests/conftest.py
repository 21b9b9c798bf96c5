"""What all tests share: a turn for every store, and which of them count for the coverage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import STORES, Turn

from trailbook.store.ports import Store

UNCOUNTED = ("bench", "real", "robust", "rule", "scope", "soak")
"""The folders whose tests go over all of it once more, by brute force, under load or with all that may be sent.

Lines that nothing but these would run are tested by nobody who knows what they are for; and to trace them takes a third
of the time that such a test has.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of these folders out of the coverage."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in UNCOUNTED:
            item.add_marker("no_cover")


@pytest.fixture(params=STORES)
def every_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Each kind of store in turn is what `stores.new` makes."""
    home = tmp_path_factory.mktemp("stores")
    made: list[Store] = []

    def make() -> Store:
        folder = home / str(len(made))
        folder.mkdir()
        made.append(STORES[request.param](folder))
        return made[-1]

    monkeypatch.setattr(Turn, "make", staticmethod(make))
    yield
    for store in made:
        store.close()
    shutil.rmtree(home)
