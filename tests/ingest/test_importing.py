"""Whole files on their way into a store: what is counted, what is rejected, and what running again does."""

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from trailbook.directory.directory import Directory
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import BadFile, StoreError
from trailbook.event.canonical import Sealed
from trailbook.ingest import importing
from trailbook.ingest.accept import Context
from trailbook.ingest.coverage import coverage
from trailbook.ingest.importing import ImportSummary, dry_run, import_file
from trailbook.ingest.mapping import load_map
from trailbook.ingest.sniff import detect_format
from trailbook.masking.mask import mask_text
from trailbook.query.tree import EVERYTHING
from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Receipt

START = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = Context(START, Directory())


class Clock:
    """A second passes at every look."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def native(n: int, **fields: Any) -> dict[str, Any]:
    id = f"00000000-0000-4000-8000-{n:012d}"
    return {"id": id, "occurred_at": "2021-11-17T14:07:00Z", "resource": "calls", "action": "play"} | fields


def write(path: Path, *rows: Any) -> str:
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return str(path)


def run(path: str, name: str, store: MemoryStore, **options: Any) -> ImportSummary:
    return import_file(path, load_map(name), CONTEXT, store, now=Clock(), **options)


def rejects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_fits_goes_in_and_what_does_not_is_explained(tmp_path: Path) -> None:
    store = MemoryStore()
    file = write(
        tmp_path / "f.jsonl",
        native(1),
        '{"id": \n',
        native(2, occurred_at="2021-11-17T14:07:00"),
        native(3, data={"url": "https://ann:hunter2secret@example.org/"}),
        "\n",
        native(4, action="", data={"password": "hunter2secret"}),
    )
    summary = run(file, "native", store, rejects_path=str(tmp_path / "rejects"))
    assert (summary.read, summary.stored, summary.duplicates, summary.conflicts, summary.rejected) == (5, 2, 0, 0, 3)
    found = rejects(tmp_path / "rejects")
    assert [row["line"] for row in found] == [2, 3, 6]
    assert [row["field"] for row in found] == ["", "occurred_at", "action"]
    assert all(row["reason"] and row["remedy"] for row in found)
    assert found[0]["record"] == '{"id":'
    assert "hunter2secret" not in (tmp_path / "rejects").read_text()
    assert (tmp_path / "rejects").stat().st_mode & 0o777 == 0o600


def test_running_again_stores_nothing_and_a_file_that_grew_adds_what_is_new(tmp_path: Path) -> None:
    store = MemoryStore()
    file = write(tmp_path / "f", native(1), native(2))
    assert run(file, "native", store).stored == 2
    again = run(file, "native", store)
    assert (again.stored, again.duplicates) == (0, 2)
    write(tmp_path / "f", native(1), native(2), native(3))
    grown = run(file, "native", store)
    assert (grown.stored, grown.duplicates) == (1, 2)


def test_an_id_with_other_contents_is_a_conflict_and_is_explained(tmp_path: Path) -> None:
    store = MemoryStore()
    file = write(tmp_path / "f", native(1), native(1, action="export"))
    summary = run(file, "native", store, rejects_path=str(tmp_path / "rejects"))
    assert (summary.stored, summary.conflicts, summary.rejected) == (1, 1, 0)
    (row,) = rejects(tmp_path / "rejects")
    assert (row["line"], row["field"]) == (2, "id")
    assert "other contents" in row["reason"]


def test_native_events_without_an_id_get_one_that_stays(tmp_path: Path) -> None:
    store = MemoryStore()
    event = native(1)
    del event["id"]
    file = write(tmp_path / "f", event)
    assert run(file, "native", store).stored == 1
    assert run(file, "native", store).duplicates == 1


def test_no_rejects_file_is_left_when_nothing_was_rejected(tmp_path: Path) -> None:
    (tmp_path / "rejects").write_text("of an earlier run")
    run(write(tmp_path / "f", native(1)), "native", MemoryStore(), rejects_path=str(tmp_path / "rejects"))
    assert not (tmp_path / "rejects").exists()


def test_types_without_a_map_are_counted_and_explained_and_never_guessed(tmp_path: Path) -> None:
    cloudtrail = {
        "eventVersion": "1",
        "eventSource": "iam.amazonaws.com",
        "eventName": "GetUser",
        "eventTime": "2021-05-20 15:53:47",
    }
    file = write(
        tmp_path / "f",
        {"log_type": "AWS.CloudTrail", "event": cloudtrail},
        {"log_type": "New.Thing", "event": cloudtrail},
        {"log_type": "New.Thing", "event": {}},
        {"log_type": "Other", "event": {}},
    )
    summary = run(file, "log-type", MemoryStore(), rejects_path=str(tmp_path / "rejects"))
    assert (summary.read, summary.stored, summary.rejected) == (4, 1, 3)
    assert summary.unknown == {"New.Thing": 2, "Other": 1}
    assert len(rejects(tmp_path / "rejects")) == 3


def test_batches_are_of_the_size_asked_for_and_recorded_when_they_come(tmp_path: Path) -> None:
    class Counting(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: list[int] = []

        def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
            events = list(batch)
            self.sizes.append(len(events))
            return super().append(events)

    store = Counting()
    summary = run(write(tmp_path / "f", *(native(n) for n in range(25))), "native", store, batch=10)
    assert store.sizes == [10, 10, 5]
    recorded = Counter(row.event.recorded_at for row in store.scan(OPERATOR, EVERYTHING))
    assert sorted(recorded.values()) == [5, 10, 10]
    assert summary.seconds == 4


def test_records_that_are_all_refused_make_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(MemoryStore):
        def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
            raise AssertionError("There is nothing to append.")

    monkeypatch.setattr(importing, "_BATCH_BYTES", 100)
    file = write(tmp_path / "f", *({"log_type": "Other", "event": {}} for _ in range(20)))
    assert run(file, "log-type", Never()).rejected == 20


def test_a_batch_that_came_through_a_pipe_is_in_before_the_next_is_complete(tmp_path: Path) -> None:
    pipe, store = tmp_path / "pipe", MemoryStore()
    os.mkfifo(pipe)
    counts: list[int] = []

    def produce() -> None:
        with pipe.open("w") as out:
            for n in range(30):
                out.write(json.dumps(native(n, details="A long story. " * 2_000)) + "\n")
                if n in (15, 25):
                    out.flush()
                    deadline = time.monotonic() + 10
                    while store.count(OPERATOR, EVERYTHING) < n - 5 and time.monotonic() < deadline:
                        time.sleep(0.01)
                    counts.append(store.count(OPERATOR, EVERYTHING))

    producer = Thread(target=produce)
    producer.start()
    assert run(str(pipe), "native", store, batch=10).stored == 30
    producer.join()
    assert counts == [10, 20]


def test_what_was_read_before_the_damage_is_in(tmp_path: Path) -> None:
    lines = "".join(json.dumps(native(n)) + "\n" for n in range(20_000)).encode()
    packed = gzip.compress(lines)
    (tmp_path / "f.gz").write_bytes(packed[: len(packed) // 2])
    store = MemoryStore()
    with pytest.raises(BadFile, match="damaged or cut off"):
        run(str(tmp_path / "f.gz"), "native", store, batch=1000)
    stored = store.count(OPERATOR, EVERYTHING)
    assert 5_000 < stored < 20_000
    (tmp_path / "f.gz").write_bytes(packed)
    whole = run(str(tmp_path / "f.gz"), "native", store)
    assert (whole.stored, whole.duplicates) == (20_000 - stored, stored)


def test_a_store_that_fails_is_told_and_the_next_run_completes_it(tmp_path: Path) -> None:
    class Failing(MemoryStore):
        calls = 0

        def append(self, batch: Sequence[Sealed]) -> list[Receipt]:
            self.calls += 1
            if self.calls == 2:
                raise StoreError("The disk is full.", remedy="Make room.")
            return super().append(batch)

    store = Failing()
    file = write(tmp_path / "f", *(native(n) for n in range(30)))
    with pytest.raises(StoreError):
        run(file, "native", store, batch=10)
    summary = run(file, "native", store, batch=10)
    assert (summary.stored, summary.duplicates) == (20, 10)


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "f", *(native(n) for n in range(2500)))
    told: list[tuple[int, int, int]] = []
    run(file, "native", MemoryStore(), progress=lambda *seen: told.append(seen))
    size = Path(file).stat().st_size
    assert [records for _, _, records in told] == [1000, 2000, 2500]
    assert told[-1] == (size, size, 2500)


MAP = '[event]\ntime = "at"\naction = "do"\nresource = "=x"\noutcome = "out"\ndetails = "gone"\n'


def test_a_dry_run_shows_what_would_be_stored_and_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAP)
    rows = [{"at": "2021-11-17T14:07:00Z", "do": f"a{n}", "out": "Maybe"} for n in range(9)]
    file = write(tmp_path / "f", rows[0], {"do": "x"}, *rows[1:])
    shown, warnings = dry_run(file, load_map(str(tmp_path / "m.toml")), CONTEXT, first=3)
    assert [(one.line, one.event.action if one.event else "") for one in shown] == [(1, "a0"), (2, ""), (3, "a1")]
    assert shown[0].event is not None
    assert (shown[0].event.tenant, shown[0].event.recorded_at) == ("default", START)
    assert "no time" in str(shown[1].error)
    assert warnings == (
        "9 × outcome 'Maybe' is not known to the map: taken as unknown",
        "this path of the map never found a value: event.details: gone",
    )


def test_csv_goes_in_through_a_map_of_ones_own(tmp_path: Path) -> None:
    text = '[csv]\n[event]\ntime = "when"\naction = "what"\nresource = "=doors"\n[initiator]\nid = "who"\n'
    (tmp_path / "doors.toml").write_text(text)
    (tmp_path / "f.csv").write_text("when,who,what\n2021-11-17 14:07:00Z,ann,open\n2021-11-17 14:08:00Z,bob,close\n")
    store = MemoryStore()
    mapping = load_map(str(tmp_path / "doors.toml"))
    assert import_file(str(tmp_path / "f.csv"), mapping, CONTEXT, store, now=Clock()).stored == 2
    events = [row.event for row in store.scan(OPERATOR, EVERYTHING, order="oldest")]
    assert [(one.action, one.initiator.id if one.initiator else "") for one in events] == [
        ("open", "ann"),
        ("close", "bob"),
    ]
    assert events[0].data == {"when": "2021-11-17 14:07:00Z", "who": "ann", "what": "open"}


@pytest.mark.parametrize("name", ["cloudtrail", "windows-security"])
def test_the_format_of_real_logs_is_told_by_their_records(name: str) -> None:
    assert detect_format(f"../shared/data/{name}.jsonl.gz").name == name


def test_a_mixed_file_and_native_events_are_told(tmp_path: Path) -> None:
    assert detect_format("../shared/data/vendors.jsonl.gz").name == "log-type"
    assert detect_format(write(tmp_path / "f", native(1), native(2), "broken\n")).name == "native"


def test_a_format_that_nobody_knows_lists_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"not known.*--format: .*cloudtrail.*--map") as caught:
        detect_format(write(tmp_path / "f", {"hello": "world"}))
    assert caught.value.place == str(tmp_path / "f")


def test_a_format_that_may_be_several_names_them(tmp_path: Path) -> None:
    both = native(1) | {"log_type": "x", "event": {"a": 1}}
    with pytest.raises(BadFile, match="any of log-type, native"):
        detect_format(write(tmp_path / "f", both))


def test_cloudtrail_goes_in_and_again_adds_nothing() -> None:
    store = MemoryStore()
    assert run("../shared/data/cloudtrail.jsonl.gz", "cloudtrail", store).stored == 2900
    again = run("../shared/data/cloudtrail.jsonl.gz", "cloudtrail", store)
    assert (again.read, again.stored, again.duplicates, again.rejected) == (2900, 0, 2900, 0)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportSummary, list[dict[str, Any]]]:
    path = tmp_path_factory.mktemp("mixed") / "rejects"
    summary = run("../shared/data/vendors.jsonl.gz", "log-type", MemoryStore(), rejects_path=str(path))
    return summary, rejects(path)


def test_a_mixed_file_goes_in_at_once_and_all_of_it_is_accounted_for(
    mixed: tuple[ImportSummary, list[dict[str, Any]]],
) -> None:
    summary, refused = mixed
    assert summary.read == 2157
    assert len(refused) == summary.rejected + summary.conflicts
    assert "Snowflake.LoginHistory" in summary.unknown
    assert "AWS.CloudTrail" not in summary.unknown


def test_the_coverage_of_a_mixed_file_is_told_for_each_format() -> None:
    found = coverage("../shared/data/vendors.jsonl.gz", load_map("log-type"))
    assert {"cloudtrail", "github", "okta", "zoom", ""} <= found.keys()
    assert sum(one.events + one.refused for one in found.values()) == 2157
    assert found[""].events == 0
    assert found["okta"].share("initiator") > 0.9


def test_no_known_secret_is_in_the_rejects(mixed: tuple[ImportSummary, list[dict[str, Any]]]) -> None:
    held = [row["record"] for row in mixed[1]]
    assert any("[masked: aws-key]" in text for text in held)
    assert [mask_text(text) for text in held] == held
