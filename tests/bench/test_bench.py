"""The benchmark runs, on a trail that is small, and says what it found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bench(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    own = more or ("bench", "--events", "2000", "--runs", "1")
    command = [sys.executable, "-m", *own, "--folder", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_benchmark_prints_each_figure_beside_the_baseline_and_keeps_what_it_made(tmp_path: Path) -> None:
    first = bench(tmp_path)
    assert first.returncode == 0, first.stderr
    lines = [line for line in first.stdout.splitlines() if line.startswith("| ")]
    assert lines[0].split()[1:12:2] == ["Figure", "Unit", "Trailbook", "Plain", "Times", "|"]
    named = {line.split("|")[1].strip() for line in lines[2:]}
    assert {"page of 50: busy user", "page of 50: rare tenant", "count: group and action in a year"} <= named
    assert {"import of JSON Lines, durable, by 10,000", "CSV export, sixteen columns"} <= named
    page = next(line for line in lines if "busy user" in line).split("|")
    assert all(float(cell) > 0 for cell in page[3:6])
    made = (tmp_path / "2000" / "trail.db").stat().st_mtime_ns
    again = bench(tmp_path)
    assert "kept from last time" in again.stderr
    assert (tmp_path / "2000" / "trail.db").stat().st_mtime_ns == made


def test_the_formats_are_measured_beside_their_bare_libraries(tmp_path: Path) -> None:
    made = bench(tmp_path, "bench.formats", "--rows", "300", "--more", "600", "--formats", "csv", "xlsx", "parquet")
    assert made.returncode == 0, made.stderr
    lines = [line.split("|") for line in made.stdout.splitlines() if line.startswith("| ")][2:]
    assert [line[1].strip() for line in lines] == [
        f"{name}: {what}"
        for name in ("CSV", "Excel", "Parquet")
        for what in ("300 rows", "size", "memory", "memory, 600 rows")
    ]
    assert all(float(line[3]) > 0 for line in lines)
