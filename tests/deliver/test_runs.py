"""Schedules that run: when, what is sent, missed runs, and workers that are killed at any point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from deliver.scheduled import ANN, BOB, OUTSIDE, Office, at
from msgspec.structs import replace
from sealed import seal, simple
from simulated import Died
from size import sized
from stores import PLACES, STORES

from trailbook.deliver import message, runs
from trailbook.deliver.channel import Failed, Message, Refused, Uncertain
from trailbook.deliver.deliveries import DEAD_LETTERS, DELIVERIES, MOST_TRIES, revive
from trailbook.deliver.files import Files, Made
from trailbook.deliver.recipients import Recipient
from trailbook.deliver.schedules import next_task
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.times import Timing
from trailbook.store.ports import Store


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    return Office(store, tmp_path)


def test_a_due_run_sends_the_report_of_the_period_before_it(office: Office) -> None:
    office.add(during="-5h", subject="{title} of {date} {time}: {rows}", text="From {since}.\n\nSee {nothing}.")
    assert office.work(minutes=4) == 0
    assert office.work(minutes=1) == 1
    ((message, files),) = [(one.message, one.files) for one in office.sent]
    assert message.to == "ann@example.com"
    assert message.subject == "Calls of Dec 1, 2021 10:05 AM: 4"
    assert "From Dec 1, 2021, 5:05 AM." in message.text
    assert "See {nothing}." in message.text
    assert "Name of u1" in message.html
    assert [one.name for one in message.attachments] == ["Calls Dec 1, 2021.csv"]
    assert files[0].count("\n") == 5
    (run,) = office.runs()
    assert (run.due_at, run.state, run.report.id, run.report.version) == (at(9, 5), "done", "r1", 1)
    (delivery,) = office.deliveries()
    assert (delivery.state, delivery.tries, delivery.uncertain, delivery.sent_at) == ("sent", 1, False, at(9, 5))
    assert [(one.format, one.rows, one.bytes) for one in delivery.files] == [("csv", 4, len(files[0].encode()))]
    assert message.id == delivery.id == f"{run.id}.{ANN.key}"


def test_what_was_recorded_after_the_run_is_not_in_a_later_try(office: Office) -> None:
    """The books' heads are noted when it runs."""
    office.add()
    office.fails = _raise(Failed("Busy."))
    assert office.work(minutes=5) == 0
    office.store.append([seal(simple(77, at(8, 0)))])
    office.fails = lambda message: None
    (office.folder / "files").rename(office.folder / "lost")  # another machine has the next try
    assert office.work(minutes=1) == 1
    assert office.sent[0].files[0].count("\n") == 10
    assert office.deliveries()[0].tries == 2


def test_each_run_and_delivery_is_an_event(office: Office) -> None:
    office.add()
    office.work(minutes=5)
    run, delivery = office.events()
    assert [(one.tenant, one.application, one.action, one.outcome) for one in (run, delivery)] == [
        ("acme", "trailbook", "run", "success"),
        ("acme", "trailbook", "deliver", "success"),
    ]
    assert run.initiator.id == "ann"
    assert delivery.data["recipient"] == "account:ann"
    assert delivery.data["files"][0]["rows"] == 9
    assert delivery.targets == ()


def test_no_event_has_the_path_of_a_webhook(office: Office) -> None:
    """It is often a secret, and an event is kept for ever."""
    schedule = office.add(recipients=(Recipient("webhook", "https://example.com/T0/secret?token=secret"),))
    office.work(minutes=5)
    assert office.sent[0].message.data["schedule"]["tenant"] == "acme"
    delivered = office.events()[-1]
    assert delivered.data["recipient"].startswith("webhook:example.com (")
    assert schedule.told()["recipients"] == [delivered.data["recipient"]]
    assert not any("secret" in str(one) for one in office.events())


def test_an_empty_report_is_not_sent_if_it_shall_not_be(office: Office) -> None:
    office.add(during="2020", skip_empty=True)
    assert office.work(minutes=5) == 0
    assert [one.state for one in office.deliveries()] == ["empty"]


@pytest.mark.parametrize(
    ("missed", "due"),
    [("latest", ["17:00"]), ("each", ["11:00", "13:00", "15:00", "17:00"]), ("skip", [])],
)
def test_missed_runs_are_made_up_for_as_chosen(office: Office, missed: str, due: list[str]) -> None:
    """Every two hours; nobody worked until an hour and a half after the last."""
    office.add(missed=missed, timing=Timing("cron", cron="0 */2 * * *"))
    office.work(hours=9, minutes=30)
    assert [f"{one.due_at:%H:%M}" for one in office.runs()] == due
    assert office.work(minutes=30) == 1
    assert office.runs()[-1].due_at == at(19, 0)


