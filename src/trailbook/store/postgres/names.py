"""The names of parties, each looked up by what its id and name fold to."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from ...event.model import Kind, PartyKey
from ...event.text import fold
from ..names import Named
from .connect import Asking, Connection
from .numbers import digest


def lookup_key(text: str) -> int:
    """What a folded text is looked up by; others may have the same."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def keep_names(connection: Connection, names: Iterable[Named]) -> None:
    """Add the names that are not there yet, in the transaction that adds the events which give them."""
    rows = sorted(map(_row, names))
    sql = """
        INSERT INTO trailbook.party (digest, book, kind, tenant, id, name, id_key, name_key)
        SELECT * FROM unnest(
            %b::bytea[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[]
        ) ON CONFLICT DO NOTHING
    """
    if rows:
        connection.run(sql, [list(column) for column in zip(*rows, strict=True)])


def find_names(connection: Asking, kind: Kind, text: str, tenant: str, rest: str) -> list[tuple[PartyKey, str]]:
    """The parties, with a name each, whose id or name folds to the text's; or whose id does to `rest`, in `tenant`."""
    sql = """
        SELECT DISTINCT tenant, id, name FROM (
            SELECT * FROM trailbook.party WHERE id_key = ANY (%b)
            UNION ALL SELECT * FROM trailbook.party WHERE name_key = %s
        ) AS p WHERE kind = %s
    """
    wanted, ending = fold(text), fold(rest)
    keys = (lookup_key(wanted), lookup_key(ending))
    return [
        (PartyKey(kind, its_tenant, id), name)
        for its_tenant, id, name in connection.rows(sql, ([*keys], keys[0], kind))
        if wanted in (fold(id), fold(name)) or (its_tenant == tenant and fold(id) == ending)
    ]


def _row(named: Named) -> tuple[bytes, int, str, str, str, str, int, int]:
    book, party, name = named
    key = digest("\0".join((*party, name)))
    return (key, book, *party, name, lookup_key(fold(party.id)), lookup_key(fold(name)))
