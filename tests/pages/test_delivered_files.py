"""Files that mails lead to: for whoever received the mail and signs in, as long as they may, and as they were sent."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import entered
import pytest
from msgspec.structs import replace
from paged import Reader
from sealed import seal, simple
from served import NOW, service

from trailbook.access.kept import ACCOUNTS, REPORTS
from trailbook.access.model import Account
from trailbook.deliver.channel import Message
from trailbook.deliver.deliveries import DELIVERIES, Delivery
from trailbook.deliver.handlers import handlers
from trailbook.deliver.recipients import Recipient
from trailbook.deliver.schedules import SCHEDULES, Schedule, next_task
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.times import Timing
from trailbook.deliver.worker import Worker
from trailbook.directory.viewer import SelfScope
from trailbook.render import DOWNLOADS
from trailbook.report.saved import SavedReport
from trailbook.web.service import Service

Read = Callable[[Account | None], Reader]


@pytest.fixture
def served(tmp_path: Path) -> Service:
    """With files in every format that were too large for a mail to Bob."""
    served = service(worker=False, export_folder=str(tmp_path / "files"), url="https://testserver")
    ann = entered.add(served, "ann@example.com", role="analyst", id="ann")
    entered.add(served, "bob@example.com", id="bob")
    entered.add(served, "eve@example.com", id="eve")
    served.store.append([seal(simple(number, NOW.replace(hour=number), user=f"u{number % 2}")) for number in range(8)])
    report = SavedReport("r1", ann.id, "acme", "Calls", {"columns": ["date_time", "initiator"]})
    schedule = Schedule(
        "s1", ann.id, "acme", "Daily", "r1", Timing("day", "10:00"), "UTC", (Recipient("account", "bob"),),
        tuple(DOWNLOADS), attach_bytes=0,
    )  # fmt: skip
    served.keep([REPORTS.record(report), SCHEDULES.record(schedule), TASKS.record(next_task(schedule, NOW))])
    return served


def mailed(served: Service) -> Message:
    """What is sent at the due time."""
    entered.later(served, hours=1)
    sent: list[Message] = []
    Worker(served, handlers(served.settings, {"mail": sent.append})).run_due()
    (message,) = sent
    return message


def paths(message: Message) -> list[str]:
    """Where the files of what the mail links to are."""
    (page,) = re.findall(r"https://testserver(\S+)", message.text)
    return [f"{page}/files/{format}" for format in DOWNLOADS]


def delivery(served: Service) -> Delivery:
    (found,) = DELIVERIES.each(served.store, served.clock())
    return found.value


def test_each_file_is_linked_and_is_the_one_that_was_noted(served: Service, read: Read, tmp_path: Path) -> None:
    """Also when it has to be made anew."""
    message = mailed(served)
    assert message.attachments == ()
    bob = ACCOUNTS.find(served.store, "bob", served.clock())
    assert bob is not None
    reader = read(bob.value)
    noted = {one.format: (one.bytes, one.sha256) for one in delivery(served).files}
    assert list(noted) == list(DOWNLOADS)
    for is_kept in (True, False):
        for path, (bytes, sha256) in zip(paths(message), noted.values(), strict=True):
            answer = reader.get(path).answer
            assert (len(answer.content), hashlib.sha256(answer.content).hexdigest()) == (bytes, sha256), path
            assert ("etag" in answer.headers) == is_kept
            suffix = DOWNLOADS[path.rpartition("/")[2]].suffix
            assert answer.headers["content-disposition"] == f'attachment; filename="calls-2021-12-01.{suffix}"'
        shutil.rmtree(tmp_path / "files", ignore_errors=True)
    taken = [one.data["format"] for one in entered.told(served, "reports") if one.action == "export"]
    assert taken == list(DOWNLOADS) * 2


def test_who_is_not_signed_in_is_asked_to_and_then_gets_it(served: Service, read: Read) -> None:
    path = paths(mailed(served))[0]
    stranger = read(None)
    answer = stranger.get(path)
    assert (answer.status, answer.headers["location"].split("?")[0]) == (303, "/sign-in")
    page = stranger.get(answer.headers["location"])
    signed = stranger.send(page, "/sign-in", name="bob@example.com", password=entered.PASSWORD)
    assert (signed.status, signed.headers["location"]) == (303, path)
    assert "Name of u1" in stranger.get(path).answer.text


def test_nobody_else_gets_it_and_the_recipient_no_more_than_is_theirs_now(served: Service, read: Read) -> None:
    path = paths(mailed(served))[0]
    for id, status in (("ann", 404), ("eve", 404), ("bob", 200)):
        found = ACCOUNTS.find(served.store, id, served.clock())
        assert found is not None
        assert read(found.value).get(path).status == status
    bob = ACCOUNTS.find(served.store, "bob", served.clock())
    assert bob is not None
    narrower = replace(bob.value, scope=SelfScope("acme", "u1"))
    served.keep([ACCOUNTS.record(narrower, bob)])
    text = read(narrower).get(path).answer.text
    assert ("Name of u1" in text, "Name of u0" in text) == (True, False)
    ann = ACCOUNTS.find(served.store, "ann", served.clock())
    assert ann is not None
    served.keep([ACCOUNTS.record(replace(ann.value, role="reader"), ann)])
    assert read(narrower).get(path).status == 403
