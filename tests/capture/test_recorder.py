"""What an application records is what arrives: shapes, context and moment; and nothing of it gets in the way."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from capture.fake import Memory, recorder, until

from trailbook.capture import Initiator, Recorder, RecorderError, Result, Target, acting_as, changes
from trailbook.errors import BadEvent, BadInput
from trailbook.event.canonical import decode

NOW = datetime(2021, 11, 17, 14, 7, 0, 250000, tzinfo=UTC)


@pytest.fixture
def sink() -> Memory:
    return Memory()


@pytest.fixture
def ours(tmp_path: Path, sink: Memory) -> Iterator[Recorder]:
    with recorder(tmp_path, sink, clock=lambda: NOW) as made:
        yield made


def sent(ours: Recorder, sink: Memory) -> dict[str, Any]:
    """The one event that arrives."""
    assert ours.flush(10)
    (event,) = sink.events
    return event


def test_an_event_has_the_id_and_the_moment_of_its_recording(ours: Recorder, sink: Memory) -> None:
    id = ours.record("login", "users")
    assert sent(ours, sink) == {
        "id": id, "occurred_at": "2021-11-17T14:07:00.250000Z", "resource": "users", "action": "login",
        "application": "web", "outcome": "success",
    }  # fmt: skip
    assert id.startswith("017d2e38-e49a-7")


def test_short_shapes_become_parts_of_an_event(ours: Recorder, sink: Memory) -> None:
    ours.record(
        "update",
        "users",
        initiator={"id": "u17", "name": "Ann"},
        targets=[("user", "u18", "Bob"), {"kind": "group", "id": "g1"}, Target("role", "admin")],
        related=("reports", "r1"),
        changes={"email": ("a@x", "b@x"), "name": {"new": "Bob"}, **changes({"age": 1}, {"age": 2})},
        data={"at": timedelta(hours=1), "path": Path("x"), "error": ValueError("no")},
        occurred_at=datetime(2021, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        outcome="denied",
        reason="no right",
        details="tried",
        id="018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10",
        tenant="acme",
        request_id="r-1",
    )
    assert sent(ours, sink) == {
        "id": "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10",
        "occurred_at": "2021-01-01T00:00:00Z",
        "resource": "users",
        "action": "update",
        "tenant": "acme",
        "application": "web",
        "initiator": {"id": "u17", "name": "Ann"},
        "outcome": "denied",
        "reason": "no right",
        "details": "tried",
        "targets": [
            {"kind": "user", "id": "u18", "name": "Bob"},
            {"kind": "group", "id": "g1"},
            {"kind": "role", "id": "admin"},
        ],
        "related": [{"kind": "reports", "id": "r1"}],
        "request_id": "r-1",
        "changes": {"age": {"old": 1, "new": 2}, "email": {"old": "a@x", "new": "b@x"}, "name": {"new": "Bob"}},
        "data": {"at": "PT3600S", "error": "no", "path": "x"},
    }
    decode(sink.lines[0])


def test_one_target_may_stand_by_itself(ours: Recorder, sink: Memory) -> None:
    ours.record("delete", "users", targets=("user", "u18"))
    assert sent(ours, sink)["targets"] == [{"kind": "user", "id": "u18"}]


def test_events_are_of_who_acts_around_them(ours: Recorder, sink: Memory) -> None:
    with acting_as(ip="203.0.113.7", user_agent="curl", request_id="r-9"):
        ours.record("open", "page")
        with acting_as("u17", tenant="acme", name="Ann", groups=["g1"], acts_as="u18"):
            ours.record("update", "users")
            with acting_as(ip="203.0.113.8"):
                ours.record("update", "users")
            ours.record("sync", "users", initiator=Initiator("cron", type="service"), request_id="r-10")
    ours.record("stop", "server")
    assert ours.flush(10)
    before, by_ann, elsewhere, by_cron, after = sink.events
    ann = {
        "id": "u17", "name": "Ann", "tenant": "acme", "ip": "203.0.113.7", "user_agent": "curl",
        "groups": [{"id": "g1"}], "acts_as": {"kind": "user", "id": "u18"},
    }  # fmt: skip
    assert "initiator" not in before
    assert before["request_id"] == "r-9"
    assert by_ann["initiator"] == ann
    assert elsewhere["initiator"] == {**ann, "ip": "203.0.113.8"}
    assert by_cron["initiator"] == {"id": "cron", "type": "service", "ip": "203.0.113.7", "user_agent": "curl"}
    assert by_cron["request_id"] == "r-10"
    assert "initiator" not in after
    assert "request_id" not in after


def test_tasks_and_threads_each_act_for_themselves(ours: Recorder, sink: Memory) -> None:
    async def act(user: str) -> None:
        with acting_as(user):
            await asyncio.sleep(0)
            ours.record("task", "r", details=user)
            await asyncio.to_thread(ours.record, "thread", "r", details=user)

    async def all_of_them() -> None:
        await asyncio.gather(*(act(f"u{number}") for number in range(20)))

    asyncio.run(all_of_them())
    with acting_as("u99"):
        copied = threading.Thread(
            target=contextvars.copy_context().run, args=(ours.record, "copied", "r"), kwargs={"details": "u99"}
        )
        fresh = threading.Thread(target=ours.record, args=("fresh", "r"))
        for thread in (copied, fresh):
            thread.start()
            thread.join()
    assert ours.flush(10)
    assert len(sink.events) == 42
    for event in sink.events:
        assert event.get("initiator", {}).get("id") == event.get("details"), event


def test_the_book_is_the_recorders_unless_the_event_names_one(tmp_path: Path, sink: Memory) -> None:
    with recorder(tmp_path, sink, tenant="acme") as ours:
        ours.record("a", "r")
        ours.record("a", "r", tenant="globex")
        assert ours.flush(10)
    assert [event["tenant"] for event in sink.events] == ["acme", "globex"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": [("user",)]},
        {"changes": {"a": 1}},
        {"initiator": {"name": "no id"}},
        {"data": "\ud800"},
        {"data": {(1, 2): 3}},
        {"details": "x" * 1_100_000},
        {"occurred_at": "yesterday"},
    ],
)
def test_what_is_no_event_breaks_nothing_and_is_counted(
    ours: Recorder, sink: Memory, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert ours.record("update", "users", **wrong)
    assert "an event was not captured (1 so far): " in caplog.text
    ours.record("update", "users")
    assert ours.flush(10)
    assert ours.stats().not_captured == 1
    told = next(event for event in sink.events if event["action"] == "not_captured")
    assert told["resource"] == "recorder"
    assert told["application"] == "web"
    assert told["data"]["count"] == 1
    assert told["data"]["since"] == told["data"]["until"] == "2021-11-17T14:07:00.250000Z"
    (reason,) = told["data"]["reasons"]
    assert reason.startswith("This is no event")


def test_a_strict_recorder_says_what_is_no_event(tmp_path: Path, sink: Memory) -> None:
    with recorder(tmp_path, sink, strict=True) as ours:
        with pytest.raises(RecorderError, match=r"targets: This is no event\. .*\(kind, id\)"):
            ours.record("update", "users", targets=[("user",)])
        with pytest.raises(RecorderError, match=r"action: This is no event\. The text is empty"):
            ours.record("", "users")
        ours.record("update", "users")
        assert ours.flush(10)
    assert [event["action"] for event in sink.events] == ["update"]


def test_a_strict_recorder_returns_when_the_disk_has_it(
    tmp_path: Path, sink: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.reason = "away"
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size))
    with recorder(tmp_path, sink, strict=True) as ours:
        ours.record("a", "r")
        (segment,) = (tmp_path / "spool").glob("*.events")
        assert synced[0] == segment.stat().st_size > 100


def test_a_default_recorder_leaves_the_disk_to_its_thread(
    ours: Recorder, sink: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: threads.append(threading.current_thread().name))
    sink.reason = "away"
    ours.record("a", "r")
    ours.close()
    assert set(threads) == {"trailbook-recorder"}


def test_refused_events_are_kept_with_the_reason(
    tmp_path: Path, sink: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    sink.result = Result("rejected", "action", "The text is empty.", "Send a text.")
    with recorder(tmp_path, sink) as ours:
        id = ours.record("", "users")
        assert ours.flush(10)
        assert ours.stats().rejected == 1
        assert ours.stats().waiting == 0
    kept = (tmp_path / "spool" / "rejected.jsonl").read_text()
    assert kept.startswith(
        '{"reason":"The text is empty.","field":"action","remedy":"Send a text.","event":{"id":"' + id
    )
    assert (tmp_path / "spool" / "rejected.jsonl").stat().st_mode & 0o777 == 0o600
    assert "1 events were refused; the first: action: The text is empty. Send a text." in caplog.text


def test_closing_delivers_and_leaves_nothing_behind(tmp_path: Path, sink: Memory) -> None:
    with recorder(tmp_path, sink) as ours:
        ours.record("a", "r")
    assert len(sink.events) == 1
    assert sink.closed
    assert list((tmp_path / "spool").iterdir()) == []
    ours.close()
    ours.record("late", "r")
    assert ours.stats().not_captured == 1
    assert ours.flush(0)


def test_a_closed_strict_recorder_says_so(tmp_path: Path, sink: Memory) -> None:
    ours = recorder(tmp_path, sink, strict=True)
    ours.close()
    with pytest.raises(RecorderError, match="closed"):
        ours.record("a", "r")


def test_statistics_say_what_is_wrong_and_what_waits(ours: Recorder, sink: Memory) -> None:
    sink.reason = "the server sleeps"
    ours.record("a", "r")
    assert not ours.flush(0)
    until(lambda: ours.stats().trouble != "")
    said = ours.stats()
    assert (said.recorded, said.delivered, said.waiting, said.trouble) == (1, 0, 1, "the server sleeps")
    assert said.last_delivered_at is None
    sink.reason = ""
    assert ours.flush(10)
    said = ours.stats()
    assert (said.recorded, said.delivered, said.waiting, said.trouble) == (1, 1, 0, "")
    assert said.last_delivered_at == NOW


@pytest.mark.parametrize(
    ("url", "key", "application", "place"),
    [
        ("ftp://x", "k", "web", "url"), ("https://", "k", "web", "url"), ("http://x:99999", "k", "web", "url"),
        ("http://x?y=1", "k", "web", "url"), ("https://x", "", "web", "key"), ("https://x", "a\nb", "web", "key"),
        ("https://x", "k", "", "application"), ("https://x", "k", "w\n", "application"),
    ],
)  # fmt: skip
def test_what_a_recorder_cannot_work_with_is_said_at_once(
    url: str, key: str, application: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        Recorder(url, key, application, spool=tmp_path)
    assert caught.value.place == place


def test_a_spool_that_cannot_be_made_is_said_at_once(tmp_path: Path, sink: Memory) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(RecorderError, match=r"The spool cannot be written: .* spool="):
        recorder(tmp_path, sink)


def test_a_key_on_an_open_network_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    Recorder("http://127.0.0.1:1", "k", "web", spool=tmp_path).close()
    assert caplog.text == ""
    Recorder("http://trail.example", "k", "web", spool=tmp_path).close()
    assert "trail.example is not encrypted" in caplog.text


def test_no_user_is_no_one_to_act_as() -> None:
    with pytest.raises(BadEvent, match="initiator"), acting_as({"name": "no id"}):
        pass


def test_the_sdk_brings_no_server_along() -> None:
    code = (
        "import sys, trailbook.capture; "
        "print(sorted(n for n in sys.modules if n.split('.')[0] in {'fastapi', 'starlette', 'pydantic', 'sqlite3', "
        "'uvicorn', 'httpx', 'click', 'zstandard', 'babel'} or n.startswith(('trailbook.store', 'trailbook.web', "
        "'trailbook.ingest', 'trailbook.directory', 'trailbook.settings'))))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
