"""Measuring: CPU time of this process, or of a child of its own, and the table of what came out."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

SHORTEST = 0.05
"""Seconds of CPU that a run takes at least: what is shorter is repeated within the run."""


class Figure(NamedTuple):
    """A line of the table. `aim` bounds `ours` from above, or from below if `more` is better; None: only reported."""

    what: str
    unit: str
    ours: float
    plain: float | None = None
    aim: float | None = None
    more: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the baseline; under 1 is worse."""
        if not self.plain or not self.ours:
            return None
        return self.ours / self.plain if self.more else self.plain / self.ours

    @property
    def verdict(self) -> str:
        """Whether the aim is met, or by how much it is missed; empty without an aim."""
        if self.aim is None:
            return ""
        if (self.ours >= self.aim) if self.more else (self.ours <= self.aim):
            return "met"
        return f"missed by {abs(self.ours - self.aim) / self.aim:.0%}"


class Spent(NamedTuple):
    """What a child used: CPU seconds (user and system) of its task, the most memory it held (bytes), its result."""

    cpu: float
    memory: int
    result: Any


def cpu_ms(task: Callable[[], object], runs: int) -> float:
    """The median CPU time of a warm call in milliseconds."""
    started = time.process_time()
    task()
    repeats = max(1, round(SHORTEST / max(time.process_time() - started, 1e-6)))
    return statistics.median(_run(task, repeats) for _ in range(runs)) / repeats * 1000


def _run(task: Callable[[], object], repeats: int) -> float:
    started = time.process_time()
    for _ in range(repeats):
        task()
    return time.process_time() - started


def in_child(task: str, *arguments: object, module: str = "bench.tasks") -> Spent:
    """Run one of a module's tasks in a process of its own, so that its memory is its own too."""
    command = [sys.executable, "-m", module, task, *map(str, arguments)]
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return Spent(*json.loads(out))


def spent_here(task: Callable[[], Any]) -> Spent:
    """Run `task` and tell what this process used for it."""
    started = time.process_time()
    result = task()
    cpu = time.process_time() - started
    return Spent(cpu, _most_memory(), result)


def _most_memory() -> int:
    """The most memory that this process held, in bytes; Linux alone tells it without what the parent held."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def tell(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"... {text}", file=sys.stderr, flush=True)


def table(figures: Iterable[Figure], ours: str = "Trailbook", plain: str = "Plain") -> str:
    """The figures as a Markdown table, under these names for what is measured and for the baseline."""
    head = ("Figure", "Unit", ours, plain, "Times better", "Aim", "")
    rows = [head, tuple("-" * len(cell) or "-" for cell in head)]
    for one in figures:
        aim = "" if one.aim is None else f"{'≥' if one.more else '≤'} {_number(one.aim)}"
        beside = "" if one.plain is None else _number(one.plain)
        ratio = "" if one.ratio is None else f"{one.ratio:.2g}" if one.ratio < 10 else f"{one.ratio:,.0f}"
        rows.append((one.what, one.unit, _number(one.ours), beside, ratio, aim, one.verdict or one.note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
