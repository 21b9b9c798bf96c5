"""Schedules, deliveries and domains over HTTP: made, changed and seen by whoever may, tried out, and tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asked import ACME, API, GLOBEX, asking, filled, get, looks
from msgspec.structs import replace
from served import NOW, caller, client
from starlette.testclient import TestClient

from trailbook.access.accounts import NAMES, Alias
from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import SHIPPED_ROLES, Account
from trailbook.deliver.channel import Message, Refused
from trailbook.deliver.handlers import handlers
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.worker import Worker
from trailbook.directory.viewer import Scope, SelfScope
from trailbook.event.model import PartyKey
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

ANN = {"kind": "account", "to": "ann@example.com"}
TIMING = {"every": "week", "at": "08:00", "days": ["mon"]}


class Place:
    """A service with accounts, and a report of Ann's."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.served: Service = filled(export_folder=str(folder / "files"), url="http://testserver", **settings)
        self.ann = self.known("ann", ACME, "analyst")
        self.bob = self.known("bob", SelfScope("acme", "u2"), "reader")
        self.boss = self.known("boss", ACME, "administrator")
        self.other = self.known("other", GLOBEX, "administrator")
        self.sent: list[Message] = []
        self.report = self.ann.post(f"{API}/reports", json={"title": "Calls", "definition": {}}).json()["id"]

    def known(self, id: str, scope: Scope, role: str) -> TestClient:
        """An account, and requests of it."""
        user = PartyKey("user", scope.tenant, f"u-{id}")  # type: ignore[union-attr]
        account = Account(id, f"{id}@example.com", role, scope, user, label=id.title())
        self.served.keep([ACCOUNTS.record(account)])
        self.served.keep([NAMES.record(Alias(account.name, id))])
        rights = next(one.rights for one in SHIPPED_ROLES if one.id == role)
        return client(self.served, replace(caller(scope, rights=rights), id=id, name=account.label, user=user))

    def schedule(self, asks: TestClient | None = None, **given: Any) -> Any:
        form = {"title": "Weekly", "report": self.report, "timing": TIMING, "zone": "Europe/Berlin",
                "recipients": [ANN], **given}  # fmt: skip
        return (asks or self.ann).post(f"{API}/schedules", json=form)

    def work(self, error: Exception | None = None) -> None:
        """Do what is due now."""

        def send(message: Message) -> None:
            if error:
                raise error
            self.sent.append(message)

        Worker(
            self.served, handlers(self.served.settings, dict.fromkeys(("mail", "folder", "webhook"), send))
        ).run_due()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_tenant_has_no_more_schedules_than_it_may(tmp_path: Path) -> None:
    place = Place(tmp_path, tenant_schedules=2)
    ids = [place.schedule().json()["id"] for _ in range(2)]
    refused = place.schedule()
    assert (refused.status_code, refused.json()["place"]) == (403, "schedules")
    assert "acme has 2 schedules" in refused.json()["detail"]
    form = {"title": "Weekly", "report": place.report, "timing": TIMING, "zone": "UTC", "recipients": [ANN]}
    assert place.ann.put(f"{API}/schedules/{ids[0]}", json=form).status_code == 200
    place.ann.delete(f"{API}/schedules/{ids[1]}")
    assert place.schedule().status_code == 201


def test_a_schedule_is_kept_told_and_found_again(place: Place) -> None:
    answer = place.schedule()
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"{API}/schedules/{made['id']}"
    assert made["owner"] == "ann"
    assert made["tenant"] == "acme"
    assert made["recipients"] == [{"kind": "account", "to": "ann"}]
    assert made["due"] == {
        "words": "Every Monday at 08:00",
        "next": ["2021-12-06T07:00:00Z", "2021-12-13T07:00:00Z", "2021-12-20T07:00:00Z"],
        "shown": [f"Monday, December {day}, 2021, 8:00 AM +01:00" for day in (6, 13, 20)],
    }
    assert get(place.ann, f"/schedules/{made['id']}") == made
    assert get(place.ann, "/schedules") == {"items": [made], "next": None}
    told = looks(place.served)[-1].event
    assert (told.tenant, told.resource, told.action) == ("acme", "schedules", "create")
    assert told.changes["zone"].new == "Europe/Berlin"


def test_a_timing_is_said_in_words_before_it_is_kept(place: Place) -> None:
    form = {"timing": {"every": "month", "day": 0}, "zone": "UTC", "locale": "de"}
    assert place.ann.post(f"{API}/schedules/preview", json=form).json() == {
        "words": "Am letzten Tag jedes Monats um 08:00",
        "next": ["2021-12-31T08:00:00Z", "2022-01-31T08:00:00Z", "2022-02-28T08:00:00Z"],
        "shown": [
            "Freitag, 31. Dezember 2021, 08:00 +00:00",
            "Montag, 31. Januar 2022, 08:00 +00:00",
            "Montag, 28. Februar 2022, 08:00 +00:00",
        ],
    }


