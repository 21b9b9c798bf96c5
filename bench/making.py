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

_ROOMS: dict[str, tuple[str, ...]] = {
    "write": ("demo", "event/model.py", "event/canonical.py"),
    "import": ("event", "masking", "ingest", "directory", "seal", "store"),
    "plain": (),
}
"""What decides how each file is made, besides the benchmark itself and the file that it is made of."""
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
        """Make what is not there, or was made by another version of the code; all of it if `fresh`."""
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        steps: dict[str, tuple[Path, Callable[[], Spent]]] = {
            "write": (self.lines, lambda: in_child("write_lines", self.lines, self.events)),
            "import": (self.store, lambda: in_child("import_lines", self.lines, self.store)),
            "plain": (self.plain, lambda: in_child("import_plain", self.lines, self.plain)),
        }
        kept = json.loads(self._costs.read_text()) if self._costs.exists() else {}
        for name, (made, step) in steps.items():
            version = _version(name) + (kept["write"]["version"] if name != "write" else "")
            if kept.get(name, {}).get("version") == version:
                tell(f"{self.events:,} events: {name} kept from last time, in {self.folder}")
            else:
                tell(f"{self.events:,} events: {name}")
                for file in self.folder.glob(f"{made.name}*"):
                    file.unlink()
                kept[name] = {"version": version, "spent": step()}
                self._costs.write_text(json.dumps(kept))
            self.cost[name] = Spent(*kept[name]["spent"])
        tell(f"{self.events:,} events: gzip")
        self.gzip_share = _gzip_share(self.lines)


def _gzip_share(lines: Path) -> float:
    """The compressed share of (the first part of) a file: gzip's usual level, the file as a whole."""
    with lines.open("rb") as file:
        text = file.read(_GZIP_SAMPLE)
    return len(gzip.compress(text, 6)) / len(text)


def _version(step: str) -> str:
    digest = hashlib.sha256()
    home = Path(trailbook.__file__).parent
    own = Path(__file__).parent
    rooms = [home / room for room in _ROOMS[step]]
    inside = [path for room in rooms for path in (sorted(room.rglob("*")) if room.is_dir() else [room])]
    for path in (*inside, own / "plain.py", own / "tasks.py"):
        if path.suffix in (".py", ".toml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
