"""The spool outlives the process: torn ends, folders that are shared, forks, and what no longer fitted in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from capture.fake import Memory, recorder, serving

from trailbook.capture import RecorderError, Result
from trailbook.capture.loss import Lost
from trailbook.capture.spool import Spool

NOW = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)


def spool(folder: Path, name: str = "a", most_bytes: int = 1 << 20, segment_bytes: int = 1 << 16) -> Spool:
    made = Spool(folder, name, lambda: Lost(f"lost-{name}", "web"), most_bytes, segment_bytes)
    made.adopt()
    return made


def left_behind(folder: Path, name: str, lines: list[bytes], segment_bytes: int = 1 << 16) -> None:
    """What a process that recorded these left when it ended."""
    one = spool(folder, name, segment_bytes=segment_bytes)
    for line in lines:
        one.append(line)
    one.close()


def drained(one: Spool, most: int = 100) -> list[bytes]:
    """All that can be taken from it, which is done with then."""
    found: list[bytes] = []
    while (batch := one.next(most, 1 << 16)) is not None:
        found += batch.lines
        one.done(batch)
    return found


LINES = [f"event {number}".encode() for number in range(1000)]


def test_another_process_finds_what_was_left_in_its_order(tmp_path: Path) -> None:
    left_behind(tmp_path, "a", LINES, segment_bytes=1_000)
    assert len(list(tmp_path.glob("*.events"))) > 10
    two = spool(tmp_path, "b")
    two.append(b"mine")
    assert drained(two) == [*LINES, b"mine"]
    two.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_done_with_is_not_found_again(tmp_path: Path) -> None:
    one = spool(tmp_path)
    for line in LINES:
        one.append(line)
    batch = one.next(300, 1 << 16)
    assert batch is not None
    one.done(batch)
    one.close()
    assert drained(spool(tmp_path, "b")) == LINES[300:]


def test_what_a_living_process_holds_is_left_alone(tmp_path: Path) -> None:
    one, two = spool(tmp_path, "a"), spool(tmp_path, "b")
    one.append(b"mine")
    two.adopt()
    assert drained(two) == []
    one.close()
    two.adopt()
    assert drained(two) == [b"mine"]


@pytest.mark.parametrize("cut", [1, 5, 8, 12])
def test_a_torn_end_costs_only_the_event_that_was_being_written(
    cut: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left_behind(tmp_path, "a", LINES[:10])
    (file,) = tmp_path.glob("*.events")
    os.truncate(file, file.stat().st_size - cut)
    assert drained(spool(tmp_path, "b")) == LINES[:9]
    assert f"its last {len(LINES[9]) + 8 - cut} bytes are no whole event" in caplog.text
    assert not file.exists()


def test_a_damaged_event_is_never_taken_for_a_whole_one(tmp_path: Path) -> None:
    left_behind(tmp_path, "a", LINES[:10])
    (file,) = tmp_path.glob("*.events")
    damaged = bytearray(file.read_bytes())
    damaged[-20] ^= 1
    file.write_bytes(damaged)
    assert set(drained(spool(tmp_path, "b"))) < set(LINES[:10])


def test_rubbish_in_the_folder_hurts_nobody(tmp_path: Path) -> None:
    (tmp_path / "x.events").write_bytes(os.urandom(5_000))
    (tmp_path / "y.events").write_bytes(b"")
    (tmp_path / "z.lost").write_bytes(b"{")
    (tmp_path / "note.txt").write_text("not ours")
    (tmp_path / "sub.events").mkdir()
    assert drained(spool(tmp_path)) == []
    assert (tmp_path / "note.txt").exists()


def test_an_event_longer_than_a_batch_is_taken_whole(tmp_path: Path) -> None:
    long = b"x" * 500_000
    left_behind(tmp_path, "a", [b"before", long, b"after"])
    assert drained(spool(tmp_path, "b")) == [b"before", long, b"after"]


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    one = spool(tmp_path / "new" / "folder")
    one.append(b"x")
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new" / "folder").iterdir()} == {0o600}


def test_a_full_spool_keeps_its_bound_and_says_what_it_missed_before_all_else(tmp_path: Path) -> None:
    sink = Memory()
    sink.reason = "away"
    moments = iter(NOW + timedelta(seconds=number) for number in range(10**6))
    with recorder(tmp_path, sink, spool_bytes=2 << 20, clock=lambda: next(moments)) as ours:
        for number in range(3_000):
            ours.record("a", "r", details=str(number), data="x" * 1_000)
        missed = ours.stats().not_captured
        assert 500 < missed < 2_000
        assert sum(one.stat().st_size for one in (tmp_path / "spool").iterdir()) < (2 << 20) + 100_000
        sink.reason = ""
        assert ours.flush(10)
        ours.record("a", "r", details="again")
        assert ours.flush(10)
    # What was missed after a first try to tell of it is told in a second event.
    told = [one for one in sink.events if one["action"] == "not_captured"]
    assert sink.events[: len(told)] == told
    assert 1 <= len(told) <= 2
    assert sum(one["data"]["count"] for one in told) == missed
    for one in told:
        assert one["data"]["reasons"] == {"The spool is full.": one["data"]["count"]}
        assert one["data"]["since"] <= one["data"]["until"] == one["occurred_at"]
        assert one["details"] == f"{one['data']['count']} events were not captured"
    assert told[-1]["data"]["until"] >= "2021-11-17T14:57:00Z"
    others = [one["details"] for one in sink.events[len(told) :]]
    assert others == [*(str(number) for number in range(3_000 - missed)), "again"]


def test_a_full_spool_makes_a_strict_recorder_fail(tmp_path: Path) -> None:
    sink = Memory()
    sink.reason = "away"
    with recorder(tmp_path, sink, spool_bytes=2 << 20, strict=True) as ours:
        for _ in range(4):
            ours.record("a", "r", data="x" * 500_000)
        with pytest.raises(RecorderError, match="The spool is full"):
            ours.record("a", "r", data="x" * 500_000)
        assert ours.stats().not_captured == 0


def test_what_was_missed_is_told_by_the_next_process_once(tmp_path: Path) -> None:
    one = spool(tmp_path)
    for number in range(3):
        one.lose(NOW + timedelta(seconds=number), "full")
    one.close()
    two = spool(tmp_path, "b")
    (told,) = drained(two)
    two.close()
    assert json.loads(told) == {
        "id": "lost-a",
        "occurred_at": "2021-11-17T14:07:02Z",
        "resource": "recorder",
        "action": "not_captured",
        "application": "web",
        "outcome": "failure",
        "details": "3 events were not captured",
        "data": {"count": 3, "since": "2021-11-17T14:07:00Z", "until": "2021-11-17T14:07:02Z", "reasons": {"full": 3}},
    }
    assert list(tmp_path.iterdir()) == []


def test_what_is_missed_while_a_loss_is_told_is_another_loss(tmp_path: Path) -> None:
    one = spool(tmp_path)
    one.lose(NOW, "full")
    first = one.next(10, 1000)
    assert first is not None
    one.lose(NOW, "full")
    again = one.next(10, 1000)
    assert again is not None
    assert again.lines == first.lines
    one.done(again)
    (second,) = drained(one)
    assert json.loads(second)["data"]["count"] == 1


def test_a_disk_that_fails_counts_as_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Memory()
    with recorder(tmp_path, sink) as ours:
        ours.record("a", "r", details="before")
        written = os.pwrite
        monkeypatch.setattr(os, "pwrite", lambda file, data, at: written(file, data[:5], at))
        ours.record("a", "r", details="torn")
        monkeypatch.undo()
        ours.record("a", "r", details="after")
        assert ours.flush(10)
    assert [one["details"] for one in sink.events if one["action"] == "a"] == ["before", "after"]
    (told,) = [one for one in sink.events if one["action"] == "not_captured"]
    assert told["data"]["count"] == 1


def test_a_disk_without_room_for_another_file_still_gets_its_events_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = spool(tmp_path)
    one.append(b"event")
    one.lose(NOW, "full")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trailbook.capture.spool.LossFile.create", full)
    assert drained(one) == [b"event"]
    monkeypatch.undo()
    (told,) = drained(one)
    assert json.loads(told)["data"]["count"] == 1


def test_a_folder_that_somebody_removes_is_made_anew(tmp_path: Path) -> None:
    sink = Memory()
    with recorder(tmp_path, sink) as ours:
        ours.record("a", "r", details="before")
        shutil.rmtree(tmp_path / "spool")
        ours.record("a", "r", details="meanwhile")
        for number in range(6):
            ours.record("a", "r", details=str(number), data="x" * 900_000)
        assert ours.flush(10)
        assert ours.stats().not_captured == 0
    assert [one["details"] for one in sink.events] == ["before", "meanwhile", *map(str, range(6))]


def test_a_recorder_that_records_nothing_starts_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    with recorder(tmp_path, Memory()):
        assert threading.active_count() == before


def test_refused_events_are_kept_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.capture.spool.MOST_REJECTED_BYTES", 1_000)
    sink = Memory()
    sink.result = Result("rejected", reason="No.")
    with recorder(tmp_path, sink) as ours:
        for _ in range(50):
            ours.record("a", "r")
        assert ours.flush(10)
        assert ours.stats().rejected == 50
    assert (tmp_path / "spool" / "rejected.jsonl").stat().st_size <= 1_000


FORKING = """
import os, sys
from trailbook.capture import Recorder
ours = Recorder(sys.argv[1], "tb_test", "web", spool=sys.argv[2])
ours.record("a", "r", details="parent before")
assert ours.flush(10)
ours.record("a", "r", details="parent waiting")
children = []
for number in range(3):
    child = os.fork()
    if not child:
        for turn in range(20):
            ours.record("a", "r", details=f"child {number}.{turn}")
        ours.close()
        os._exit(0)
    children.append(child)
ours.record("a", "r", details="parent after")
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_forked_processes_each_deliver_their_own_once(tmp_path: Path) -> None:
    with serving() as server:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FORKING, server.url, str(tmp_path)], check=True, timeout=60
        )
        found = server.details()
    assert len(found) == len(server.events) == 63
    assert [one for one in found if one.startswith("parent")] == ["parent before", "parent waiting", "parent after"]
    for number in range(3):
        mine = [one for one in found if one.startswith(f"child {number}.")]
        assert mine == [f"child {number}.{turn}" for turn in range(20)]
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_just_ends_has_delivered(tmp_path: Path) -> None:
    code = (
        "import sys; from trailbook.capture import Recorder; "
        "Recorder(sys.argv[1], 'tb_test', 'web', spool=sys.argv[2]).record('a', 'r', details='last')"
    )
    with serving() as server:
        subprocess.run([sys.executable, "-c", code, server.url, str(tmp_path)], check=True, timeout=60)
        assert server.details() == ["last"]
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code, server.url, str(tmp_path)], check=True, timeout=60)
    assert time.monotonic() - started < 20
    assert len(list(tmp_path.glob("*.events"))) == 1
