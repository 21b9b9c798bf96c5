"""What is meant to use the service up is refused before it costs much of the processor, of memory or of time."""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import zstandard
from cli.small import command
from size import sized

SECONDS = 0.1
"""Of the processor, in the server, for refusing one request."""
SLACK = 0.02
"""The kernel counts in ticks of 10 ms."""
MOST_KIB = 64 << 10
"""How much the server's memory may grow by, at most."""
BOMB = sized(128 << 20, 1 << 30)
"""Bytes of zeros that a bomb unpacks to. It is refused long before, so that its size makes no difference."""


class Server(NamedTuple):
    """A server that runs as a program of its own, and the key of who sends to it."""

    pid: int
    port: int
    key: str

    def processor(self) -> float:
        """Seconds that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """KiB that it has now; what it has had at most is forgotten."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return self._kib("VmRSS")

    def most_memory(self) -> int:
        """KiB that it has had at most since then."""
        return self._kib("VmHWM")

    def _kib(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def head(self, *lines: str) -> bytes:
        """The head of a request that sends events."""
        given = ["POST /api/v1/events HTTP/1.1", "Host: x", f"Authorization: Bearer {self.key}", *lines]
        return "\r\n".join([*given, "", ""]).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a store of its own that has answered before."""
    home = tmp_path_factory.mktemp("quickly")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRAILBOOK_", "_TRAILBOOK"))}
    made = subprocess.run(
        command("key", "create", "--tenant", "acme", "--use", "ingest"),
        cwd=home, env=clean, capture_output=True, text=True, check=True,
    )  # fmt: skip
    process = subprocess.Popen(
        command("serve", "--port", "0"),
        cwd=home,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().strip().rpartition(":")[2])
    server = Server(process.pid, port, made.stdout.strip())
    for body in (b"[]", gzip.compress(b"[" + b" " * 2_000_000), b"[" * 1_000):
        packed = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f") else {}
        for _ in range(3):
            sent(server, body, packed)
    yield server
    process.terminate()
    process.wait(60)
    process.stdout.close()


def sent(server: Server, body: bytes, headers: dict[str, str]) -> httpx.Response:
    url = f"http://127.0.0.1:{server.port}/api/v1/events"
    return httpx.post(url, content=body, headers={"Authorization": f"Bearer {server.key}", **headers}, timeout=60)


def refused(server: Server, ask: Callable[[], tuple[int, str]], status: int, kind: str) -> None:
    """Whether it is answered so within the bounds; the best of three times, since others use the machine too."""
    before = server.memory()
    spent = []
    for _ in range(3):
        began = server.processor()
        assert ask() == (status, f"urn:trailbook:problem:{kind}")
        spent.append(server.processor() - began)
    assert min(spent) <= SECONDS + SLACK
    assert server.most_memory() - before < MOST_KIB


def answered(connection: socket.socket) -> tuple[int, str]:
    """The status and the type of an answer on a connection that the server then closes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode().partition('"type":"')[2].partition('"')[0]


def gzip_bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as out:
        for _ in range(BOMB >> 20):
            out.write(bytes(1 << 20))
    return packed.getvalue()


def zstd_bomb() -> bytes:
    packing = zstandard.ZstdCompressor().compressobj()
    return b"".join(packing.compress(bytes(1 << 20)) for _ in range(BOMB >> 20)) + packing.flush()


@pytest.mark.parametrize(
    ("body", "encoding", "status", "kind"),
    [
        (gzip_bomb, "gzip", 413, "too-large"),
        (zstd_bomb, "zstd", 413, "too-large"),
        (lambda: b"[" * 100_000, "identity", 400, "bad-input"),
        (lambda: b'{"data":' * 100_000, "identity", 422, "bad-event"),
        (lambda: b"[" + b'{"data":' * 100_000, "identity", 400, "bad-input"),
        (lambda: b"[" * (15 << 20), "identity", 400, "bad-input"),
        (lambda: b"[" + b"1," * (7 << 20) + b"1]", "identity", 413, "too-large"),
        (lambda: b"{}\n" * (5 << 20), "identity", 413, "too-large"),
    ],
    ids=[
        "gzip",
        "zstd",
        "deep list",
        "deep object",
        "deep list of objects",
        "15 MiB deep",
        "many values",
        "many lines",
    ],
)
def test_a_body_that_grows(server: Server, body: Callable[[], bytes], encoding: str, status: int, kind: str) -> None:
    raw = body()

    def ask() -> tuple[int, str]:
        answer = sent(server, raw, {"Content-Encoding": encoding})
        return answer.status_code, answer.json()["type"]

    refused(server, ask, status, kind)


def test_a_body_that_is_said_to_have_ten_gigabytes(server: Server) -> None:
    def ask() -> tuple[int, str]:
        with server.connect() as connection:
            connection.sendall(server.head("Content-Length: 10000000000") + bytes(10_000))
            return answered(connection)

    refused(server, ask, 413, "too-large")


def test_a_body_in_chunks_without_end(server: Server) -> None:
    chunk = b"%x\r\n%b\r\n" % (1 << 20, bytes(1 << 20))

    def ask() -> tuple[int, str]:
        with server.connect() as connection:
            connection.sendall(server.head("Transfer-Encoding: chunked"))
            try:
                for _ in range(100):
                    connection.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass
            else:
                raise AssertionError("100 MiB were taken")
            return 413, "urn:trailbook:problem:too-large"

    refused(server, ask, 413, "too-large")


def test_hundreds_who_send_a_byte_at_a_time_keep_nobody_waiting(server: Server) -> None:
    before, began = server.memory(), server.processor()
    slow = [server.connect() for _ in range(300)]
    for one in slow:
        one.sendall(server.head("Content-Length: 1000")[:-2])
    for _ in range(5):
        for one in slow:
            one.sendall(b"x")
        asked = time.monotonic()
        assert sent(server, b"[]", {}).status_code == 200
        assert time.monotonic() - asked < 5
    assert server.processor() - began < 3
    assert server.most_memory() - before < MOST_KIB
    for one in slow:
        one.close()
