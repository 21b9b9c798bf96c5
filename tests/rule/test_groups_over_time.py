"""A user whose group changes midway: the old group on old rows, the new one on new rows, and no deletion undoes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from stores import STORES

from trailbook.directory.load import read_json
from trailbook.directory.merge import merge
from trailbook.directory.viewer import OPERATOR, GroupScope, Viewer
from trailbook.directory.visible import visible_parties_named
from trailbook.event.canonical import encode
from trailbook.ingest.accept import Context, accept
from trailbook.query.tree import EVERYTHING
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import Store

HIRED, MOVED, GONE = (datetime.fromisoformat(f"2021-11-{day}T08:00:00Z") for day in ("01", "10", "20"))
END = datetime.fromisoformat("2021-12-01T08:00:00Z")
GROUPS = [{"tenant": "acme", "id": "cc", "name": "Call center"}, {"tenant": "acme", "id": "sales", "name": "Sales"}]
BOB = {"tenant": "acme", "id": "u2", "name": "Bob", "groups": []}


def ann(**more: Any) -> dict[str, Any]:
    """The directory's entry of Ann."""
    return {"tenant": "acme", "id": "u1", "name": "Ann", **more}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Ann plays a call and Bob does something to her, first while she is in the call center, then while in Sales."""
    made = STORES[request.param](tmp_path)
    learn(made, HIRED, users=[ann(groups=["cc"])], groups=GROUPS)
    submit(made, 1, "2021-11-05T12:00:00Z", initiator={"tenant": "acme", "id": "u1"})
    submit(made, 2, "2021-11-06T12:00:00Z", initiator=BOB, targets=[{"kind": "user", "tenant": "acme", "id": "u1"}])
    learn(made, MOVED, users=[ann(groups=["sales"])])
    submit(made, 3, "2021-11-15T12:00:00Z", initiator={"tenant": "acme", "id": "u1"})
    submit(made, 4, "2021-11-16T12:00:00Z", initiator=BOB, targets=[{"kind": "user", "tenant": "acme", "id": "u1"}])
    yield made
    made.close()


def learn(store: Store, moment: datetime, **file: Any) -> None:
    """Import a directory file at a moment."""
    incoming = read_json(json.dumps(file).encode(), "directory.json")
    store.change_directory(lambda known: merge(known, incoming, moment))


def delete_ann(store: Store) -> None:
    """Ann leaves, and with her all that she belonged to."""
    learn(
        store,
        GONE,
        users=[ann(valid_to=GONE.isoformat())],
        memberships=[{"tenant": "acme", "user": "u1", "group": "sales", "valid_to": GONE.isoformat()}],
    )


def submit(store: Store, number: int, occurred: str, **event: Any) -> None:
    """Send an event a second after it occurred."""
    sent = {
        "id": str(UUID(int=number)), "occurred_at": occurred, "resource": "calls", "action": "play", **event
    }  # fmt: skip
    recorded = datetime.fromisoformat(occurred) + timedelta(seconds=1)
    outcome = accept([json.dumps(sent).encode()], Context(recorded, store.directory()), store)
    assert outcome.count("stored") == 1


def shown(store: Store, query: str, viewer: Viewer = OPERATOR) -> list[tuple[str, ...]]:
    """The number, initiator, groups and target's groups of each row that the report has, oldest first."""
    directory = store.directory()
    report = run(
        store,
        viewer,
        Definition(query=query, columns=("id", "initiator", "groups", "targets", "target_groups"), order="oldest"),
        now=END,
        names=lambda kind, text: visible_parties_named(directory, viewer, kind, text),
    )
    return [(str(UUID(id).int), *texts) for id, *texts in report.texts()]


OLD_ROWS = [("1", "Ann", "Call center", "", ""), ("2", "Bob", "", "Ann (user)", "Call center")]
NEW_ROWS = [("3", "Ann", "Sales", "", ""), ("4", "Bob", "", "Ann (user)", "Sales")]


def test_old_rows_show_the_old_group_and_new_rows_the_new_one(store: Store) -> None:
    assert shown(store, "user:Ann") == [*OLD_ROWS, *NEW_ROWS]


def test_each_group_finds_the_rows_of_its_time(store: Store) -> None:
    assert shown(store, 'group:"Call center"') == OLD_ROWS
    assert shown(store, "group:Sales") == NEW_ROWS
    assert shown(store, "user:Ann group:Sales") == NEW_ROWS


def test_who_manages_a_group_sees_the_rows_of_its_time(store: Store) -> None:
    assert shown(store, "user:Ann", Viewer("lead", GroupScope("acme", ("cc",)))) == OLD_ROWS
    assert shown(store, "user:Ann", Viewer("lead", GroupScope("acme", ("sales",)))) == NEW_ROWS


@pytest.mark.parametrize(
    "change",
    [
        delete_ann,
        lambda store: learn(store, GONE, users=[ann(name="Ann Jones", groups=["cc"])]),
        lambda store: learn(store, GONE, groups=[{"tenant": "acme", "id": "sales", "name": "Trade"}]),
    ],
    ids=["deleted", "renamed and moved back", "group renamed"],
)
def test_what_becomes_of_her_later_changes_nothing_in_old_rows(store: Store, change: Callable[[Store], None]) -> None:
    bytes_before = [encode(row.event) for row in store.scan(OPERATOR, EVERYTHING)]
    heads_before = store.heads(OPERATOR)
    change(store)
    assert shown(store, "user:Ann") == [*OLD_ROWS, *NEW_ROWS]
    assert shown(store, "group:Sales") == NEW_ROWS
    assert [encode(row.event) for row in store.scan(OPERATOR, EVERYTHING)] == bytes_before
    assert store.heads(OPERATOR) == heads_before


def test_after_her_deletion_new_events_know_nothing_of_her_and_late_ones_all_of_their_time(store: Store) -> None:
    delete_ann(store)
    submit(store, 5, "2021-11-25T12:00:00Z", initiator={"tenant": "acme", "id": "u1"})
    submit(store, 6, "2021-11-05T18:00:00Z", initiator={"tenant": "acme", "id": "u1"})
    assert shown(store, "by:Ann") == [
        ("1", "Ann", "Call center", "", ""),
        ("6", "Ann", "Call center", "", ""),
        ("3", "Ann", "Sales", "", ""),
        ("5", "u1", "", "", ""),
    ]


def test_what_came_from_the_directory_is_marked_and_what_was_sent_is_not(store: Store) -> None:
    filled = {str(UUID(row.event.id).int): row.event.filled for row in store.scan(OPERATOR, EVERYTHING)}
    assert filled == {
        "1": ("initiator.name", "initiator.groups"),
        "2": ("targets[0].name", "targets[0].groups"),
        "3": ("initiator.name", "initiator.groups"),
        "4": ("targets[0].name", "targets[0].groups"),
    }
