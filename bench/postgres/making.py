"""What is measured on: the demo's trail in a database of Trailbook's, and in one of the baseline's, in one server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tools.private_postgres import Server
from trailbook.wiring import migrate_store

from ..making import OWN, STORING, Made
from ..measure import Spent, in_child, tell
from .server import OURS, PLAIN

TASKS = "bench.postgres.tasks"
INDEXED = 1_000_000
"""Up to so many events the baseline's indexes are there while it is filled; of more, they are made at the end."""
_LOADING = tuple(OWN / "postgres" / file for file in ("plain.py", "tasks.py", "server.py"))


def make_databases(made: Made, server: Server, clients: int) -> None:
    """Load what is not there, or was loaded by other code: Trailbook's by so many clients, the baseline's by one."""
    pid = server.process.pid

    def ours() -> Spent:
        url = _empty(server, OURS)
        migrate_store(url)
        arguments = [("load", made.lines, url, pid, part, clients) for part in range(clients)]
        with ThreadPoolExecutor() as several:
            each = list(several.map(lambda task: in_child(*task, module=TASKS), arguments))
        _settle(server, OURS)
        cpu = sum(one.result["cpu"] for one in each)
        longest = {name: max(one.result[name] for one in each) for name in ("wall", "server")}
        return Spent(sum(one.cpu for one in each), max(one.memory for one in each),
                     {"cpu": cpu, **longest, "clients": clients})  # fmt: skip

    def plain() -> Spent:
        indexed = "yes" if made.events <= INDEXED else "no"
        spent = in_child("load_plain", made.lines, _empty(server, PLAIN), pid, indexed, module=TASKS)
        _settle(server, PLAIN)
        return spent

    made.step("postgres", STORING + _LOADING, ours)
    made.step("postgres plain", _LOADING, plain)


def _empty(server: Server, database: str) -> str:
    """The URL of a new database."""
    with server.connect("postgres") as administrator:
        administrator.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        administrator.execute(f"CREATE DATABASE {database}")
    return server.url(database)


def _settle(server: Server, database: str) -> None:
    """Do what autovacuum would do in time."""
    tell(f"{database}: VACUUM")
    with server.connect(database) as administrator:
        administrator.execute("VACUUM (ANALYZE)")
        administrator.execute("CHECKPOINT")
