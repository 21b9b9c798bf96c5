"""PostgreSQL for the tests: a server of our own, and in it a store for each folder that asks for one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
from size import FULL

from trailbook.store.postgres.schema import migrate

ADMINISTRATOR, LOGIN = "administrator", "trailbook_tests"
"""Who owns the server, and whom stores are opened as: a role that may do nothing by itself."""
HUNG = 60.0
FRESH = "fresh"
"""The database that all others are copies of: migrated, and empty."""
MUCH = 1 << 20
"""Bytes from which a table is emptied by a new file."""
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""That have to be free there."""
_KEEPER = """
import os, shutil, signal, sys
sys.stdin.read()
try:
    os.kill(int(open(sys.argv[1] + "/data/postmaster.pid").readline()), signal.SIGQUIT)
except (OSError, ValueError):
    pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
"""A program that ends the server and removes its folder once whoever started it has ended, in whatever way."""
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


class Server:
    """A PostgreSQL whose files and socket are in a folder of its own, in `place`; None: where temporary files are."""

    def __init__(self, place: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trailbook-postgres-", dir=place))
        self._as_user = _as_user()
        if self._as_user:
            os.chown(self.folder, self._as_user["user"], self._as_user["group"])
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", f"--pgdata={self.data}", f"--username={ADMINISTRATOR}", *arguments).communicate()
        self.start()

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        until = time.monotonic() + HUNG
        self._launch()
        while not self._answers():
            assert time.monotonic() < until, self.log()
            if self.process.poll() is not None:
                # What a killed one had started has not all noticed yet.
                self._launch()
            time.sleep(0.01)

    def end(self) -> None:
        """Stop it, and remove all that it kept."""
        self._keeper.communicate()
        self.process.wait(HUNG)

    def kill(self) -> None:
        """Kill the postmaster; what it had started ends by itself when it notices."""
        self.process.kill()
        self.process.wait(HUNG)

    def url(self, database: str, user: str = LOGIN) -> str:
        """The URL of a database, as `--store` takes it."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect past Trailbook, as one who may do anything."""
        return psycopg.connect(self.url(database, ADMINISTRATOR), autocommit=True)

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def prepare(self) -> None:
        """Make the database that others are copies of."""
        with self.connect("postgres") as administrator:
            administrator.execute(f"CREATE DATABASE {FRESH}")
        migrate(self.url(FRESH, ADMINISTRATOR))
        with self.connect(FRESH) as fresh:
            fresh.execute(f"CREATE ROLE {LOGIN} LOGIN")
            fresh.execute(f"GRANT trailbook_writer, trailbook_reader TO {LOGIN}")
            fresh.execute(_REMEMBER)

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "shared_buffers": "64MB",
            "max_wal_size": "256MB",
            "max_connections": "200",
        }
        told = (f"--{name}={value}" for name, value in settings.items())
        self.process = self._run("postgres", "-D", str(self.data), *told)

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(binaries() / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._as_user,  # type: ignore[call-overload]
            )  # fmt: skip


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


@cache
def binaries() -> Path:
    """Where PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[4]))
    on_path = shutil.which("postgres")
    assert found or on_path, "The tests need PostgreSQL. `make postgresql` installs it."
    return found[-1].parent if found else Path(str(on_path)).parent


def _as_user() -> dict[str, object]:
    """PostgreSQL does not run as root: then it is somebody else."""
    if os.getuid():
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
