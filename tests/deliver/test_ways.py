"""The ways out that are set up, and the commands that try them."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from deliver.smtp import scripted, whole

from trailbook.cli import run
from trailbook.deliver.ways import ways_out
from trailbook.settings import Settings


@pytest.fixture
def mail_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"HOST": "127.0.0.1", "SECURITY": "none", "FROM": "audit@example.org"}.items():
        monkeypatch.setenv(f"TRAILBOOK_MAIL_{name}", value)


def test_a_way_that_is_not_set_up_is_not_there(tmp_path: Path) -> None:
    def clock() -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    assert ways_out(Settings(), clock) == {}
    every = Settings(mail_host="a", mail_from="a@b.c", deliver_folder=str(tmp_path), webhook_secret="x" * 32)
    assert ways_out(every, clock).keys() == {"mail", "folder", "webhook"}


def test_a_mail_can_be_sent_to_try_the_settings(
    mail_settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole() as server:
        monkeypatch.setenv("TRAILBOOK_MAIL_PORT", str(server.port))
        assert run(["mail", "test", "ann@example.com"]) == 0
        (envelope,) = server.inbox.taken
    assert message_from_bytes(envelope.content)["Subject"] == "Trailbook can send mail"
    assert capsys.readouterr().out == "127.0.0.1 has taken the mail to ann@example.com.\n"


def test_what_the_server_says_against_it_is_told(
    mail_settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(RCPT="550 no such user") as server:
        monkeypatch.setenv("TRAILBOOK_MAIL_PORT", str(server.port))
        assert run(["mail", "test", "ann@example.com"]) == 1
    assert "550 no such user" in capsys.readouterr().err
    monkeypatch.setenv("TRAILBOOK_MAIL_HOST", "")
    assert run(["mail", "test", "ann@example.com"]) == 2
    assert "No mail server is set." in capsys.readouterr().err


def test_the_key_of_a_webhook_is_told_to_who_knows_the_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["webhook", "key", "https://example.com/hook"]) == 2
    assert "not set up" in capsys.readouterr().err
    monkeypatch.setenv("TRAILBOOK_WEBHOOK_SECRET", "x" * 32)
    assert run(["webhook", "key", "https://example.com/hook"]) == 0
    assert capsys.readouterr().out == "whsec_aCC3PR63995FOgSLuDeEbx+HGtaGkC4ekoSi3rp01ok=\n"
