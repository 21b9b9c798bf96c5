"""Figures about the file."""

from __future__ import annotations

import sqlite3

_PARTS = {
    "bytes of events": ("event",),
    "bytes of indexes on id and position": ("identity", "event_position"),
    "bytes of the facet index": ("facet_data", "facet_idx", "facet_docsize", "facet_config"),
}


def statistics(connection: sqlite3.Connection) -> dict[str, int]:
    """Events, books, distinct facets and names, and the bytes of each part of the file."""
    figures = {
        "events": "SELECT coalesce(sum(size), 0) FROM book",
        "books": "SELECT count(*) FROM book",
        "names": "SELECT count(*) FROM party",
        "bytes": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    }
    found = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in figures.items()}
    for name, tables in _PARTS.items():
        marks = ",".join("?" * len(tables))
        sql = f"SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ({marks})"
        found[name] = int(connection.execute(sql, tables).fetchone()[0])
    return found
