"""Others hold the store for some time, or the server is asked to end under load: everybody gets an answer."""

from __future__ import annotations

import http.client
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from size import sized
from soak.kept import assert_gapless, kept_events
from soak.programs import assert_whole
from soak.service import Answer, Client, Crowd, Events, Server, body, serving

from trailbook.event.canonical import encode
from trailbook.web.serving import LOCK_SECONDS

SLACK_SECONDS = 5.0
LOOK = "/api/v1/events?query="


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """The store, held by another process (this one) as a long import would."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def assert_busy(answer: Answer) -> None:
    """It says to come again."""
    assert answer.status == 503, answer
    assert answer.json()["type"] == "urn:trailbook:problem:busy"
    assert answer.headers["Retry-After"] == "1"


def test_while_others_write_for_long_requests_are_told_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        key = server.key("acme", "ingest", "read")
        events = Events(10_000)
        asker = Client(server.port, key)
        assert asker.send(body(map(encode, events.take(10)))).status == 200
        assert asker.get(f"{LOOK}seen").status == 200
        answers: dict[str, tuple[Answer, float]] = {}

        def ask(name: str) -> None:
            client, began = Client(server.port, key), time.monotonic()
            if name.startswith("send"):
                answer = client.send(body(map(encode, events.take(1_500))))
            else:
                answer = client.get(f"{LOOK}{name}")
            answers[name] = answer, time.monotonic() - began

        crowd = Crowd()
        with locked(server.store):
            # More than fits into one commit, so that some wait behind others.
            for name in ("send 1", "send 2", "send 3", "send 4", "look 1", "look 2"):
                crowd.start(ask, name.replace(" ", ""))
            assert asker.get("/healthz").status == 200
            assert asker.get(f"{LOOK}seen").status == 200
            assert asker.get("/api/v1/columns").status == 200
            crowd.end()
        print("\n" + ", ".join(f"{name} {seconds:.1f} s" for name, (_, seconds) in answers.items()))
        for answer, seconds in answers.values():
            assert_busy(answer)
            assert LOCK_SECONDS - 1 < seconds < 2 * LOCK_SECONDS + SLACK_SECONDS

        assert asker.send(body(map(encode, events.take(10)))).status == 200
        assert asker.get(f"{LOOK}new").status == 200
        server.end()
    assert sum(one.details.startswith("m") for one in kept_events(server.store)) == 20
    assert_whole(server.store)


def test_while_others_write_for_a_moment_requests_wait(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = Client(server.port, server.key("acme", "ingest", "read"))
        events = Events(10)
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(client.send(body(map(encode, events.take(1))))))
        with locked(server.store):
            asking.start()
            time.sleep(LOCK_SECONDS / 5)
            assert answers == []
        asking.join()
        assert [one.status for one in answers] == [200]
        server.end()


def test_a_server_that_ends_under_load_answers_all_that_it_stored(tmp_path: Path) -> None:
    for turn in range(sized(1, 20)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        end_under_load(folder, Random(f"end {turn}"))


def end_under_load(folder: Path, dice: Random) -> None:
    """Send over many connections, end the server meanwhile, and compare."""
    events = Events(100_000)
    acknowledged: set[str] = set()
    refused: list[Answer] = []
    crowd = Crowd()

    def send(server: Server, key: str) -> None:
        client = Client(server.port, key)
        while True:
            taken = events.take(dice.choice((1, 50, 300)))
            try:
                answer = client.send(body(map(encode, taken)))
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 200:
                acknowledged.update(event.details for event in taken)
            else:
                refused.append(answer)

    with serving(folder) as server:
        key = server.key("acme")
        for _ in range(8):
            crowd.start(send, server, key)
        while len(acknowledged) < 500:
            crowd.check()
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.5))
        server.end()
        crowd.end()
    assert {one.status for one in refused} <= {429, 503}
    stored = {one.details for one in kept_events(server.store) if one.application != "trailbook"}
    print(f"\n{len(stored):,} stored, {len(refused)} requests refused")
    assert stored == acknowledged
    assert_gapless(server.store)