def test_however_late_it_is_a_run_is_of_the_period_before_its_due_time(office: Office) -> None:
    """Due at ten, begun at noon; events are from eight, seven, six and so on."""
    office.add(timing=Timing("day", "11:00"), during="-3h", text="From {since}.")  # by clocks in Berlin
    assert office.work(hours=3) == 1
    (sent,) = office.sent
    assert "From Dec 1, 2021, 8:00 AM." in sent.message.text
    assert sent.files[0].count("\n") == 3


def test_clocks_that_are_set_back_run_nothing_twice(office: Office) -> None:
    """As when a schedule is changed on a machine whose clock is behind that of the one that ran it."""
    schedule = office.add()
    assert office.work(minutes=5) == 1
    office.clock.move(seconds=-5)
    office.change(turn=2)
    office.base.keep([TASKS.record(next_task(replace(schedule, turn=2), office.clock()))])
    assert office.work(seconds=5) == 0
    assert office.work(minutes=5) == 1
    assert [one.due_at for one in office.runs()] == [at(9, 5), at(9, 10)]


def test_after_a_long_absence_only_the_last_that_were_missed_are_made_up_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_MISSED", 3)
    office.add()
    office.work(days=30, minutes=7)
    assert [f"{one.due_at:%d %H:%M}" for one in office.runs()] == ["31 08:55", "31 09:00", "31 09:05"]
    told = [event.data for event in office.events() if event.action == "run"]
    assert [one.get("missed_since") for one in told] == ["2021-12-01T09:05:00Z", None, None]
    assert office.work(minutes=3) == 1


def test_files_that_are_too_large_are_linked_to_or_refused(office: Office) -> None:
    """The link leads to the page of the delivery, which has all formats; who cannot sign in gets none."""
    office.add(attach_bytes=10, formats=("csv", "jsonl"), recipients=(ANN, OUTSIDE))
    office.work(minutes=5)
    (sent,) = office.sent
    assert sent.message.attachments == ()
    link = f"{office.base.settings.address}/deliveries/{sent.message.id}"
    assert f"Download the files (you will be asked to sign in): {link}\n" in sent.message.text
    assert f'href="{link}"' in sent.message.html
    assert "The files are too large to attach." in sent.message.text
    states = {one.recipient: (one.state, one.error) for one in office.deliveries()}
    assert states[ANN] == ("sent", "")
    assert states[OUTSIDE][0] == "dead"
    assert "a link needs an account" in states[OUTSIDE][1]


def test_who_has_no_account_gets_the_files_and_no_link(office: Office) -> None:
    office.add(recipients=(ANN, OUTSIDE))
    office.work(minutes=5)
    texts = {one.message.to: one.message.text for one in office.sent}
    assert "See it in Trailbook: http" in texts["ann@example.com"]
    assert "http" not in texts[OUTSIDE.to]
    assert "too large" not in "".join(texts.values())


def test_a_report_of_all_time_says_so(office: Office) -> None:
    office.add(during="", subject="{title} since {since}")
    office.work(minutes=5)
    (sent,) = office.sent
    assert sent.message.subject == "Calls since …"
    assert "Period: All time\nTime zone: Europe/Berlin\n" in sent.message.text


