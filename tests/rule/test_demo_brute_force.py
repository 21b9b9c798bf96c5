"""The rule of the report on the demo: every report has just the rows that `matches` finds in the imported file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from size import sized
from stores import PLACES, STORES

from trailbook.demo.roster import demo_directory
from trailbook.demo.trail import demo_events
from trailbook.directory.directory import Directory
from trailbook.directory.merge import merge
from trailbook.directory.viewer import OPERATOR, Viewer, parse_viewer, scope_condition
from trailbook.directory.visible import visible_parties_named, visible_profiles
from trailbook.event.canonical import encode
from trailbook.event.facets import named_parties, parties_against, parties_by, party_text
from trailbook.event.model import Event, Kind, PartyKey
from trailbook.event.text import fold
from trailbook.ingest.accept import Context, prepare, read
from trailbook.ingest.importing import import_file
from trailbook.ingest.mapping import load_map
from trailbook.query.matches import matches
from trailbook.query.tree import Direction, Parties
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import Store

COUNT = sized(3_000, 10_000)
END = datetime(2026, 1, 1, tzinfo=UTC)
USERS, GROUPS, ROLES = 30, 10, 5
KEYS: dict[Direction, str] = {"either": "", "by": "by.", "against": "against."}


class World(NamedTuple):
    """The demo in a store, and the lines of its file as events, newest first."""

    store: Store
    events: list[Event]
    directory: Directory


@pytest.fixture(scope="module", params=PLACES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo, imported as a person would: its directory, then its file."""
    home = tmp_path_factory.mktemp("demo")
    file = home / "demo.jsonl"
    file.write_bytes(b"".join(encode(event) + b"\n" for event in demo_events(COUNT, 1, END)))
    store = STORES[request.param](home)
    people = demo_directory(COUNT, 1, END)
    store.change_directory(lambda known: merge(known, people, END))
    context = Context(END, store.directory())
    summary = import_file(str(file), load_map("native"), context, store, now=lambda: END)
    assert (summary.stored, summary.rejected) == (COUNT, 0)
    yield World(store, decoded(file, context), store.directory())
    store.close()


def decoded(file: Path, context: Context) -> list[Event]:
    """The events of the file as ingest understands them, newest first."""
    events = [prepare(read(line, context), context).event for line in file.read_bytes().splitlines()]
    assert len({event.occurred_at for event in events}) == COUNT, "the order of ties is tested elsewhere"
    return sorted(events, key=lambda event: event.occurred_at, reverse=True)


def kinds_of_users(world: World) -> dict[str, list[PartyKey]]:
    """Users by what is special about them, the busiest of each sort first."""
    busy = Counter(party for event in world.events for party in parties_by(event) | parties_against(event))
    users = [party for party, _ in busy.most_common() if party.kind == "user"]
    profiles = [one for one in world.directory.profiles if one.kind == "user"]
    names: dict[str, set[PartyKey]] = {}
    for one in profiles:
        names.setdefault(one.name, set()).add(one.party())
    renamed = Counter(one.party() for one in profiles)
    homes: dict[PartyKey, set[str]] = {}
    for event in world.events:
        for party in parties_by(event) | parties_against(event):
            homes.setdefault(party, set()).add(event.tenant)
    moved = Counter(one.member() for one in world.directory.memberships if one.kind == "group" and one.valid_to)
    impersonated = {
        one.initiator.acts_as.party() for one in world.events if one.initiator is not None and one.initiator.acts_as
    }
    claimed = {
        one.initiator.party() for one in world.events if one.initiator is not None and not one.initiator.verified
    }
    return {
        "namesakes": [one for one in users if any(len(same) > 1 and one in same for same in names.values())],
        "renamed": [one for one in users if renamed[one] > 1],
        "moved": [one for one in users if moved[one]],
        "at home in several books": [one for one in users if len(homes[one]) > 1],
        "impersonated": [one for one in users if one in impersonated],
        "claimed in vain": [one for one in users if one in claimed],
        "services": [one for one in users if not renamed[one]],
        "busy": users,
        "rare": users[::-1],
    }


def some_users(world: World) -> list[PartyKey]:
    """Users of all sorts, in turn."""
    sorts = kinds_of_users(world)
    found: dict[PartyKey, None] = {}
    for rank in range(len(world.events)):
        for sort in sorts.values():
            if rank < len(sort) and len(found) < USERS:
                found.setdefault(sort[rank])
    return list(found)


