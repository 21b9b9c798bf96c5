"""What is there already: django-auditlog, recording the changes of a Django application and listing its own entries.

It runs in one process with its application: its pages are asked for with Django's test client, ours over HTTP. It does
less: an entry has no groups, roles or tenants of its time, no place in a book and no proof; its list has no scope of
who may see what, no cursor and no query over several fields, and nothing is kept of who looked. Its figures for writing
have the change itself in them, as there is no entry without one; what changes alone come to stands beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..making import Made
from ..measure import Figure, tell
from ..plain import Plain
from ..questions import PAGE, cast_of
from . import asking, sending
from .servers import Spent, fire, key_for, session_for, trailbook

PACKAGES = ("django", "django-auditlog")
CHANGES = 10_000
"""How many changes are recorded a hundred to a transaction, at a scale of 1; a tenth of that one by one."""


def figures(made: Made, scale: float) -> Iterator[Figure]:
    """The lines of the table: recording changes, and the newest entries of a user, of as many as there are events."""
    folder = made.folder.parent / "rival"
    python = environment(folder)
    yield from _writing(folder, python, max(20, int(CHANGES * scale)))
    yield from _reading(made, folder, python, max(2, round(asking.LOOKS * scale)))


def _writing(folder: Path, python: Path, changes: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        theirs = run(python, Path(place) / "rival.db", "writing", changes)
        path = Path(place) / "trail.db"
        headers = key_for(path, sending.TENANT)
        with trailbook(path) as server:
            for batch, told in ((100, "a hundred to a commit"), (1, "one by one")):
                tell(f"sending: {told}")
                count = max(batch, changes if batch > 1 else changes // 10)
                bodies = sending.bodies(list(sending.lines(count)), batch)
                sending.send(server, headers, bodies[:10], 1)
                ours = sending.send(server, headers, sending.bodies(list(sending.lines(count, seed=2)), batch), 1)
                yield Figure(
                    f"changes recorded, {told}", "events/CPU s", sending.rate(ours, batch), theirs[f"by_{batch}"],
                    more=True, note=f"its changes unrecorded: {theirs[f'by_{batch}_off']:,.0f}",
                )  # fmt: skip


def _reading(made: Made, folder: Path, python: Path, requests: int) -> Iterator[Figure]:
    theirs = run(python, folder / f"{made.events}.db", "reading", made.events, requests)
    users = asking.strangers(cast_of(Plain(made.plain)), [], requests)
    with asking.copied(made.store) as path:
        headers = session_for(path)
        with trailbook(path) as server:
            told_of = {"page": ("entries", f"newest {PAGE} of a user"), "count": ("count", "count of a user")}
            for what, (listing, told) in told_of.items():
                tell(f"{told}: {len(users)} users")
                asked = [asking.request(what, user) for user in users]
                fire(server, headers, asked, 1)
                yield from asking.compared(told, fire(server, headers, asked, 1), Spent(**theirs[listing]), None)


def environment(folder: Path) -> Path:
    """The Python of a virtual environment that has the packages; it is made if it is not there."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import auditlog"], capture_output=True).returncode:
        tell(f"an environment with {' and '.join(PACKAGES)}, in {folder}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    listed = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    tell(", ".join(line for line in listed.lower().splitlines() if line.partition("==")[0] in PACKAGES))
    return python.absolute()


def run(python: Path, database: Path, task: str, *sizes: int) -> dict[str, Any]:
    """Run one task of `bench.rival` on a database."""
    tell(f"django-auditlog: {task}")
    done = subprocess.run(
        [python, "-m", "rival", task, *map(str, sizes)],
        cwd=Path(__file__).parents[1], env={**os.environ, "RIVAL_DATABASE": str(database.absolute())},
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told
