"""Alerts that occur: told once, to whom they may be told, whatever dies, whenever their events come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from deliver.scheduled import ANN, BOB, OUTSIDE, Office
from msgspec.structs import replace
from sealed import seal
from simulated import START, Died, Mortal
from size import sized
from stores import PLACES, STORES

from trailbook.access.kept import ACCOUNTS, REPORTS
from trailbook.deliver import watching
from trailbook.deliver.alerting import check_all
from trailbook.deliver.alerts import ALERTS, OCCURRENCES, Above, Alert, Occurrence, alert_event, owner_of
from trailbook.deliver.channel import Uncertain
from trailbook.deliver.occurring import Window, match_of, occurrences
from trailbook.deliver.recipients import Recipient
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.watching import begin_watch, would_fire
from trailbook.directory.viewer import OPERATOR, GroupScope, SelfScope
from trailbook.errors import BadInput, NotAllowed
from trailbook.event.ids import uuid7
from trailbook.event.model import Belonging, Event, Initiator, Target
from trailbook.query.tree import Field
from trailbook.store.ports import Record, Store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


class Alarms(Office):
    """The office with one alert: failed sign-ins of one user."""

    numbers = 0

    def alert(self, **fields: Any) -> Alert:
        given: dict[str, Any] = {
            "query": "action:login outcome:failure",
            "recipients": (ANN,),
            "threshold": 3,
            "minutes": 10,
            "by": "target",
            **fields,
        }
        alert = Alert("a1", "ann", "acme", "Failed sign-ins", **given)
        now = self.clock()
        owner = check_all(self.base, alert, now)
        self.base.keep([ALERTS.record(alert), *begin_watch(self.base, alert, owner, now)])
        return alert

    def alert_kept(self) -> Alert:
        found = ALERTS.find(self.store, "a1", self.clock())
        assert found is not None
        return found.value

    def failed(self, *minutes: float, user: str = "u1", action: str = "login", data: Any = None, **who: Any) -> None:
        """Sign-ins that failed so many minutes after the start, in one batch."""
        self.store.append([seal(self.event(minute, user, action, data, **who)) for minute in minutes])

    def event(self, minute: float, user: str, action: str = "login", data: Any = None, **who: Any) -> Event:
        Alarms.numbers += 1
        at = START + timedelta(minutes=minute)
        return Event(
            id=uuid7(at, Alarms.numbers.to_bytes(10, "big")),
            occurred_at=at,
            resource="users",
            action=action,
            tenant="acme",
            outcome="failure",
            initiator=Initiator(user, tenant="acme", **{"ip": "10.0.0.1", "verified": False, **who}),
            targets=(Target("user", user, f"Name of {user}", "acme", groups=(Belonging(f"g-{user}", "", "acme"),)),),
            data=data,
            recorded_at=START + timedelta(minutes=minute),
        )

    def occurred(self) -> list[Occurrence]:
        return [found.value for found in OCCURRENCES.each(self.store, self.clock())]

    def told(self) -> list[Event]:
        rows = self.store.scan(OPERATOR, Field("resource", ("alerts",)), order="oldest")
        return [row.event for row in rows]


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Alarms:
    return Alarms(store, tmp_path)


def test_so_many_in_a_window_are_told_with_the_events(office: Alarms) -> None:
    office.alert(text="Have a look.")
    office.failed(0, 1)
    assert office.work(minutes=1) == 0
    office.failed(2, 2.5)
    office.failed(2, user="u2")
    assert office.work(minutes=1) == 1
    (message,) = [one.message for one in office.sent]
    assert (message.to, message.subject) == ("ann@example.com", "Failed sign-ins: Name of u1")
    assert "Have a look." in message.text
    assert message.html.count("Name of u1 (user)</td>") == 3
    assert "Name of u2" not in message.html
    said = message.data
    assert said["occurrence"]["group"] == "user:acme/u1"
    assert [one["ip"] for one in said["events"]] == ["10.0.0.1"] * 3
    assert [one["date_time"][:19] for one in said["events"]] == [
        f"2021-12-01T09:0{at}" for at in ("0:00", "1:00", "2:00")
    ]
    assert len({one["id"] for one in said["events"]}) == 3
    (delivery,) = office.deliveries()
    assert (delivery.state, delivery.id) == ("sent", message.id)


def test_the_mail_says_of_whom_how_many_and_links_to_these_alone(office: Alarms) -> None:
    office.alert(minutes=1)
    office.failed(0, 0.1, 0.2, user="u1")
    office.failed(0, user="u2")
    office.work(minutes=1)
    (sent,) = office.sent
    text = sent.message.text
    assert sent.message.subject == "Failed sign-ins: Name of u1"
    assert "Whom it was done to: Name of u1 (acme/u1)\n" in text
    assert "Events: 3\nTold when: 3 or more within 1 minute\n" in text
    (link,) = [urlsplit(word) for word in text.split() if word.startswith("http")]
    asked = parse_qs(link.query)
    assert (link.path, asked["query"]) == ("/reports/new", ["action:login outcome:failure against.user:acme/u1"])


def test_the_mail_shows_the_columns_that_have_anything_in_them(office: Alarms) -> None:
    """Of a schedule that stopped: which one, and why; nobody did it, from nowhere, to nobody."""
    office.alert(query="app:trailbook resource:schedules action:stop", threshold=1, by="", recipients=(BOB,))
    office.add()
    report = REPORTS.find(office.store, "r1", office.clock())
    office.base.keep([], removed=[report.record])
    office.work(minutes=6)
    assert office.work(minutes=1) == 1
    (sent,) = office.sent
    assert "Audit - Action: stop\nAudit - Details: Weekly calls: The report is gone" in sent.message.text
    assert "Audit - Initiator IP" not in sent.message.text


def test_what_happened_before_the_alert_is_not_told(office: Alarms) -> None:
    office.failed(0, 1, 2)
    office.alert()
    assert office.work(minutes=1) == 0
    office.failed(3)
    assert office.work(minutes=1) == 1
    assert len(office.occurred()[0].positions) == 4


def test_what_goes_on_is_told_once_for_each_window(office: Alarms) -> None:
    office.alert()
    for minute in range(30):
        office.failed(minute, minute + 0.5)
        office.work(minutes=1)
    assert [one.since for one in office.occurred()] == [START + timedelta(minutes=one) for one in (0, 10, 20)]
    assert len(office.sent) == 3


def test_what_comes_late_is_counted_where_it_occurred(office: Alarms) -> None:
    office.alert()
    office.failed(-600, -595, 0)
    assert office.work(minutes=1) == 0
    office.failed(-599)
    assert office.work(minutes=1) == 1
    office.failed(-597, -598, -596)
    assert office.work(minutes=1) == 0


def test_each_alert_is_an_event_and_none_looks_at_those(office: Alarms) -> None:
    office.alert(query="", threshold=1, minutes=1, by="")
    office.failed(0)
    for _ in range(10):
        office.work(minutes=2)
    assert len(office.sent) == 1
    assert [(one.action, one.tenant, one.outcome) for one in office.told()] == [
        ("fire", "acme", "success"),
        ("deliver", "acme", "success"),
    ]
    assert office.told()[0].targets == ()


def test_a_number_in_the_data_can_be_asked_for(office: Alarms) -> None:
    office.alert(query="action:export", threshold=1, by="", above=Above("rows", 10_000))
    office.failed(0, action="export", data={"rows": 10_000})
    office.failed(1, action="export", data={"rows": "99999"})
    office.failed(2, action="export", data={"rows": True})
    assert office.work(minutes=1) == 0
    office.failed(3, action="export", data={"rows": 10_001})
    assert office.work(minutes=1) == 1
    assert Above("report.rows", 5).holds(office.event(0, "u", data={"report": {"rows": 5.5}}))


def test_what_a_schedule_sends_is_an_export_too(office: Alarms) -> None:
    """And what an alert sends of it sets off nothing more."""
    office.alert(query="action:export,deliver", threshold=1, minutes=1, by="", above=Above("rows", 8))
    office.add()
    assert office.work(minutes=5) == 1
    office.change(active=False)
    assert [office.work(minutes=1) for _ in range(9)] == [1] + [0] * 8


def test_who_changes_an_alert_can_be_told(office: Alarms) -> None:
    office.alert(query="app:trailbook resource:alerts", threshold=1, minutes=1, by="")
    office.base.keep([], events=[alert_event(office.base, None, office.alert_kept(), "delete")])
    assert [office.work(minutes=1) for _ in range(9)] == [1] + [0] * 8


@pytest.mark.parametrize(
    "ends",
    [{"disabled": True}, {"role": "reader"}, {"scope": SelfScope("globex", "ann")}],
    ids=["gone", "right", "scope"],
)
def test_an_owner_who_may_not_any_longer_stops_it(office: Alarms, ends: dict[str, Any]) -> None:
    office.alert()
    found = ACCOUNTS.find(office.store, "ann", office.clock())
    assert found is not None
    office.base.keep([ACCOUNTS.record(replace(found.value, **ends), found)])
    office.failed(0, 1, 2)
    assert office.work(minutes=1) == 0
    alert = ALERTS.find(office.store, "a1", office.clock())
    assert alert is not None
    assert not alert.value.active
    assert alert.value.stopped
    assert [(one.action, one.outcome) for one in office.told()] == [("stop", "failure")]
    assert list(TASKS.each(office.store, office.clock())) == []


def test_a_recipient_gets_what_both_may_see(office: Alarms) -> None:
    office.account("bob", "reader", GroupScope("acme", ("g-u2",)))
    office.alert(by="", recipients=(ANN, BOB))
    office.failed(0, 1)
    office.failed(2, user="u2")
    assert office.work(minutes=1) == 2
    seen = {one.message.to: len(one.message.data["events"]) for one in office.sent}
    assert seen == {"ann@example.com": 3, "bob@example.com": 1}
    office.sent.clear()
    office.failed(30, 31, 32)
    assert office.work(minutes=1) == 1
    assert {one.recipient.to: one.state for one in office.deliveries() if one.state != "sent"} == {"bob": "empty"}


def test_an_owner_counts_only_what_they_see(office: Alarms) -> None:
    office.account("ann", "analyst", GroupScope("acme", ("g-u2",)))
    office.alert(by="")
    office.failed(0, 1, 2)
    assert office.work(minutes=1) == 0
    office.failed(0, 1, 2, user="u2")
    assert office.work(minutes=1) == 1


def test_an_outside_address_needs_a_domain_that_is_allowed(office: Alarms) -> None:
    office.alert(recipients=(OUTSIDE,))
    office.failed(0, 1, 2)
    assert office.work(minutes=1) == 1
    elsewhere = Alert("a2", "ann", "acme", "T", "", (Recipient("mail", "x@other.example"),))
    with pytest.raises(NotAllowed, match=r"other\.example") as told:
        check_all(office.base, elsewhere, office.clock())
    assert told.value.place == "recipients[0]"


def test_an_alert_that_could_not_be_looked_for_is_refused(office: Alarms) -> None:
    for wrong in (
        Alert("a2", "ann", "acme", "T", "action:login since:-7d", (ANN,)),
        Alert("a2", "ann", "acme", "T", "a OR -(b during:today)", (ANN,)),
        Alert("a2", "ann", "acme", "T", "", ()),
        Alert("a2", "ann", "acme", "T", "", (ANN,), above=Above("a..b", 1)),
    ):
        with pytest.raises(BadInput):
            check_all(office.base, wrong, office.clock())
    with pytest.raises(NotAllowed):
        check_all(office.base, Alert("a2", "ann", "globex", "T", "", (ANN,)), office.clock())


def test_what_would_have_been_told_lately_can_be_tried(office: Alarms, monkeypatch: pytest.MonkeyPatch) -> None:
    office.failed(-60, -59, -58, -20, -19, -18)
    alert = Alert("a2", "ann", "acme", "T", "action:login", (ANN,), 3, 10, "target")
    owner = owner_of(office.base, alert, office.clock())
    found = would_fire(alert, owner, office.store, office.clock(), timedelta(days=7))
    assert [(one.since - START).total_seconds() / 60 for one in found] == [-60, -20]
    monkeypatch.setattr(watching, "MOST_TRIED", 5)
    with pytest.raises(BadInput, match="more than 5 events of the last 7 days"):
        would_fire(alert, owner, office.store, office.clock(), timedelta(days=7))


def test_an_answer_that_was_lost_is_noted(office: Alarms) -> None:
    office.alert()
    office.failed(0, 1, 2)
    fails = [Uncertain("Lost.")]

    def fail(message: Any) -> None:
        if fails:
            raise fails.pop()

    office.fails = fail
    assert office.work(minutes=1) == 0
    assert office.work(minutes=2) == 1
    (delivery,) = office.deliveries()
    assert (delivery.state, delivery.uncertain) == ("sent", True)


def test_of_very_many_that_occur_at_once_some_are_kept_at_a_time(
    office: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, keep = list[int](), Mortal.keep

    def counted(base: Mortal, changed: Sequence[Record], **more: Any) -> Any:
        at_once.append(sum(one.kind == OCCURRENCES.kind for one in changed))
        return keep(base, changed, **more)

    monkeypatch.setattr(watching, "MOST_FIRED", 3)
    monkeypatch.setattr(Mortal, "keep", counted)
    office.alert(threshold=1)
    for user in range(10):
        office.failed(0, user=f"u{user}")
    assert office.work(minutes=1) == 10
    assert (max(at_once), sum(at_once)) == (3, 10)


def test_what_cannot_count_any_more_is_not_read_again(office: Alarms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what was told, nor what is of others, however much of it is in the window."""
    reads, scan = list[int](), office.store.scan

    def counted(*given: Any, **more: Any) -> Iterator[Any]:
        found = list(scan(*given, **more))
        reads.append(len(found))
        return iter(found)

    office.alert(by="ip", minutes=600, threshold=5)
    office.failed(*(number / 100 for number in range(400)), ip="10.0.0.1")
    office.failed(0, 1, 2, ip="10.0.0.2")
    assert office.work(minutes=5) == 1
    monkeypatch.setattr(office.store, "scan", counted)
    for _ in range(3):
        office.failed(5, ip="10.0.0.1")
        assert office.work(minutes=1) == 0
    assert sum(reads) == 0
    office.failed(6, ip="10.0.0.2")
    assert office.work(minutes=1) == 0
    assert reads == [4]


