"""`trailbook serve` as a program: it starts, prints where it is, and ends without dropping what it has accepted."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cli.small import Cli, command

EVENT = {"id": "0197a8c0-0000-7000-8000-000000000001", "occurred_at": "2021-11-17T14:07:31Z", "resource": "users",
         "action": "login", "application": "web", "initiator": {"id": "u1", "name": "Alice"}}  # fmt: skip


class Running(NamedTuple):
    """A server as a program of its own, where it listens, and what it printed first."""

    process: subprocess.Popen[str]
    url: str
    told: str

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Start = Callable[..., Running]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts servers on ports of their own; those that still run are ended."""
    started: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> Running:
        process = subprocess.Popen(
            command("serve", "--port", "0", *options),
            stdout=subprocess.PIPE, stderr=(folder / "log").open("a"), text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        url = lines[0].split()[-1]
        for _ in range(200):
            try:
                if httpx.get(f"{url}/readyz", timeout=30).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        return Running(process, url, lines[0])

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def children_of(server: Running) -> list[str]:
    """The processes that it has started."""
    return Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()


def all_gone(pids: list[str]) -> bool:
    """Whether these processes have ended, or do so soon."""
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def made_key(cli: Cli, *options: str) -> str:
    return cli("key", "create", "--tenant", "acme", "--use", "ingest", *options).out.strip()


def test_the_first_start_gives_a_link_that_signs_in_once(start: Start) -> None:
    server = start()
    assert server.process.stdout is not None
    lines = [server.process.stdout.readline() for _ in range(3)]
    assert re.fullmatch(r"Trailbook listens at http://127\.0\.0\.1:\d+\n", server.told)
    assert lines[0] == "Sign in as root and set a password, once and within 24 hours:\n"
    url, _, token = lines[1].strip().partition("#")
    assert url == f"{server.url}/sign-in"
    given = {"token": token, "password": "correct horse battery staple"}
    assert httpx.post(f"{server.url}/api/v1/session/link", json=given).status_code == 200
    assert httpx.post(f"{server.url}/api/v1/session/link", json=given).status_code == 401
    assert server.end() == 0

    again = start()
    assert again.end() == 0
    assert again.process.stdout is not None
    assert again.process.stdout.read() == ""


def test_a_request_that_was_accepted_is_finished_before_the_end(start: Start, cli: Cli) -> None:
    key = made_key(cli)
    server = start()
    body = json.dumps(EVENT).encode()
    port = int(server.url.rpartition(":")[2])
    lines = ["POST /api/v1/events HTTP/1.1", "host: x", f"authorization: Bearer {key}", f"content-length: {len(body)}"]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[:10])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.sendall(body[10:])
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"stored":1' in answer
    assert server.process.wait(30) == 0
    assert "Alice" in cli("report", "application:web").out


def test_two_workers_share_a_store_and_their_figures(start: Start, cli: Cli) -> None:
    key = made_key(cli, "--application", "web")
    server = start("--workers", "2")
    for number in range(12):
        event = {**EVENT, "id": f"0197a8c0-0000-7000-8000-{number:012d}"}
        answer = httpx.post(
            f"{server.url}/api/v1/events", json=event, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
        assert answer.json()["stored"] == 1
    figures = httpx.get(f"{server.url}/metrics").text
    assert 'trailbook_events_total{result="stored"} 12.0' in figures
    workers = children_of(server)
    assert server.end() == 0
    assert all_gone(workers)
    # The link is given by one of those that start, not by each.
    assert server.process.stdout is not None
    assert server.process.stdout.read().count("/sign-in#") == 1
    assert cli("report", "application:web", "--format", "jsonl").out.count('"Alice"') >= 12


def test_workers_whose_parent_was_killed_end_too(start: Start) -> None:
    server = start("--workers", "2")
    workers = children_of(server)
    assert len(workers) >= 2
    server.process.kill()
    assert all_gone(workers)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")


def test_a_port_that_is_taken_is_told_in_a_sentence(cli: Cli, program: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = program("serve", "--port", str(port))
    assert told == (
        1,
        "",
        f"Error: 127.0.0.1:{port}: Nothing can listen here: address already in use. "
        "Stop what listens there, or name another port with --port.\n",
    )


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("a..b", "There is no such address here. Name another with --host.\n"),
        ("203.0.113.1", "Nothing can listen here: cannot assign requested address. Stop what listens there, or name "),
    ],
)
def test_an_address_that_is_not_of_this_machine(program: Cli, host: str, problem: str) -> None:
    told = program("serve", "--host", host, "--port", "0")
    assert told.code == 1
    assert told.err.startswith(f"Error: {host}:0: {problem}")


def test_the_log_is_json_and_holds_no_key(start: Start, cli: Cli, folder: Path) -> None:
    key = made_key(cli)
    server = start()
    for path in ("events?x=hunter2", "events"):
        httpx.post(f"{server.url}/api/v1/{path}", json=EVENT, headers={"Authorization": f"Bearer {key}"})
    assert server.end() == 0
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    assert {line["event"] for line in lines} == {"request"}
    assert lines[-1]["caller"] == f"key:{key[3:11]}"
    assert not any(secret in (folder / "log").read_text() for secret in ("hunter2", "Alice", key[12:40]))


def test_settings_are_printed_with_source_and_meaning(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("trailbook.toml").write_text('zone = "Europe/Berlin"\nopenid_secret = "hunter2"\n', "utf-8")
    monkeypatch.setenv("TRAILBOOK_TRUSTED_PROXIES", "10.0.0.0/8")
    out = cli("--store", "other.db", "settings").out
    assert out.startswith(
        'store = "other.db"\n    The file that events are kept in, or the postgresql:// URL of a database.\n'
        '    from --store; default "trailb'
    )
    assert 'zone = "Europe/Berlin"\n    The time zone of reports, by its IANA name.\n    from trailbook.toml;' in out
    assert 'trusted_proxies = ["10.0.0.0/8"]\n' in out
    assert "from TRAILBOOK_TRUSTED_PROXIES; default []\n" in out
    assert "port = 8080\n    The port that the server listens on; 0: any that is free.\n    default\n" in out
    assert 'openid_secret = "********"\n' in out
    assert "hunter2" not in out


def test_settings_are_a_file_to_start_from(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAILBOOK_ZONE", "Europe/Berlin")
    monkeypatch.setenv("TRAILBOOK_OPENID_SECRET", "hunter2")
    written = cli("settings", "--format", "toml").out
    assert '# The time zone of reports, by its IANA name.\nzone = "Europe/Berlin"\n' in written
    assert "# max_body_bytes = 16777216\n" in written
    assert '# openid_secret = ""\n' in written
    monkeypatch.delenv("TRAILBOOK_ZONE")
    Path("trailbook.toml").write_text(written, "utf-8")
    assert '"Europe/Berlin"' in cli("settings").out
    uncommented = re.sub(r"^# (\w+ = )", r"\1", written, flags=re.MULTILINE)
    Path("trailbook.toml").write_text(re.sub(r"(?m)^zone.*\n", "", uncommented, count=1), "utf-8")
    assert cli("settings").code == 0
    assert os.environ["TRAILBOOK_OPENID_SECRET"] == "hunter2"
