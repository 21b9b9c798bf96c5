"""The recorder's benchmark runs and prints a figure for each way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_cost_of_recording_is_printed_beside_a_plain_line(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    program = f"import sys; sys.path.insert(0, {str(root)!r}); from bench.recorder import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", program, "--events", "300"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    rows = told.stdout.splitlines()[1:]
    assert [row[:34].strip() for row in rows] == [
        "json.dumps and file.write", "record, delivered beside it", "record, the server away",
        "record, strict (onto the disk)",
    ]  # fmt: skip
    assert all(float(figure) > 0 for row in rows for figure in row[34:].split())
    assert list(tmp_path.iterdir()) == []
