"""Styles, scripts and pictures: read once, under an address that changes when any of them does."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ...errors import NotThere

router = APIRouter(prefix="/static", include_in_schema=False)

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"


class File(NamedTuple):
    """A file as it is sent: whole or packed."""

    body: bytes
    packed: bytes
    type: str
    tag: str


class Files(NamedTuple):
    """All files by name, and their version: a hash of all, so that a module finds its neighbours under one."""

    version: str
    by_name: dict[str, File]


@lru_cache(maxsize=1)
def files() -> Files:
    """What there is, read once."""
    found = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    version = hashlib.sha256("".join(f"{name}{file.tag}" for name, file in found.items()).encode()).hexdigest()[:12]
    return Files(version, found)


def address(name: str) -> str:
    """Where a browser finds a file and may keep it forever. Raises KeyError if there is none of this name."""
    version, by_name = files()
    if name not in by_name:
        raise KeyError(name)
    return f"/static/{version}/{name}"


@router.get("/{version}/{name}")
async def file(version: str, name: str, request: Request) -> Response:
    """A file; one that is asked for under an older version is given as it is now, and not kept."""
    current, by_name = files()
    if name not in by_name:
        raise NotThere("There is no such file.", place="path", remedy="Load the page again.")
    found = by_name[name]
    headers = {
        "ETag": found.tag,
        "Cache-Control": _FOREVER if version == current else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if found.tag in request.headers.get("If-None-Match", ""):
        return Response(None, 304, headers)
    if accepts_gzip(request):
        return Response(found.packed, 200, {**headers, "Content-Encoding": "gzip"}, found.type)
    return Response(found.body, 200, headers, found.type)


def accepts_gzip(request: Request) -> bool:
    """Whether the answer may be packed (RFC 9110, 12.5.3)."""
    for one in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _read(path: Path) -> File:
    body = path.read_bytes()
    return File(
        body, gzip.compress(body, 9, mtime=0), _TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    )