@pytest.mark.parametrize(
    ("given", "status", "where"),
    [
        ({"timing": {"every": "cron", "cron": "* * * * *"}}, 400, "timing.cron"),
        ({"timing": {"every": "month", "day": 31}}, 422, "body.timing.day"),
        ({"zone": "Mars"}, 400, "zone"),
        ({"during": "never"}, 400, "query"),
        ({"subject": "{secret}"}, 400, "subject"),
        ({"text": "{title.__class__}{nothing}"}, 400, "text"),
        ({"formats": ["table"]}, 400, "formats"),
        ({"recipients": []}, 422, "body.recipients"),
        ({"recipients": [ANN, {"kind": "account", "to": "ann"}]}, 400, "recipients"),
        ({"recipients": [{"kind": "account", "to": "nobody"}]}, 403, "recipients[0]"),
        ({"recipients": [{"kind": "account", "to": "other"}]}, 403, "recipients[0]"),
        ({"recipients": [ANN, {"kind": "mail", "to": "x@example.org"}]}, 403, "recipients[1]"),
        ({"recipients": [{"kind": "mail", "to": "a@b@c\nBcc: x"}]}, 422, "body.recipients[0].to"),
        ({"recipients": [{"kind": "folder", "to": "../other"}]}, 400, "recipients[0]"),
        ({"recipients": [{"kind": "webhook", "to": "file:///etc/passwd"}]}, 400, "recipients[0]"),
        ({"report": "none"}, 404, ""),
    ],
)  # fmt: skip
def test_what_could_not_run_or_be_sent_is_refused(place: Place, given: Any, status: int, where: str) -> None:
    answer = place.schedule(**given)
    assert (answer.status_code, answer.json().get("place", "")) == (status, where), answer.text
    assert get(place.ann, "/schedules")["items"] == []


def test_an_account_elsewhere_is_like_one_that_is_not_there(place: Place) -> None:
    answers = [place.schedule(recipients=[{"kind": "account", "to": one}]).json() for one in ("other", "nobody")]
    assert answers[0]["detail"] == answers[1]["detail"]


