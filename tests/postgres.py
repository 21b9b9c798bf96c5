"""PostgreSQL for the tests: a server of our own, and in it a store for each folder that asks for one."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from private_postgres import ADMINISTRATOR
from private_postgres import Server as PrivateServer
from size import FULL

from trailbook.store.postgres.schema import migrate

LOGIN = "trailbook_tests"
"""Whom stores are opened as: a role that may do nothing by itself."""
FRESH = "fresh"
"""The database that all others are copies of: migrated, and empty."""
MUCH = 1 << 20
"""Bytes from which a table is emptied by a new file."""
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""That have to be free there."""
_REMEMBER = """
CREATE SCHEMA pristine;
DO $$ DECLARE one regclass; BEGIN
    FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'trailbook'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CREATE TABLE pristine.%I AS TABLE %s', one::oid, one);
    END LOOP;
END $$;
"""
_RESET = f"""
SET session_replication_role = replica;
SET client_min_messages = warning;
DO $$ DECLARE one record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR one IN
        SELECT c.oid::regclass AS name, to_regclass(format('pristine.%I', c.oid)) AS kept
        FROM pg_class AS c WHERE c.relnamespace = 'trailbook'::regnamespace AND c.relkind = 'r'
    LOOP
        IF one.kept IS NULL THEN
            EXECUTE format('DROP TABLE %s', one.name);
        ELSIF pg_relation_size(one.name) > {MUCH} THEN
            EXECUTE format('TRUNCATE %s', one.name);
        ELSIF pg_relation_size(one.name) > 0 THEN
            EXECUTE format('DELETE FROM %s', one.name);
        END IF;
        IF pg_relation_size(one.kept) > 0 THEN
            EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM %s', one.name, one.kept);
        END IF;
    END LOOP;
END $$;
"""


class Server(PrivateServer):
    """A server of our own in `place`, small enough for many tests at once; see `PrivateServer`."""

    def __init__(self, place: Path | None = None) -> None:
        super().__init__(place, {"shared_buffers": "64MB", "max_wal_size": "256MB", "max_connections": "200"})

    def url(self, database: str, user: str = LOGIN) -> str:
        """See `PrivateServer.url`; as one who uses the store, unless another is named."""
        return super().url(database, user)

    def prepare(self) -> None:
        """Make the database that others are copies of."""
        with self.connect("postgres") as administrator:
            administrator.execute(f"CREATE DATABASE {FRESH}")
        migrate(self.url(FRESH, ADMINISTRATOR))
        with self.connect(FRESH) as fresh:
            fresh.execute(f"CREATE ROLE {LOGIN} LOGIN")
            fresh.execute(f"GRANT trailbook_writer, trailbook_reader TO {LOGIN}")
            fresh.execute(_REMEMBER)


class Stores:
    """The databases of a server, each of which belongs to a folder for as long as that is there."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._owners: dict[str, Path] = {}

    def url(self, folder: Path, user: str = LOGIN) -> str:
        """The URL of the store that belongs to the folder: of an empty one, if the folder has none yet."""
        mine = next((name for name, owner in self._owners.items() if owner == folder), None)
        return self._server.url(mine or self._take(folder), user)

    def log(self) -> str:
        """What the server said."""
        return self._server.log()

    def _take(self, folder: Path) -> str:
        free = next((name for name, owner in self._owners.items() if not owner.exists()), None)
        name = free or f"store_{len(self._owners)}"
        if free is None:
            with self._server.connect("postgres") as administrator:
                administrator.execute(f"CREATE DATABASE {name} TEMPLATE {FRESH}")
        else:
            with self._server.connect(name) as administrator:
                administrator.execute(_RESET)
        self._owners[name] = folder
        return name


def quick() -> Server:
    """A server that is not to be killed: small tests have it in memory, where writing through takes no time."""
    in_memory = not FULL and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES
    return Server(IN_MEMORY if in_memory else None)


@cache
def shared() -> Stores:
    """The stores of a server that is there until the tests of this process have ended."""
    server = quick()
    server.prepare()
    return Stores(server)


def url(folder: Path) -> str:
    """See `Stores.url`."""
    return shared().url(folder)


def owned(folder: Path) -> str:
    """The same store, for who may do with it what its owner may."""
    return shared().url(folder, ADMINISTRATOR)
