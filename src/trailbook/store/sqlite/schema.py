"""The tables of the embedded store, and the steps from each version to the next."""

from __future__ import annotations

import secrets
import sqlite3

from ...errors import StoreError
from ...event.facets import VERSION as FACETS_VERSION
from ..ports import Migration

APPLICATION_ID = 0x7472_6C62
"""Marks the file as ours (SQLite's `application_id`): the letters `trlb`."""

_FIRST = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

CREATE TABLE book (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL
);

CREATE TABLE event (
    key INTEGER PRIMARY KEY,
    book INTEGER NOT NULL,
    position INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    who INTEGER NOT NULL,
    what INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX event_position ON event (book, position);
CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'An event is never changed.'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'An event is never deleted.'); END;

CREATE TABLE identity (
    id BLOB NOT NULL,
    book INTEGER NOT NULL,
    key INTEGER NOT NULL,
    submission BLOB NOT NULL,
    PRIMARY KEY (id, book)
) WITHOUT ROWID;
CREATE TRIGGER identity_is_never_updated BEFORE UPDATE ON identity
BEGIN SELECT RAISE(ABORT, 'An event is never changed.'); END;
CREATE TRIGGER identity_is_never_deleted BEFORE DELETE ON identity
BEGIN SELECT RAISE(ABORT, 'An event is never deleted.'); END;

CREATE TABLE listed (facet TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE who (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE what (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE party (
    book INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    PRIMARY KEY (book, kind, tenant, id, name)
) WITHOUT ROWID;
CREATE INDEX party_id ON party (kind, folded_id);
CREATE INDEX party_name ON party (kind, folded_name);

CREATE TABLE body_dictionary (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    bytes BLOB NOT NULL,
    ratio REAL NOT NULL
);

CREATE TABLE profile (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT
);
CREATE TABLE membership (
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    group_tenant TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT
);
"""

_RECORDS = """
CREATE TABLE record (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX record_owner ON record (kind, owner, id);
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
INSERT INTO setting VALUES ('directory_version', 0);
"""


def index_table(name: str) -> str:
    """The statement that makes an index: posting lists alone, of tokens that are split at spaces only."""
    return f"""
        CREATE VIRTUAL TABLE {name} USING fts5 (
            tokens, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '+/.-'"
        );
    """


_GATHER = """
INSERT INTO facet (facet, rank) VALUES ('hashsize', 16777216);
INSERT INTO facet (facet, rank) VALUES ('automerge', 8);
"""
"""The index gathers so many bytes in memory, so that a batch is written as one piece, and merges eight pieces at once:
with four, the usual number, it writes everything twice as often."""

GUARDS = (
    "event_is_never_updated", "event_is_never_deleted", "identity_is_never_updated", "identity_is_never_deleted",
)  # fmt: skip
"""The triggers that refuse to change or delete what is stored."""

MIGRATIONS: tuple[str, ...] = (_FIRST + index_table("facet") + _GATHER, _RECORDS)
"""Script n brings a store from version n to n + 1; a script is never changed once it was released."""


def migrate(connection: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> Migration:
    """Bring the store to the version of `migrations`, all or nothing. Raises StoreError for a newer or foreign file."""
    if _version(connection) == len(migrations) and _is_ours(connection):
        return Migration(len(migrations), len(migrations))
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        _refuse_foreign(connection, version)
        if version > len(migrations):
            raise StoreError(
                f"This store has version {version}; this Trailbook knows versions up to {len(migrations)}.",
                remedy="Update Trailbook, or open another store.",
            )
        for script in migrations[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        if version == 0:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("INSERT INTO setting VALUES ('token_key', ?)", (secrets.token_bytes(16),))
            connection.execute("INSERT INTO setting VALUES ('facets_version', ?)", (FACETS_VERSION,))
            connection.execute("INSERT INTO setting VALUES ('furthest_spill', 0)")
            connection.execute("INSERT INTO setting VALUES ('spilled_far', 0)")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return Migration(version, len(migrations))


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _is_ours(connection: sqlite3.Connection) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(application == APPLICATION_ID)


def _refuse_foreign(connection: sqlite3.Connection, version: int) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not _is_ours(connection) and (tables or version):
        raise StoreError(
            "This is an SQLite database, but not a Trailbook store.",
            remedy="Give the path of a store, or of a file that does not exist yet.",
        )


def _statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit the transaction we are in."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
