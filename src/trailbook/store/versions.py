"""Versions: whether a record still is as it was read."""

from __future__ import annotations

from ..errors import Outdated
from .ports import Record


def check_version(record: Record, there: Record | None) -> None:
    """Raise Outdated unless the record was read from what is there, or is new and nothing is."""
    if record.version != (0 if there is None else there.version):
        raise Outdated(
            "This has been changed by someone else since it was read." if there else "This is no longer there.",
            remedy="Read it again, and make your change to that.",
        )
