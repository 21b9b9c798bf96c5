"""Exports in the background: whole, told, as who asked for them may see now, given up, and made once whoever dies."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from exported import ACME, account, ask, content, fill, left, of, own_events, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from simulated import START, Clock, Died, Mortal, base_on
from size import sized

from trailbook.access.kept import KEYS
from trailbook.access.keys import make_key
from trailbook.access.model import Origin
from trailbook.access.own import Doing
from trailbook.access.present import present
from trailbook.deliver import exporting
from trailbook.deliver.base import Base
from trailbook.deliver.exporting import MOST_TRIES
from trailbook.deliver.exports import EXPORTS, MANIFESTS, give_up, may_see, may_take
from trailbook.deliver.handlers import handlers
from trailbook.deliver.manifest import Manifest
from trailbook.deliver.tasks import LEASE, TASKS, Task
from trailbook.deliver.worker import Worker
from trailbook.directory.viewer import OPERATOR, GroupScope, Root, SelfScope, TenantScope
from trailbook.errors import Busy, NotSignedIn
from trailbook.query.tree import EVERYTHING
from trailbook.render import counting, xlsx
from trailbook.report.definition import from_dict
from trailbook.report.result import heads_dict, read_heads
from trailbook.report.run import run
from trailbook.store.ports import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def base(store: Store, clock: Clock, folder: Path) -> Base:
    return base_on(store, clock, export_folder=str(folder))


def work(base: Base) -> int:
    """Let a worker do what is due."""
    failed: list[Exception] = []
    done = Worker(base, handlers(base.settings), failed=lambda task, error: failed.append(error)).run_due()
    assert failed == []
    return done


def abandon(base: Base, id: str) -> None:
    """Whoever asked for it wants it no longer."""
    found = EXPORTS.find(base.store, id, base.clock())
    assert found is not None
    doing = Doing(present(base.store, "account", "a-1", base.clock()), Origin(), base.clock(), base.new_id)
    decided = give_up(found, doing, base.clock() + timedelta(days=7))
    base.keep(decided.changed, removed=decided.removed, events=decided.events)


def manifest(base: Base, id: str) -> Manifest:
    found = MANIFESTS.find(base.store, id, base.clock())
    assert found is not None
    return found.value.manifest


def test_an_export_ends_as_a_file_that_is_told(base: Base, clock: Clock) -> None:
    fill(base.store, 3)
    id = ask(base, account(base), {"query": "action:play", "columns": ["details"], "during": "2021-11"})
    assert of(base, id).state == "waiting"
    clock.move(minutes=1)
    assert work(base) == 1
    assert content(base, id).split(b"\r\n") == [b'"Audit - Details"', b'"Call 2"', b'"Call 1"', b'"Call 0"', b""]
    export = of(base, id)
    assert (export.state, export.rows, export.of, export.error) == ("done", 3, 3, "")
    assert (export.asked_at, export.started_at, export.ended_at) == (START, clock(), clock())
    assert export.made is not None
    (asked,), (told,) = own_events(base.store, "create"), own_events(base.store, "export")
    words = {"query": "action:play", "during": "2021-11", "format": "csv"}
    assert (asked.resource, asked.data) == ("exports", words)
    assert (told.resource, told.outcome, told.tenant) == ("reports", "success", "acme")
    assert told.data == {**words, "columns": ["details"], "rows": 3, "sha256": export.made.sha256}
    assert told.initiator is not None
    assert told.initiator.id == "a-1"
    assert [(one.kind, one.id) for one in told.related] == [("export", id)]


def test_the_manifest_says_what_the_file_is_and_makes_the_same_rows_again(base: Base, clock: Clock) -> None:
    fill(base.store, 5)
    columns = ["id", {"key": "details", "label": "What"}]
    definition = {"query": "app:web", "columns": columns, "since": "-30d", "zone": "Europe/Berlin"}
    id = ask(base, account(base), definition, format="jsonl", narrowed={"until": "2021-11-30"})
    clock.move(hours=5)
    fill(base.store, 2, first=100)
    work(base)
    said = manifest(base, id)
    assert msgspec.json.decode(msgspec.json.encode(said), type=Manifest) == said
    assert (said.rows, said.file.format) == (7, "jsonl")
    assert said.file.sha256 == hashlib.sha256(content(base, id)).hexdigest()
    assert said.viewer.scope == ACME
    assert [(one.key, one.label, one.original) for one in said.columns] == [
        ("id", "Audit - ID", None), ("details", "What", "Audit - Details"),
    ]  # fmt: skip
    assert said.definition == definition
    assert said.narrowed == {"until": "2021-11-30"}
    assert said.generated_at == START
    assert said.report["since"] == "2021-11-01T10:00:00+01:00"
    assert said.report["until"] == "2021-12-01T00:00:00+01:00"
    assert (said.report["late"], said.report["zone"], said.report["viewer"]) == (0, "Europe/Berlin", "a-1")
    fill(base.store, 3, first=200)
    again = run(
        base.store, said.viewer, from_dict(said.definition), now=said.generated_at,
        heads=read_heads(msgspec.json.encode(said.report["heads"])),
    )  # fmt: skip
    assert [list(row) for row in again.values()] == [list(row.values()) for row in rows_of(content(base, id))]
    assert again.header.rows == 7


def test_an_export_at_noted_heads_leaves_out_what_came_later(base: Base) -> None:
    fill(base.store, 4)
    heads = msgspec.json.encode(heads_dict(base.store.heads(OPERATOR))).decode()
    fill(base.store, 4, first=50)
    id = ask(base, account(base), heads=heads)
    work(base)
    assert of(base, id).rows == 4


def test_a_period_is_meant_as_of_when_it_was_asked_for(base: Base, clock: Clock) -> None:
    fill(base.store, 1)
    clock.move(days=-14, minutes=-1)
    id = ask(base, account(base), {"query": "app:web", "during": "today"})
    clock.move(days=2)
    work(base)
    assert of(base, id).rows == 1


def test_rights_and_scope_are_those_of_when_it_is_made(base: Base) -> None:
    fill(base.store, 2)
    fill(base.store, 3, "globex", first=50)
    id = ask(base, account(base, scope=Root()), {"query": "app:web"})
    account(base, scope=TenantScope("globex"), role="auditor")
    work(base)
    assert (of(base, id).rows, of(base, id).viewer.scope) == (3, TenantScope("globex"))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"role": "reader"}, "You may not export events."),
        ({"role": "gone"}, "no longer sign in"),
        ({"disabled": True}, "no longer sign in"),
        ({"expires_at": START}, "no longer sign in"),
    ],
)
def test_who_may_no_longer_gets_nothing_and_it_is_told(
    base: Base, folder: Path, changed: dict[str, Any], problem: str
) -> None:
    fill(base.store, 2)
    id = ask(base, account(base))
    with suppress(NotSignedIn):
        account(base, **changed)
    work(base)
    export = of(base, id)
    assert export.state == "failed"
    assert problem in export.error
    assert left(folder) == []
    (told,) = own_events(base.store, "export")
    assert (told.outcome, told.reason) == ("failure", export.error)


def test_a_key_exports_until_it_is_revoked(base: Base) -> None:
    fill(base.store, 2)
    _, key = make_key(
        base.randomness, name="k", tenant="acme", uses=frozenset({"read"}), created_by="", created_at=START
    )
    base.keep([KEYS.record(key)])
    caller = present(base.store, "key", key.id, START)
    ids = [ask(base, caller)]
    work(base)
    ids.append(ask(base, caller))
    found = KEYS.find(base.store, key.id, START)
    base.keep([KEYS.record(replace(key, revoked_at=START), found)])
    work(base)
    assert [of(base, id).state for id in ids] == ["done", "failed"]


def test_a_hidden_column_that_was_asked_for_is_a_failure_with_its_reason(base: Base) -> None:
    fill(base.store, 1)
    id = ask(base, account(base), {"columns": ["nothing"]})
    work(base)
    assert of(base, id).state == "failed"
    assert "There is no column 'nothing'" in of(base, id).error


def test_it_is_kept_how_far_it_is(base: Base, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(base.store, 10)
    monkeypatch.setattr(counting, "EVERY", 2)
    seen: list[tuple[int, float | None]] = []
    tell = exporting._Making._tell

    def slowly(self: Any, rows: int) -> None:
        clock.move(seconds=1)
        tell(self, rows)
        export = of(base, id)
        seen.append((export.rows, export.seconds_left(clock())))

    monkeypatch.setattr(exporting._Making, "_tell", slowly)
    id = ask(base, account(base), {"query": "app:web"})
    work(base)
    assert seen == [(2, 4.0), (4, 3.0), (6, 2.0), (8, 1.0), (10, 0.0)]


@pytest.mark.parametrize("when", ["before", "while", "after"])
def test_what_is_given_up_leaves_no_file(
    base: Base, clock: Clock, folder: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(base.store, 10)
    id = ask(base, account(base))
    if when == "before":
        abandon(base, id)
    if when == "while":
        monkeypatch.setattr(counting, "EVERY", 2)
        tell = exporting._Making._tell

        def meanwhile(self: Any, rows: int) -> None:
            clock.move(seconds=2)
            if rows == 4:
                abandon(base, id)
            tell(self, rows)

        monkeypatch.setattr(exporting._Making, "_tell", meanwhile)
    work(base)
    if when == "after":
        abandon(base, id)
        assert work(base) == 1
        assert EXPORTS.find(base.store, id, clock()) is None
        assert MANIFESTS.find(base.store, id, clock()) is None
    else:
        assert of(base, id).state == "cancelled"
        assert own_events(base.store, "export") == []
    assert left(folder) == []
    assert [one.value.kind for one in TASKS.each(base.store, clock())] == (["clear_export"] if when == "after" else [])


def test_a_file_is_kept_for_as_long_as_the_settings_say(base: Base, clock: Clock, folder: Path) -> None:
    fill(base.store, 1)
    id = ask(base, account(base))
    work(base)
    clock.at = START + timedelta(days=7, seconds=-1)
    work(base)
    assert len(left(folder)) == 1
    clock.move(seconds=1)
    work(base)
    assert left(folder) == []
    assert EXPORTS.find(base.store, id, clock()) is None
    assert list(TASKS.each(base.store, clock())) == []


def test_no_room_for_the_file_is_a_failure_that_leaves_nothing(store: Store, clock: Clock, folder: Path) -> None:
    base = base_on(store, clock, export_folder=str(folder), export_bytes=1 << 20)
    fill(store, 1)
    folder.mkdir()
    (folder / "other.csv").write_bytes(b"x" * (1 << 20))
    id = ask(base, account(base))
    work(base)
    assert (of(base, id).state, left(folder)) == ("failed", ["other.csv"])
    assert "no room left" in of(base, id).error


def test_a_workbook_leaves_the_rest_of_the_disk_alone_while_it_is_unpacked(
    base: Base, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "LOOKED_EVERY", 1)
    monkeypatch.setattr(xlsx, "KEPT_FREE", 1 << 62)
    fill(base.store, 3)
    id = ask(base, account(base), format="xlsx")
    work(base)
    assert (of(base, id).state, left(folder)) == ("failed", [])
    assert "no room left" in of(base, id).error


def test_a_store_that_is_busy_is_asked_again_later(base: Base, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(base.store, 1)
    id = ask(base, account(base))
    with monkeypatch.context() as patch:

        def busy(*given: Any, **more: Any) -> Any:
            raise Busy("Others were writing.")

        patch.setattr(exporting, "ask_as", busy)
        Worker(base, handlers(base.settings)).run_due()
    assert of(base, id).state == "waiting"
    clock.move(seconds=30)
    work(base)
    assert of(base, id).state == "done"


def test_what_goes_wrong_here_is_a_failure_that_tells_no_more(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(base.store, 1)
    id = ask(base, account(base))

    def broken(*given: Any, **more: Any) -> Any:
        raise KeyError("secret")

    monkeypatch.setattr(exporting, "ask_as", broken)
    failed: list[Exception] = []
    Worker(base, handlers(base.settings), failed=lambda task, error: failed.append(error)).run_due()
    assert [type(one) for one in failed] == [KeyError]
    assert of(base, id).error == "Something went wrong here; the log of the service says where."
    assert list(TASKS.each(base.store, START)) == []


def test_what_kills_every_worker_is_given_up_in_the_end(base: Base, clock: Clock, folder: Path) -> None:
    fill(base.store, 1)
    id = ask(base, account(base))
    for _ in range(MOST_TRIES):
        with suppress(Died):
            Worker(Mortal(base.store, clock, lambda: True), handlers(base.settings)).run_due()
        clock.at += LEASE
    (task,) = TASKS.all(base.store, clock())
    base.keep([TASKS.record(Task("export", id, clock(), MOST_TRIES))], removed=[task.record])
    work(base)
    assert (of(base, id).state, left(folder)) == ("failed", [])
    assert f"begun {MOST_TRIES} times" in of(base, id).error


def test_who_asked_sees_it_and_takes_it_only_while_all_of_it_is_theirs_to_see(base: Base) -> None:
    fill(base.store, 1)
    asker = account(base)
    id = ask(base, asker)
    work(base)
    export = of(base, id)

    def seen(caller: Any) -> tuple[bool, bool]:
        return may_see(caller, export), may_take(caller, export)

    assert seen(asker) == (True, True)
    for narrowed in (GroupScope("acme", ("g1",)), SelfScope("acme", "a-1"), TenantScope("globex")):
        assert seen(account(base, scope=narrowed)) == (True, False)
    assert seen(account(base, scope=Root())) == (True, True)
    assert seen(account(base, role="reader")) == (True, False)
    for bound in ({"since": START}, {"until": START}):
        assert seen(account(base, "a-1", **bound)) == (True, False)
        account(base, "a-1", since=None, until=None)
    assert seen(account(base, "a-2", role="administrator")) == (True, True)
    assert seen(account(base, "a-3", role="auditor")) == (False, False)
    assert seen(account(base, "a-4", role="administrator", scope=TenantScope("globex"))) == (False, False)
    assert seen(account(base, "a-5", role="administrator", scope=GroupScope("acme", ("g1",)))) == (False, False)


def test_an_export_of_all_books_is_none_of_a_tenants_managers_business(base: Base) -> None:
    fill(base.store, 1)
    id = ask(base, account(base, scope=Root()))
    work(base)
    assert not may_see(account(base, "a-2", role="administrator"), of(base, id))


LIFE = st.sampled_from(["live", "live", "live", "die", "slow", "other"])


@settings(max_examples=sized(15, 400), deadline=None, suppress_health_check=list(HealthCheck))
@given(fate=st.lists(LIFE, max_size=60), count=st.integers(1, 3))
def test_whoever_dies_when_each_export_is_made_and_told_once_and_its_file_is_right(
    store: Store, folder: Path, fate: list[str], count: int
) -> None:
    clock, next_fate = Clock(), iter(fate)
    settings = {"export_folder": str(folder)}
    base = base_on(store, clock, **settings)
    if not store.count(OPERATOR, EVERYTHING):
        fill(store, 9)
    caller = account(base)
    ids = [ask(base, caller, {"query": "app:web", "columns": ["details"]}) for _ in range(count)]
    depth = 0

    def dies() -> bool:
        """What befalls a worker before or after it keeps anything."""
        nonlocal depth
        match next(next_fate, "live"):
            case "die":
                return True
            case "slow":
                clock.move(seconds=20)
            case "other" if depth < 2:
                depth += 1
                clock.at += LEASE
                live()
                depth -= 1
        return False

    def live() -> None:
        with suppress(Died):
            Worker(Mortal(store, clock, dies, **settings), handlers(base.settings)).run_due()

    while any(of(base, id).state in ("waiting", "running") for id in ids):
        live()
        clock.move(seconds=31)
    for id in ids:
        assert of(base, id).state == "done"
        assert content(base, id).count(b"\r\n") == 10
        assert manifest(base, id).file.sha256 == of(base, id).made.sha256  # type: ignore[union-attr]
        assert sum(one.related[0].id == id for one in own_events(store, "export")) == 1
    assert len(left(folder)) == len({one.record.id for one in EXPORTS.each(store, clock())})
