"""Loading, in processes of its own: `python -m bench.postgres.tasks NAME ...`, and what a batch takes there."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from trailbook.ingest.accept import Context, prepare, read
from trailbook.wiring import open_store

from ..measure import Spent, spent_here
from . import plain
from .server import cpu_of

BATCH = 1_000
START = datetime(2025, 1, 1, tzinfo=UTC)
_AT_ONCE = 50
"""Batches that are made ready before they are appended one after the other, so that this is measured by itself."""
_TOLD = 100
"""Batches after which progress is told."""
_ENDING = 1.0
"""Seconds that the server's processes have to end in."""


class Stopwatch:
    """What batches take: seconds, and CPU seconds of this process, for what it is given to call alone."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._before = cpu_of(server)
        self.wall = self.cpu = 0.0
        self.batches = 0

    def __call__(self, call: Callable[[], object], batches: int = 1) -> None:
        """Call, and count what it takes for so many batches."""
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        self.batches += batches
        if self.batches % _TOLD < batches:
            each = self.batches * BATCH / 1e6
            print(f"... {self.batches * BATCH:,} events stored by this process: of each {self.wall / each:,.0f} us, "
                  f"{self.cpu / each:,.0f} us of its CPU", file=sys.stderr, flush=True)  # fmt: skip

    def result(self) -> dict[str, float]:
        """Seconds of all batches: of the clock, of CPU here, and of the server's CPU since the start."""
        # Of a process of the server's that is just ending the system tells nothing for a moment.
        time.sleep(_ENDING)
        return {"wall": self.wall, "cpu": self.cpu, "server": cpu_of(self._server) - self._before}


def load(lines: str, url: str, server: str, part: str, parts: str) -> Spent:
    """Append the batches of a JSON Lines file to a store; of so many parts, one: every `parts`-th batch."""

    def task() -> dict[str, float]:
        store = open_store(url)
        context = Context(START, store.directory())
        watch = Stopwatch(int(server))
        # As an import does: a batch makes many containers that live until it is stored, and next to no cycle.
        gc.set_threshold(100_000, *gc.get_threshold()[1:])
        mine = islice(_batches(Path(lines)), int(part), None, int(parts))
        while several := list(islice(mine, _AT_ONCE)):
            sealed = [[prepare(read(line, context), context) for line in batch] for batch in several]
            watch(lambda sealed=sealed: deque(store.append_each(sealed), 0), len(several))  # type: ignore[misc]
        store.close()
        return watch.result()

    return spent_here(task)


def load_plain(lines: str, url: str, server: str, indexed: str) -> Spent:
    """Copy the same into the baseline's tables; with their indexes from the start (`yes`), or made at the end."""

    def task() -> dict[str, float]:
        watch = Stopwatch(int(server))
        plain.load(Path(lines), url, indexed == "yes", watch)
        return watch.result()

    return spent_here(task)


def _batches(lines: Path) -> Iterator[list[bytes]]:
    with lines.open("rb") as file:
        while batch := list(islice(file, BATCH)):
            yield batch


TASKS: dict[str, Callable[..., Any]] = {task.__name__: task for task in (load, load_plain)}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
