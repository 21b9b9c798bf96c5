"""Any query on any store gives the rows, order, count and groups that `matches` gives over a list."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from query import strategies as world
from sealed import seal
from size import sized
from stores import STORES

from trailbook.directory.viewer import GroupScope, Overlap, Root, SelfScope, TenantScope, Viewer, scope_condition
from trailbook.event.facets import named_parties, reference_text
from trailbook.event.model import Event
from trailbook.event.text import fold
from trailbook.query.matches import matches
from trailbook.query.tree import Condition, Field, both
from trailbook.store.dimensions import bucket, facet_dimension, most_frequent
from trailbook.store.keys import TICK, PlaceAllocator, microseconds, tick_of
from trailbook.store.parties import preferred
from trailbook.store.ports import FACET_FIELDS, Dimension


def within_tenant(tenant: str) -> st.SearchStrategy[GroupScope | SelfScope]:
    """What shows a part of a tenant's book."""
    groups = st.builds(GroupScope, st.just(tenant), st.sets(st.sampled_from(world.GROUPS)).map(tuple))
    return groups | st.builds(SelfScope, st.just(tenant), st.sampled_from(world.USERS))


def overlaps(tenant: str) -> st.SearchStrategy[Overlap]:
    """What two may see alike."""
    return st.builds(Overlap, st.just(tenant), st.tuples(within_tenant(tenant), within_tenant(tenant)))


SCOPES = st.one_of(
    st.just(Root()),
    st.builds(TenantScope, st.sampled_from(world.TENANTS)),
    st.sampled_from(world.TENANTS).flatmap(within_tenant),
    st.sampled_from(world.TENANTS).flatmap(overlaps),
)
MOMENTS = st.none() | st.sampled_from(world.MOMENTS)
VIEWERS = st.builds(lambda *seat: Viewer("somebody", seat[0], frozenset(), *seat[1:]), SCOPES, MOMENTS, MOMENTS)
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
DIMENSIONS = st.sampled_from([
    *(facet_dimension(field) for field in FACET_FIELDS),
    *(bucket(unit, LORD_HOWE) for unit in ("hour", "day", "week", "month")),
    Dimension("details", lambda event: event.details),
])  # fmt: skip


def in_order(events: list[Event]) -> list[Event]:
    """The events by their time, those of one time as they arrived, the first of each id in a book only."""
    first: dict[tuple[str, str], Event] = {}
    for event in events:
        first.setdefault((event.tenant, event.id), event)
    return sorted(first.values(), key=lambda event: event.occurred_at)


@pytest.mark.parametrize("name", STORES)
@settings(max_examples=sized(60, 1_500), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(world.events(), max_size=25),
    batch=st.integers(1, 12),
    questions=st.lists(st.tuples(VIEWERS, world.resolved_trees), min_size=1, max_size=8),
    dimensions=st.lists(DIMENSIONS, max_size=3, unique_by=lambda dimension: dimension.name),
    limit=st.integers(1, 6),
)
def test_every_read_agrees_with_matches(
    name: str,
    events: list[Event],
    batch: int,
    questions: list[tuple[Viewer, Condition]],
    dimensions: list[Dimension],
    limit: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = STORES[name](Path(folder))
        for start in range(0, len(events), batch):
            store.append([seal(event) for event in events[start : start + batch]])
        stored = in_order(events)
        by_id = [
            (viewer, both(Field("id", (event.id,)), condition))
            for viewer, condition in questions
            for event in events[:2]
        ]
        for viewer, condition in questions + by_id:
            scope = scope_condition(viewer)
            expected = [event for event in stored if matches(scope, event) and matches(condition, event)]
            wanted = [(event.tenant, event.id) for event in expected]
            seen = [row.event for row in store.scan(viewer, condition, order="oldest")]
            assert [(event.tenant, event.id) for event in seen] == wanted
            assert store.count(viewer, condition) == len(expected)
            assert store.count(viewer, condition, at_most=2) == min(2, len(expected))

            paged, cursor = [], None
            while True:
                page = store.page(viewer, condition, cursor=cursor, limit=limit)
                paged += [(row.event.tenant, row.event.id) for row in page.rows]
                cursor = page.after
                if cursor is None:
                    break
            assert paged == wanted[::-1]

            groups = Counter(tuple(dimension.value(event) for dimension in dimensions) for event in expected)
            assert store.summary(viewer, condition, by=dimensions) == groups
            for field in FACET_FIELDS:
                value = facet_dimension(field).value
                pairs = [(value(event), 1) for event in expected]
                assert store.facet_counts(viewer, condition, field) == most_frequent(pairs, 10)  # type: ignore[arg-type]
        store.close()


@pytest.mark.parametrize("name", STORES)
@settings(max_examples=sized(25, 600), deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(world.events(), min_size=1, max_size=8), viewer=VIEWERS)
def test_parties_are_those_of_the_events_that_the_viewer_sees(name: str, events: list[Event], viewer: Viewer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = STORES[name](Path(folder))
        store.append([seal(event) for event in events])
        scope = scope_condition(viewer)
        seen = [one for event in in_order(events) if matches(scope, event) for one in named_parties(event)]
        for party, name_there in {one for event in events for one in named_parties(event)}:
            for text in filter(None, (party.id, name_there, reference_text(party.tenant, party.id))):
                meant = {
                    one
                    for one, borne in seen
                    if one.kind == party.kind
                    and fold(text) in (fold(one.id), fold(borne), fold(reference_text(one.tenant, one.id)))
                }
                assert store.parties(viewer, party.kind, text) == preferred(meant, text)
        store.close()


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 3))
def test_places_are_unique_in_order_of_arrival_and_never_before_their_tick(ticks: list[int], slots: int) -> None:
    taken: set[int] = set()
    last: dict[int, int] = {}
    allocator = PlaceAllocator(lambda low, high: max((one for one in taken if low <= one < high), default=None))
    for one in (tick * TICK + tick for tick in ticks for _ in range(slots * 8)):
        place = allocator.allocate(one)
        assert place not in taken
        assert tick_of(place) + TICK > one
        assert place > last.get(one, place - 1)
        last[one] = place
        taken.add(place)
    assert microseconds(world.START) > 0
