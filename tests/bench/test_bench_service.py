"""The benchmark of the service runs, if only for a moment, and says what it found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from size import FULL

ROOT = Path(__file__).parents[2]


def bench(folder: Path, *parts: str) -> list[list[str]]:
    """The rows of the table, each as its cells."""
    command = [sys.executable, "-m", "bench.service", "--scale", "0.001", "--events", "2000", "--folder", str(folder)]
    done = subprocess.run([*command, "--parts", *parts], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def test_sending_is_measured_beside_an_endpoint_that_throws_events_away(tmp_path: Path) -> None:
    head, _, *rows = bench(tmp_path, "sending")
    assert head[:4] == ["Figure", "Unit", "Trailbook", "Thrown away"]
    assert [row[0] for row in rows[::3]] == [
        f"send by {batch} at {connections}" for batch in ("1", "100", "1,000") for connections in (1, 16)
    ]
    assert all(number(cell) > 0 for row in rows for cell in row[2:4])
    assert list(tmp_path.iterdir()) == []


def test_asking_is_measured_beside_the_same_call_in_this_process(tmp_path: Path) -> None:
    head, _, *rows = bench(tmp_path, "asking")
    assert head[:4] == ["Figure", "Unit", "Over HTTP", "In process"]
    assert [row[0] for row in rows[::3]] == [
        "page of 50, a mix of 13, at 1: p50", "page of 50, a mix of 13, at 4: p50", "count, a mix of 13, at 1: p50",
        "count, a mix of 13, at 4: p50", "page of 50, looked at for the first time, at 1: p50",
    ]  # fmt: skip
    assert all(number(cell) > 0 for row in rows for cell in row[2:4])
    left = {path.name for path in (tmp_path / "2000").iterdir()}
    assert left == {"trail.jsonl", "trail.db", "plain.db", "costs.json"}, "the store is asked in a copy"


def test_the_builder_is_measured_beside_the_same_rows_as_json(tmp_path: Path) -> None:
    head, _, *rows = bench(tmp_path, "browsing")
    assert head[:4] == ["Figure", "Unit", "As a page", "As JSON"]
    assert [row[0].rpartition(": ")[2] for row in rows] == ["p50", "p95", "CPU"]
    assert all(number(cell) > 0 for row in rows for cell in row[2:4])


def test_who_asks_for_a_page_here_gets_what_they_get_over_http(tmp_path: Path) -> None:
    """Otherwise the two columns would compare different things."""
    program = """
import json, sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from bench.making import Made
from bench.service import asking
from bench.service.servers import session_for, trailbook
from trailbook.settings import Settings
from trailbook.web.serving import service_on
from trailbook.wiring import open_store

made = Made(Path(sys.argv[1]), 2000)
made.make(False)
with asking.copied(made.store) as path:
    headers = session_for(path)
    with closing(open_store(str(path))) as store, trailbook(path) as server:
        service = service_on(store, Settings(store=str(path)))
        for what, task in (("page", asking.page), ("count", asking.count)):
            here = json.loads(task(service, "tenant:acme"))
            with closing(HTTPConnection("127.0.0.1", server.port)) as connection:
                connection.request("GET", asking.request(what, "tenant:acme").path, None, headers)
                there = json.loads(connection.getresponse().read())
            for key in ("rows", "columns", "late", "after"):
                assert here.get(key) == there.get(key), key
            assert here["rows"]
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not FULL, reason="it installs django-auditlog")
def test_the_rival_records_each_change_and_lists_its_entries(tmp_path: Path) -> None:
    head, _, *rows = bench(tmp_path, "rival")
    assert head[:4] == ["Figure", "Unit", "Trailbook", "django-auditlog"]
    assert [row[0] for row in rows] == [
        "changes recorded, a hundred to a commit", "changes recorded, one by one",
        "newest 50 of a user: p50", "newest 50 of a user: p99", "newest 50 of a user: CPU",
        "count of a user: p50", "count of a user: p99", "count of a user: CPU",
    ]  # fmt: skip
    assert all(number(cell) > 0 for row in rows for cell in row[2:4])
