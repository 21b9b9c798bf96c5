"""The server is killed under full load: what was acknowledged is there, no batch is torn, and it is ready again."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

from entered import PASSWORD, SESSION, add
from size import FULL, sized
from soak.kept import Place, assert_gapless, kept_events
from soak.programs import assert_whole, command
from soak.service import HUNG, Answer, Client, Crowd, Events, Server, body, serving
from soak.test_kill import rounds

from trailbook.event.canonical import encode
from trailbook.settings import Settings
from trailbook.web.serving import opened, service_on

KILLS = sized(3, 100)
THERE = sized(2_000, 1_000_000)
SENDERS = sized(2, 6)
SIZES = (1, 1, 10, 100, 500)
MOST_LEFT = 20
"""Batches that a sender may leave unanswered."""
READY_SECONDS = 5.0
REPORTS = "/api/v1/reports"
QUESTIONS = (
    "/api/v1/events?limit=200", "/api/v1/events?query=user:u0004", "/api/v1/events/count?query=action:login",
    "/api/v1/events/summary?by=action&during=2025-06", "/api/v1/events.csv?limit=500",
)  # fmt: skip


class Traffic:
    """Those who use the server while it is killed, and what they were told. Each method is a thread's."""

    def __init__(self, server: Server, crowd: Crowd) -> None:
        self._server, self._crowd = server, crowd
        self.key = server.key("acme", "ingest", "read", "manage")
        self._events = Events(sized(100_000, 10_000_000), seed=2)
        self.places: dict[str, Place] = {}
        self.untold: list[list[str]] = []
        """The markers of batches that nobody knows to be stored."""
        self.saved: set[str] = set()
        self.deleted: set[str] = set()
        self.read = self.signed_in = 0

    def _client(self) -> Client:
        return Client(self._server.port, self.key)

    def _until_over(self, does: Callable[[], None]) -> None:
        """Do it again and again; while the server is away, wait."""
        while not self._crowd.over.is_set():
            try:
                does()
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)

    def send(self, number: int) -> None:
        """Send batches; one that is not answered is sent again, or left."""
        dice, client = Random(f"sender {number}"), self._client()
        left: list[tuple[list[str], bytes]] = []

        def one() -> None:
            if len(left) > MOST_LEFT or (left and dice.random() < 0.5):
                markers, items = left.pop()
            else:
                taken = self._events.take(dice.choice(SIZES))
                markers, items = [event.details for event in taken], body(map(encode, taken))
            left.append((markers, items))
            answer = client.send(items)
            left.pop()
            if answer.status == 503:
                left.append((markers, items))
                time.sleep(0.1)
                return
            assert answer.status == 200, answer
            told = answer.json()["results"]
            assert {got["status"] for got in told} in ({"stored"}, {"duplicate"}), "a batch was torn"
            for marker, got in zip(markers, told, strict=True):
                self.places[marker] = Place.told(got)

        self._until_over(one)
        self.untold += [markers for markers, _ in left]

    def look(self, number: int) -> None:
        """Turn pages, count, take out."""
        dice, client = Random(f"reader {number}"), self._client()

        def one() -> None:
            answer = client.get(dice.choice(QUESTIONS))
            assert answer.status in (200, 429, 503), answer
            self.read += answer.status == 200

        self._until_over(one)

    def save(self) -> None:
        """Save reports and delete some of them."""
        dice, client = Random("saver"), self._client()

        def one() -> None:
            answer = client.ask("POST", REPORTS, {"title": "Sign-ins", "definition": {"query": "action:login"}})
            if answer.status == 503:
                return
            assert answer.status == 201, answer
            id = answer.json()["id"]
            if dice.random() < 0.5:
                self.saved.add(id)
                return
            answer = client.ask("DELETE", f"{REPORTS}/{id}")
            if answer.status == 503:
                self.saved.add(id)
                return
            assert answer.status == 204, answer
            self.deleted.add(id)

        self._until_over(one)

    def sign_in(self) -> None:
        """Sign in and out."""
        client = Client(self._server.port)

        def one() -> None:
            client.headers = {}
            answer = client.ask("POST", SESSION, {"name": "ann", "password": PASSWORD})
            # It may have been killed between counting a try and taking the count back.
            assert answer.status in (200, 429, 503), answer
            if answer.status == 200:
                client.headers = held(answer)
                who = client.get(SESSION)
                assert who.status in (200, 503), who
                assert client.ask("DELETE", SESSION).status in (204, 503)
                self.signed_in += 1
            time.sleep(0.2)

        self._until_over(one)