def some(world: World, kind: Kind, number: int | None) -> list[PartyKey]:
    """Groups, roles or tenants: the busiest and the rarest; all of them without a number."""
    busy = Counter(
        party for event in world.events for party in parties_by(event) | parties_against(event) if party.kind == kind
    )
    ranked = [party for party, _ in busy.most_common()]
    return ranked if number is None else [*ranked[: number - number // 2], *ranked[-(number // 2) :]]


def parties(world: World) -> list[PartyKey]:
    """All that are asked for."""
    tenants = some(world, "tenant", None)
    chosen = [*some_users(world), *some(world, "group", GROUPS), *some(world, "role", ROLES), *tenants]
    assert len(set(chosen)) == USERS + GROUPS + ROLES + len(tenants)
    return chosen


def viewers(world: World) -> list[Viewer]:
    """Some of each kind of scope, of tenants large and small."""
    tenants = [party.id for party in some(world, "tenant", None)]
    groups = some(world, "group", None)
    users = some_users(world)
    return [
        OPERATOR,
        *(parse_viewer(f"tenant:{tenant}") for tenant in (tenants[0], tenants[-1])),
        parse_viewer(f"groups:{groups[0].tenant}/{groups[0].id}"),
        parse_viewer(f"groups:{groups[1].tenant}/g1,g2,g3"),
        parse_viewer(f"self:{users[0].tenant}/{users[0].id}"),
        parse_viewer(f"self:{users[-1].tenant}/{users[-1].id}"),
    ]


def reported(world: World, viewer: Viewer, query: str) -> list[str]:
    """The ids of the rows of a report, and the number that it states."""
    found = run(
        world.store,
        viewer,
        Definition(query=query, columns=("id",)),
        now=END,
        names=lambda kind, text: visible_parties_named(world.directory, viewer, kind, text),
    )
    rows = [id for (id,) in found.texts()]
    assert found.header.rows == len(rows)
    return rows


def visible(world: World, viewer: Viewer) -> list[Event]:
    """What the viewer may see."""
    scope = scope_condition(viewer)
    return [event for event in world.events if matches(scope, event)]


def found(events: Iterable[Event], asked: Sequence[PartyKey], direction: Direction) -> list[str]:
    """The ids of the events that involve any of the parties."""
    condition = Parties(tuple(asked), direction)
    return [event.id for event in events if matches(condition, event)]


def test_every_sort_of_user_is_among_those_asked_for(world: World) -> None:
    chosen = set(some_users(world))
    assert len(chosen) == USERS
    for sort, users in kinds_of_users(world).items():
        assert len(chosen.intersection(users)) >= min(3, len(users)) > 0, sort


def test_reports_on_ids_have_the_rows_of_brute_force_in_every_scope(world: World) -> None:
    asked = parties(world)
    answered: Counter[Direction] = Counter()
    for viewer in viewers(world):
        events = visible(world, viewer)
        for party in asked:
            for direction, side in KEYS.items():
                expected = found(events, [party], direction)
                query = f"{side}{party_text(party)}"
                assert reported(world, viewer, query) == expected, f"{query} as {viewer.name}"
                answered[direction] += bool(expected)
    assert min(answered.values()) > 100, "most of it is empty"


@pytest.mark.parametrize("scope", ["root", "tenant:acme", "groups:acme/g1", "self:acme/u0004"])
def test_reports_on_names_have_the_rows_of_all_who_ever_bore_them(world: World, scope: str) -> None:
    viewer = parse_viewer(scope)
    events = visible(world, viewer)
    borne: dict[tuple[Kind, str], set[PartyKey]] = {}
    for event in events:
        for party, name in named_parties(event):
            borne.setdefault((party.kind, fold(name)), set()).add(party)
    for profile in visible_profiles(world.directory, viewer):
        borne.setdefault((profile.kind, fold(profile.name)), set()).add(profile.party())
    chosen = set(parties(world))
    names = {(one.kind, one.name) for one in world.directory.profiles if one.party() in chosen}
    assert len(names) > 30
    answered = 0
    for kind, name in sorted(names):
        bearers = borne.get((kind, fold(name)), set())
        for direction, side in KEYS.items():
            expected = found(events, sorted(bearers), direction)
            query = f'{side}{kind}:"{name}"'
            assert reported(world, viewer, query) == expected, f"{query} as {scope}"
            answered += bool(expected)
    assert answered >= 6


def test_everybody_sees_just_what_their_scope_holds(world: World) -> None:
    scopes = ["root"]
    scopes += [f"self:{one.tenant}/{one.id}" for one in some_users(world)]
    scopes += [f"groups:{one.tenant}/{one.id}" for one in some(world, "group", GROUPS)]
    scopes += [f"tenant:{one.id}" for one in some(world, "tenant", None)]
    seen = 0
    for scope in scopes:
        viewer = parse_viewer(scope)
        expected = [event.id for event in visible(world, viewer)]
        assert reported(world, viewer, "") == expected, scope
        seen += bool(expected)
    assert seen > len(scopes) * 0.9


def test_a_query_only_narrows_what_a_viewer_sees(world: World) -> None:
    for viewer in viewers(world):
        events = visible(world, viewer)
        logins = [event.id for event in events if event.action == "login"]
        assert reported(world, viewer, "action:login") == logins
        assert reported(world, viewer, "-action:login") == [event.id for event in events if event.action != "login"]
