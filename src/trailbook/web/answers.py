"""What the answers about events and reports look like: their documented models, and how they are written as JSON."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ..event.text import fold, words
from ..render import Format as Rendered

_encode = msgspec.json.Encoder().encode


class Head(BaseModel):
    """A book's size, and the RFC 6962 root over its events in hexadecimal."""

    size: int
    root: str


class Named(BaseModel):
    """What a user, group, role or tenant in the query was taken to mean: parties, as `user:tenant/id`."""

    kind: str
    value: str
    means: list[str]


class About(BaseModel):
    """What is shown: as asked, and as it was resolved. Moments are RFC 3339 in the zone; no edge: null."""

    title: str
    query: str
    since: str | None
    until: str | None
    zone: str
    locale: str
    viewer: str
    generated_at: str
    order: str
    group_by: list[str]
    parties: list[Named]
    heads: dict[str, Head]
    warnings: list[str]


class Heading(BaseModel):
    """A column: its key, its label, and its kind (`text`, `time`, `date`, `number`, `json`)."""

    key: str
    label: str
    kind: str


class Rows(BaseModel):
    """Rows by column key. `before` and `after` are cursors to the rows on either side, null at the ends."""

    report: About
    columns: list[Heading]
    rows: list[dict[str, Any]]
    before: str | None
    after: str | None


class Count(BaseModel):
    """How many events match; `exact` is false if counting stopped at `at_most`. `late`: those recorded late."""

    report: About
    rows: int
    exact: bool
    late: int | None


class Groups(BaseModel):
    """A row for each group, with its number of events as `rows`; `total` events in `groups` groups, shown or not."""

    report: About
    columns: list[Heading]
    rows: list[dict[str, Any]]
    total: int
    groups: int


class Facet(BaseModel):
    """A value, the name it bears most often (of a party), and the number of its events."""

    value: str
    name: str
    events: int


class Facets(BaseModel):
    """The most frequent values of a field, most frequent first."""

    report: About
    field: str
    values: list[Facet]


class Detail(BaseModel):
    """A line about an event: a label (empty: of the line above), a text, and how it is meant."""

    label: str
    text: str
    mark: str


class OneEvent(BaseModel):
    """All of one event; `event` and `leaf_hash` only for who has no hidden columns."""

    details: list[Detail]
    id: str | None = None
    book: str | None = None
    position: int | None = None
    leaf_hash: str | None = None
    event: dict[str, Any] | None = None


class Events(BaseModel):
    """The events of one id: at most one in each book."""

    events: list[OneEvent]


class Column(BaseModel):
    """A column that may be asked for; `default`: shown if none are named; `groups`: may be grouped by."""

    key: str
    label: str
    kind: str
    shows: str
    default: bool
    groups: bool


class Columns(BaseModel):
    """The columns that the viewer may see."""

    columns: list[Column]


class Format(BaseModel):
    """A format of another system's logs."""

    name: str
    title: str
    description: str


class Formats(BaseModel):
    """The formats that can be imported."""

    formats: list[Format]


def json(value: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(_encode(value), status, headers, "application/json")


def json_once(request: Request, value: Any) -> Response:
    """An answer in JSON with an ETag made of all of it, or 304 if that is what If-None-Match has (RFC 9110, 13.1.2)."""
    body = _encode(value)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    given = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if tag in given or "*" in given:
        return Response(None, 304, headers)
    return Response(body, 200, headers, "application/json")


def links(request: Request, *, prev: str | None, next: str | None) -> dict[str, str]:
    """The header Link (RFC 8288) to the pages on either side, by their cursors."""
    asked = [one for one in request.query_params.multi_items() if one[0] != "cursor"]
    found = [
        f'<{request.url.path}?{urlencode([*asked, ("cursor", cursor)])}>; rel="{name}"'
        for name, cursor in (("prev", prev), ("next", next))
        if cursor is not None
    ]
    return {"Link": ", ".join(found)} if found else {}


def attachment(title: str, suffix: str) -> dict[str, str]:
    """The header that names a download (RFC 6266): in ASCII, with nothing that means anything to a system of files."""
    name = "-".join(word for word in words(fold(title)) if word.isascii())[:80] or "report"
    return {"Content-Disposition": f'attachment; filename="{quote(name)}.{suffix}"'}


def digest(sha256: str) -> dict[str, str]:
    """The header that tells the SHA-256 (given in hexadecimal) of all that is at an address (RFC 9530)."""
    return {"Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"}


def file(path: Path, sha256: str, title: str, format: Rendered) -> FileResponse:
    """The answer that is a file as it was made once, or the part of it that is asked for."""
    headers = {**attachment(title, format.suffix), **digest(sha256), "ETag": f'"{sha256}"'}
    return FileResponse(path, headers=headers, media_type=format.media_type)
