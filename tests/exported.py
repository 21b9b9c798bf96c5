"""Accounts that ask for exports, and what became of these, for tests."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from trails import AT, event, sealed_trail

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account, Caller, Origin
from trailbook.access.own import Doing
from trailbook.access.present import present
from trailbook.deliver.base import Base
from trailbook.deliver.exports import EXPORTS, Export, ask_for
from trailbook.deliver.files import files_of
from trailbook.directory.viewer import OPERATOR, Scope, TenantScope, Viewer
from trailbook.event.model import Event, PartyKey
from trailbook.query.tree import Field
from trailbook.store.ports import Store

ACME = TenantScope("acme")


def fill(store: Store, count: int, tenant: str = "acme", first: int = 1) -> None:
    """So many events of a tenant, a second apart."""
    store.append(
        sealed_trail(
            event(first + number, AT + timedelta(seconds=number), tenant=tenant, details=f"Call {number}")
            for number in range(count)
        )
    )


def account(base: Base, id: str = "a-1", role: str = "analyst", scope: Scope = ACME, **given: Any) -> Caller:
    """An account that is there, or as it is changed to; gives who it is. Raises NotSignedIn if they may not sign in."""
    found = ACCOUNTS.find(base.store, id, base.clock())
    fields = {"role": role, "scope": scope, **given}
    made = Account(id, id, user=PartyKey("user", "acme", id), **fields)
    base.keep([ACCOUNTS.record(replace(found.value, **fields) if found else made, found)])
    return present(base.store, "account", id, base.clock())


def ask(base: Base, caller: Caller, definition: dict[str, Any] | None = None, **given: Any) -> str:
    """Ask for an export of acme; gives its id."""
    seat = caller.seat
    viewer = Viewer(caller.name, seat.scope, seat.hidden, seat.since, seat.until)
    id = base.new_id()
    fields = {"title": "Calls", "format": "csv", **given}
    export = Export(
        id, "acme", caller.kind, caller.id, caller.name, viewer,
        definition=definition or {"columns": ["id", "details"]}, asked_at=base.clock(), **fields,
    )  # fmt: skip
    decided = ask_for(export, Doing(caller, Origin(), base.clock(), base.new_id))
    base.keep(decided.changed, events=decided.events)
    return id


def of(base: Base, id: str) -> Export:
    """An export, as it is now."""
    found = EXPORTS.find(base.store, id, base.clock())
    assert found is not None
    return found.value


def content(base: Base, id: str) -> bytes:
    """The file of an export, which is what was said of it, and the only one of it."""
    files, export = files_of(base.settings), of(base, id)
    assert export.made is not None
    assert files is not None
    path = files.path(export.made.name)
    found = path.read_bytes()
    assert (len(found), hashlib.sha256(found).hexdigest()) == (export.made.bytes, export.made.sha256)
    assert [one.name for one in path.parent.glob(f"{id}*")] == [path.name]
    return found


def left(folder: Path) -> list[str]:
    """The names of all files."""
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def own_events(store: Store, action: str) -> list[Event]:
    """Trailbook's own events of this action, oldest first."""
    rows = store.scan(OPERATOR, Field("app", ("trailbook",)), order="oldest")
    return [row.event for row in rows if row.event.action == action]


def rows_of(lines: bytes) -> list[dict[str, Any]]:
    """The rows of a file of JSON Lines."""
    return [json.loads(line) for line in lines.splitlines()[1:]]