def test_only_its_owner_changes_it_and_who_manages_reports_may_stop_it(place: Place) -> None:
    made = place.schedule().json()
    path = f"{API}/schedules/{made['id']}"
    form = {"title": "Daily", "report": place.report, "timing": {"every": "day"}, "zone": "UTC", "recipients": [ANN]}
    assert place.bob.get(path).status_code == place.other.get(path).status_code == 404
    assert place.boss.get(path).json() == made
    assert place.boss.put(path, json=form).status_code == 403
    assert place.ann.put(path, json=form, headers={"If-Match": '"7"'}).status_code == 412
    changed = place.ann.put(path, json=form, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["due"]["words"] == "Every day at 08:00"
    paused = place.ann.put(path, json={**form, "active": False}).json()
    assert (paused["active"], paused["due"]) == (False, None)
    assert place.boss.delete(path, headers={"If-Match": '"3"'}).status_code == 204
    assert place.ann.get(path).status_code == 404


def test_what_was_changed_or_deleted_leaves_nothing_that_waits(place: Place) -> None:
    id = place.schedule().json()["id"]
    form = {"title": "Weekly", "report": place.report, "timing": TIMING, "zone": "UTC", "recipients": [ANN]}
    for zone, active in (("Asia/Tokyo", True), ("UTC", True), ("UTC", False), ("UTC", True)):
        answer = place.ann.put(f"{API}/schedules/{id}", json={**form, "zone": zone, "active": active})
        assert answer.status_code == 200
        waiting = [one.value.subject for one in TASKS.each(place.served.store, NOW)]
        assert len(waiting) == active
    assert place.ann.delete(f"{API}/schedules/{id}").status_code == 204
    assert list(TASKS.each(place.served.store, NOW)) == []


def test_who_may_not_schedule_makes_none(place: Place) -> None:
    assert place.schedule(place.bob).status_code == 403
    assert asking(served=place.served, rights=frozenset()).get(f"{API}/schedules").status_code == 403


def test_trying_it_out_sends_it_to_oneself_alone(place: Place) -> None:
    """Within what one and the owner may see; who received it may take the file, nobody else."""
    made = place.schedule(recipients=[ANN, {"kind": "account", "to": "bob@example.com"}], attach_bytes=0).json()
    answer = place.ann.post(f"{API}/schedules/{made['id']}/test")
    assert answer.status_code == 202, answer.text
    place.work()
    (message,) = place.sent
    assert message.to == "ann@example.com"
    (run,) = get(place.ann, f"/schedules/{made['id']}/runs")["items"]
    (delivery,) = run["deliveries"]
    assert (run["test"], delivery["state"], delivery["files"][0]["rows"]) == (True, "sent", 6)
    assert get(place.ann, f"/deliveries/{delivery['id']}") == delivery
    path = f"/deliveries/{delivery['id']}"
    assert f"http://testserver{path}\n" in message.text
    assert "This is a test." in message.text
    path += "/files/csv"
    taken = place.ann.get(API + path)
    assert taken.status_code == 200
    assert taken.text.count("\n") == 7
    assert place.boss.get(API + path).status_code == place.other.get(API + path).status_code == 404


def test_trying_it_out_sends_a_report_without_rows_too(place: Place) -> None:
    """Else whoever tries it cannot tell whether it works."""
    made = place.schedule(skip_empty=True, during="2019").json()
    assert place.ann.post(f"{API}/schedules/{made['id']}/test").status_code == 202
    place.work()
    assert [one.to for one in place.sent] == ["ann@example.com"]


def test_who_receives_it_sees_the_delivery_and_takes_its_files_until_taken_off(place: Place) -> None:
    """Bob is a reader, who sees neither the schedule nor the report."""
    bob = {"kind": "account", "to": "bob@example.com"}
    made = place.schedule(recipients=[ANN, bob]).json()
    place.served.clock = lambda: NOW + timedelta(days=7)
    place.work()
    (run,) = get(place.ann, f"/schedules/{made['id']}/runs")["items"]
    path = next(f"{API}/deliveries/{one['id']}" for one in run["deliveries"] if one["recipient"]["to"] == "bob")
    assert place.bob.get(path).json()["state"] == "sent"
    assert place.bob.get(f"{path}/files/csv").status_code == 200
    assert place.bob.post(f"{path}/retry").status_code == 404
    form = {"title": "Weekly", "report": place.report, "timing": TIMING, "zone": "UTC", "recipients": [ANN]}
    assert place.ann.put(f"{API}/schedules/{made['id']}", json=form).status_code == 200
    assert place.bob.get(path).status_code == place.bob.get(f"{path}/files/csv").status_code == 404
    assert place.ann.get(path).status_code == 200


def test_a_delivery_that_was_given_up_is_listed_and_tried_again(place: Place) -> None:
    made = place.schedule().json()
    place.ann.post(f"{API}/schedules/{made['id']}/test")
    assert get(place.ann, "/deliveries")["items"] == []
    place.work(Refused("No such mailbox."))
    (dead,) = get(place.ann, "/deliveries")["items"]
    assert (dead["state"], dead["error"], dead["recipient"]["to"]) == ("dead", "No such mailbox.", "ann")
    assert get(place.boss, "/deliveries")["items"] == [dead]
    assert get(place.other, "/deliveries")["items"] == []
    path = f"{API}/deliveries/{dead['id']}/retry"
    assert place.other.post(path).status_code == 404
    assert place.ann.post(path).json()["state"] == "waiting"
    assert place.ann.post(path).status_code == 404
    place.work()
    assert [one.id for one in place.sent] == [dead["id"]]
    assert get(place.ann, "/deliveries")["items"] == []


def test_domains_are_who_manages_access_to_say(place: Place) -> None:
    assert get(place.boss, "/domains") == {"tenant": "acme", "domains": [], "version": 0}
    form = {"tenant": "acme", "domains": ["Example.org.", "bücher.example"]}
    assert place.ann.put(f"{API}/domains", json=form).status_code == 403
    assert place.other.put(f"{API}/domains", json=form).status_code == 403
    assert place.boss.put(f"{API}/domains", json={"tenant": "acme", "domains": ["a b"]}).status_code == 400
    changed = place.boss.put(f"{API}/domains", json=form, headers={"If-Match": '"0"'})
    assert changed.json() == {"tenant": "acme", "domains": ["example.org", "xn--bcher-kva.example"], "version": 1}
    assert looks(place.served)[-1].event.resource == "domains"
    assert place.schedule(recipients=[{"kind": "mail", "to": "x@example.org"}]).status_code == 201


def test_it_runs_when_it_is_due(place: Place) -> None:
    made = place.schedule(timing={"every": "cron", "cron": "0 * * * *"}).json()
    place.served.clock = lambda: NOW.replace(hour=10, minute=1)
    place.work()
    (run,) = get(place.ann, f"/schedules/{made['id']}/runs")["items"]
    assert (run["due_at"], run["state"], run["test"]) == ("2021-12-01T10:00:00Z", "done", False)
    assert [one["state"] for one in run["deliveries"]] == ["sent"]
