"""The tables and roles in PostgreSQL, and the steps from each version to the next."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from ...errors import StoreError
from ...event.facets import VERSION as FACETS_VERSION
from ..address import shown
from ..ports import Migration
from .connect import OWNER, READER, WRITER, Row, connect, explained
from .months import months_from
from .places import BOOK_BITS
from .rights import has_store, may_become, prepare

MONTHS_AHEAD = 4
"""Of partitions, this month's included."""
_MIGRATING = 0x7472_6C62
"""What whoever migrates locks (an advisory lock): the letters `trlb`."""


_TABLES = f"""
CREATE TABLE trailbook.trail (
    version int NOT NULL,
    facets_version int NOT NULL,
    directory_version bigint NOT NULL
);

CREATE TABLE trailbook.book (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    name text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE trailbook.month (since bigint PRIMARY KEY, until bigint NOT NULL, name text NOT NULL UNIQUE);

CREATE TABLE trailbook.event (
    at bigint NOT NULL,
    arrival bigint NOT NULL,
    place bigint NOT NULL,
    who int NOT NULL,
    what int NOT NULL,
    tokens int[] NOT NULL,
    body bytea NOT NULL
) PARTITION BY RANGE (at);
ALTER TABLE trailbook.event ALTER body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX event_time ON trailbook.event (at, arrival);
CREATE INDEX event_tokens ON trailbook.event USING gin (tokens) WITH (gin_pending_list_limit = 2048);
CREATE SEQUENCE trailbook.arrival;

CREATE TABLE trailbook.identity (
    id uuid NOT NULL,
    place bigint NOT NULL,
    at bigint NOT NULL,
    arrival bigint NOT NULL,
    submission bigint NOT NULL
);
CREATE UNIQUE INDEX identity_id ON trailbook.identity (id, (place >> {BOOK_BITS}));
CREATE UNIQUE INDEX identity_place ON trailbook.identity (place);

CREATE FUNCTION trailbook.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'What is stored of an event is never changed or deleted.'; END $$;
CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON trailbook.event FOR EACH ROW
    WHEN ((OLD.at, OLD.arrival, OLD.place, OLD.who, OLD.what, OLD.body)
        IS DISTINCT FROM (NEW.at, NEW.arrival, NEW.place, NEW.who, NEW.what, NEW.body))
    EXECUTE FUNCTION trailbook.refuse();
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON trailbook.event
    FOR EACH ROW EXECUTE FUNCTION trailbook.refuse();
CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON trailbook.event
    FOR EACH STATEMENT EXECUTE FUNCTION trailbook.refuse();
CREATE TRIGGER identity_is_never_updated BEFORE UPDATE OR DELETE ON trailbook.identity
    FOR EACH ROW EXECUTE FUNCTION trailbook.refuse();
CREATE TRIGGER identity_is_never_emptied BEFORE TRUNCATE ON trailbook.identity
    FOR EACH STATEMENT EXECUTE FUNCTION trailbook.refuse();

CREATE TABLE trailbook.token (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text bytea NOT NULL UNIQUE
);
CREATE TABLE trailbook.busy (
    token int NOT NULL,
    month bigint NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (token, month)
) WITH (fillfactor = 70);
CREATE TABLE trailbook.who (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book int NOT NULL,
    digest bytea NOT NULL,
    text text NOT NULL,
    UNIQUE (digest, book)
);
CREATE TABLE trailbook.what (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book int NOT NULL,
    digest bytea NOT NULL,
    text text NOT NULL,
    UNIQUE (digest, book)
);
CREATE TABLE trailbook.party (
    digest bytea NOT NULL,
    book int NOT NULL,
    kind text NOT NULL,
    tenant text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    id_key bigint NOT NULL,
    name_key bigint NOT NULL,
    PRIMARY KEY (digest, book)
);
CREATE INDEX party_id ON trailbook.party (id_key);
CREATE INDEX party_name ON trailbook.party (name_key);
CREATE TABLE trailbook.body_dictionary (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL UNIQUE,
    bytes bytea NOT NULL,
    ratio double precision NOT NULL
);
ALTER TABLE trailbook.body_dictionary ALTER bytes SET STORAGE EXTERNAL;

CREATE TABLE trailbook.profile (
    kind text NOT NULL,
    tenant text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    valid_from text,
    valid_to text
);
CREATE TABLE trailbook.membership (
    tenant text NOT NULL,
    "user" text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    group_tenant text NOT NULL,
    valid_from text,
    valid_to text
);
CREATE TABLE trailbook.record (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    expires_at bigint,
    body bytea NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX record_owner ON trailbook.record (kind, owner, id);
CREATE INDEX record_expiry ON trailbook.record (expires_at) WHERE expires_at IS NOT NULL;
"""

_FUNCTIONS = """
CREATE FUNCTION trailbook.make_month(since bigint, until bigint, name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1953655906, 1);
    IF EXISTS (SELECT FROM trailbook.month AS m WHERE m.since = make_month.since) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE trailbook.%I (LIKE trailbook.event INCLUDING STORAGE)', name);
    EXECUTE format('ALTER TABLE trailbook.event ATTACH PARTITION trailbook.%I FOR VALUES FROM (%L) TO (%L)',
        name, since, until);
    EXECUTE format('CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON trailbook.%I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION trailbook.refuse()', name);
    EXECUTE format('GRANT INSERT ON trailbook.%I TO trailbook_writer', name);
    INSERT INTO trailbook.month VALUES (since, until, name);
END $$;

CREATE FUNCTION trailbook.token_numbers(texts bytea[]) RETURNS TABLE (text bytea, number int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.text, t.number FROM trailbook.token AS t WHERE t.text = ANY (texts)
$$;
CREATE FUNCTION trailbook.token_numbers_between(low bytea, high bytea, most int) RETURNS SETOF int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.number FROM trailbook.token AS t WHERE t.text >= low AND t.text < high LIMIT most
$$;
CREATE FUNCTION trailbook.book_seen() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(nullif(current_setting('trailbook.book', true), '*'), '')::bigint
$$;
CREATE FUNCTION trailbook.all_seen() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('trailbook.book', true) = '*', false)
$$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA trailbook FROM PUBLIC;
"""

