"""Compression dictionaries in their table."""

from __future__ import annotations

import sqlite3

from .. import bodies
from ..bodies import Trained


class Bodies(bodies.Bodies[sqlite3.Connection]):
    """See `store.bodies`."""

    def newest(self, source: sqlite3.Connection) -> int:
        """See `store.bodies`."""
        (newest,) = source.execute("SELECT coalesce(max(id), 0) FROM body_dictionary").fetchone()
        return int(newest)

    def trained(self, source: sqlite3.Connection, id: int) -> Trained:
        """See `store.bodies`."""
        sql = "SELECT number, bytes, ratio FROM body_dictionary WHERE id = ?"
        return Trained(*source.execute(sql, (id,)).fetchone())

    def content(self, source: sqlite3.Connection, number: int) -> bytes | None:
        """See `store.bodies`."""
        row = source.execute("SELECT bytes FROM body_dictionary WHERE number = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])


def keep(connection: sqlite3.Connection, trained: Trained) -> None:
    """Store a new dictionary; call it in the transaction that stores its first frames."""
    sql = "INSERT INTO body_dictionary (number, bytes, ratio) VALUES (?, ?, ?)"
    connection.execute(sql, (trained.number, trained.bytes, trained.ratio))
