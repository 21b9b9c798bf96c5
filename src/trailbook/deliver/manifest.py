"""The manifest of a file: all that is needed to say what it holds, and to make it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from ..directory.viewer import Viewer
from ..report.columns import COLUMNS
from ..report.definition import Definition
from ..report.result import Report
from .files import Made


class SavedAs(Struct, frozen=True):
    """The saved report that a file was made of: its id, and how many changes it had seen."""

    id: str
    version: int


class Labelled(Struct, frozen=True):
    """A column of the file: its key, the label above it, and the one that it has by default, if that is another."""

    key: str
    label: str
    original: str | None = None


class File(Struct, frozen=True):
    """A file: the format, its bytes, and their SHA-256 in hexadecimal."""

    format: str
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What a file is. Asked again by the same viewer with `now` at `generated_at` and these heads, it has these rows.

    `report`: what the report says of itself (see `Header.to_dict`), with the query, the period as resolved (half-open),
    the zone, the heads of the books, and how many rows were recorded late. `definition`: what was asked for, as plain
    values; `narrowed`: the period that was asked for besides. `saved`: what report it was, if that is a saved one.
    `viewer`: as whom it was read, with scope, hidden columns and period. `rows`: those in the file.
    """

    file: File
    rows: int
    definition: dict[str, Any]
    viewer: Viewer
    columns: tuple[Labelled, ...]
    report: dict[str, Any]
    generated_at: datetime
    narrowed: dict[str, str] = {}
    saved: SavedAs | None = None


def manifest_of(
    report: Report,
    format: str,
    made: Made,
    *,
    viewer: Viewer,
    definition: Definition,
    narrowed: dict[str, str] | None = None,
    saved: SavedAs | None = None,
) -> Manifest:
    """The manifest of a file that was made of a report."""
    return Manifest(
        File(format, made.bytes, made.sha256),
        made.rows,
        definition.to_dict(),
        viewer,
        tuple(_labelled(one.key, one.label) for one in report.headings),
        report.header.to_dict(),
        report.header.generated_at,
        narrowed or {},
        saved,
    )


def _labelled(key: str, label: str) -> Labelled:
    """A column, with its own label if it bears another. What a summary has beside columns has no other."""
    original = COLUMNS[key].label if key in COLUMNS else label
    return Labelled(key, label, None if original == label else original)
