"""What all tests share: short ways to make events, and a turn for every store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from stores import STORES, Turn

from trailbook.store.ports import Store


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
