"""Connections to PostgreSQL, transactions in the roles that do the work, and what its errors mean to the caller."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from ...errors import Busy, Damaged, DiskFull, StoreError, TooSlow
from ..address import shown

OWNER, WRITER, READER = "trailbook_owner", "trailbook_writer", "trailbook_reader"
"""The roles that work is done in: who connects is a member of the last two, and need be no more."""

WAIT_SECONDS = 30.0
"""How long a writer waits for others, or for a connection, before it gives up, unless it is told otherwise."""
MOST_CONNECTIONS = 16
"""Of a process, for reading; and as many for writing."""
IDLE_SECONDS = 300.0
RECONNECT_SECONDS = 5.0
"""After so long without success nobody tries to connect before a connection is asked for again."""
CONNECT_SECONDS = 10
UNSENT_MILLISECONDS = 30_000
"""What the other side does not take for so long is lost, and the connection with it."""

Row = tuple[Any, ...]
Scope = int | None
"""Which book a reader may see, by its number; None: all of them."""

_SETTINGS: dict[str, Any] = {
    "autocommit": True,
    # A plan that was made without its values is a bad one (design, section 5): every statement is planned with them.
    "prepare_threshold": None,
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": UNSENT_MILLISECONDS,
    "application_name": "trailbook",
    "client_encoding": "utf8",
}


class Undone(Busy):
    """Two transactions waited for each other, and this one was undone: it can be done again at once."""


_AGAIN = "Try again."
_CAUSES: dict[str, tuple[type[StoreError], str, str]] = {
    "53100": (DiskFull, "The disk is full; nothing of this batch was stored.", "Free some space and run it again."),
    "53200": (StoreError, "The server has no memory left.", _AGAIN),
    "53300": (Busy, "The server takes no more connections.", "Try again, or raise its max_connections."),
    "25006": (StoreError, "The store cannot be written: its server is read-only.", "Name the server that is written."),
    "40001": (Undone, "Others were changing the same.", _AGAIN),
    "40P01": (Undone, "Others were changing the same.", _AGAIN),
    "55P03": (Busy, "The store was being written by others for too long.", _AGAIN),
    "57014": (TooSlow, "The query took longer than allowed.", "Narrow the period or the query."),
    "28P01": (StoreError, "The password is not right.", "Correct it in TRAILBOOK_STORE or in your password file."),
    "28000": (StoreError, "The server does not let this user in.", "Check its pg_hba.conf, or name another user."),
    "3D000": (StoreError, "There is no such database.", "Make it with createdb, and run `trailbook migrate`."),
    "42501": (
        StoreError,
        "This user may not do what Trailbook has to.",
        f"Let an administrator run: GRANT {READER}, {WRITER} TO the user.",
    ),
    "XX001": (Damaged, "The database is damaged.", "Restore it from a backup."),
    "XX002": (Damaged, "The database is damaged: an index.", "Run REINDEX, or restore it from a backup."),
}  # fmt: skip
_LOST = "The connection to the server was lost."
_UNREACHABLE = "The server cannot be reached."
_CHECK = "Check that PostgreSQL runs, and try again."


_REFUSALS = {
    "password authentication failed": "28P01",
    "authentication failed": "28000",
    "no pg_hba.conf entry": "28000",
    'role ".*" does not exist': "28000",
    'database ".*" does not exist': "3D000",
    "too many clients": "53300",
    "remaining connection slots": "53300",
}
"""What a server says that does not let us in, in English (patterns); a connection that fails has no code."""


def _told(message: str) -> str:
    """The code of a refused connection, empty if it is not known."""
    said = message.rpartition("FATAL:")[2].strip() if "FATAL:" in message else ""
    return next((code for sign, code in _REFUSALS.items() if re.search(sign, said)), "")


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turns PostgreSQL's errors into ours, which say what to do and name no password."""
    try:
        yield
    except StoreError as error:
        error.place = error.place or place
        raise
    except PoolTimeout as error:
        raise Busy(
            "No connection to the server was free for too long, or it cannot be reached.", place=place, remedy=_CHECK
        ) from error
    except psycopg.Error as error:
        code = error.sqlstate or _told(str(error))
        if code in _CAUSES:
            kind, problem, remedy = _CAUSES[code]
            raise kind(problem, place=place, remedy=remedy) from error
        if code.startswith(("08", "57P")) or (not code and isinstance(error, psycopg.OperationalError)):
            connected = error.pgconn is None and not isinstance(error, psycopg.errors.ConnectionTimeout)
            raise StoreError(_LOST if connected else _UNREACHABLE, place=place, remedy=_CHECK) from None
        if not code:
            raise StoreError("The server cannot be asked so.", place=place, remedy="Check the URL.") from None
        told = error.diag.message_primary or "an error without words"
        raise StoreError(f"The store reported: {told} ({code}).", place=place) from error


Way = Literal["any", "tokens", "time"]
"""How rows are to be got: by the index of tokens, which has all of them before it gives one; or by that of time, which
gives them in order and looks at what comes between; or as PostgreSQL likes."""
_WAYS: dict[Way, str] = {
    "any": "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = on",
    "tokens": "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off",
    "time": "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = on",
}


