"""Measuring a program from outside: CPU seconds and memory that are its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

# Linux counts in a program's peak what its parent held when it was started: a small parent in between keeps it true.
_PARENT = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss, file=file)
"""


class Usage(NamedTuple):
    """How a program ended, its CPU seconds, and its memory at most in KiB."""

    code: int
    seconds: float
    memory: int


def usage_of(arguments: Sequence[str], out: int | IO[bytes], err: int | IO[bytes]) -> Usage:
    """Run a program to its end; `arguments` begin with its path."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "usage"
        parent = [sys.executable, "-I", "-S", "-c", _PARENT, str(told)]
        subprocess.run([*parent, *arguments], stdout=out, stderr=err, check=True)
        code, seconds, memory = told.read_text().split()
    return Usage(int(code), float(seconds), int(memory))
