"""Connections are cut before and after the commit, and batches sent again: each event is there exactly once."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from size import sized
from soak.kept import Place, assert_gapless, kept_events
from soak.programs import assert_whole
from soak.service import EVENTS, Client, Crowd, Events, Server, anonymous, body, serving
from stores import PLACES

from trailbook.event.canonical import encode

COUNT = sized(5_000, 1_000_000)
CONNECTIONS = sized(4, 12)
SIZES = sized((1, 1, 7, 40, 200), (1, 1, 7, 40, 200, 1_000))
MOST_MEMORY = 600 << 20
TENANTS = ("acme", "globex")


class Batch(NamedTuple):
    """A request to send: its markers in order, and its body; without ids if it has an Idempotency-Key."""

    tenant: str
    markers: list[str]
    body: bytes
    headers: dict[str, str]


def batches(events: Events, dice: Random, name: str) -> Iterator[Batch]:
    """Batches of all sizes and forms until there are no events left."""
    number = 0
    while taken := events.take(dice.choice(SIZES)):
        number += 1
        headers = {}
        keyed = dice.random() < 0.3
        items = anonymous(taken) if keyed else [encode(event) for event in taken]
        if keyed:
            headers["Idempotency-Key"] = f"{name}-{number}"
        yield Batch(dice.choice(TENANTS), [event.details for event in taken], *packed(items, headers, dice))


def packed(items: list[bytes], headers: dict[str, str], dice: Random) -> tuple[bytes, dict[str, str]]:
    """A body in one of its forms, and what has to be said of it."""
    whole, headers = body(items), {**headers, "Content-Type": "application/json"}
    if dice.random() < 0.3:
        whole = b"\n".join(items)
        headers["Content-Type"] = "application/x-ndjson"
    if dice.random() < 0.2:
        whole = gzip.compress(whole, 1)
        headers["Content-Encoding"] = "gzip"
    return whole, headers


def cut(port: int, key: str, batch: Batch, dice: Random) -> str:
    """Send a batch over a connection that is cut at some moment; gives which."""
    moment = dice.choice(("in the head", "in the body", "after it", "later", "any"))
    fields = {"Host": "x", "Authorization": f"Bearer {key}", "Content-Length": len(batch.body), **batch.headers}
    head = f"POST {EVENTS} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    request = head.encode() + batch.body
    most = {"in the head": dice.randrange(len(head)), "in the body": dice.randrange(len(head), len(request))}
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        if dice.random() < 0.5:
            # Closed with a reset (SO_LINGER with no time) rather than in order.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if moment == "any":
            killer = threading.Timer(dice.uniform(0, 0.03), lambda: connection.shutdown(socket.SHUT_RDWR))
            killer.start()
        try:
            connection.sendall(request[: most.get(moment, len(request))])
            if moment == "later":
                time.sleep(dice.uniform(0, 0.05))
            if moment == "any":
                connection.recv(1)
        except OSError:
            pass
        if moment == "any":
            killer.join()
    return moment


class Sender:
    """One who sends batches, each up to three times, and notes what is answered."""

    def __init__(self, server: Server, keys: dict[str, str], events: Events, number: int) -> None:
        self._port, self._keys = server.port, keys
        self._dice = Random(f"sender {number}")
        self._batches = batches(events, self._dice, f"s{number}")
        self._clients = {tenant: Client(server.port, key) for tenant, key in keys.items()}
        self.places: dict[str, Place] = {}
        self.sent: dict[str, int] = {}
        self.slowest = 0.0

    def send_all(self) -> None:
        """Send them all."""
        for batch in self._batches:
            for cuts in self._dice.choice(
                ((False,), (False, False), (True, False), (True, True, False), (False, True))
            ):
                if cuts:
                    self._note(cut(self._port, self._keys[batch.tenant], batch, self._dice))
                else:
                    self._send(batch)

    def _send(self, batch: Batch) -> None:
        """Send a batch until it is answered."""
        while True:
            self._note("whole")
            began = time.monotonic()
            try:
                answer = self._clients[batch.tenant].ask("POST", EVENTS, batch.body, **batch.headers)
            except (http.client.HTTPException, OSError) as error:
                self._note(f"failed with {type(error).__name__}")
                continue
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status in (429, 503):
                self._note("come again")
                time.sleep(float(answer.headers["Retry-After"]) * self._dice.random())
                continue
            break
        assert answer.status == 200, answer
        told = json.loads(answer.body)
        assert told["rejected"] == told["conflicts"] == 0, told
        for marker, one in zip(batch.markers, told["results"], strict=True):
            place = Place.told(one)
            assert self.places.setdefault(marker, place) == place
            assert place.book == batch.tenant

    def _note(self, what: str) -> None:
        self.sent[what] = self.sent.get(what, 0) + 1


@pytest.mark.parametrize("kind", PLACES)
def test_each_event_is_there_once_however_often_it_is_sent(kind: str, tmp_path: Path) -> None:
    events = Events(COUNT)
    began = time.monotonic()
    with serving(tmp_path, PLACES[kind](tmp_path)) as server:
        keys = {tenant: server.key(tenant) for tenant in TENANTS}
        senders = [Sender(server, keys, events, number) for number in range(CONNECTIONS)]
        crowd = Crowd()
        for sender in senders:
            crowd.start(sender.send_all)
        crowd.end()
        peak = server.peak()
        server.end()
    seconds = time.monotonic() - began
    requests: dict[str, int] = {}
    for sender in senders:
        for what, times in sender.sent.items():
            requests[what] = requests.get(what, 0) + times
    slowest = max(sender.slowest for sender in senders)
    print(
        f"\n{COUNT:,} events in {seconds:,.0f} s, requests {requests}; the slowest took {slowest:.1f} s; "
        f"at most {peak / 2**20:.0f} MiB"
    )
    assert {"in the head", "in the body", "after it", "later", "any", "whole"} <= requests.keys()
    assert peak < MOST_MEMORY

    places = {marker: place for sender in senders for marker, place in sender.places.items()}
    assert len(places) == COUNT
    there = 0
    for kept in kept_events(server.store):
        if kept.application != "trailbook":
            there += 1
            # Taken out, so that a second one of the same marker is not found.
            assert places.pop(kept.details) == kept.place
    assert there == COUNT
    assert_gapless(server.store)
    assert_whole(server.store)
