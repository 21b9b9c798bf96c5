"""Looking for damage: `verify` recomputes the books, `doctor` compares what answers queries with the events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from ...errors import Damaged
from ...event.canonical import decode
from ...event.text import fold
from ..entry import shared_parts
from ..names import names_of
from ..ports import Heads, Problem, Progress
from ..verifying import BookThere, Checked, Columns, disagreements, verified
from .bodies import Bodies
from .connect import Connection, Database
from .index import made_anew
from .names import lookup_key
from .places import BOOK_BITS, book_of, place_of, position_of
from .tokens import Entries, element
from .whole import EACH_EVENT

MOST_PROBLEMS = 100
"""How many problems are told before the check of one kind gives up."""
CHUNK = 5_000

GUARDS = {
    "event": ("event_is_never_updated", "event_is_never_deleted", "event_is_never_emptied"),
    "identity": ("identity_is_never_updated", "identity_is_never_emptied"),
}
"""The triggers that refuse to change or delete what is stored."""
SEPARATED = ("event", "identity", "book", "who", "what", "party")
"""The tables of whose rows a reader sees those of a book."""
_NEEDED = {
    "fsync": "What is acknowledged may be lost when the server's machine fails.",
    "full_page_writes": "The database may be damaged when the server's machine fails.",
}


def verify(database: Database, bodies: Bodies, against: Heads, progress: Progress) -> list[Problem]:
    """Recompute every book from its events' bytes, and compare it with its head and with heads noted elsewhere."""
    with database.whole() as connection:
        return list(islice(_verify(connection, database, bodies, against, progress), MOST_PROBLEMS))


def _verify(
    connection: Connection, database: Database, bodies: Bodies, against: Heads, progress: Progress
) -> Iterator[Problem]:
    sql = f"""
        SELECT b.number, b.name, b.size, b.root, b.frontier, coalesce(s.surplus, 0)
        FROM trailbook.book AS b LEFT JOIN (
            SELECT e.place >> {BOOK_BITS} AS book,
                count(*) FILTER (WHERE i.place IS NULL OR (e.place & {(1 << BOOK_BITS) - 1}) >= b.size) AS surplus
            FROM trailbook.event AS e JOIN trailbook.book AS b ON b.number = e.place >> {BOOK_BITS}
            LEFT JOIN trailbook.identity AS i ON i.place = e.place AND i.at = e.at AND i.arrival = e.arrival
            GROUP BY 1
        ) AS s ON s.book = b.number ORDER BY b.name COLLATE "C"
    """
    books = [book for book in connection.rows(sql) if book[2] or book[5]]
    sql = f"""
        SELECT count(*) FROM trailbook.event
        WHERE NOT EXISTS (SELECT FROM trailbook.book WHERE number = place >> {BOOK_BITS})
    """
    ((strangers,),) = connection.rows(sql)
    if strangers:
        yield Problem("event table", f"{strangers} events belong to no book.")
    yield from verified(
        [
            BookThere(
                name, size, root, frontier, surplus, partial(_rows, connection, database, bodies, number, name, size)
            )
            for number, name, size, root, frontier, surplus in books
        ],
        against,
        progress,
    )


def _rows(
    connection: Connection, database: Database, bodies: Bodies, number: int, name: str, size: int, position: int
) -> list[Checked]:
    sql = f"""
        SELECT i.id, i.place, i.at, e.place, coalesce(who.text, ''), coalesce(what.text, ''), e.body FROM (
            SELECT * FROM trailbook.identity WHERE place >= %s AND place < %s ORDER BY place LIMIT %s
        ) AS i {EACH_EVENT}
        LEFT JOIN trailbook.who ON who.number = e.who AND who.book = %s
        LEFT JOIN trailbook.what ON what.number = e.what AND what.book = %s
        ORDER BY i.place
    """
    values = (place_of(number, position), place_of(number, size), CHUNK, number, number)
    return [_checked(database, bodies, name, *row) for row in connection.rows(sql, values)]


