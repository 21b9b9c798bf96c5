"""Figures about the database."""

from __future__ import annotations

from .connect import Connection


def statistics(connection: Connection) -> dict[str, int]:
    """Events, books, distinct names, and the bytes of each part of what is ours in the database."""
    figures = {
        "events": "SELECT coalesce(sum(size), 0)::bigint FROM trailbook.book",
        "books": "SELECT count(*) FROM trailbook.book WHERE size > 0",
        "names": "SELECT count(*) FROM trailbook.party",
        "bytes": _bytes("true"),
        "bytes of events": _bytes("relname LIKE 'event\\_%'", "pg_table_size"),
        "bytes of indexes on id and position": _bytes("relname = 'identity'"),
        "bytes of the indexes of tokens and time": _bytes("relname LIKE 'event\\_%'", "pg_indexes_size"),
    }
    return {name: int(connection.rows(sql)[0][0]) for name, sql in figures.items()}


def _bytes(which: str, measure: str = "pg_total_relation_size") -> str:
    return f"""
        SELECT coalesce(sum({measure}(oid)), 0)::bigint FROM pg_class
        WHERE relnamespace = 'trailbook'::regnamespace AND relkind = 'r' AND {which}
    """