def test_a_webhook_is_not_sent_a_report_without_its_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a webhook cannot carry, its receiver cannot fetch."""
    monkeypatch.setattr(message, "MOST_FILES", 10)
    office.add(attach_bytes=10, recipients=(Recipient("webhook", "https://example.com/"), Recipient("folder", "all")))
    office.work(minutes=5)
    assert [one.message.to for one in office.sent] == ["acme/all"]
    dead = next(one for one in office.deliveries() if one.recipient.kind == "webhook")
    assert (dead.state, "a link needs an account" in dead.error) == ("dead", True)


def test_who_sees_the_same_gets_the_same_file(office: Office) -> None:
    office.add(recipients=(ANN, OUTSIDE))
    office.work(minutes=5)
    assert len({one.message.attachments[0].path for one in office.sent}) == 1
    assert len({one.message.id for one in office.sent}) == 2


def test_of_two_who_make_the_same_file_at_once_one_takes_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add(recipients=(ANN, OUTSIDE))
    make, others = Files.make, [office.worker()]

    def meanwhile(files: Files, *given: Any) -> Made:
        if others:
            others.pop().run_due()
        return make(files, *given)

    monkeypatch.setattr(Files, "make", meanwhile)
    assert office.work(minutes=5) == 2
    assert [(one.state, one.tries) for one in office.deliveries()] == [("sent", 1)] * 2
    assert {one.message.attachments[0].path for one in office.sent} == set((office.folder / "files").iterdir())


def _raise(error: Exception):
    def fail(message: Message) -> None:
        raise error

    return fail


def test_a_server_that_is_away_for_an_hour_gets_it_then(office: Office) -> None:
    office.add()
    office.fails = _raise(Failed("The server is away."))
    office.work(minutes=5)
    office.change(active=False)
    for _ in range(59):
        office.work(minutes=1)
    waiting = office.deliveries()[0]
    assert (waiting.state, waiting.error) == ("waiting", "The server is away.")
    assert 5 <= waiting.tries <= 8
    office.fails = lambda message: None
    for _ in range(70):
        office.work(minutes=1)
    assert [one.message.id for one in office.sent] == [waiting.id]
    assert (office.deliveries()[0].state, office.deliveries()[0].uncertain) == ("sent", False)


def test_what_is_refused_or_tried_too_often_is_a_dead_letter_and_can_be_tried_again(office: Office) -> None:
    office.add()
    office.fails = _raise(Refused("No such mailbox."))
    office.work(minutes=5)
    office.change(active=False)
    (dead,) = DEAD_LETTERS.all(office.store, office.clock(), owner="acme")
    found = DELIVERIES.find(office.store, dead.value.id, office.clock())
    assert (found.value.state, found.value.tries, found.value.error) == ("dead", 1, "No such mailbox.")
    assert office.events()[-1].outcome == "failure"
    assert office.events()[-1].reason == "No such mailbox."

    decided = revive(found, dead, office.clock())
    office.base.keep(decided.changed, removed=decided.removed)
    office.fails = _raise(Failed("Busy."))
    for _ in range(60):
        office.work(minutes=30)
    assert (office.deliveries()[0].state, office.deliveries()[0].tries) == ("dead", MOST_TRIES)
    (dead,) = DEAD_LETTERS.all(office.store, office.clock(), owner="acme")

    decided = revive(DELIVERIES.find(office.store, dead.value.id, office.clock()), dead, office.clock())
    office.base.keep(decided.changed, removed=decided.removed)
    office.work(minutes=1)
    assert (office.deliveries()[0].state, office.deliveries()[0].tries) == ("waiting", 1)


def test_a_lost_answer_is_marked_uncertain_and_sent_again_under_the_same_id(office: Office) -> None:
    office.add()
    tried = []

    def lose(message: Message) -> None:
        tried.append(message.id)
        if len(tried) == 1:
            raise Uncertain("The answer was lost.")

    office.fails = lose
    office.work(minutes=5)
    assert office.deliveries()[0].uncertain
    office.work(minutes=1)
    (delivery,) = [one for one in office.deliveries() if one.id == tried[0]]
    assert (delivery.state, delivery.uncertain, delivery.tries) == ("sent", True, 2)
    assert tried == [delivery.id, delivery.id]


def test_a_schedule_that_was_changed_or_paused_leaves_its_earlier_tasks(office: Office) -> None:
    office.add()
    office.change(turn=2)
    assert office.work(minutes=5) == 0
    assert office.runs() == []


@pytest.fixture(params=PLACES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store that several processes can work on."""
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(sized(2, 100)))
def test_of_an_hour_with_workers_that_are_killed_no_run_is_lost_and_none_is_sent_twice(
    shared: Store, tmp_path: Path, seed: int
) -> None:
    """Killed before or after anything is kept, and before or after a message is taken by the other side.

    Twice is sent only what was being sent by a worker that was killed, and that is marked uncertain.
    """
    random, kills = Random(seed), Counter[str]()

    def dies() -> bool:
        killed = random.random() < 0.04
        kills["keeping"] += killed
        return killed

    office = Office(shared, tmp_path, dies)
    office.add(recipients=(ANN, BOB))
    send = office._send

    def send_or_die(message: Message) -> None:
        when = random.random()
        if when < 0.05:
            kills["before"] += 1
            raise Died
        send(message)
        if when > 0.95:
            kills["after"] += 1
            raise Died

    office._send = send_or_die  # type: ignore[method-assign]
    workers = [office.worker(), office.worker()]
    end = at(10, 0)
    while office.clock() < end or any(one.state != "sent" for one in office.deliveries()):
        office.clock.move(seconds=random.choice((1, 7, 31, 45)))
        if office.clock() >= end:
            office.change(active=False)
        for number in random.sample((0, 1), 2):
            try:
                workers[number].run_due()
            except Died:
                workers[number] = office.worker()
    assert [f"{one.due_at:%H:%M}" for one in office.runs()] == [f"09:{minute:02}" for minute in range(5, 60, 5)]
    times = Counter(one.message.id for one in office.sent)
    assert times.keys() == {one.id for one in office.deliveries()}
    assert len(times) == 22
    for one in office.deliveries():
        assert times[one.id] == 1 or one.uncertain
        assert times[one.id] <= one.tries
    assert sum(one.state == "sent" for one in office.deliveries()) == 22
    told = [event for event in office.events() if event.action == "run"]
    assert len(told) == 11
    assert sum(kills.values()) > 3
