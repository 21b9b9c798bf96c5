"""What all tests share: a turn for every store, and which of them count for the coverage."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stores import STORES, Turn

from trailbook.store.ports import Store

UNCOUNTED = tuple(
    Path(__file__).parent / name
    for name in (
        "bench", "deliver/test_canaries.py", "deliver/test_mailed.py", "directory/test_cut.py", "real", "robust",
        "rule", "scope", "soak", "store/test_reference.py",
    )
)  # fmt: skip
"""Where tests go over all of it once more, by brute force, under load or with whatever may be sent.

Lines that nothing but these would run are tested by nobody who knows what they are for; and to trace them takes a third
of the time that such a test has.
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Count for the coverage what is run by tests of each thing for itself, and that once: with the store in memory."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    again = parameters.get("every_store", "memory") != "memory"
    if again or any(item.path.is_relative_to(one) for one in UNCOUNTED):
        with untraced():
            return (yield)
    return (yield)


@contextmanager
def untraced() -> Iterator[None]:
    """Nothing that runs meanwhile counts. (The plugin's own `no_cover` has no effect in a process of several.)"""
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(here)
        threading.settrace(in_threads)


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