class Asking(Protocol):
    """What reads are asked of."""

    def check_time(self) -> None:
        """Raise TooSlow between statements, as PostgreSQL does within them."""

    def rows(self, sql: str, values: Sequence[Any] | None = None, way: Way = "any") -> list[Row]:
        """What a statement gives, got in this way. Raises TooSlow if there is no time left for it."""


class Connection:
    """A connection in a transaction of its own, whose reads are bound to a time."""

    def __init__(self, connection: psycopg.Connection[Row], deadline: float = math.inf) -> None:
        self.raw = connection
        self._deadline = deadline
        self._way: Way = "any"

    def check_time(self) -> None:
        """See `Asking`."""
        check_time(self._deadline)

    def rows(self, sql: str, values: Sequence[Any] | None = None, way: Way = "any") -> list[Row]:
        """See `Asking`."""
        self.check_time()
        if way != self._way:
            self.raw.execute(_WAYS[way])
            self._way = way
        return self.raw.execute(sql, values, binary=True).fetchall()

    def run(self, sql: str, values: Sequence[Any] | None = None) -> int:
        """Do a statement that gives nothing; tells how many rows it touched."""
        return self.raw.execute(sql, values).rowcount


def check_time(deadline: float) -> None:
    """Raise TooSlow after a moment of the monotonic clock."""
    if time.monotonic() > deadline:
        raise TooSlow("The query took longer than allowed.", remedy="Narrow the period or the query.")


class Database:
    """The connections of a process to one database, each used for one transaction at a time.

    Reading, writing, and what is looked up or numbered on the way have connections of their own each, so that nobody
    who has one waits for a second of the same.
    """

    def __init__(self, url: str, wait: float = WAIT_SECONDS) -> None:
        self.url = url
        self.place = shown(url)
        self.wait = wait
        self._reads, self._writes, self._beside = (_pool(url, wait) for _ in range(3))

    @contextmanager
    def reading(self, scope: Scope, seconds: float | None = None) -> Iterator[Connection]:
        """One view of the store for several reads, as one who may see a book, or all. `seconds` for all of it."""
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        limit = 0 if seconds is None else max(1, math.ceil(seconds * 1000))
        sees = "*" if scope is None else str(int(scope))
        begin = (
            f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE {READER};"
            f" SET LOCAL trailbook.book = '{sees}'; SET LOCAL statement_timeout = {limit};"
            " SET LOCAL work_mem = '32MB'; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_custom_plan"
        )
        with explained(self.place), self._reads.connection() as connection, _transaction(connection, begin):
            yield Connection(connection, deadline)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, as one who may add what Trailbook adds; durable once it has ended."""
        begin = (
            f"BEGIN; SET LOCAL ROLE {WRITER}; SET LOCAL synchronous_commit = on;"
            f" SET LOCAL lock_timeout = {max(1, math.ceil(self.wait * 1000))}; SET LOCAL jit = off"
        )
        with explained(self.place), self._writes.connection() as connection, _transaction(connection, begin):
            yield Connection(connection)

    @contextmanager
    def numbering(self) -> Iterator[Connection]:
        """A short transaction beside one that may be open: to look something up, or to give out numbers."""
        begin = f"BEGIN; SET LOCAL ROLE {WRITER}; SET LOCAL jit = off"
        with explained(self.place), self._beside.connection() as connection, _transaction(connection, begin):
            yield Connection(connection)

    @contextmanager
    def whole(self) -> Iterator[Connection]:
        """One view of everything, whoever's it is, for as long as it takes; nothing can be changed."""
        begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE {WRITER}; SET LOCAL jit = off"
        with explained(self.place), self._reads.connection() as connection, _transaction(connection, begin):
            yield Connection(connection)

    @contextmanager
    def owning(self) -> Iterator[Connection]:
        """A transaction of the owner, who alone may mend what follows from the events."""
        begin = f"BEGIN; SET LOCAL ROLE {OWNER}; SET LOCAL jit = off"
        with (
            explained(self.place),
            self._writes.connection() as connection,
            _for_owners(),
            _transaction(connection, begin),
        ):
            yield Connection(connection)

    def close(self) -> None:
        """Let go of the connections."""
        self._reads.close()
        self._writes.close()
        self._beside.close()


def connect(url: str) -> psycopg.Connection[Row]:
    """A connection for oneself. Raises psycopg's errors; see `explained`."""
    return psycopg.connect(url, **_SETTINGS)


def _pool(url: str, wait: float) -> ConnectionPool[psycopg.Connection[Row]]:
    return ConnectionPool(
        url,
        kwargs=_SETTINGS,
        min_size=0,
        max_size=MOST_CONNECTIONS,
        timeout=wait,
        max_idle=IDLE_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        check=ConnectionPool.check_connection,
        num_workers=1,
        open=True,
    )


@contextmanager
def _for_owners() -> Iterator[None]:
    """Says who may, to whom may not."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            "Only who owns this store may do that.", remedy="Do it as the user that runs `trailbook migrate`."
        ) from error


@contextmanager
def _transaction(connection: psycopg.Connection[Row], begin: str) -> Iterator[None]:
    """A transaction that is begun with its settings in one message."""
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()
        raise
