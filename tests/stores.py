"""The stores that tests run on, kind by kind: each store is empty at first, and belongs to a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import postgres

from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Store
from trailbook.wiring import open_store

PLACES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: str(folder / "trail.db"),
    "postgres": postgres.url,
}
"""Where the store of a folder is, as `--store` takes it: of the kinds that several processes can work on."""


def _opener(kind: str) -> Callable[[Path], Store]:
    return lambda folder: open_store(PLACES[kind](folder), create=True)


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: MemoryStore(),
    **{kind: _opener(kind) for kind in PLACES},
}
"""The store of a folder, open."""


OWNED: dict[str, Callable[[Path], str]] = {**PLACES, "postgres": postgres.owned}
"""The same, for who may do what only an owner may."""
LOGS: dict[str, Callable[[], str]] = {
    "sqlite": lambda: "",
    "postgres": lambda: postgres.shared().log(),
}
"""What the server of all these stores has said, if there is one."""


class Turn:
    """Whose turn it is, in the rooms whose tests run on every store without naming one."""

    make: Callable[[], Store] = MemoryStore


def new() -> Store:
    """An empty store: of the kind whose turn it is, else in memory. Whoever gave the turn closes it."""
    return Turn.make()
