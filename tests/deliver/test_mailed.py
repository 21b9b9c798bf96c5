"""Schedules over real mail servers, from the saved report to the mail as it is read: there, away, dying, silent."""

from __future__ import annotations

import csv
import hashlib
import io
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from authorities import Authority
from deliver.scheduled import ANN, BOB, OUTSIDE, Office, at
from deliver.smtp import PASSWORD, Scripted, scripted, serving, whole
from openpyxl import load_workbook
from simulated import Clock
from size import sized

from trailbook.access.kept import REPORTS
from trailbook.deliver.deliveries import DEAD_LETTERS, MOST_TRIES
from trailbook.deliver.handlers import handlers
from trailbook.deliver.times import Timing
from trailbook.deliver.ways import Ways, ways_out
from trailbook.deliver.worker import Worker
from trailbook.report.saved import SavedReport
from trailbook.settings import Settings
from trailbook.store.ports import Store

PLAIN = {"mail_host": "127.0.0.1", "mail_security": "none", "mail_from": "Trailbook <audit@example.org>"}


@cache
def _ways(clock: Clock, **settings: Any) -> Ways:
    """Made once for each server, since it takes time to read whose certificates are believed."""
    return ways_out(Settings(**settings), clock)


class Posting(Office):
    """An office whose workers send by the mail server that the settings name, and by no other way."""

    ways: Ways

    def worker(self) -> Worker:
        base = self.new_base()
        return Worker(base, handlers(base.settings, self.ways), failed=self._failed)

    def served(self, port: int) -> None:
        """From now on, this is where the server is."""
        self.settings["mail_port"] = port
        self.ways = _ways(self.clock, **self.settings)


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Posting:
    return Posting(store, tmp_path, send_seconds=5, **PLAIN)


