"""A small trail of two tenants, and how a command ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

BOB_CHANGED, MAILED, BOB_IN, ANN_REFUSED, EXPORTED = (f"00000000-0000-7000-8000-00000000000{n}" for n in range(1, 6))

EVENTS: list[dict[str, Any]] = [
    {
        "id": BOB_CHANGED,
        "occurred_at": "2021-11-17T14:07:31Z",
        "tenant": "acme",
        "application": "web",
        "resource": "users",
        "action": "update",
        "outcome": "success",
        "initiator": {
            "id": "u1",
            "name": "Ann",
            "ip": "85.223.209.22",
            "groups": [{"id": "g1", "name": "Call center"}],
            "roles": [{"id": "admin", "name": "Administrator"}],
        },
        "targets": [{"kind": "user", "id": "u2", "name": "Bob"}],
        "changes": {"email": {"old": "bob@old.example", "new": "bob@new.example"}},
        "data": {"note": "=1+1"},
    },
    {
        "id": MAILED,
        "occurred_at": "2021-11-17T23:30:00Z",
        "tenant": "acme",
        "application": "celery",
        "resource": "reports",
        "action": "send_email",
        "outcome": "success",
        "related": [{"kind": "reports", "id": "d67fcacc-617c-4f3e-b507-d3415680bd0b"}],
    },
    {
        "id": BOB_IN,
        "occurred_at": "2021-11-18T08:00:00Z",
        "tenant": "acme",
        "application": "web",
        "resource": "users",
        "action": "login",
        "outcome": "success",
        "initiator": {"id": "u2", "name": "Bob", "ip": "85.223.7.1"},
    },
    {
        "id": ANN_REFUSED,
        "occurred_at": "2021-11-18T09:00:00Z",
        "tenant": "globex",
        "application": "web",
        "resource": "users",
        "action": "login",
        "outcome": "failure",
        "initiator": {"id": "u1", "name": "Ann", "verified": False},
    },
    {
        "id": EXPORTED,
        "occurred_at": "2021-12-24T10:00:00Z",
        "tenant": "globex",
        "application": "web",
        "resource": "calls",
        "action": "export",
        "outcome": "denied",
        "initiator": {"id": "u9", "name": "Cid"},
    },
]
"""Oldest first; Ann of acme and Ann of globex are two people."""


class Told(NamedTuple):
    """How a command ended, and what it wrote to standard output and standard error."""

    code: int
    out: str
    err: str


Cli = Callable[..., Told]


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    """A file of JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


PROGRAM = "from trailbook.cli import main; main()"


def command(*arguments: str, program: str = PROGRAM) -> list[str]:
    """The words that run a command as a program of its own."""
    return [sys.executable, "-c", program, *arguments]
