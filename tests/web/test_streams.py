"""Exports as streams: bounded memory, as many as there is room for, and never a part that looks like the whole."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
import uvicorn
from asked import API, asking, filled, who

from trailbook.errors import TooMuch, TooSlow
from trailbook.store.ports import Row
from trailbook.web.app import make_app
from trailbook.web.service import Service
from trailbook.web.streams import CHUNK, CHUNKS_AHEAD, Export, Streams

pytestmark = pytest.mark.usefixtures("every_store")

SCOPE: Any = {"type": "http", "asgi": {"spec_version": "2.3"}, "extensions": {}}


async def never() -> Any:
    await asyncio.Event().wait()


def breaking(served: Service, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let every scan of the service fail after so many rows, told many times over."""
    limited = served.store.limited

    def breaking_reads(seconds: float) -> Any:
        reads = limited(seconds)
        scan = reads.scan

        def scanned(*args: Any, **options: Any) -> Iterator[Row]:
            (row, *_) = scan(*args, **options)
            for _ in range(after):
                yield row
            raise TooSlow("A step took longer than allowed.")

        monkeypatch.setattr(reads, "scan", scanned)
        return reads

    monkeypatch.setattr(served.store, "limited", breaking_reads)


@contextmanager
def listening(served: Service) -> Iterator[int]:
    """A real server of the service on a port; every request is of one caller."""
    app = make_app(served, find_caller=lambda *_: who())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def received(port: int, path: str) -> bytes:
    """All that a server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_an_error_midway_breaks_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled()
    with listening(served) as port:
        whole = received(port, f"{API}/events.csv")
        breaking(served, monkeypatch, after=2_000)
        broken = received(port, f"{API}/events.csv")
    assert whole.startswith(b"HTTP/1.1 200 OK")
    assert whole.endswith(b"\r\n0\r\n\r\n")
    assert broken.startswith(b"HTTP/1.1 200 OK")
    assert broken.count(b"\n") > 100
    assert not broken.endswith(b"0\r\n\r\n")


def test_an_error_before_the_first_bytes_is_answered_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled()
    breaking(served, monkeypatch, after=2)
    answer = asking(served=served).get(f"{API}/events.csv")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:trailbook:problem:too-slow")
    assert "content-disposition" not in answer.headers


def test_writing_waits_for_who_reads_it() -> None:
    written: list[int] = []

    def write(out: BinaryIO) -> None:
        for number in range(100):
            out.write(b"x" * CHUNK)
            written.append(number)

    async def read() -> tuple[int, int]:
        stream = Streams(1).start(write)
        await asyncio.sleep(0.2)
        ahead, size = len(written), 0
        while (chunk := await stream.next()) is not None:
            size += len(chunk)
        return ahead, size

    assert asyncio.run(read()) == (CHUNKS_AHEAD, 100 * CHUNK)


def test_when_the_client_is_gone_the_writing_ends() -> None:
    ended = threading.Event()

    def write(out: BinaryIO) -> None:
        try:
            while True:
                out.write(b"x" * CHUNK)
        finally:
            ended.set()

    async def leave() -> None:
        sent = asyncio.Event()

        async def receive() -> Any:
            await sent.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                sent.set()

        await Export(Streams(1), write, "text/csv", {})(SCOPE, receive, send)
        await asyncio.get_running_loop().run_in_executor(None, ended.wait, 10)

    asyncio.run(leave())
    assert ended.is_set()


def test_a_client_that_takes_nothing_is_given_up() -> None:
    ended = threading.Event()

    def write(out: BinaryIO) -> None:
        try:
            while True:
                out.write(b"x" * CHUNK)
        finally:
            ended.set()

    async def stall() -> bool:
        Streams(1, patience=0.05).start(write)
        return await asyncio.get_running_loop().run_in_executor(None, ended.wait, 10)

    assert asyncio.run(stall())


def test_no_more_run_than_there_is_room_for() -> None:
    streams = Streams(2)
    with streams.place():
        with streams.place(), pytest.raises(TooMuch) as refused, streams.place():
            pass
        with streams.place():
            pass
    assert (refused.value.problem, refused.value.retry_after) == ("2 exports are running, which is the most.", 5)


def test_one_too_many_is_told_when_to_come_again() -> None:
    served = filled(threads=2)
    with served.streams.place():
        answer = asking(served=served).get(f"{API}/events.csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert asking(served=served).get(f"{API}/events.csv").status_code == 200


def test_an_export_is_sent_in_parts_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.web.streams.CHUNK", 100)
    with listening(filled()) as port:
        answer = received(port, f"{API}/events.csv?columns=id")
    assert b"transfer-encoding: chunked" in answer.lower()
    assert answer.split(b"\r\n\r\n", 1)[1].startswith(b"64\r\n")
