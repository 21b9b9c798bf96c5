"""The server that is measured: a PostgreSQL of its own for each size, whose files are kept for the next time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.private_postgres import Server

SETTINGS = {
    "shared_buffers": "4GB",
    "effective_cache_size": "10GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
"""What one would set on a machine of two cores and 16 GB with an SSD that is the database's alone."""
OURS, PLAIN = "trailbook", "plain"
"""The databases: Trailbook's, and the baseline's."""


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server whose files are in a folder, for as long as it is needed."""
    server = Server(None, SETTINGS, kept=folder / "postgres")
    try:
        yield server
    finally:
        server.end()


def cpu_of(postmaster: int) -> float:
    """The CPU seconds that a server has used, all of its processes together, whether they still run or not."""
    spent = sum(_stat(postmaster)[11:15])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process may end while it is looked at: then its time is in the next answer.
            with suppress(OSError):
                fields = _stat(int(entry.name))
                if fields[1] == postmaster:
                    spent += sum(fields[11:15])
    return spent / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[int]:
    """What the system tells of a process after its name and state, from the parent on; times are at 11 to 14."""
    text = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, text[1:15])]
