"""The benchmark's command: `python -m bench [--large] [--events N] [--fresh] [--folder DIR]`."""

from __future__ import annotations

import argparse
import platform
import sqlite3
from pathlib import Path

from .figures import GROWTH, figures
from .making import Made
from .measure import Figure, table, tell

SIZES = (1_000_000, 10_000_000)


def main() -> None:
    """Measure at a million events, at ten million too if asked for, and print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help="measure at ten million events as well (takes hours)")
    parser.add_argument("--events", type=int, help="measure at this number of events instead")
    parser.add_argument("--runs", type=int, default=7, help="of how many runs the median is taken (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="make trail and stores anew")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where they are kept (%(default)s)")
    given = parser.parse_args()
    sizes = (given.events,) if given.events else SIZES if given.large else SIZES[:1]
    page_aims: dict[str, float] = {}
    print(f"CPU time on one core, medians; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.")
    for events in sizes:
        made = Made(given.folder, events)
        made.make(given.fresh)
        found = []
        for figure in figures(made, page_aims, given.runs):
            tell(f"{figure.what}: {figure.ours:,.3g} {figure.unit}")
            found.append(figure)
        page_aims = _aims_when_larger(found)
        print(f"\n{events:,} events, {made.lines.stat().st_size / events:,.0f} bytes of JSON each\n\n{table(found)}")


def _aims_when_larger(found: list[Figure]) -> dict[str, float]:
    """A page may take half as long again when there are ten times as many events."""
    return {one.what.partition(": ")[2]: one.ours * GROWTH for one in found if one.what.startswith("page of")}


if __name__ == "__main__":
    main()
