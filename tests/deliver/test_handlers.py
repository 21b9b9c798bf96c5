"""What workers of a process do beside each other, and without a folder for files."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from deliver.test_alerts import Alarms
from exported import ask, of

from trailbook.access.present import present
from trailbook.deliver.base import Base
from trailbook.deliver.channel import Message
from trailbook.deliver.deliveries import DEAD_LETTERS
from trailbook.deliver.handlers import handlers, workers
from trailbook.deliver.owners import check_all
from trailbook.deliver.ways import Ways
from trailbook.deliver.worker import Worker
from trailbook.errors import Unreachable
from trailbook.settings import Settings
from trailbook.store.ports import Store


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Alarms:
    return Alarms(store, tmp_path)


def test_a_mail_server_that_says_nothing_holds_up_neither_alerts_nor_exports(office: Alarms) -> None:
    hangs, goes_on, told, failed = threading.Event(), threading.Event(), threading.Event(), list[Exception]()

    def send(message: Message) -> None:
        if "alert" in message.data:
            told.set()
        else:
            hangs.set()
            goes_on.wait(60)

    office.add()
    office.alert(threshold=1)
    office.failed(0)
    office.clock.move(minutes=6)
    export = ask(office.base, present(office.store, "account", "ann", office.clock()))
    several = workers(office.base, {"mail": send}, failed=lambda task, error: failed.append(error))
    several.start()
    several.wake()
    assert hangs.wait(30)
    assert told.wait(30)
    while of(office.base, export).state != "done":
        assert not failed
    assert not goes_on.is_set()
    goes_on.set()
    several.stop()
    assert [one.state for one in office.deliveries()] == ["sent", "sent"]
    assert several.run_due() == 0


def test_a_process_does_all_that_is_due(office: Alarms) -> None:
    """What comes of it included: runs send, alerts tell."""
    sent: list[Message] = []
    office.add()
    office.alert(threshold=1)
    office.failed(0)
    export = ask(office.base, present(office.store, "account", "ann", office.clock()))
    office.clock.move(minutes=6)
    several = workers(office.base, {"mail": sent.append}, failed=office._failed)
    assert several.run_due() == 5
    assert sorted("alert" in one.data for one in sent) == [False, True]
    assert of(office.base, export).state == "done"


def test_without_a_folder_alerts_are_told_and_reports_are_given_up_with_the_reason(office: Alarms) -> None:
    settings = Settings(store="postgresql://host/database")
    base = Base(office.store, settings, clock=office.clock, randomness=os.urandom)
    sent: list[Message] = []
    ways: Ways = {"mail": sent.append}
    schedule = office.add()
    office.alert(threshold=1)
    office.failed(0)
    for _ in range(30):
        office.clock.move(hours=2)
        Worker(base, handlers(settings, ways), failed=office._failed).run_due()
        office.change(active=False)
    assert ["alert" in one.data for one in sent] == [True]
    letters = DEAD_LETTERS.all(office.store, office.clock(), owner="acme")
    assert {one.value.source for one in letters} == {schedule.id}
    errors = {one.error for one in office.deliveries() if one.of == "schedule"}
    assert errors == {
        "This server has no folder for the files of reports. Name one in the setting `export_folder`.",
    }
    with pytest.raises(Unreachable, match="no folder"):
        check_all(base, schedule, office.clock())
