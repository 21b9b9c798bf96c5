"""Alerts over HTTP: kept, changed and seen by whoever may, tried, and looked up once they occurred."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asked import ACME, API, GLOBEX, filled, get, looks
from msgspec.structs import replace
from sealed import seal, simple
from served import NOW, caller, client
from starlette.testclient import TestClient

from trailbook.access.accounts import NAMES, Alias
from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import SHIPPED_ROLES, Account, Seat
from trailbook.deliver.alerts import ALERTS, OCCURRENCES, WATCHES, Occurrence
from trailbook.deliver.tasks import TASKS
from trailbook.directory.viewer import OPERATOR, GroupScope, Root, Scope
from trailbook.event.model import PartyKey
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

FORM: dict[str, Any] = {
    "title": "Calls", "query": "resource:calls", "threshold": 3, "minutes": 10, "by": "initiator",
    "recipients": [{"kind": "account", "to": "ann@example.com"}],
}  # fmt: skip


class Place:
    """A service with accounts of two tenants."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.served: Service = filled(export_folder=str(folder / "files"), **settings)
        self.ann = self.known("ann", ACME, "analyst")
        self.cy = self.known("cy", ACME, "analyst")
        self.boss = self.known("boss", ACME, "administrator")
        self.reader = self.known("reader", ACME, "reader")
        self.other = self.known("other", GLOBEX, "administrator")
        self.root = self.known("root", Root(), "root")

    def known(self, id: str, scope: Scope, role: str) -> TestClient:
        """An account, and requests of it."""
        user = PartyKey("user", getattr(scope, "tenant", "default"), f"u-{id}")
        account = Account(id, f"{id}@example.com", role, scope, user, label=id.title())
        self.served.keep([ACCOUNTS.record(account), NAMES.record(Alias(account.name, id))])
        rights = next(one.rights for one in SHIPPED_ROLES if one.id == role)
        return client(self.served, replace(caller(scope, rights=rights), id=id, name=account.label, user=user))

    def alert(self, asks: TestClient | None = None, **given: Any) -> Any:
        return (asks or self.ann).post(f"{API}/alerts", json={**FORM, **given})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_alert_is_kept_told_and_found_again(place: Place) -> None:
    answer = place.alert(above={"path": "rows", "number": 5})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"{API}/alerts/{made['id']}"
    assert (answer.headers["etag"], made["version"]) == ('"1"', 1)
    assert {key: made[key] for key in ("owner", "tenant", "active", "stopped", "text")} == {
        "owner": "ann", "tenant": "acme", "active": True, "stopped": "", "text": "",
    }  # fmt: skip
    assert made["recipients"] == [{"kind": "account", "to": "ann"}]
    assert made["above"] == {"path": "rows", "number": 5.0}
    assert get(place.ann, f"/alerts/{made['id']}") == made
    assert get(place.ann, "/alerts") == {"items": [made], "next": None}
    told = looks(place.served)[-1].event
    assert (told.tenant, told.resource, told.action, told.targets) == ("acme", "alerts", "create", ())
    assert told.changes["query"].new == "resource:calls"


def test_an_alert_is_its_owners_and_theirs_who_manage_reports(place: Place) -> None:
    id = place.alert().json()["id"]
    for asks, status in (
        (place.boss, 200),
        (place.root, 200),
        (place.cy, 200),
        (place.reader, 404),
        (place.other, 404),
    ):
        assert asks.get(f"{API}/alerts/{id}").status_code == status
        assert len(get(asks, "/alerts")["items"]) == (status == 200)
    assert place.boss.put(f"{API}/alerts/{id}", json=FORM).status_code == 403
    assert place.boss.get(f"{API}/alerts/{id}/occurrences").status_code == 403
    assert place.other.delete(f"{API}/alerts/{id}").status_code == 404
    assert place.boss.delete(f"{API}/alerts/{id}").status_code == 204


def test_who_may_not_schedule_has_no_alert(place: Place) -> None:
    assert place.alert(place.reader).status_code == 403
    assert place.alert(tenant="globex").status_code == 403
    assert place.alert(place.root, tenant="globex").status_code == 201


