"""A program that copies a trail and is killed at it. It says what it does, as soon as it does it.

    copier.py FROM TO BATCH

Prints `?` at each step of checking what is there, `+` at each batch of so many events, and `end`.
"""

from __future__ import annotations

import sys
from contextlib import closing

from trailbook.store import copying
from trailbook.wiring import open_store


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    source, target, batch = sys.argv[1:]
    copying.BATCH = int(batch)
    with closing(open_store(source)) as original, closing(open_store(target, create=True)) as store:
        start = copying.check_target(original, store, lambda done, total: say("?"))
        copying.copy_trail(original, store, start, lambda done, total: say("+"))
    say("end")
