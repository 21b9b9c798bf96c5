"""Ways from one tenant to another that were open once."""

from __future__ import annotations

import json

import pytest
from asked import ACME, API, ROOT, filled, get, looks, who
from served import client

from trailbook.directory.model import Changes, Membership, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.query.tree import Field
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")


def _two_directories() -> Service:
    served = filled()
    rows = tuple(Profile("user", tenant, "u9", f"Nine of {tenant}") for tenant in ("acme", "globex"))
    groups = tuple(Profile("group", tenant, "g9", f"Group of {tenant}") for tenant in ("acme", "globex"))
    belongs = tuple(Membership(tenant, "u9", "group", "g9") for tenant in ("acme", "globex"))
    served.store.change_directory(lambda known: Changes((*rows, *groups), (), belongs, ()))
    return served


def test_who_sends_events_learns_nothing_of_another_tenants_directory() -> None:
    served = _two_directories()
    bare = {"occurred_at": "2021-11-20T00:00:00Z", "resource": "r", "action": "probe"}
    theirs = {"id": "g9", "tenant": "globex"}
    people = ({"id": "u9", "tenant": "globex"}, {"id": "u9"}, {"id": "x", "groups": [theirs]})
    events = [{**bare, "initiator": one, "targets": [{"kind": "group", **theirs}]} for one in people]
    with client(served, who(ACME)) as asks:
        answer = asks.post(f"{API}/events", content=json.dumps(events), headers={"Content-Type": "application/json"})
    assert answer.json()["stored"] == 3
    rows = list(served.store.scan(OPERATOR, Field("action", ("probe",)), order="oldest"))
    assert b"of globex" not in repr(rows).encode()
    own = next(row.event.initiator for row in rows if row.event.initiator and row.event.initiator.name)
    assert (own.name, own.groups and own.groups[0].name) == ("Nine of acme", "Group of acme")


def test_a_look_of_root_at_a_report_is_told_where_the_report_belongs() -> None:
    """Not in the book of root's own tenant, whose viewers would read its title and its query."""
    served = filled()
    saved = client(served, who(ACME)).post(f"{API}/reports", json={"title": "Secret", "definition": {}})
    root = client(served, who(ROOT))
    get(root, f"/reports/{saved.json()['id']}/rows")
    assert root.get(f"{API}/reports/{saved.json()['id']}/csv").status_code == 200
    told = [row.event for row in looks(served) if row.event.action in ("open", "export")]
    assert [(one.action, one.tenant) for one in told] == [("open", "acme"), ("export", "acme")]
