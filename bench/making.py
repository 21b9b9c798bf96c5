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

HOME, OWN = Path(trailbook.__file__).parent, Path(__file__).parent
_BENCH = (OWN / "plain.py", OWN / "tasks.py")
STORING = tuple(HOME / room for room in ("event", "masking", "ingest", "directory", "seal", "store"))
"""The code that decides what is stored of a trail, and how."""
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
        self.make_store(fresh)
        self.step("plain", _BENCH, lambda: self._anew(self.plain, "import_plain", self.lines, self.plain))
        tell(f"{self.events:,} events: gzip")
        self.gzip_share = _gzip_share(self.lines)

    def make_store(self, fresh: bool) -> None:
        """The same without the baseline's tables."""
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        written = tuple(HOME / room for room in ("demo", "event/model.py", "event/canonical.py"))
        self.step("write", written + _BENCH, lambda: self._anew(self.lines, "write_lines", self.lines, self.events))
        self.step("import", STORING + _BENCH, lambda: self._anew(self.store, "import_lines", self.lines, self.store))

    def step(self, name: str, code: tuple[Path, ...], make: Callable[[], Spent]) -> None:
        """Make something, unless it was made of the same lines by the same code: files, or what is in folders."""
        kept = json.loads(self._costs.read_text()) if self._costs.exists() else {}
        version = _version(code) + (kept["write"]["version"] if name != "write" else "")
        if kept.get(name, {}).get("version") == version:
            tell(f"{self.events:,} events: {name} kept from last time, in {self.folder}")
        else:
            tell(f"{self.events:,} events: {name}")
            kept[name] = {"version": version, "spent": make()}
            self._costs.write_text(json.dumps(kept))
        self.cost[name] = Spent(*kept[name]["spent"])

    def _anew(self, made: Path, task: str, *arguments: object) -> Spent:
        """Make a file by a task, without what was there of it before."""
        for file in self.folder.glob(f"{made.name}*"):
            file.unlink()
        return in_child(task, *arguments)


def _gzip_share(lines: Path) -> float:
    """The compressed share of (the first part of) a file: gzip's usual level, the file as a whole."""
    with lines.open("rb") as file:
        text = file.read(_GZIP_SAMPLE)
    return len(gzip.compress(text, 6)) / len(text)


def _version(code: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    inside = [path for room in code for path in (sorted(room.rglob("*")) if room.is_dir() else [room])]
    for path in inside:
        if path.suffix in (".py", ".toml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
