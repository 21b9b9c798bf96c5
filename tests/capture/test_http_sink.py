"""Against a server that is away, slow, refuses, or cuts the connection: every event arrives once, in order."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from capture.fake import CUT_BEFORE, KEY, Answer, Server, cut_after, free_port, says, serving, stored, until

from trailbook.capture import Away, HttpSink, Recorder, Result, TooManyAtOnce, TurnedAway
from trailbook.capture.courier import LONGEST_PAUSE, pause


def line(number: int, size: int = 0) -> bytes:
    """An event as it is sent."""
    return json.dumps({"id": str(number), "details": str(number), "data": "x" * size}).encode()


def test_events_go_as_json_lines_with_the_key_over_one_connection() -> None:
    with serving() as server:
        sink = HttpSink(f"{server.url}/", KEY)
        assert sink.send([line(1), line(2)]) == [Result("stored"), Result("stored")]
        assert sink.send([line(2), line(3, 5_000)]) == [Result("duplicate"), Result("stored")]
        sink.close()
    assert server.connections == 1
    assert server.requests == [[line(1), line(2)], [line(2), line(3, 5_000)]]
    assert "Content-Encoding" not in server.headers[1]
    assert server.headers[0]["Authorization"] == "Bearer tb_test"
    assert server.headers[0]["Content-Type"] == "application/x-ndjson"


def test_what_is_worth_it_is_packed() -> None:
    with serving() as server:
        sink = HttpSink(server.url, KEY, pack=True)
        sink.send([line(1)])
        sink.send([line(2, 5_000), line(3)])
        sink.close()
    assert ["Content-Encoding" in headers for headers in server.headers] == [False, True]
    assert int(server.headers[1]["Content-Length"]) < 500
    assert server.details() == ["1", "2", "3"]


def test_refusals_come_with_field_reason_and_remedy() -> None:
    refusal = {"status": "rejected", "field": "action", "reason": "Empty.", "remedy": "Fill it."}
    with serving() as server:
        server.script = [says(200, body={"results": [{"status": "conflict", "id": "1", "reason": "Other."}, refusal]})]
        results = HttpSink(server.url, KEY).send([line(1), line(2)])
    assert results == [Result("conflict", reason="Other."), Result("rejected", "action", "Empty.", "Fill it.")]


@pytest.mark.parametrize(
    ("answer", "error", "words", "retry_after"),
    [
        (says(500), Away, "500 Internal Server Error: No. Wait.", None),
        (says(503, {"Retry-After": "7"}), Away, "503 Service Unavailable: No. Wait.", 7),
        (says(507), Away, "507 Insufficient Storage: No. Wait.", None),
        (says(429, {"Retry-After": "Wed, 01 Jan 2070 00:00:00 GMT"}), Away, "429 Too Many Requests: No. Wait.", "date"),
        (says(429, {"Retry-After": "soon"}), Away, "429 Too Many Requests: No. Wait.", None),
        (says(401), TurnedAway, "401 Unauthorized: No. Wait.", None),
        (says(403), TurnedAway, "403 Forbidden: No. Wait.", None),
        (says(404, body="<html>"), TurnedAway, "404 Not Found", None),
        (says(302), TurnedAway, "302 Found: No. Wait.", None),
        (says(413), TooManyAtOnce, "413 Request Entity Too Large: No. Wait.", None),
        (says(422), TooManyAtOnce, "422 Unprocessable Entity: No. Wait.", None),
        (says(200, body="?"), Away, "the answer is not one of a Trailbook server", None),
        (says(200, body={"results": []}), Away, "the answer tells of 0 events, not 1", None),
    ],
)
def test_each_answer_says_what_to_do_next(
    answer: Answer, error: type[Exception], words: str, retry_after: float | str | None
) -> None:
    with serving() as server:
        server.script = [answer]
        with pytest.raises(error) as caught:
            HttpSink(server.url, KEY).send([line(1)])
    assert str(caught.value) == words
    if isinstance(caught.value, Away):
        wished = caught.value.retry_after
        assert (wished is not None and wished > 10**9) if retry_after == "date" else wished == retry_after


def test_a_kept_connection_that_was_closed_is_opened_again_at_once() -> None:
    with serving() as server:
        sink = HttpSink(server.url, KEY)
        sink.send([line(1)])
        server.script = [CUT_BEFORE]
        assert sink.send([line(2)]) == [Result("stored")]
        server.script = [cut_after]
        assert sink.send([line(3)]) == [Result("duplicate")]
    assert server.details() == ["1", "2", "3"]


def test_nobody_there_and_silence_are_told_apart_from_answers() -> None:
    with pytest.raises(Away, match="ConnectionRefusedError"):
        HttpSink(f"http://127.0.0.1:{free_port()}", KEY).send([line(1)])

    def slow(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
        time.sleep(8)
        return stored(server, lines)

    with serving() as server:
        server.answer = slow
        started = time.monotonic()
        with pytest.raises(Away, match=r"(?i)timed? ?out"):
            HttpSink(server.url, KEY, timeout=0.1).send([line(1)])
        assert time.monotonic() - started < 6


def test_pauses_grow_and_are_spread_and_heed_the_server() -> None:
    assert [pause(failures, None, 1.0) for failures in (1, 2, 3, 9, 1000)] == [0.25, 0.5, 1.0, 60.0, 60.0]
    assert pause(3, None, 0.0) == 0.5
    assert pause(1000, None, 0.0) == LONGEST_PAUSE / 2
    assert pause(1, 7.0, 0.0) == 7.0
    assert pause(1, 7.0, 1.0) == 7.25
    assert pause(1, 1e9, 0.0) == 600.0


SCRIPTS: dict[str, list[Answer]] = {
    "errors": [says(500), says(503, {"Retry-After": "0"}), says(429, {"Retry-After": "0"})],
    "cut before and after": [CUT_BEFORE, cut_after, cut_after],
    "a wrong answer after storing": [lambda server, lines: (200, {}, {"results": stored(server, lines) and []})],
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_recorder_tries_until_every_event_is_there_once_and_in_order(name: str, tmp_path: Path) -> None:
    with serving() as server, Recorder(server.url, KEY, "web", spool=tmp_path, batch=10) as ours:
        server.script = list(SCRIPTS[name])
        for number in range(95):
            ours.record("a", "r", details=str(number))
        assert ours.flush(20)
        assert ours.stats().delivered == 95
    assert server.script == []
    assert server.details() == [str(number) for number in range(95)]


def test_batches_are_halved_until_they_fit(tmp_path: Path) -> None:
    def small_only(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
        if len(lines) > 4 or any(b'"huge"' in line for line in lines):
            return 413, {}, {"detail": "Too large."}
        return stored(server, lines)

    with serving() as server, Recorder(server.url, KEY, "web", spool=tmp_path) as ours:
        server.answer = small_only
        for number in range(50):
            ours.record("a", "huge" if number == 7 else "r", details=str(number))
        assert ours.flush(20)
        assert ours.stats().rejected == 1
    assert server.details() == [str(number) for number in range(50) if number != 7]
    (kept,) = (tmp_path / "rejected.jsonl").read_bytes().splitlines()
    assert json.loads(kept)["reason"] == "The server takes it in no request: 413 Request Entity Too Large: Too large."
    assert json.loads(kept)["event"]["details"] == "7"


def test_a_key_that_does_not_hold_is_warned_of_once_and_events_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving() as server, Recorder(server.url, KEY, "web", spool=tmp_path) as ours:
        server.script = [says(401), says(401)]
        for number in range(2):
            ours.record("a", "r", details=str(number))
            assert not ours.flush(0)
            until(lambda left=1 - number: len(server.script) == left)
        until(lambda: ours.stats().trouble != "")
        assert ours.stats().trouble == "401 Unauthorized: No. Wait."
        assert ours.flush(10)
    assert server.details() == ["0", "1"]
    assert caplog.text.count("events wait in the spool, since none can be delivered: 401") == 1


def test_a_recorder_waits_as_long_as_the_server_asks(tmp_path: Path) -> None:
    asked: list[float] = []

    def busy(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
        asked.append(time.monotonic())
        return says(429, {"Retry-After": "1"})(server, lines) if len(asked) == 1 else stored(server, lines)

    with serving() as server, Recorder(server.url, KEY, "web", spool=tmp_path) as ours:
        server.answer = busy
        ours.record("a", "r")
        until(lambda: len(asked) == 2)
    assert asked[1] - asked[0] >= 1.0


def test_the_end_of_a_process_waits_only_so_long(tmp_path: Path) -> None:
    def slow(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
        time.sleep(8)
        return stored(server, lines)

    with serving() as server:
        server.answer = slow
        ours = Recorder(server.url, KEY, "web", spool=tmp_path)
        ours.record("a", "r")
        started = time.monotonic()
        ours.close(0.3)
        assert time.monotonic() - started < 6
