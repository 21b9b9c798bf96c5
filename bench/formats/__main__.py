"""The benchmark of the formats: `python -m bench.formats [--rows N] [--more N] [--formats NAME ...] [--folder DIR]`."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from pathlib import Path

from trailbook.render import DOWNLOADS
from trailbook.store.sqlite.connect import CACHE_BYTES

from ..measure import Figure, in_child, table, tell
from .bare import BARE

CSV_RATE = 40_000
XLSX_SHARE = 1.4
PARQUET_SECONDS, PDF_SECONDS = 3.0, 45.0
AIMED_ROWS = 100_000
"""The aims are for so many rows, and grow with them."""
FLAT = 1.1
"""Memory may differ so much between few rows and many, beside the store's own cache, which a long read fills."""


def main() -> None:
    """Write the demo's newest events in each format, and print what that took."""
    parser = argparse.ArgumentParser(prog="python -m bench.formats", description=__doc__)
    parser.add_argument("--rows", type=int, default=AIMED_ROWS, help="write so many rows (%(default)s)")
    parser.add_argument("--more", type=int, default=3 * AIMED_ROWS, help="and so many, for the memory (%(default)s)")
    parser.add_argument("--formats", nargs="+", choices=DOWNLOADS, default=list(DOWNLOADS), help="only these")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where they are kept (%(default)s)")
    given = parser.parse_args()
    print(f"CPU time of one process, sixteen columns; Python {platform.python_version()}.\n")
    figures = _figures(given.formats, given.rows, max(given.rows, given.more), given.folder)
    print(table(figures, "Trailbook", "Bare"), flush=True)


def _figures(formats: list[str], few: int, many: int, folder: Path) -> Iterator[Figure]:
    folder = folder / f"formats-{many}"
    folder.mkdir(parents=True, exist_ok=True)
    lines, store, texts = folder / "trail.jsonl", folder / "trail.db", folder / f"texts-{few}.jsonl"
    if not store.exists():
        tell(f"{many:,} events")
        in_child("write_lines", lines, many)
        in_child("import_lines", lines, store)
    if not texts.exists():
        in_child("write_texts", store, few, texts)
    for name in formats:
        yield from _of_format(name, few, many, store, texts)


def _of_format(name: str, few: int, many: int, store: Path, texts: Path) -> Iterator[Figure]:
    file = store.with_name(f"report.{DOWNLOADS[name].suffix}")
    most = DOWNLOADS[name].most_rows or many
    if most < few:
        tell(f"{name} holds {most:,} rows")
        few = most
    tell(f"{name}: {few:,} rows")
    ours = in_child("write_format", store, few, name, file)
    bare = in_child("write_bare", texts, few, name, file) if name in BARE else None
    share = few / AIMED_ROWS
    aims = {
        "csv": few / CSV_RATE,
        "xlsx": XLSX_SHARE * bare.cpu if bare else None,
        "parquet": PARQUET_SECONDS * share,
        "pdf": PDF_SECONDS * share,
    }
    title = DOWNLOADS[name].name
    yield Figure(f"{title}: {few:,} rows", "CPU s", ours.cpu, bare.cpu if bare else None, aims.get(name))
    yield Figure(f"{title}: size", "MiB", ours.result / 2**20, bare.result / 2**20 if bare else None)
    yield Figure(f"{title}: memory", "MiB", ours.memory / 2**20, bare.memory / 2**20 if bare else None)
    if many > few and most >= many:
        tell(f"{name}: {many:,} rows")
        longer = in_child("write_format", store, many, name, file)
        flat = (FLAT * ours.memory + CACHE_BYTES) / 2**20
        yield Figure(f"{title}: memory, {many:,} rows", "MiB", longer.memory / 2**20, None, flat)
    file.unlink()


if __name__ == "__main__":
    main()
