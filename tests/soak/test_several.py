"""Several `trailbook serve` processes on one store are one service: what one of them was told holds at the others."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from entered import PASSWORD, SESSION
from size import sized
from soak.kept import assert_gapless
from soak.programs import assert_whole
from soak.service import Answer, Client, Crowd, Events, Server, anonymous, body, serving
from soak.traffic import held, let_in
from stores import PLACES

from trailbook.web.ingesting import REMEMBERED
from trailbook.web.quotas import BURST_SECONDS, PRESSING

PROCESSES = sized(2, 4)
SECONDS = sized(3.0, 30.0)
RATE = 20
FREE = 5
"""Failures before there is a wait."""
BATCH = 50
LOOK = "/api/v1/events?limit=1"


@pytest.fixture(params=PLACES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the store is; Ann can sign in."""
    place = PLACES[request.param](tmp_path)
    let_in(place)
    return place


@contextmanager
def several(store: str, folder: Path, **settings: object) -> Iterator[list[Server]]:
    """Servers on one store."""
    with ExitStack() as stack:
        servers = []
        for number in range(PROCESSES):
            (own := folder / f"server-{number}").mkdir()
            servers.append(stack.enter_context(serving(own, store, **settings)))
        yield servers
        for server in servers:
            server.end()


def sign_in(server: Server, password: str = PASSWORD) -> Answer:
    """Try to."""
    return Client(server.port).ask("POST", SESSION, {"name": "ann", "password": password})


def test_a_session_holds_at_every_process_until_it_is_ended_at_one(store: str, tmp_path: Path) -> None:
    with several(store, tmp_path) as servers:
        answer = sign_in(servers[0])
        assert answer.status == 200
        clients = [Client(server.port) for server in servers]
        for client in clients:
            client.headers = held(answer)
            assert client.get(SESSION).status == 200
        assert clients[-1].ask("DELETE", SESSION).status == 204
        assert [client.get(SESSION).status for client in clients] == [401] * PROCESSES


def test_a_key_is_known_and_taken_back_at_every_process(store: str, tmp_path: Path) -> None:
    with several(store, tmp_path) as servers:
        manager = Client(servers[0].port, servers[0].key("acme", "manage", "ingest", "read"))
        made = manager.ask("POST", "/api/v1/keys", {"name": "k", "tenant": "acme", "uses": ["ingest", "read"]}).json()
        clients = [Client(server.port, made["text"]) for server in servers]
        one = body(anonymous(Events(1).take(1)))
        for client in clients:
            assert client.send(one).status == 200
            assert client.get(LOOK).status == 200
        assert manager.ask("DELETE", f"/api/v1/keys/{made['id']}").status == 204
        assert [client.get(LOOK).status for client in clients] == [401] * PROCESSES
        time.sleep(REMEMBERED.total_seconds())
        assert [client.send(one).status for client in clients] == [401] * PROCESSES


def test_guessing_is_slowed_down_by_all_processes_together(store: str, tmp_path: Path) -> None:
    answers: list[set[int]] = []
    wrong: list[int] = []
    with several(store, tmp_path) as servers:
        began, crowd = time.monotonic(), Crowd()

        def guess(server: Server) -> None:
            told = [sign_in(server, "wrong").status for _ in range(FREE + 2)]
            answers.append(set(told))
            wrong.append(told.count(401))

        for server in servers:
            crowd.start(guess, server)
        crowd.end()
        took = time.monotonic() - began
    assert answers == [{401, 429}] * PROCESSES
    # Each one more doubles the wait, which is a second at first.
    assert FREE <= sum(wrong) <= FREE + 1 + math.log2(1 + took)


def test_a_quota_is_one_for_all_processes(store: str, tmp_path: Path) -> None:
    answers: Counter[int] = Counter()
    stored: list[int] = []
    with several(store, tmp_path, events_per_second=RATE) as servers:
        key, crowd = servers[0].key("acme"), Crowd()
        sent = body(anonymous(Events(BATCH).take(BATCH)))

        def pour(server: Server) -> None:
            client, began = Client(server.port, key), time.monotonic()
            mine: set[int] = set()
            while time.monotonic() < began + SECONDS or 429 not in mine:
                answer = client.send(sent)
                mine.add(answer.status)
                answers[answer.status] += 1
                if answer.status == 200:
                    stored.append(answer.json()["stored"])
                else:
                    time.sleep(0.02)

        began = time.monotonic()
        for server in servers:
            crowd.start(pour, server)
        crowd.end()
        took = time.monotonic() - began
    allowed = RATE * (BURST_SECONDS + took)
    print(f"\n{PROCESSES} processes stored {sum(stored):,} events in {took:.1f} s of {allowed:,.0f} allowed: {answers}")
    assert answers.keys() == {200, 429}
    # Beside it at most what each let through between two times that it settled.
    assert (
        0.9 * RATE * BURST_SECONDS < sum(stored) < allowed + PROCESSES * (2 * PRESSING * RATE * BURST_SECONDS + BATCH)
    )
    assert_gapless(store)
    assert_whole(store)
