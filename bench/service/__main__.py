"""The benchmark of the service: `python -m bench.service [--scale N] [--events N] [--folder DIR] [--parts ...]`."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

from ..making import Made
from ..measure import Figure, table
from . import asking, browsing, rival, sending

PARTS = ("sending", "asking", "browsing", "rival")


def main() -> None:
    """Measure each part in turn, and print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.service", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="send and ask so many times as much (%(default)s)")
    parser.add_argument("--events", type=int, default=1_000_000, help="ask of this number of events (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where they are kept (%(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure only these")
    given = parser.parse_args()
    print(f"On loopback; CPU time of the server alone; Python {platform.python_version()}.")
    made = Made(given.folder, given.events)
    if {"asking", "browsing", "rival"} & set(given.parts):
        made.make(False)
    parts: dict[str, tuple[str, str, Callable[[], Iterable[Figure]]]] = {
        "sending": ("Trailbook", "Thrown away", lambda: sending.figures(given.scale)),
        "asking": ("Over HTTP", "In process", lambda: asking.figures(made, given.scale)),
        "browsing": ("As a page", "As JSON", lambda: browsing.figures(made, given.scale)),
        "rival": ("Trailbook", "django-auditlog", lambda: rival.figures(made, given.scale)),
    }
    for part in given.parts:
        ours, plain, figures = parts[part]
        print(f"\n{table(figures(), ours, plain)}", flush=True)


if __name__ == "__main__":
    main()
