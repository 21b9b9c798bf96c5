"""Making tokens and names out of the events alone: to mend them, or to compare them with what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ...event.canonical import Sealed
from ...event.facets import VERSION
from ..entry import shared_parts
from ..names import names_of
from ..ports import Progress
from .bodies import Bodies
from .connect import Connection, Database
from .names import keep_names
from .numbers import Numbers
from .places import book_of
from .tokens import Entries, Entry, array_of, element, elements_of, token_of

CHUNK = 5_000


class Made(NamedTuple):
    """An event's row: its time, arrival and place, the tokens it has, and the entry that says which it should have."""

    at: int
    arrival: int
    place: int
    tokens: list[int]
    entry: Entry

    def elements(self) -> set[bytes]:
        """The tokens it has as elements of an array."""
        return {element(one) for one in self.tokens}

    def right(self, numbers: Mapping[str, bytes]) -> set[bytes]:
        """The tokens it should have as elements of an array, given the numbers of texts."""
        return elements_of(array_of(self.entry, numbers))


def rebuild(database: Database, bodies: Bodies, entries: Entries, numbers: Numbers, progress: Progress) -> None:
    """Make the tokens and names anew, in one transaction. Whoever connects has to be a member of the owner."""
    with database.owning() as connection:
        connection.run("LOCK TABLE trailbook.book IN EXCLUSIVE MODE")
        connection.run("DELETE FROM trailbook.party")
        for chunk in made_anew(connection, database, bodies, entries, progress):
            given = numbers.prepare([made.entry for made in chunk])
            wrong = [
                (made.at, made.arrival, _array(right))
                for made in chunk
                if (right := made.right(given.tokens)) != made.elements()
            ]
            if wrong:
                sql = """
                    UPDATE trailbook.event AS e SET tokens = t.tokens::int[]
                    FROM unnest(%b::bigint[], %b::bigint[], %b::text[]) AS t (at, arrival, tokens)
                    WHERE e.at = t.at AND e.arrival = t.arrival
                """
                connection.run(sql, [list(column) for column in zip(*wrong, strict=True)])
            keep_names(connection, names_of(shared_parts((book_of(made.place), made.entry) for made in chunk)))
        connection.run("UPDATE trailbook.trail SET facets_version = %s", (VERSION,))


def made_anew(
    connection: Connection, database: Database, bodies: Bodies, entries: Entries, progress: Progress
) -> Iterator[list[Made]]:
    """What queries should be answered from, of every event, in chunks by time."""
    ((total,),) = connection.rows("SELECT count(*) FROM trailbook.event")
    done = 0
    for since, until in sorted(connection.rows("SELECT since, until FROM trailbook.month")):
        at, arrival = since, -1
        while True:
            sql = f"""
                SELECT at, arrival, place, tokens, body FROM trailbook.event
                WHERE at >= {since} AND at < {until} AND (at, arrival) > ({at}, {arrival})
                ORDER BY at, arrival LIMIT {CHUNK}
            """
            rows = connection.rows(sql)
            if not rows:
                break
            yield [
                Made(at, arrival, place, tokens, entries.make(Sealed(bodies.event(database, body), b"", b"")))
                for at, arrival, place, tokens, body in rows
            ]
            at, arrival = rows[-1][:2]
            done += len(rows)
            progress(done, total)


def _array(elements: set[bytes]) -> str:
    return f"{{{','.join(str(token_of(one)) for one in sorted(elements))}}}"
