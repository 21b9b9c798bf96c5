"""No secret is in any file that a recorder writes, and a server stores the same as if it had masked it itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from capture.fake import Memory, recorder

from trailbook.capture import Change, Initiator, RecorderError, Result, acting_as
from trailbook.directory.directory import Directory
from trailbook.errors import BadInput
from trailbook.event.limits import check_event, decode_event
from trailbook.event.model import Event
from trailbook.ingest.accept import Context, prepare
from trailbook.masking.mask import mask_path

NOW = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
ID = "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10"
AWS_KEY = "AKIA" + "IOSFODNN7ABCDEFG"
WRITTEN: dict[str, Any] = {
    "details": "ran mysql -pwinter21",
    "changes": {"password": ("hunter2", "hunter3"), "pin": (9713, 9714)},
    "data": {"url": "postgres://ann:spring22@db/x", "card": {"number": "4111"}, "env": [AWS_KEY], "sum": 30},
}
SECRETS = [b"winter21", b"hunter2", b"hunter3", b"9713", b"9714", b"spring22", b"4111", AWS_KEY.encode(), b"fall23"]
PATHS = ["changes.pin", "data.**.number"]


def written(folder: Path) -> bytes:
    """All that is in the files of the spool, `rejected.jsonl` included."""
    return b"".join(path.read_bytes() for path in sorted((folder / "spool").iterdir()))


@pytest.mark.parametrize("strict", [False, True])
def test_no_file_of_the_spool_holds_a_secret(strict: bool, tmp_path: Path) -> None:
    sink = Memory()
    sink.reason = "away"
    with recorder(tmp_path, sink, mask=PATHS, strict=strict) as ours, acting_as("u17", user_agent="x --token fall23"):
        ours.record("update", "users", **WRITTEN)
        waiting = written(tmp_path)
        sink.reason, sink.result = "", Result("rejected", "action", "Not this one.", "")
        assert ours.flush(10)
        assert ours.stats().rejected == 1
    refused = (tmp_path / "spool" / "rejected.jsonl").read_bytes()
    for held in (waiting, refused, *sink.lines):
        assert b"[masked: aws-key]" in held
        assert [secret for secret in SECRETS if secret in held] == []


def test_the_server_stores_what_it_would_have_made_of_it_itself(tmp_path: Path) -> None:
    sink = Memory()
    with recorder(tmp_path, sink, mask=PATHS, clock=lambda: NOW) as ours:
        ours.record("update", "users", id=ID, initiator=Initiator("u17"), **WRITTEN)
        assert ours.flush(10)
    (line,) = sink.lines
    direct = Event(
        ID, NOW, "users", "update", application="web", initiator=Initiator("u17"), outcome="success",
        details=WRITTEN["details"], changes={field: Change(*sides) for field, sides in WRITTEN["changes"].items()},
        data=WRITTEN["data"],
    )  # fmt: skip
    context = Context(NOW, Directory((), ()), mask_paths=tuple(mask_path(path) for path in PATHS))
    expected = prepare(check_event(direct), context)
    assert expected.event.masked == (
        "details", "changes.password.old", "changes.password.new", "changes.pin.old", "changes.pin.new",
        "data.card.number", "data.env[0]", "data.url",
    )  # fmt: skip
    assert prepare(decode_event(line), context) == expected
    assert prepare(decode_event(line), Context(NOW, Directory((), ()))) == expected


def test_an_event_that_breaks_a_rule_is_masked_and_left_for_the_server_to_refuse(tmp_path: Path) -> None:
    sink = Memory()
    with recorder(tmp_path, sink) as ours:
        ours.record("", "users", data={"password": "hunter2"})
        assert ours.flush(10)
    (event,) = sink.events
    assert event["data"] == {"password": "[masked: secret]"}


def test_what_json_has_no_word_for_is_masked_as_its_text(tmp_path: Path) -> None:
    class Shown:
        def __str__(self) -> str:
            return "password=hunter2"

    sink = Memory()
    with recorder(tmp_path, sink) as ours:
        ours.record("a", "r", data=Shown())
        assert ours.flush(10)
    (event,) = sink.events
    assert event["data"] == "password=[masked: password]"


def test_what_marks_make_too_long_is_no_event(tmp_path: Path) -> None:
    many = ["pwd=a"] * 120_000
    sink = Memory()
    with recorder(tmp_path, sink) as ours, recorder(tmp_path, sink, strict=True) as strict:
        with pytest.raises(RecorderError, match=r"This is no event\. The event is [\d,]+ bytes long"):
            strict.record("a", "r", data=many)
        ours.record("a", "r", data=many)
        ours.record("a", "r", details="next")
        assert ours.flush(10)
        assert ours.stats().not_captured == 1
    assert [one["details"] for one in sink.events if one["resource"] == "r"] == ["next"]


def test_a_path_that_cannot_be_masked_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'initiator\.id' is not a path that can be masked"):
        recorder(tmp_path, Memory(), mask=["initiator.id"])