def _checked(
    database: Database,
    bodies: Bodies,
    name: str,
    id: Any,
    place: int,
    at: int,
    found: int,
    who: str,
    what: str,
    body: Any,
) -> Checked:
    if body is None:
        return Checked(position_of(place), None, ["Its row is gone."])
    try:
        canonical = bodies.restore(database, body)
        event = decode(canonical)
    except (Damaged, ValueError) as error:
        return Checked(position_of(place), None, [f"Its bytes cannot be read: {error}"])
    problems = list(disagreements(Columns(at, who, what), event, name))
    if event.id != str(id) or found != place:
        problems.append("It cannot be found by its id.")
    return Checked(position_of(place), canonical, problems)


def doctor(database: Database, bodies: Bodies, progress: Progress) -> list[Problem]:
    """Compare tokens, names and counts with the events, and look for what keeps events as they are and apart."""
    with database.whole() as connection:
        found = list(islice(_structure(connection), MOST_PROBLEMS))
        found += islice(_index(connection, database, bodies, progress), MOST_PROBLEMS)
    return found


def _structure(connection: Connection) -> Iterator[Problem]:
    for setting, problem in _NEEDED.items():
        ((value,),) = connection.rows("SELECT current_setting(%s)", (setting,))
        if value != "on":
            yield Problem(f"server's setting {setting}", problem)
    sql = """
        SELECT tgname FROM pg_trigger
        WHERE tgrelid = %s::text::regclass AND NOT tgisinternal AND tgenabled <> 'D'
    """
    for table, guards in GUARDS.items():
        there = {name for (name,) in connection.rows(sql, (f"trailbook.{table}",))}
        for missing in sorted(set(guards) - there):
            yield Problem(f"table {table}", f"The trigger {missing} is gone, which keeps events as they are.")
    sql = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'trailbook'::regnamespace AND relname = ANY (%b) AND NOT relrowsecurity
    """
    for (table,) in connection.rows(sql, ([*SEPARATED],)):
        yield Problem(f"table {table}", "Its row-level security is off, which keeps tenants apart.")
    sql = """
        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE c.relnamespace = 'trailbook'::regnamespace AND NOT (i.indisvalid AND i.indisready)
    """
    for (index,) in connection.rows(sql):
        yield Problem(f"index {index}", "It is not valid. Run REINDEX.")


def _index(connection: Connection, database: Database, bodies: Bodies, progress: Progress) -> Iterator[Problem]:
    numbers = {
        text.decode(): element(number) for text, number in connection.rows("SELECT text, number FROM trailbook.token")
    }
    there = {
        (book, kind, tenant, id, name): (id_key, name_key)
        for book, kind, tenant, id, name, id_key, name_key in connection.rows(
            "SELECT book, kind, tenant, id, name, id_key, name_key FROM trailbook.party"
        )
    }
    expected: set[tuple[int, str, str, str, str]] = set()
    for chunk in made_anew(connection, database, bodies, Entries(lambda: numbers), progress):
        for made in chunk:
            right, there_are = made.right(numbers), made.elements()
            if right != there_are:
                place = f"book {made.entry.book}, position {position_of(made.place)}"
                lacking, surplus = len(right - there_are), len(there_are - right)
                yield Problem(
                    place, f"Its tokens are not its own: {lacking} are missing, {surplus} should not be there."
                )
        shared = shared_parts((book_of(made.place), made.entry) for made in chunk)
        expected |= {(book, *party, name) for book, party, name in names_of(shared)}
    for _, kind, _, id, name in sorted(expected - there.keys()):
        yield Problem("names", f"The {kind} {id} is not known by the name '{name}'.")
    for _, kind, _, id, name in sorted(there.keys() - expected):
        yield Problem("names", f"The {kind} {id} is known by the name '{name}', which no event gives.")
    for (_, kind, _, id, name), keys in there.items():
        if keys != (lookup_key(fold(id)), lookup_key(fold(name))):
            yield Problem("names", f"The {kind} {id} cannot be looked up by its id or its name '{name}'.")