def read(content: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    mail = message_from_bytes(content.replace(b"\r\n.", b"\r\n"), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def attached(mail: EmailMessage) -> dict[str, bytes]:
    """Its files, by name."""
    return {one.get_filename() or "": one.get_payload(decode=True) for one in mail.iter_attachments()}


@contextmanager
def nowhere() -> Iterator[int]:
    """A port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_due_report_arrives_as_files_whose_cells_are_those_of_the_report(store: Store, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secret = {"mail_security": "starttls", "mail_ca": str(authority.file), "mail_user": "trailbook"}
    office = Posting(store, tmp_path, **{**PLAIN, **secret, "mail_password": PASSWORD})
    office.add(timing=Timing("day", "10:30"), formats=("csv", "xlsx"), during="-5h", recipients=(ANN, OUTSIDE))
    with whole(starttls=authority.server("127.0.0.1")) as server:
        office.served(server.port)
        assert server.inbox.taken == []
        office.work(minutes=29)
        assert server.inbox.taken == []
        office.work(minutes=1)
    assert (server.inbox.secret, server.inbox.signed_in) == ([True, True], [True, True])
    assert sorted(one.rcpt_tos[0] for one in server.inbox.taken) == ["ann@example.com", "cfo@example.com"]
    expected = [[f"{9 - number}:00 AM", f"Name of u{number % 3}", ""] for number in range(4)]
    for envelope in server.inbox.taken:
        mail = read(envelope.content)
        assert mail["Subject"] == "Calls, Dec 1, 2021"
        files = attached(mail)
        assert list(files) == ["Calls Dec 1, 2021.csv", "Calls Dec 1, 2021.xlsx"]
        labels, *rows = csv.reader(io.StringIO(files["Calls Dec 1, 2021.csv"].decode()))
        assert labels == ["Audit - Time", "Audit - Initiator (User)", "Audit - Initiator IP"]
        assert rows == expected
        sheet = load_workbook(io.BytesIO(files["Calls Dec 1, 2021.xlsx"])).worksheets[0]
        assert [[str(cell.value or "") for cell in row[1:]] for row in sheet.iter_rows(min_row=2)] == [
            row[1:] for row in expected
        ]
        assert "Name of u1" in mail.get_body(("plain",)).get_content()
    assert [(one.state, one.tries, one.uncertain) for one in office.deliveries()] == [("sent", 1, False)] * 2
    told = {one.format: (one.rows, one.bytes, one.sha256) for one in office.deliveries()[0].files}
    assert told == {
        name.rpartition(".")[2]: (4, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    }


def test_a_grouped_report_shows_its_chart_in_the_mail(office: Posting) -> None:
    report = SavedReport("r2", "ann", "acme", "By user", {"group_by": ["initiator"]})
    office.base.keep([REPORTS.record(report)])
    office.add(report="r2")
    with whole() as server:
        office.served(server.port)
        office.work(minutes=5)
    (envelope,) = server.inbox.taken
    mail = read(envelope.content)
    html = mail.get_body(("related", "html"))
    pictures = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert [one["Content-ID"] for one in pictures] == ["<chart>"]
    assert pictures[0].get_content().startswith(b"\x89PNG")
    assert "3 in all; the most, 3, is Name of u" in html.as_string().replace("=\n", "")


def test_a_server_that_is_away_for_an_hour_gets_each_mail_once_when_it_is_back(office: Posting) -> None:
    office.add(recipients=(ANN, BOB))
    with nowhere() as port:
        office.served(port)
        office.work(minutes=5)
        office.change(active=False)
        for _ in range(60):
            office.work(minutes=1)
    waiting = office.deliveries()
    assert {one.state for one in waiting} == {"waiting"}
    assert all("cannot be used" in one.error for one in waiting)
    with whole() as server:
        office.served(server.port)
        for _ in range(70):
            office.work(minutes=1)
    assert ids_of(one.content for one in server.inbox.taken) == Counter(f"<{one.id}@example.org>" for one in waiting)
    assert {(one.state, one.uncertain) for one in office.deliveries()} == {("sent", False)}


def test_a_lost_answer_makes_a_second_mail_of_the_same_id_and_is_marked(office: Posting) -> None:
    office.add()
    with scripted(END=None) as server:
        office.served(server.port)
        office.work(minutes=5)
        office.change(active=False)
        assert [(one.state, one.uncertain) for one in office.deliveries()] == [("waiting", True)]
        server.script["END"] = "250 OK"
        office.work(minutes=2)
        ids = ids_of(server.bodies)
    (delivery,) = office.deliveries()
    assert (delivery.state, delivery.uncertain, delivery.tries) == ("sent", True, 2)
    assert ids == {f"<{delivery.id}@example.org>": 2}


def test_what_the_server_refuses_is_a_dead_letter_with_its_words(office: Posting) -> None:
    office.add(recipients=(ANN, BOB))
    with whole() as server:
        server.inbox.answers["RCPT"] = "550 No such mailbox"
        office.served(server.port)
        office.work(minutes=5)
    assert len(DEAD_LETTERS.all(office.store, office.clock(), owner="acme")) == 2
    for one in office.deliveries():
        assert (one.state, one.tries) == ("dead", 1)
        assert "550 No such mailbox" in one.error


MOODS: list[dict[str, Any]] = [
    {}, {}, {}, {}, {"GREETING": "421 busy"}, {"GREETING": None}, {"EHLO": None}, {"MAIL": "451 later"},
    {"RCPT": "450 later"}, {"RCPT": None}, {"DATA": "452 full"}, {"DATA": None}, {"BODY": True}, {"END": "451 later"},
    {"END": None}, {"END": None, "LOST": True}, {"RCPT": "550 nobody"}, {"MAIL": "553 no"}, {"END": "554 no"},
]  # fmt: skip
"""What a server does at one try: takes the mail, is busy, hangs up anywhere, refuses it, loses its answer, and perhaps
the mail (LOST) with that."""


class Moody(Scripted):
    """A server that does something else at each try, puts all off for a while at times, and may be away."""

    def __init__(self, random: Random, clock: Clock) -> None:
        super().__init__({})
        self._random, self._clock = random, clock
        self._greylisting = self._away = clock()

    def next_script(self) -> dict[str, Any]:
        now, random = self._clock(), self._random
        if random.random() < 0.1:
            self._greylisting = now + timedelta(minutes=random.choice((2, 5, 15)))
        if now < self._greylisting:
            return self.script | {"RCPT": "451 4.7.1 Greylisted"}
        return self.script | random.choice(MOODS)

    def is_away(self) -> bool:
        """Whether nothing answers at its port now: at times for minutes or hours, once in a while for a day."""
        if self._random.random() < 0.02:
            self._away = self._clock() + timedelta(minutes=self._random.choice((3, 20, 60, 60, 1_440)))
        return self._clock() < self._away

    def lost(self) -> list[bytes]:
        """The mails whose answer was lost."""
        return [body for body, script in zip(self.bodies, self.scripts, strict=True) if script["END"] is None]

    def taken(self) -> Counter[str]:
        """How often it has taken the mail of each Message-ID."""
        ends = zip(self.bodies, self.scripts, strict=True)
        return ids_of(body for body, script in ends if script["END"] in ("250 OK", None) and "LOST" not in script)


@pytest.mark.parametrize("seed", range(sized(2, 40)))
def test_whatever_a_server_does_each_due_report_is_delivered_or_a_dead_letter(office: Posting, seed: int) -> None:
    """And comes twice only where an answer was lost, which is marked."""
    random = Random(seed)
    office.add(recipients=(ANN, BOB))
    with serving(Moody(random, office.clock)) as server, nowhere() as gone:
        while office.clock() < at(10, 0) or any(one.state == "waiting" for one in office.deliveries()):
            office.served(gone if server.is_away() else server.port)
            if office.clock() >= at(10, 0):
                office.change(active=False)
            office.work(minutes=random.randrange(1, 6 if office.clock() < at(10, 0) else 20))
        taken, lost = server.taken(), ids_of(server.lost())
    deliveries = office.deliveries()
    assert len(deliveries) == 22 + 2 * (office.runs()[-1].due_at == at(10, 0))
    assert taken.keys() <= {f"<{one.id}@example.org>" for one in deliveries}
    dead = {one.value.id for one in DEAD_LETTERS.all(office.store, office.clock(), owner="acme")}
    assert {one.state for one in deliveries} <= {"sent", "dead"}
    for one in deliveries:
        times = taken[f"<{one.id}@example.org>"]
        assert (one.state == "dead") == (one.id in dead) == bool(one.error and one.sent_at is None)
        assert times == (one.state == "sent") or one.uncertain
        assert one.uncertain or f"<{one.id}@example.org>" not in lost
        assert times >= (one.state == "sent")
        assert times <= one.tries <= MOST_TRIES


def ids_of(contents: Iterable[bytes]) -> Counter[str]:
    """How often mails of each Message-ID came."""
    return Counter(read(one)["Message-ID"] for one in contents)
