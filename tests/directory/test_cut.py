"""What two may see alike: the events, the columns and the entries of the directory that each of them may see."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query import strategies as world
from size import sized

from trailbook.directory.directory import Directory
from trailbook.directory.model import Membership, Profile
from trailbook.directory.viewer import GroupScope, Overlap, Root, SelfScope, TenantScope, Viewer, cut, scope_condition
from trailbook.directory.visible import visible_history, visible_parties_named
from trailbook.errors import NotAllowed
from trailbook.event.model import PartyKey
from trailbook.query.matches import matches

TENANTS, MOMENTS = st.sampled_from(world.TENANTS), st.none() | st.sampled_from(world.MOMENTS)
SCOPES = st.one_of(
    st.just(Root()),
    st.builds(TenantScope, TENANTS),
    st.builds(GroupScope, TENANTS, st.sets(st.sampled_from(world.GROUPS)).map(tuple)),
    st.builds(SelfScope, TENANTS, st.sampled_from(world.USERS)),
)
HIDDEN = st.frozensets(st.sampled_from(("ip", "data", "targets")))
VIEWERS = st.builds(Viewer, st.sampled_from(("Ann", "Bob")), SCOPES, HIDDEN, MOMENTS, MOMENTS)
Y2020, Y2021, Y2022 = (datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2023))


@settings(max_examples=sized(300, 20_000), deadline=None)
@given(VIEWERS, VIEWERS, VIEWERS, st.lists(world.events(), max_size=12))
def test_it_is_what_each_may_see(one: Viewer, other: Viewer, third: Viewer, events) -> None:
    """Of two and, cut once more, of three; in either order."""
    for viewers in ((one, other), (other, one), (one, other, third)):
        seen = [event for event in events if all(matches(scope_condition(each), event) for each in viewers)]
        try:
            both = viewers[0]
            for each in viewers[1:]:
                both = cut(both, each, "both")
        except NotAllowed:
            assert seen == []
            continue
        assert [event for event in events if matches(scope_condition(both), event)] == seen
        assert both.hidden == frozenset().union(*(each.hidden for each in viewers))


@pytest.mark.parametrize(
    ("one", "other", "scope"),
    [
        (Root(), TenantScope("acme"), TenantScope("acme")),
        (TenantScope("acme"), SelfScope("acme", "u1"), SelfScope("acme", "u1")),
        (GroupScope("acme", ("g1",)), GroupScope("acme", ("g1",)), GroupScope("acme", ("g1",))),
        (
            GroupScope("acme", ("g1",)),
            SelfScope("acme", "u1"),
            Overlap("acme", (GroupScope("acme", ("g1",)), SelfScope("acme", "u1"))),
        ),
    ],
)
def test_it_is_the_smaller_scope_if_there_is_one(one, other, scope) -> None:
    assert cut(Viewer("Ann", one), Viewer("Bob", other), "both") == Viewer("both", scope)


def test_who_has_nothing_in_common_is_told() -> None:
    with pytest.raises(NotAllowed, match="nothing that both Ann and Bob may see"):
        cut(Viewer("Ann", TenantScope("acme")), Viewer("Bob", SelfScope("globex", "u1")), "both")
    with pytest.raises(NotAllowed, match="nothing"):
        cut(Viewer("Ann", Root(), until=Y2020), Viewer("Bob", Root(), since=Y2020), "both")


def test_of_the_directory_it_is_what_each_may_see() -> None:
    """Who was in one group and then in the other: each knows of a time of their own, both of none."""
    mover, both = PartyKey("user", "acme", "mover"), PartyKey("user", "acme", "both")
    directory = Directory(
        [Profile("user", "acme", one.id, f"Name of {one.id}") for one in (mover, both)],
        [
            Membership("acme", "mover", "group", "g1", valid_to=Y2021),
            Membership("acme", "mover", "group", "g2", valid_from=Y2021),
            Membership("acme", "both", "group", "g1"),
            Membership("acme", "both", "group", "g2", valid_from=Y2022),
        ],
    )  # fmt: skip
    ann, bob = (Viewer(name, GroupScope("acme", (group,))) for name, group in (("Ann", "g1"), ("Bob", "g2")))
    viewer = cut(ann, bob, "both")
    assert visible_parties_named(directory, viewer, "user", "Name of both") == [both]
    assert visible_history(directory, viewer, mover, Y2022).names == ()
    (name,) = visible_history(directory, viewer, both, Y2022).names
    assert (name.name, name.since) == ("Name of both", Y2022)
