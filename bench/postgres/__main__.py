"""The benchmark of the store in PostgreSQL: `python -m bench.postgres [--events N | --large] [--folder DIR]`."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

from ..making import Made
from ..measure import table, tell
from .figures import figures
from .making import make_databases
from .server import SETTINGS, running

SIZES = (1_000_000, 10_000_000)


def main() -> None:
    """Measure at a million events, at ten million too if asked for, and print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.postgres", description=__doc__)
    parser.add_argument("--large", action="store_true", help="measure at ten million events as well (takes hours)")
    parser.add_argument("--events", type=int, help="measure at this number of events instead")
    parser.add_argument("--runs", type=int, default=200, help="how often each is asked at most (%(default)s)")
    parser.add_argument("--clients", type=int, default=1, help="how many fill Trailbook's database (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="make trail, store and databases anew")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where they are kept (%(default)s)")
    given = parser.parse_args()
    sizes = (given.events,) if given.events else SIZES if given.large else SIZES[:1]
    print(f"Python {platform.python_version()}; PostgreSQL with {', '.join(map(' = '.join, SETTINGS.items()))}.")
    for events in sizes:
        made = Made(given.folder, events)
        made.make_store(given.fresh)
        with running(made.folder) as server:
            make_databases(made, server, given.clients)
            found = []
            for figure in figures(made, server, given.runs):
                tell(f"{figure.what}: {figure.ours:,.3g} {figure.unit}")
                found.append(figure)
        print(f"\n{events:,} events, {made.lines.stat().st_size / events:,.0f} bytes of JSON each\n")
        print(table(found, plain="Plain SQL"), flush=True)


if __name__ == "__main__":
    main()
