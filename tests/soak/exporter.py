"""A worker for the soak tests: does what is due until its standard input ends, or it is killed."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta

from trailbook.deliver import exporting
from trailbook.deliver.base import Base
from trailbook.deliver.handlers import handlers
from trailbook.deliver.worker import Worker
from trailbook.render import counting
from trailbook.settings import Settings
from trailbook.wiring import open_store


def main() -> None:
    """Exports of the store in the folder that are named, slowly, told often, and claimed for as long as is said."""
    place, folder, seconds = sys.argv[1:]
    counting.EVERY, exporting.TOLD_EVERY = 20, timedelta(milliseconds=20)
    tell = exporting._Making._tell

    def slowly(making: exporting._Making, rows: int) -> None:
        time.sleep(0.01)
        tell(making, rows)

    exporting._Making._tell = slowly  # type: ignore[method-assign]
    settings = Settings(store=place, export_folder=folder)
    base = Base(open_store(place), settings, clock=lambda: datetime.now(UTC), randomness=os.urandom)
    worker = Worker(base, handlers(settings), lease=timedelta(seconds=float(seconds)))
    worker.start()
    print("started", flush=True)
    sys.stdin.read()
    worker.stop()
    base.store.close()


if __name__ == "__main__":
    main()
