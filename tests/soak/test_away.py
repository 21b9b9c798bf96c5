"""The server is away under load and recording processes are killed: every recorded event arrives once, in order."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

from capture.fake import CUT_BEFORE, KEY, Answer, Server, cut_after, free_port, says, serving, stored
from size import sized
from soak.programs import program

from trailbook.capture import Recorder

SECONDS = sized(1.5, 60.0)
RATE = sized(400, 1_000)
PROCESSES = sized(2, 4)
KILLS = sized(2, 20)


def shaky(dice: Random) -> Answer:
    """Answers of a bad day."""
    bad = (CUT_BEFORE, cut_after, says(500), says(503, {"Retry-After": "0"}))

    def answer(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
        return (dice.choice(bad) if dice.random() < 0.2 else stored)(server, lines)

    return answer


def test_what_killed_processes_recorded_arrives_once_and_in_order(tmp_path: Path) -> None:
    """Processes of one spool are killed one after the other, most while the server is away; others take over."""
    dice = Random(1)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    victims = []
    recorded: list[list[str]] = []
    readers = []

    def begin() -> None:
        victim = program("recording", url, tmp_path / "spool", f"p{len(recorded)}", RATE)
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(line for line in victim.stdout if line.endswith("\n")))
        reader.start()
        victims.append(victim)
        recorded.append(said)
        readers.append(reader)

    for _ in range(PROCESSES):
        begin()
    with ExitStack() as stack:
        for _ in range(KILLS):
            time.sleep(SECONDS / KILLS)
            victims.pop(0).kill()
            begin()
        server = stack.enter_context(serving(port))
        server.answer = shaky(dice)
        time.sleep(sized(0.5, 10.0))
        for victim in victims:
            victim.kill()
        for reader in readers:
            reader.join()
        heir = stack.enter_context(Recorder(url, KEY, "web", spool=tmp_path / "spool"))
        heir.record("last", "r", details="heir.0")
        deadline = time.monotonic() + sized(30, 300)
        while not heir.flush(1) and time.monotonic() < deadline:
            pass
        assert heir.stats().waiting == 0
    assert len(server.ids) == len(server.events)
    found = server.details()
    print(f"{sum(map(len, recorded)):,} recorded by {len(recorded)} processes, {len(found):,} arrived")
    assert sum(map(len, recorded)) > SECONDS * RATE * PROCESSES / 4
    for number, said in enumerate(recorded):
        mine = [one for one in found if one.startswith(f"p{number}.")]
        told = [line.strip() for line in said]
        # One more may have been recorded and not said before the kill.
        assert mine[: len(told)] == told
        assert len(mine) - len(told) in (0, 1)
