"""The server's disk is full: events are refused, reads go on from what is kept back, and it recovers by itself."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from entered import PASSWORD, SESSION, add
from size import sized
from soak.kept import assert_gapless, kept_events
from soak.programs import assert_whole, start
from soak.service import HUNG, Answer, Client, Events, body, free_port, is_ready
from soak.traffic import held

from trailbook.event.canonical import encode
from trailbook.render import DOWNLOADS
from trailbook.settings import Settings
from trailbook.store.sqlite.reserve import LAST, PIECE
from trailbook.web.serving import opened, service_on

MIB = 1 << 20
RESERVE = 2 * PIECE
ROOM = sized(64, 256) * MIB
ROUNDS = sized(1, 5)
BATCH = 200
READS = ("/api/v1/events?query=", "/api/v1/events/count?query=", "/api/v1/events/summary?by=action&query=")
EXPORTS = tuple(f"/api/v1/events.{format}?query=" for format in DOWNLOADS)
ALWAYS = ("/healthz", "/api/v1/columns", "/api/v1/formats", "/api/v1/heads", SESSION)
"""What works even when nothing can be written: nothing of the trail is seen there."""


class SmallDisk:
    """A disk of its own, which nobody else sees, and a shell that works there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shell = start(["unshare", "--map-root-user", "--mount", "sh"], stdin=subprocess.PIPE)
        self.do(f"mount -t tmpfs -o size={ROOM} none {shlex.quote(str(path))}")

    def do(self, line: str) -> str:
        """Run a line of shell there; gives what it prints."""
        shell = self._shell
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f'{line}\necho "ended $?"\n')
        shell.stdin.flush()
        out = ""
        for told in shell.stdout:
            if told.startswith("ended "):
                assert told == "ended 0\n", (line, out)
                return out
            out += told
        raise AssertionError(line)

    def fill(self) -> None:
        """Take all the room that is left there."""
        self.do(f"cat /dev/zero >> {self.path}/ballast 2> /dev/null || true")

    def make_room(self) -> None:
        """Give it back."""
        self.do(f"rm {self.path}/ballast")

    def size(self, name: str) -> int:
        """Bytes that a file there takes."""
        return 512 * int(self.do(f"stat -c %b {self.path}/{name}"))

    def close(self) -> None:
        """Let go of it, with all that is on it."""
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()
        assert self._shell.stdout is not None
        self._shell.stdout.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk."""
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    if subprocess.run(private, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here; the tests of the reserve stand in")
    (tmp_path / "disk").mkdir()
    small = SmallDisk(tmp_path / "disk")
    yield small
    small.close()


class Served:
    """A server on the small disk, and somebody who sends and asks; what was acknowledged."""

    def __init__(self, disk: SmallDisk, folder: Path) -> None:
        self.disk, self.folder = disk, folder
        self.store = disk.path / "trail.db"
        made = folder / "trail.db"
        settings = Settings(store=str(made))
        with closing(opened(settings)) as store:
            add(service_on(store, settings))
        self.port = free_port()
        python = f"{shlex.quote(sys.executable)} -c 'import trailbook.cli; trailbook.cli.main()' --store {self.store}"
        disk.do(f"cp {made} {disk.path}; cd {disk.path}")
        key = disk.do(f"{python} key create --tenant acme --use ingest --use read --use manage").strip()
        disk.do(
            f"TRAILBOOK_RESERVE_BYTES={RESERVE} TRAILBOOK_LOG_LEVEL=warning {python} serve --port {self.port} "
            f"> /dev/null 2> {folder}/log & echo $! > {folder}/pid"
        )
        until = time.monotonic() + HUNG
        while not is_ready(self.port):
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        self.client = Client(self.port, key)
        self._events = Events(sized(20_000, 500_000))
        self._number = 0
        self.acknowledged: dict[str, tuple[str, int]] = {}

    def send(self, count: int = BATCH) -> Answer:
        """Send new events, and note what is acknowledged."""
        taken = self._events.take(count)
        answer = self.client.send(body(map(encode, taken)))
        if answer.status == 200:
            for event, one in zip(taken, answer.json()["results"], strict=True):
                assert one["status"] == "stored"
                self.acknowledged[event.details] = one["id"], one["position"]
        return answer

    def look(self, path: str) -> Answer:
        """Ask for something that was not asked for yet."""
        self._number += 1
        return self.client.get(f"{path}q{self._number}")

    def end(self) -> None:
        """End it, and take its store from the disk."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)
        self.disk.do("wait")
        self.disk.do(f"rm -f {self.folder}/trail.db*; cp {self.store}* {self.folder}")
        assert "Traceback" not in (self.folder / "log").read_text()


def assert_full(answer: Answer) -> None:
    """It says that there is no room left, and what to do."""
    assert answer.status == 507, answer
    told = answer.json()
    assert told["type"] == "urn:trailbook:problem:disk-full"
    assert told["detail"].startswith("The disk is full")
    assert told["remedy"] == "Free some space and run it again."


def test_a_full_disk_refuses_events_reads_on_from_the_reserve_and_recovers(disk: SmallDisk, tmp_path: Path) -> None:
    served = Served(disk, tmp_path)
    who = Client(served.port)
    saved = served.client.ask("POST", "/api/v1/reports", {"title": "All", "definition": {}}).json()["id"]
    for turn in range(ROUNDS):
        assert served.send().status == 200
        signed_in = who.ask("POST", SESSION, {"name": "ann", "password": PASSWORD})
        assert signed_in.status == 200
        who.headers = held(signed_in)

        disk.fill()
        assert disk.size("trail.db-reserve") >= RESERVE
        assert_full(served.send())
        assert_full(served.send(1))
        for path in (*READS, *EXPORTS):
            assert served.look(path).status == 200, path
        assert served.client.get(f"/api/v1/reports/{saved}/rows?limit=1&until=2100-01-{turn + 1:02}").status == 200
        assert who.get("/api/v1/events?query=by").status == 200
        ready = served.client.get("/readyz")
        assert (ready.status, ready.json()["reasons"]) == (503, ["There is hardly any room left on the disk."])

        looks = 0
        while (answer := served.look(READS[0])).status == 200:
            looks += 1
            disk.fill()
            assert looks < 20_000
        assert_full(answer)
        print(f"round {turn}: {len(served.acknowledged):,} events, {looks:,} pages from the reserve")
        assert disk.size("trail.db-reserve") == RESERVE // LAST
        for path in (*READS, *EXPORTS):
            assert_full(served.look(path))
        assert_full(served.client.get(f"/api/v1/reports/{saved}/csv"))
        assert_full(served.client.ask("POST", "/api/v1/reports", {"title": "New", "definition": {}}))
        assert_full(served.send())
        for path in ALWAYS:
            assert who.get(path).status == 200, path
        assert served.client.get("/readyz").status == 503
        assert who.ask("DELETE", SESSION).status == 204
        assert who.get(SESSION).status == 401

        disk.make_room()
        assert served.send().status == 200
        assert disk.size("trail.db-reserve") >= RESERVE
        for path in (*READS, *EXPORTS):
            assert served.look(path).status == 200, path
        assert served.client.get("/readyz").status == 200
    served.end()

    found = {
        one.details: (one.id, one.position)
        for one in kept_events(tmp_path / "trail.db")
        if one.details in served.acknowledged
    }
    assert found == served.acknowledged
    assert_gapless(tmp_path / "trail.db")
    assert_whole(tmp_path / "trail.db")
