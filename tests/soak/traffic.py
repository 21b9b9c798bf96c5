"""Traffic of all kinds on a service that is killed, or whose store is, and what has to be left of it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from random import Random

from entered import PASSWORD, SESSION, add
from soak.kept import Place, kept_events
from soak.service import HUNG, Answer, Client, Crowd, Events, Server, body

from trailbook.event.canonical import encode
from trailbook.settings import Settings
from trailbook.web.serving import opened, service_on

SIZES = (1, 1, 10, 100, 500)
MOST_LEFT = 20
"""Batches that a sender may leave unanswered."""
REPORTS = "/api/v1/reports"
QUESTIONS = (
    "/api/v1/events?limit=200", "/api/v1/events?query=user:u0004", "/api/v1/events/count?query=action:login",
    "/api/v1/events/summary?by=action&during=2025-06", "/api/v1/events.csv?limit=500",
)  # fmt: skip


class Traffic:
    """Those who use a server while it is killed, or its store, and what they were told. Most methods are a thread's."""

    def __init__(self, server: Server, crowd: Crowd, events: Events) -> None:
        self._server, self._crowd, self._events = server, crowd, events
        self.key = server.key("acme", "ingest", "read", "manage")
        self.places: dict[str, Place] = {}
        self.untold: list[list[str]] = []
        """The markers of batches that nobody knows to be stored."""
        self.saved: set[str] = set()
        self.deleted: set[str] = set()
        self.read = self.signed_in = 0

    def begin(self, senders: int) -> None:
        """Start them all."""
        for number in range(senders):
            self._crowd.start(self.send, number)
        for number in range(2):
            self._crowd.start(self.look, number)
        self._crowd.start(self.save)
        self._crowd.start(self.sign_in)

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


def let_in(store: str) -> None:
    """Make the account that signs in."""
    settings = Settings(store=store)
    with closing(opened(settings)) as made:
        add(service_on(made, settings))


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


def check_events(traffic: Sequence[Traffic], store: str, there: int) -> None:
    """What was acknowledged is where it was said to be, and each other batch is there wholly or not at all.

    `there`: how many events were there before.
    """
    places = {marker: place for one in traffic for marker, place in one.places.items()}
    untold = [markers for one in traffic for markers in one.untold]
    reports = {id for one in traffic for id in one.saved | one.deleted}
    markers: set[str] = set()
    created: set[str] = set()
    others = 0
    for kept in kept_events(store):
        if kept.application == "trailbook":
            created |= set(kept.related) if (kept.resource, kept.action) == ("reports", "create") else set()
        elif kept.details[:1] == "m" and kept.details[1:].isdigit():
            assert kept.details not in markers
            markers.add(kept.details)
            assert places.get(kept.details, kept.place) == kept.place
        else:
            others += 1
    assert others == there
    assert places.keys() <= markers
    for batch in untold:
        assert len(markers.intersection(batch)) in (0, len(batch)), "a batch was torn"
    assert markers == places.keys() | {one for batch in untold for one in batch if one in markers}
    assert reports <= created