_BY_BOOK = "((SELECT trailbook.all_seen()) OR {book} = (SELECT trailbook.book_seen()))"
_BY_PLACE = _BY_BOOK.format(book=f"place >> {BOOK_BITS}")

_SEPARATION = f"""
CREATE VIEW trailbook.seen AS
    SELECT at, arrival, place, who, what, tokens, body FROM trailbook.event WHERE {_BY_PLACE};
""" + "\n".join(
    f"""
ALTER TABLE trailbook.{table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_book ON trailbook.{table} FOR SELECT TO {READER} USING ({seen});
CREATE POLICY all_books ON trailbook.{table} TO {WRITER} USING (true) WITH CHECK (true);
"""
    for table, seen in {
        "event": _BY_PLACE,
        "identity": _BY_PLACE,
        "book": _BY_BOOK.format(book="number"),
        "who": _BY_BOOK.format(book="book"),
        "what": _BY_BOOK.format(book="book"),
        "party": _BY_BOOK.format(book="book"),
    }.items()
)

_GRANTS = f"""
GRANT USAGE ON SCHEMA trailbook TO {READER}, {WRITER};
GRANT SELECT ON trailbook.event, trailbook.identity, trailbook.book, trailbook.who, trailbook.what, trailbook.party,
    trailbook.seen, trailbook.month, trailbook.busy TO {READER};
GRANT EXECUTE ON FUNCTION trailbook.token_numbers, trailbook.token_numbers_between, trailbook.book_seen,
    trailbook.all_seen TO {READER};

GRANT SELECT ON ALL TABLES IN SCHEMA trailbook TO {WRITER};
GRANT INSERT ON trailbook.event, trailbook.identity, trailbook.book, trailbook.token, trailbook.who, trailbook.what,
    trailbook.party, trailbook.body_dictionary, trailbook.busy, trailbook.profile, trailbook.membership,
    trailbook.record TO {WRITER};
GRANT UPDATE (size, root, frontier) ON trailbook.book TO {WRITER};
GRANT UPDATE (events) ON trailbook.busy TO {WRITER};
GRANT UPDATE (directory_version) ON trailbook.trail TO {WRITER};
GRANT UPDATE, DELETE ON trailbook.profile, trailbook.membership, trailbook.record TO {WRITER};
GRANT USAGE ON SEQUENCE trailbook.arrival TO {WRITER};
GRANT EXECUTE ON FUNCTION trailbook.make_month, trailbook.book_seen, trailbook.all_seen TO {WRITER};
"""

MIGRATIONS: tuple[str, ...] = (_TABLES + _FUNCTIONS + _SEPARATION + _GRANTS,)
"""Script n brings a store from version n to n + 1; a script is never changed once it was released."""


def migrate(url: str, *, now: datetime | None = None, migrations: tuple[str, ...] = MIGRATIONS) -> Migration:
    """Make the store in a database, or bring it to this version; and make the partitions of the coming months.

    Doing it again changes nothing, and two at once wait for each other. Who may not make what is missing may do it
    again all the same. Raises StoreError, with the SQL that an administrator has to run if there is any.
    """
    with explained(shown(url)), connect(url) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_MIGRATING,))
        there = has_store(connection)
        version = 0
        if there and may_become(connection, WRITER):
            connection.execute(f"SET LOCAL ROLE {WRITER}")
            version = _version(connection)
        if version != len(migrations):
            connection.execute("RESET ROLE")
            version = _bring_up(connection, there, migrations)
        for month in months_from(now or datetime.now(UTC), MONTHS_AHEAD):
            connection.execute("SELECT trailbook.make_month(%s, %s, %s)", month)
        connection.execute("COMMIT")
    return Migration(version, len(migrations))


def _bring_up(connection: psycopg.Connection[Row], there: bool, migrations: tuple[str, ...]) -> int:
    """Bring the tables to this version, as their owner; gives the version before."""
    prepare(connection)
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    version = _version(connection) if there else 0
    if version > len(migrations):
        raise newer(version, len(migrations))
    for script in migrations[version:]:
        connection.execute(script)
    if version == 0:
        sql = "INSERT INTO trailbook.trail VALUES (%s, %s, 0)"
        connection.execute(sql, (len(migrations), FACETS_VERSION))
    connection.execute("UPDATE trailbook.trail SET version = %s", (len(migrations),))
    return version


def newer(version: int, known: int) -> StoreError:
    """What to say of a store that a later Trailbook made."""
    return StoreError(
        f"This store has version {version}; this Trailbook knows versions up to {known}.",
        remedy="Update Trailbook, or open another store.",
    )


def _version(connection: psycopg.Connection[Row]) -> int:
    ((version,),) = connection.execute("SELECT version FROM trailbook.trail").fetchall()
    return int(version)
