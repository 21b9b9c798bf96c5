"""What `record` costs its caller, beside writing a line of JSON: `python -m bench.recorder [--events N]`."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from trailbook.capture import Away, Recorder, Result, acting_as

CHANGES = {"email": ("bob@example.org", "b.smith@example.org")}
DATA = {"path": "/users/u18", "method": "PATCH", "took_ms": 12}


class Gone:
    """A sink that is away."""

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        raise Away("away")

    def close(self) -> None:
        pass


class Taking:
    """A sink that takes all at once."""

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        return [Result("stored")] * len(lines)

    def close(self) -> None:
        pass


@contextmanager
def plain(folder: Path) -> Iterator[Callable[[], object]]:
    """What an application does without us: a dictionary as a line of JSON in a file, written at once."""
    with (folder / "plain.jsonl").open("a", encoding="utf-8", buffering=1) as file:

        def write() -> None:
            event = {
                "id": str(uuid4()),
                "occurred_at": datetime.now(UTC).isoformat(),
                "resource": "users",
                "action": "update",
                "application": "web",
                "initiator": {"id": "u17", "name": "Ann", "tenant": "acme", "ip": "203.0.113.7"},
                "outcome": "success",
                "targets": [{"kind": "user", "id": "u18", "name": "Bob"}],
                "changes": {field: {"old": old, "new": new} for field, (old, new) in CHANGES.items()},
                "data": DATA,
            }
            file.write(json.dumps(event) + "\n")

        yield write


@contextmanager
def recording(folder: Path, sink: Gone | Taking, *, strict: bool = False) -> Iterator[Callable[[], object]]:
    """`record` with the same contents."""
    with (
        Recorder("", "", "web", sink=sink, spool=folder, spool_bytes=1 << 30, strict=strict) as recorder,
        acting_as("u17", name="Ann", tenant="acme", ip="203.0.113.7"),
    ):
        yield lambda: recorder.record("update", "users", targets=("user", "u18", "Bob"), changes=CHANGES, data=DATA)


def microseconds(call: Callable[[], object], events: int) -> list[float]:
    """What each of so many calls took."""
    took: list[float] = []
    for _ in range(events):
        started = time.perf_counter_ns()
        call()
        took.append((time.perf_counter_ns() - started) / 1_000)
    return took


def main() -> None:
    """Measure each way in turn and print microseconds per call."""
    parser = argparse.ArgumentParser(prog="python -m bench.recorder", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="calls of each kind (%(default)s)")
    events = parser.parse_args().events
    print(f"{'':34}{'median':>9}{'mean':>9}{'p99':>9}{'longest':>10}  µs of wall time per call")
    for name, way, calls in (
        ("json.dumps and file.write", plain, events),
        ("record, delivered beside it", lambda folder: recording(folder, Taking()), events),
        ("record, the server away", lambda folder: recording(folder, Gone()), events),
        (
            "record, strict (onto the disk)",
            lambda folder: recording(folder, Gone(), strict=True),
            max(1, events // 100),
        ),
    ):
        with tempfile.TemporaryDirectory(dir=".") as folder, way(Path(folder)) as call:
            took = microseconds(call, calls)
        tail = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
        figures = f"{statistics.median(took):>9.1f}{statistics.fmean(took):>9.1f}{tail:>9.1f}{max(took):>10.0f}"
        print(f"{name:34}{figures}", flush=True)


if __name__ == "__main__":
    main()
