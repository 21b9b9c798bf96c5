"""The service's own logs: one line for each request, of what was asked and not of what was in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from served import client, service

from trailbook.web import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where logs go during a test; afterwards logging is as it was."""
    everything = logging.getLogger()
    handlers, level = everything.handlers[:], everything.level
    written = io.StringIO()
    logs.configure("info", written)
    yield written
    everything.handlers[:], everything.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line_without_its_query_key_or_body(stream: io.StringIO) -> None:
    client(service()).post("/nothing?q=user:alice", json={"x": "hunter2"}, headers={"Authorization": "Bearer tb_k"})
    mine = [line for line in lines(stream) if line["event"] == "request"]
    assert [{name: line[name] for name in line if name not in ("ms", "at")} for line in mine] == [
        {"event": "request", "level": "info", "method": "POST", "route": "", "status": 404, "request_id": "r-1"}
    ]
    assert mine[0]["ms"] >= 0
    assert not any(secret in stream.getvalue() for secret in ("alice", "hunter2", "tb_k", "nothing"))


def test_an_unexpected_error_tells_where_and_not_what(stream: io.StringIO) -> None:
    asked = client(service())

    @asked.app.get("/wrong")  # type: ignore[attr-defined]
    def wrong() -> None:
        raise RuntimeError("hunter2")

    asked.get("/wrong")
    failed = next(line for line in lines(stream) if line["event"] == "failed")
    assert (failed["level"], failed["route"], failed["request_id"]) == ("error", "/wrong", "r-1")
    assert failed["error"][0] == "RuntimeError"
    assert "test_logs.py" in failed["error"][-1]
    assert "hunter2" not in stream.getvalue()


def test_what_others_log_takes_the_same_way(stream: io.StringIO) -> None:
    try:
        raise ValueError("hunter2")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("It %s.", "failed")
    logging.getLogger("uvicorn.error").info("Started.")
    logging.getLogger("uvicorn.access").info("GET /?q=alice")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["error"][0]) == ("It failed.", "error", "ValueError")
    assert "hunter2" not in stream.getvalue()


def test_no_text_begins_a_line_of_its_own_or_steers_a_terminal(stream: io.StringIO) -> None:
    hostile = 'a\n{"event": "forged"}\x1b[2J\u2028\u202e\x9b'
    logs.log().info("request", caller=hostile)
    assert stream.getvalue().isascii()
    assert stream.getvalue().count("\n") == 1
    assert lines(stream)[0]["caller"] == hostile


def test_on_a_terminal_it_is_text() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    everything = logging.getLogger()
    handlers, level = everything.handlers[:], everything.level
    written = Terminal()
    try:
        logs.configure("info", written)
        logs.log().info("request", status=200, caller="a\x1b[2J")
    finally:
        everything.handlers[:], everything.level = handlers, level
        structlog.reset_defaults()
    assert written.getvalue().endswith("Z info    request status=200 caller='a\\x1b[2J'\n")


def test_the_level_decides_what_is_told(stream: io.StringIO) -> None:
    logs.configure("warning", stream)
    logs.log().info("request")
    logs.log().warning("careful")
    assert [line["event"] for line in lines(stream)] == ["careful"]