def test_a_change_begins_anew_and_needs_the_version_that_was_read(place: Place) -> None:
    id = place.alert().json()["id"]
    url = f"{API}/alerts/{id}"
    assert place.ann.put(url, json={**FORM, "title": "New"}, headers={"If-Match": '"7"'}).status_code == 412
    changed = place.ann.put(url, json={**FORM, "title": "New"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["title"]) == (200, '"2"', "New")
    place.served.store.append([seal(simple(500, NOW))])
    place.ann.put(url, json=FORM)
    watch = WATCHES.find(place.served.store, id, NOW)
    assert watch is not None
    assert (watch.value.turn, watch.value.position) == (3, place.served.store.heads(OPERATOR)["acme"].size - 1)
    assert place.ann.delete(url, headers={"If-Match": '"1"'}).status_code == 412
    assert place.ann.delete(url, headers={"If-Match": '"3"'}).status_code == 204
    assert ALERTS.find(place.served.store, id, NOW) is None
    assert WATCHES.find(place.served.store, id, NOW) is None
    assert place.ann.get(url).status_code == 404


def test_an_alert_that_is_not_active_waits_for_nothing(place: Place) -> None:
    assert place.alert(active=False).status_code == 201
    assert list(TASKS.each(place.served.store, NOW)) == []


@pytest.mark.parametrize(
    ("given", "status", "where"),
    [
        ({"query": "since:-7d"}, 400, "query"),
        ({"query": "uesr:ann"}, 400, "query"),
        ({"threshold": 0}, 422, "body.threshold"),
        ({"minutes": 1441}, 422, "body.minutes"),
        ({"by": "planet"}, 422, "body.by"),
        ({"above": {"path": "a..b", "number": 1}}, 400, "above.path"),
        ({"recipients": []}, 422, "body.recipients"),
        ({"recipients": [{"kind": "mail", "to": "x@elsewhere.example"}]}, 403, "recipients[0]"),
        ({"recipients": [{"kind": "account", "to": "other"}]}, 403, "recipients[0]"),
        ({"recipients": [{"kind": "folder", "to": "../x"}]}, 400, "recipients[0]"),
        ({"owner": "boss"}, 422, "body.owner"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_with_its_place(place: Place, given: dict[str, Any], status: int, where: str) -> None:
    answer = place.alert(**given)
    assert (answer.status_code, where in answer.text) == (status, True), answer.text


def test_a_tenant_has_no_more_alerts_than_it_may(tmp_path: Path) -> None:
    place = Place(tmp_path, tenant_alerts=2)
    ids = [place.alert(asks).json()["id"] for asks in (place.ann, place.cy)]
    refused = place.alert()
    assert (refused.status_code, refused.json()["place"]) == (403, "alerts")
    assert "acme has 2 alerts" in refused.json()["detail"]
    assert place.ann.put(f"{API}/alerts/{ids[0]}", json=FORM).status_code == 200
    assert place.alert(place.other, recipients=[{"kind": "account", "to": "other"}]).status_code == 201
    place.cy.delete(f"{API}/alerts/{ids[1]}")
    assert place.alert().status_code == 201


def test_an_alert_can_be_tried_on_what_one_may_see(place: Place) -> None:
    at = NOW - timedelta(hours=1)
    place.served.store.append([seal(simple(600 + number, at + timedelta(minutes=number))) for number in range(3)])
    asked = {key: FORM[key] for key in ("threshold", "minutes", "by")} | {"query": "resource:calls action:play"}
    found = place.ann.post(f"{API}/alerts/try", json=asked).json()
    assert found["times"] == 1
    assert found["items"][0]["group"] == "user:acme/u1"
    assert found["items"][0]["events"] == 3
    assert place.other.post(f"{API}/alerts/try", json=asked).json() == {"times": 0, "items": []}
    assert place.other.post(f"{API}/alerts/try", json={**asked, "tenant": "acme"}).status_code == 403
    assert place.reader.post(f"{API}/alerts/try", json=asked).status_code == 403


def test_what_occurred_can_be_looked_up_by_whose_it_is(place: Place) -> None:
    id = place.alert().json()["id"]
    one = Occurrence(f"{id}.1.x", id, "acme", "user:acme/u1", "Ann", NOW, NOW + timedelta(minutes=10), NOW, (1, 2, 3))
    place.served.keep([OCCURRENCES.record(one)])
    (found,) = get(place.ann, f"/alerts/{id}/occurrences")["items"]
    assert (found["group"], found["events"]) == ("user:acme/u1", 3)
    for seat in (
        Seat(GroupScope("acme", ("other",)), frozenset(("view", "schedule"))),
        Seat(ACME, frozenset(("reports",))),
    ):
        narrowed = client(place.served, replace(caller(ACME), id="ann", seat=seat))
        assert get(narrowed, f"/alerts/{id}/occurrences")["items"] == []
