"""Telling the format of a file by its first records, where the caller does not name it."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadFile
from .mapping import Mapping, load_map, shipped_maps
from .read import records
from .source import DEFAULT_BOUNDS, STDIN, Bounds, opened

_SAMPLE = 20
_LOOKED_AT = 1_000


def detect_format(path: str, *, bounds: Bounds = DEFAULT_BOUNDS) -> Mapping:
    """The one shipped map that knows most of the file's first records.

    Raises BadFile: that lists the formats, or for standard input and pipes, whose records would be gone once looked at.
    """
    if path == STDIN or (Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()):
        raise BadFile(
            "It can be read only once, so its format cannot be looked up first.",
            place="standard input" if path == STDIN else path,
            remedy="Give it with --format or --map.",
        )
    known = [one.name for one in shipped_maps()]
    sample = _sample(path, bounds)
    maps = [load_map(name) for name in known]
    fitting = [one for one in maps if 2 * sum(map(one.detects, sample)) > len(sample)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.name for one in fitting)
    problem = f"It may be any of {names}." if fitting else "Its format is not known."
    raise BadFile(problem, place=path, remedy=f"Say which with --format: {', '.join(known)}; or --map file.toml.")


def _sample(path: str, bounds: Bounds) -> list[object]:
    found: list[object] = []
    with opened(path, bounds) as source:
        for number, record in enumerate(records(source)):
            if record.error is None:
                found.append(record.value)
            if len(found) == _SAMPLE or number == _LOOKED_AT:
                break
    return found
