"""Mail over SMTP, to real servers: the ways in, signing in, and what each of their answers means for the message."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from deliver.smtp import PASSWORD, scripted, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from size import sized

from trailbook.deliver.channel import Attachment, Failed, Message, Refused, Uncertain, Undelivered
from trailbook.deliver.clean import file_name, lines, mail_address, one_line
from trailbook.deliver.mail import mail_channel
from trailbook.deliver.mime import POLICY, compose, party
from trailbook.errors import BadInput
from trailbook.settings import Settings

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PIECES = [
    "\r\n", "\n", "\r", "\x0b", "\x0c", "\x00", "\u2028", "\x85", "Bcc: eve@example.com", "\r\n\r\n<p>", "\ud800",
    "=?utf-8?q?", "?=", "=0D=0A", "\u202e", "登录", "é", "a" * 90, "b" * 1000, " ", "\t", '"', "<", ">", ",", ";", ":",
    "@", ".", "/", "..", "%00",
]  # fmt: skip
HOSTILE = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
"""What a text may hold that would like to be something else."""
MESSAGE = Message("run-7", "ann@example.com", "Logins of the week", "There were 5.\n.\nThat is all.")


def channel(port: int, **settings: Any) -> Callable[[Message], None]:
    given = {"mail_security": "none", "send_seconds": 5} | settings
    sender = "Trailbook <audit@example.org>"
    return mail_channel(Settings(mail_host="127.0.0.1", mail_port=port, mail_from=sender, **given), lambda: AT)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_mail_arrives_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "made"
    file.write_bytes(b"a,b\r\n.\r\n")
    message = Message(
        "run-7", "ann@bücher.example", "Ünïcode: 登录", "Text\n.", '<img src="cid:chart">', b"\x89PNG",
        (Attachment("Bericht über alles.csv", "text/csv; charset=utf-8", file),),
    )  # fmt: skip
    with whole() as server:
        channel(server.port, mail_reply_to="help@example.org")(message)
        (envelope,) = server.inbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("audit@example.org", ["ann@xn--bcher-kva.example"])
    mail: Any = message_from_bytes(envelope.content, policy=default)
    names = ("From", "To", "Reply-To", "Subject", "Message-ID", "Auto-Submitted")
    assert {name: str(mail[name]) for name in names} == {
        "From": "Trailbook <audit@example.org>", "To": "ann@xn--bcher-kva.example", "Reply-To": "help@example.org",
        "Subject": "Ünïcode: 登录", "Message-ID": "<run-7@example.org>", "Auto-Submitted": "auto-generated",
    }  # fmt: skip
    assert mail["Date"].datetime == AT
    assert mail.get_body(("plain",)).get_content() == "Text\r\n.\r\n"
    assert mail.get_body(("html",)).get_content() == '<img src="cid:chart">\r\n'
    (chart,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (chart["Content-ID"], chart.get_content()) == ("<chart>", b"\x89PNG")
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "Bericht über alles.csv"
    assert (attached.get_content_type(), attached.get_content_charset()) == ("text/csv", "utf-8")
    assert attached.get_payload(decode=True) == b"a,b\r\n.\r\n"
    assert envelope.content.isascii()


def test_the_message_id_is_the_same_at_every_try() -> None:
    with whole() as server:
        for _ in range(2):
            channel(server.port)(MESSAGE)
        ids = {message_from_bytes(one.content)["Message-ID"] for one in server.inbox.taken}
    assert ids == {"<run-7@example.org>"}


def test_mail_goes_over_starttls_or_tls_and_signs_in_there(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    more = {"mail_ca": str(authority.file), "mail_user": "trailbook", "mail_password": PASSWORD}
    with whole(starttls=context) as server:
        channel(server.port, mail_security="starttls", **more)(MESSAGE)
        assert (server.inbox.secret, server.inbox.signed_in) == ([True], [True])
    with whole(tls=context) as server:
        channel(server.port, mail_security="tls", **more)(MESSAGE)
        assert (len(server.inbox.taken), server.inbox.signed_in) == (1, [True])


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["another authority", "another name"])
def test_a_server_with_a_wrong_certificate_gets_nothing(
    authority: Authority, tmp_path: Path, security: str, wrong: str
) -> None:
    context = authority.server("127.0.0.1" if wrong == "another authority" else "mail.example.com")
    known = Authority(tmp_path) if wrong == "another authority" else authority
    more = {"mail_ca": str(known.file), "mail_user": "trailbook", "mail_password": PASSWORD}
    server_with: Any = {security: context}
    with whole(**server_with) as server:
        with pytest.raises(Failed, match="does not prove that it is the one"):
            channel(server.port, mail_security=security, **more)(MESSAGE)
        assert server.inbox.taken == []


def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with scripted() as server:
        with pytest.raises(Failed, match="STARTTLS"):
            channel(server.port, mail_security="starttls", mail_user="trailbook", mail_password=PASSWORD)(MESSAGE)
        assert {line.split(" ")[0] for line in server.said} <= {"EHLO", "QUIT"}


def test_a_wrong_password_is_told_without_the_password(authority: Authority) -> None:
    more = {"mail_ca": str(authority.file), "mail_user": "trailbook", "mail_password": "hunter2"}
    with whole(tls=authority.server("127.0.0.1")) as server, pytest.raises(Failed, match="sign in: 535") as told:
        channel(server.port, mail_security="tls", **more)(MESSAGE)
    assert told.value.place == "mail_user"
    assert "hunter2" not in str(told.value)


def test_settings_that_would_give_a_password_away_are_refused() -> None:
    with pytest.raises(BadInput, match="others can listen to"):
        mail_channel(
            Settings(mail_host="mail.example.com", mail_from="a@b.c", mail_security="none", mail_user="u"), lambda: AT
        )
    with pytest.raises(BadInput, match="authorities cannot be read"):
        mail_channel(Settings(mail_host="mail.example.com", mail_from="a@b.c", mail_ca="/nowhere.pem"), lambda: AT)
    with pytest.raises(BadInput, match="not a mail address"):
        mail_channel(Settings(mail_host="mail.example.com", mail_from="audit"), lambda: AT)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "means"),
    [("550 5.1.1 no such user", Refused), ("552 too large", Refused), ("451 later", Failed), ("421 bye", Failed)],
)
def test_a_refusal_is_for_good_or_for_now(step: str, answer: str, means: type[Undelivered]) -> None:
    with whole() as server:
        server.inbox.answers[step] = answer
        with pytest.raises(means, match=answer) as told:
            channel(server.port)(MESSAGE)
        assert type(told.value) is means
        assert server.inbox.taken == []


@pytest.mark.parametrize(
    ("script", "means"),
    [
        ({"GREETING": None}, Failed),
        ({"GREETING": "554 not you"}, Failed),
        ({"GREETING": "HTTP/1.1 400 Bad Request"}, Failed),
        ({"GREETING": "2" * 40_000}, Failed),
        ({"EHLO": None}, Failed),
        ({"EHLO": "502 what"}, Failed),
        ({"MAIL": None}, Failed),
        ({"MAIL": "530 sign in first"}, Failed),
        ({"RCPT": None}, Failed),
        ({"DATA": None}, Failed),
        ({"DATA": "554 no"}, Refused),
        ({"DATA": "451 not now"}, Failed),
        ({"END": None}, Uncertain),
        ({"END": "999 what"}, Uncertain),
        ({"END": "nonsense"}, Uncertain),
        ({"END": "550 spam"}, Refused),
        ({"END": "452 full"}, Failed),
        ({"QUIT": None}, None),
        ({"QUIT": "500 no"}, None),
    ],
    ids=str,
)
def test_a_server_that_dies_or_babbles_at_any_step(script: dict[str, Any], means: type[Undelivered] | None) -> None:
    with scripted(**script) as server:
        if means is None:
            channel(server.port)(MESSAGE)
        else:
            with pytest.raises(Undelivered) as told:
                channel(server.port)(MESSAGE)
            assert type(told.value) is means
        assert len(server.bodies) == ("END" in script or "QUIT" in script)
    if "END" in script or "QUIT" in script:
        assert server.bodies[0].endswith(b"There were 5.\r\n..\r\nThat is all.\r\n.\r\n")


def test_a_server_that_dies_before_it_has_all_of_a_large_mail_cannot_have_taken_it(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (9 << 20))
    message = Message(
        "run-7", "ann@example.com", "Large", "It is attached.", attachments=(Attachment("a", "a/b", file),)
    )
    with scripted(BODY=None) as server, pytest.raises(Failed):
        channel(server.port)(message)


@pytest.mark.parametrize(("step", "means"), [("GREETING", Failed), ("RCPT", Failed), ("END", Uncertain)])
def test_a_server_that_says_nothing_is_left_after_a_while(step: str, means: type[Undelivered]) -> None:
    silent = threading.Event()
    with scripted(**{step: silent}) as server:
        with pytest.raises(Undelivered) as told:
            channel(server.port, send_seconds=0.2)(MESSAGE)
        silent.set()
    assert type(told.value) is means


def test_no_server_is_a_failure_that_may_pass() -> None:
    with scripted() as server:
        port = server.port
    with pytest.raises(Failed, match="cannot be used"):
        channel(port)(MESSAGE)


@settings(max_examples=sized(100, 5_000), deadline=None)
@given(subject=HOSTILE, text=HOSTILE, html=HOSTILE, name=HOSTILE)
def test_nothing_in_a_text_becomes_a_header(subject: str, text: str, html: str, name: str) -> None:
    made = Attachment(name, name, Path(__file__))
    message = Message("run-7", "ann@example.com", subject, text, "<p>" + html, b"\x89PNG", (made,))
    written = compose(message, party(f"{one_line(name) and 'Ann'} <audit@example.org>"), None, AT, 1 << 20)
    mail: Any = message_from_bytes(written.as_bytes(policy=POLICY), policy=default)
    assert mail.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert mail["Subject"] == (one_line(subject).replace("=?", "= ?") or "(no subject)")
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds[:-1] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == file_name(name)
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").strip() == lines(text).strip()


@given(text=st.one_of(HOSTILE, st.from_regex(r"[a-z.@ <>\r\n\t\"]{1,20}@[a-z.\-]{1,20}", fullmatch=True)))
def test_an_address_is_one_address_or_none(text: str) -> None:
    try:
        address = mail_address(text)
    except BadInput:
        return
    assert re.fullmatch(r"[!-?A-~]{1,64}@[a-z0-9.-]{1,253}", address)
    assert not set(address) & set(' <>,;:()[]"\\')
    assert mail_address(address) == address


@given(text=HOSTILE)
def test_a_file_name_is_one_name_anywhere(text: str) -> None:
    name = file_name(text)
    assert 0 < len(name.encode()) <= 120
    assert not set(name) & set('\\/:*?"<>|\r\n\x00')
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert file_name(name) == name


def test_what_a_server_answers_is_told_harmlessly() -> None:
    with scripted(RCPT="550 \x1b[31mred\u202e" + "x" * 500) as server, pytest.raises(Refused) as told:
        channel(server.port)(MESSAGE)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 350


def test_what_cannot_be_sent_is_refused_before_a_server_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * 2000)
    attached = (Attachment("a.csv", "text/csv", file),)
    send = channel(1, mail_attach_bytes=1000)
    for message, means in [
        (Message("run 7", "ann@example.com", "S", "T"), Refused),
        (Message("run-7", "ann@example.com\r\nRCPT TO:<eve@example.com>", "S", "T"), Refused),
        (Message("run-7", "Ann <ann@example.com>", "S", "T"), Refused),
        (Message("run-7", "ann@example.com", "S", "T", attachments=attached), Refused),
        (
            Message("run-7", "ann@example.com", "S", "T", attachments=(Attachment("a", "a/b", tmp_path / "gone"),)),
            Failed,
        ),
    ]:
        with pytest.raises(Undelivered) as told:
            send(message)
        assert type(told.value) is means
        assert "mail_host" not in str(told.value)
