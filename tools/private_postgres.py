"""A PostgreSQL server of one's own, that tests and benchmarks start as any user; it ends with whoever started it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg

ADMINISTRATOR = "administrator"
"""Who owns the server."""
HUNG = 60.0
_KEEPER = """
import os, shutil, signal, sys
sys.stdin.read()
try:
    os.kill(int(open(sys.argv[2] + "/postmaster.pid").readline()), int(sys.argv[3]))
except (OSError, ValueError):
    pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
"""A program that ends the server and removes its folder once whoever started it has ended, in whatever way."""


class Server:
    """A PostgreSQL whose socket and files are in a folder of its own, in `place`; None: where temporary files are.

    `settings` are the server's. With `kept`, its files are in that folder instead, which is made if it is not there,
    and stays.
    """

    def __init__(self, place: Path | None, settings: Mapping[str, str], *, kept: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trailbook-postgres-", dir=place))
        self.data = self.folder / "data" if kept is None else kept.absolute()
        self._settings = settings
        self._as_user = _as_user()
        self._give(self.folder)
        # What is not kept need not be brought to an end in order.
        end = signal.SIGQUIT if kept is None else signal.SIGINT
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER, str(self.folder), str(self.data), str(int(end))],
            stdin=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        if not (self.data / "PG_VERSION").exists():
            if kept is not None:
                self.data.mkdir(parents=True)
                self._give(self.data)
            arguments = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
            self._run("initdb", f"--pgdata={self.data}", f"--username={ADMINISTRATOR}", *arguments).communicate()
        self.start()

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
        """Stop it, and remove all that is not kept."""
        self._keeper.communicate()
        self.process.wait(HUNG)

    def kill(self) -> None:
        """Kill the postmaster; what it had started ends by itself when it notices."""
        self.process.kill()
        self.process.wait(HUNG)

    def url(self, database: str, user: str = ADMINISTRATOR) -> str:
        """The URL of a database, as `--store` takes it."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect past Trailbook, as one who may do anything."""
        return psycopg.connect(self.url(database, ADMINISTRATOR), autocommit=True)

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def _launch(self) -> None:
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), **self._settings}
        told = (f"--{name}={value}" for name, value in settings.items())
        self.process = self._run("postgres", "-D", str(self.data), *told)

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _give(self, folder: Path) -> None:
        """Make the folder the server's."""
        if self._as_user:
            os.chown(folder, self._as_user["user"], self._as_user["group"])

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(binaries() / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._as_user,  # type: ignore[call-overload]
            )  # fmt: skip


@cache
def binaries() -> Path:
    """Where PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[4]))
    on_path = shutil.which("postgres")
    assert found or on_path, "This needs PostgreSQL. `make postgresql` installs it."
    return found[-1].parent if found else Path(str(on_path)).parent


def _as_user() -> dict[str, object]:
    """PostgreSQL does not run as root: then it is somebody else."""
    if os.getuid():
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