ADDRESSES = ("10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "2001:db8::1", "elsewhere")


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("seed", range(sized(5, 60)))
def test_whatever_dies_each_occurrence_is_told_as_a_brute_force_finds_it(
    kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST_ASKED_FOR", seed % 3)
    random = Random(seed)
    opened = STORES[kind](tmp_path)
    dying = False
    office = Alarms(opened, tmp_path, dies=lambda: dying and random.random() < 0.05)
    try:
        alert = office.alert(by=("target", "ip", "user", "initiator", "")[seed % 5])
        begin = opened.heads(OPERATOR)["acme"].size
        for _ in range(sized(12, 40)):
            for _ in range(random.randrange(1, 4)):
                times = [random.uniform(-30, 0) for _ in range(random.randrange(1, 3))]
                who = {"ip": random.choice(ADDRESSES), "verified": random.random() < 0.7}
                office.failed(*times, user=f"u{random.randrange(2)}", **who)
            dying = True
            for _ in range(3):
                try:
                    office.work(seconds=40)
                except Died:
                    continue
            dying = False
        for _ in range(12):
            office.work(minutes=5)
        rows = sorted(opened.scan(OPERATOR, Field("action", ("login",))), key=lambda row: row.position)
        found = [match_of(row.event, row.position, alert.by) for row in rows]
        wanted = {one.window for one in occurrences(alert.rule, found, begin, ())}
        assert {Window(one.group, one.since) for one in office.occurred()} == wanted
        assert wanted
        fired = [one for one in office.told() if one.action == "fire"]
        assert len(fired) == len(wanted)
        assert {one.state for one in office.deliveries()} == {"sent"}
        sent = [one.message.id for one in office.sent]
        twice = {one.id for one in office.deliveries() if one.uncertain}
        assert len(set(sent)) == len(wanted)
        assert {one for one in sent if sent.count(one) > 1} <= twice
    finally:
        opened.close()
