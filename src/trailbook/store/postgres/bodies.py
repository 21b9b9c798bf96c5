"""Compression dictionaries in their table: made of everyone's events, so that only who writes may read them."""

from __future__ import annotations

from .. import bodies
from ..bodies import Trained
from .connect import Connection, Database


class Bodies(bodies.Bodies[Database]):
    """See `store.bodies`."""

    def newest(self, source: Database) -> int:
        """See `store.bodies`."""
        with source.numbering() as connection:
            ((newest,),) = connection.rows("SELECT coalesce(max(id), 0) FROM trailbook.body_dictionary")
        return int(newest)

    def trained(self, source: Database, id: int) -> Trained:
        """See `store.bodies`."""
        with source.numbering() as connection:
            sql = "SELECT number, bytes, ratio FROM trailbook.body_dictionary WHERE id = %s"
            return Trained(*connection.rows(sql, (id,))[0])

    def content(self, source: Database, number: int) -> bytes | None:
        """See `store.bodies`."""
        with source.numbering() as connection:
            rows = connection.rows("SELECT bytes FROM trailbook.body_dictionary WHERE number = %s", (number,))
        return bytes(rows[0][0]) if rows else None


def keep(connection: Connection, trained: Trained) -> None:
    """Store a new dictionary; call it in the transaction that stores its first frames."""
    sql = "INSERT INTO trailbook.body_dictionary (number, bytes, ratio) VALUES (%s, %s, %s)"
    connection.run(sql, (trained.number, trained.bytes, trained.ratio))
