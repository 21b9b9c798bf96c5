"""What is measured on: the demo's trail as JSON Lines, in a store, and in the baseline's tables; kept for next time."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import trailbook

from .measure import Spent, in_child, tell

_ROOMS = ("demo", "event", "ingest", "directory", "seal", "store")
"""What decides how a store is made: these and the baseline itself."""
_GZIP_SAMPLE = 256 << 20


class Made:
    """The files of a trail of so many events in a folder, and what making each of them cost."""

    def __init__(self, folder: Path, events: int) -> None:
        self.folder = folder / f"{events}"
        self.events = events
        self.lines = self.folder / "trail.jsonl"
        self.store = self.folder / "trail.db"
        self.plain = self.folder / "plain.db"
        self._costs = self.folder / "costs.json"
        self.cost: dict[str, Spent] = {}
        self.gzip_share = 0.0

    def make(self, fresh: bool) -> None:
        """Make what is not there, all of it if `fresh` or if another version of the code made it."""
        version = _version()
        if not fresh and self._costs.exists():
            kept = json.loads(self._costs.read_text())
            if kept.pop("version") == version:
                tell(f"{self.events:,} events: kept from last time, in {self.folder}")
                self.gzip_share = kept.pop("gzip_share")
                self.cost = {name: Spent(*spent) for name, spent in kept.items()}
                return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        steps: list[tuple[str, Callable[[], Spent]]] = [
            ("write", lambda: in_child("write_lines", self.lines, self.events)),
            ("import", lambda: in_child("import_lines", self.lines, self.store)),
            ("plain", lambda: in_child("import_plain", self.lines, self.plain)),
        ]
        for name, step in steps:
            tell(f"{self.events:,} events: {name}")
            self.cost[name] = step()
        tell(f"{self.events:,} events: gzip")
        self.gzip_share = _gzip_share(self.lines)
        kept = {"version": version, "gzip_share": self.gzip_share, **self.cost}
        self._costs.write_text(json.dumps(kept))


def _gzip_share(lines: Path) -> float:
    """The compressed share of (the first part of) a file: gzip's usual level, the file as a whole."""
    with lines.open("rb") as file:
        text = file.read(_GZIP_SAMPLE)
    return len(gzip.compress(text, 6)) / len(text)


def _version() -> str:
    digest = hashlib.sha256()
    home = Path(trailbook.__file__).parent
    own = Path(__file__).parent
    files = [path for room in _ROOMS for path in sorted((home / room).rglob("*")) if path.suffix in (".py", ".toml")]
    for path in (*files, own / "plain.py", own / "tasks.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()
