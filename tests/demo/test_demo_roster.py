"""The demo's directory says the same as the demo's events."""

from __future__ import annotations

from datetime import UTC, datetime

from trailbook.demo.roster import demo_directory, directory_json
from trailbook.demo.trail import demo_events
from trailbook.directory.directory import Directory
from trailbook.directory.load import read_json
from trailbook.directory.merge import merge

END = datetime(2024, 12, 1, tzinfo=UTC)


def test_the_directory_agrees_with_every_initiator_and_target_of_the_trail() -> None:
    directory = Directory().after(merge(Directory(), demo_directory(5_000, 3, END), END))
    checked = 0
    for event in demo_events(5_000, 3, END):
        # Who is being changed is frozen as it was just before.
        moved = {"name", "groups", "roles"} & event.changes.keys()
        people = [one for one in event.targets if one.kind == "user" and not moved]
        if event.initiator is not None and event.initiator.type == "user":
            people.append(event.initiator)
        for user in people:
            assert directory.name_at(user.party(), event.occurred_at) == user.name
            for frozen, known in (
                (user.groups, directory.groups_at(user.tenant, user.id, event.occurred_at)),
                (user.roles, directory.roles_at(user.tenant, user.id, event.occurred_at)),
            ):
                if frozen is not None:
                    assert known is not None
                    assert {(one.id, one.name) for one in known} == {(one.id, one.name) for one in frozen}
                    checked += 1
    assert checked > 5_000


def test_a_change_takes_effect_at_the_moment_of_its_event() -> None:
    incoming = demo_directory(5_000, 3, END)
    edges = {row.valid_to for row in (*incoming.profiles, *incoming.memberships) if row.valid_to is not None}
    changes = {
        event.occurred_at
        for event in demo_events(5_000, 3, END)
        if event.resource == "users" and {"name", "groups"} & event.changes.keys()
    }
    assert edges == changes


def test_the_directory_names_every_tenant_group_and_role() -> None:
    incoming = demo_directory(1_000, 3, END)
    named = {(one.kind, one.tenant, one.id): one.name for one in incoming.profiles}
    assert named["tenant", "sakura", "sakura"] == "さくら電話サービス"
    assert named["group", "acme", "g1"] == "Call center"
    assert named["role", "rio-azul", "r-supervisor"] == "supervisor"
    assert all(named[one.kind, one.tenant, one.id] for one in incoming.memberships)


def test_the_same_arguments_give_the_same_directory() -> None:
    assert demo_directory(1_000, 3, END) == demo_directory(1_000, 3, END)


def test_the_directory_as_json_is_what_an_import_reads() -> None:
    incoming = demo_directory(1_000, 3, END)
    read = read_json(directory_json(incoming), "directory.json")
    assert set(read.profiles) == set(incoming.profiles)
    assert set(read.memberships) == set(incoming.memberships)
