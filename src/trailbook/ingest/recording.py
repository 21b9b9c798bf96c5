"""A recorder's way into a store of its own process, without a server: the same checks, the same answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime

from ..capture.sink import Result
from ..directory.directory import Directory
from ..masking.mask import MaskPath
from ..store.ports import Receipt, Store
from .accept import Context, Rejected, accept


class StoreSink:
    """A recorder's sink (see capture.sink) that appends to what `open_store` gives, opened in each process anew."""

    def __init__(
        self, open_store: Callable[[], Store], mask_paths: tuple[MaskPath, ...], clock: Callable[[], datetime]
    ) -> None:
        self._open_store = open_store
        self._mask_paths = mask_paths
        self._clock = clock
        self._opened: tuple[int, Store] | None = None
        self._directory: tuple[int, Directory] = (-1, Directory((), ()))

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        """Append the events. Raises StoreError: then nothing was appended."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), self._open_store()
        store = self._opened[1]
        if (version := store.directory_version()) != self._directory[0]:
            self._directory = version, store.directory()
        context = Context(self._clock(), self._directory[1], mask_paths=self._mask_paths)
        return [as_result(one) for one in accept(lines, context, store).results]

    def close(self) -> None:
        """Close the store."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None


def as_result(one: Receipt | Rejected) -> Result:
    """What became of an event, as a recorder is told."""
    if isinstance(one, Rejected):
        return Result("rejected", one.error.place, one.error.problem, one.error.remedy)
    if one.status == "conflict":
        return Result(
            "conflict", "id", "An event with this id is stored with other contents.", "Give it an id of its own."
        )
    return Result(one.status)
