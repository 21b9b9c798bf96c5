"""The benchmark of the service runs, if only for a moment, and says what it found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_sending_is_measured_beside_an_endpoint_that_throws_events_away() -> None:
    command = [sys.executable, "-m", "bench.service", "--scale", "0.001"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| send")]
    assert [row[1].strip() for row in rows[::3]] == [
        f"send by {batch} at {connections}" for batch in ("1", "100", "1,000") for connections in (1, 16)
    ]
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row[3:5])