def held(answer: Answer) -> dict[str, str]:
    """The headers with which somebody who has signed in comes back."""
    return {
        "Cookie": (answer.headers["Set-Cookie"] or "").partition(";")[0],
        "X-CSRF-Token": answer.json()["csrf"],
    }


def test_a_server_killed_under_load_loses_nothing_and_is_soon_ready_again(tmp_path: Path) -> None:
    store = tmp_path / "trail.db"
    assert command("--store", store, "demo", "--events", THERE, "--end", "2026-01-01").code == 0
    settings = Settings(store=str(store))
    with closing(opened(settings)) as made:
        add(service_on(made, settings))
    ready: list[float] = []
    peaks: list[int] = []
    crowd = Crowd()
    with serving(tmp_path) as server:
        traffic = Traffic(server, crowd)
        for number in range(SENDERS):
            crowd.start(traffic.send, number)
        for number in range(2):
            crowd.start(traffic.look, number)
        crowd.start(traffic.save)
        crowd.start(traffic.sign_in)
        for _, dice in rounds(KILLS, "served"):
            wait_for_load(traffic, crowd)
            time.sleep(dice.uniform(0, 1.5))
            peaks.append(server.peak())
            server.kill()
            ready.append(server.start())
        wait_for_load(traffic, crowd)
        crowd.over.set()
        crowd.end()
        reports = [one["id"] for one in all_reports(Client(server.port, traffic.key))]
        server.end()
    print(
        f"\n{KILLS} kills at {THERE:,} events: {len(traffic.places):,} acknowledged, {len(traffic.untold)} batches "
        f"unanswered, {traffic.read:,} reads, {len(traffic.saved) + len(traffic.deleted):,} reports saved, "
        f"{traffic.signed_in:,} sign-ins; ready after {statistics.median(ready):.2f} s, at most {max(ready):.2f} s; "
        f"at most {max(peaks) / 2**20:.0f} MiB"
    )
    assert traffic.read
    assert traffic.signed_in
    check_records(traffic, set(reports))
    check_events(traffic, store)
    assert_gapless(store)
    assert_whole(store)
    if FULL:
        assert max(ready) < READY_SECONDS


def wait_for_load(traffic: Traffic, crowd: Crowd) -> None:
    """Wait until events are acknowledged again."""
    before, until = len(traffic.places), time.monotonic() + HUNG
    while len(traffic.places) < before + 500:
        crowd.check()
        assert time.monotonic() < until, "nothing is acknowledged any more"
        time.sleep(0.01)


def all_reports(client: Client) -> list[dict[str, str]]:
    """All saved reports."""
    found: list[dict[str, str]] = []
    after = ""
    while after is not None:
        page = client.get(f"{REPORTS}?limit=1000&after={after}").json()
        found, after = found + page["reports"], page["next"]
    return found


def check_records(traffic: Traffic, there: set[str]) -> None:
    """What was saved is there, and what was deleted is not; only what was not answered may be either."""
    assert traffic.saved
    assert traffic.deleted
    assert traffic.saved <= there
    assert not traffic.deleted & there


def check_events(traffic: Traffic, store: Path) -> None:
    """What was acknowledged is where it was said to be, and each other batch is there wholly or not at all."""
    markers: set[str] = set()
    created: set[str] = set()
    others = 0
    for kept in kept_events(store):
        if kept.application == "trailbook":
            created |= set(kept.related) if (kept.resource, kept.action) == ("reports", "create") else set()
        elif kept.details[:1] == "m" and kept.details[1:].isdigit():
            assert kept.details not in markers
            markers.add(kept.details)
            assert traffic.places.get(kept.details, kept.place) == kept.place
        else:
            others += 1
    assert others == THERE
    assert traffic.places.keys() <= markers
    for batch in traffic.untold:
        assert len(markers.intersection(batch)) in (0, len(batch)), "a batch was torn"
    assert markers == traffic.places.keys() | {one for batch in traffic.untold for one in batch if one in markers}
    assert traffic.saved | traffic.deleted <= created
