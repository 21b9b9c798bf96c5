"""The viewer's scope: which events and which entries of the directory one may see."""

from datetime import UTC, datetime

import pytest

from trailbook.directory.directory import Directory
from trailbook.directory.model import Membership, Profile
from trailbook.directory.viewer import (
    OPERATOR,
    GroupScope,
    Root,
    SelfScope,
    TenantScope,
    Viewer,
    scope_condition,
    within,
)
from trailbook.directory.visible import visible_history, visible_members, visible_parties_named, visible_profiles
from trailbook.event.model import Belonging, Event, Initiator, PartyKey, Target
from trailbook.query.matches import matches
from trailbook.query.tree import Field

Y2020, Y2021, Y2022, Y2023 = (datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2024))


def event(book, initiator, *targets):
    return Event(
        id="00000000-0000-0000-0000-000000000001",
        occurred_at=Y2021,
        resource="users",
        action="edit",
        tenant=book,
        initiator=initiator,
        targets=targets,
    )


G1 = (Belonging("g1", tenant="acme"),)
EVENTS = {
    "ann does": event("acme", Initiator("ann", tenant="acme", groups=())),
    "member does": event("acme", Initiator("bob", tenant="acme", groups=G1)),
    "member suffers": event("acme", Initiator("eve", tenant="acme"), Target("user", "bob", tenant="acme", groups=G1)),
    "group changes": event("acme", None, Target("group", "g1", tenant="acme")),
    "ann suffers": event("acme", Initiator("eve", tenant="acme"), Target("user", "ann", tenant="acme")),
    "ann is claimed": event("acme", Initiator("ann", tenant="acme", verified=False, groups=G1)),
    "ann elsewhere": event("globex", Initiator("ann", tenant="acme", groups=G1)),
    "namesake": event("globex", Initiator("ann", tenant="globex", groups=(Belonging("g1", tenant="globex"),))),
    "namesake at acme": event("acme", Initiator("ann", tenant="globex", groups=(Belonging("g1", tenant="globex"),))),
}
IN_ACME = ["ann does", "member does", "member suffers", "group changes", "ann suffers", "ann is claimed"]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Root(), list(EVENTS)),
        (TenantScope("acme"), [*IN_ACME, "namesake at acme"]),
        (TenantScope("globex"), ["ann elsewhere", "namesake"]),
        (TenantScope("ac"), []),
        (GroupScope("acme", ("g1",)), ["member does", "member suffers", "group changes"]),
        (GroupScope("globex", ("g0", "g1")), ["namesake"]),
        (GroupScope("acme", ()), []),
        (SelfScope("acme", "ann"), ["ann does", "ann suffers"]),
        (SelfScope("globex", "ann"), ["namesake"]),
    ],
)
def test_a_scope_shows_just_these_events(scope, seen):
    condition = scope_condition(Viewer("v", scope))
    assert [name for name, one in EVENTS.items() if matches(condition, one)] == seen


def test_a_query_only_narrows_what_the_viewer_may_see():
    viewer = Viewer("v", SelfScope("acme", "ann"))
    everything = Field("action", ("edit",))
    other = Field("book", ("globex",))
    assert [name for name, one in EVENTS.items() if matches(within(viewer, everything), one)] == [
        "ann does",
        "ann suffers",
    ]
    assert not any(matches(within(viewer, other), one) for one in EVENTS.values())


DIRECTORY = Directory(
    [
        Profile("user", "acme", "u1", "Ann", Y2020, Y2022),
        Profile("user", "acme", "u1", "Ann Secret", Y2022),
        Profile("user", "acme", "u2", "Bob"),
        Profile("user", "globex", "u1", "Ann"),
        Profile("group", "acme", "g1", "Call center"),
        Profile("group", "acme", "g2", "Sales"),
        Profile("tenant", "acme", "acme", "Acme"),
        Profile("tenant", "globex", "globex", "Globex"),
    ],
    [
        Membership("acme", "u1", "group", "g1", "", Y2020, Y2022),
        Membership("acme", "u2", "group", "g2", "", Y2020),
        Membership("globex", "u1", "group", "g1", "", Y2020),
    ],
)
ANN, NAMESAKE = PartyKey("user", "acme", "u1"), PartyKey("user", "globex", "u1")


def named(scope, kind, text):
    return visible_parties_named(DIRECTORY, Viewer("v", scope), kind, text)


def test_root_sees_namesakes_of_all_tenants_and_a_tenant_its_own():
    assert named(Root(), "user", "ann") == [ANN, NAMESAKE]
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "u1") == [ANN, NAMESAKE]
    assert named(TenantScope("acme"), "user", "ann") == [ANN]
    assert named(TenantScope("acme"), "user", "globex/u1") == []
    assert named(TenantScope("acme"), "tenant", "Globex") == []


def test_who_manages_a_group_sees_the_group_and_its_members_under_their_names_of_that_time():
    scope = GroupScope("acme", ("g1",))
    assert named(scope, "user", "Ann") == [ANN]
    assert named(scope, "user", "u1") == [ANN]
    assert named(scope, "user", "Ann Secret") == []
    assert named(scope, "user", "Bob") == []
    assert named(scope, "group", "Call center") == [PartyKey("group", "acme", "g1")]
    assert named(scope, "group", "Sales") == []
    assert named(scope, "tenant", "Acme") == [PartyKey("tenant", "acme", "acme")]


def test_whoever_sees_only_oneself_finds_only_oneself():
    scope = SelfScope("acme", "u1")
    assert named(scope, "user", "Ann") == [ANN]
    assert named(scope, "user", "Ann Secret") == [ANN]
    assert named(scope, "user", "Bob") == []
    assert named(scope, "group", "Call center") == []
    assert named(scope, "tenant", "acme") == [PartyKey("tenant", "acme", "acme")]


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Root(), ["Ann", "Ann Secret", "Bob", "Ann", "Call center", "Sales", "Acme", "Globex"]),
        (TenantScope("globex"), ["Ann", "Globex"]),
        (GroupScope("acme", ("g1",)), ["Ann", "Call center", "Acme"]),
        (SelfScope("acme", "u2"), ["Bob", "Acme"]),
    ],
)
def test_a_listing_shows_what_the_viewer_may_see(scope, names):
    assert [one.name for one in visible_profiles(DIRECTORY, Viewer("v", scope))] == names


RENAMED = Directory(
    [
        Profile("user", "acme", "u1", "Ann", Y2020, Y2021),
        Profile("user", "acme", "u1", "Anna", Y2021, Y2022),
        Profile("user", "acme", "u1", "Annie", Y2022),
    ],
    [
        Membership("acme", "u1", "group", "g1", "", Y2020, Y2021),
        Membership("acme", "u1", "group", "g2", "", Y2021, Y2022),
        Membership("acme", "u2", "group", "g2", "", Y2020, None),
    ],
)


@pytest.mark.parametrize("scope", [Root(), TenantScope("acme"), SelfScope("acme", "u1"), GroupScope("acme", ("g2",))])
def test_a_viewer_bounded_to_a_period_sees_the_names_of_that_time_only(scope):
    viewer = Viewer("auditor", scope, since=Y2021, until=Y2022)
    assert [profile.name for profile in visible_profiles(RENAMED, viewer)] == ["Anna"]
    found = [visible_parties_named(RENAMED, viewer, "user", name) for name in ("Ann", "Anna", "Annie")]
    assert found == [[], [PartyKey("user", "acme", "u1")], []]


def test_who_managed_a_members_group_in_another_time_than_their_period_does_not_see_the_member():
    viewer = Viewer("auditor", GroupScope("acme", ("g1",)), since=Y2021, until=Y2022)
    assert list(visible_profiles(RENAMED, viewer)) == []
    assert visible_parties_named(RENAMED, viewer, "user", "u1") == []


def test_members_are_those_of_a_moment_in_the_viewers_period():
    group, u1, u2 = PartyKey("group", "acme", "g2"), PartyKey("user", "acme", "u1"), PartyKey("user", "acme", "u2")
    viewer = Viewer("auditor", TenantScope("acme"), since=Y2021, until=Y2022)
    assert [visible_members(RENAMED, viewer, group, year) for year in (Y2020, Y2021, Y2022)] == [[], [u1, u2], []]
    assert visible_members(RENAMED, OPERATOR, group, Y2022) == [u2]


LIFE = Directory(
    [
        Profile("user", "acme", "u1", "Ann", valid_to=Y2021),
        Profile("user", "acme", "u1", "Ann Lee", valid_from=Y2021),
        Profile("group", "acme", "g1", "North", valid_to=Y2022),
        Profile("group", "acme", "g1", "Far north", valid_from=Y2022),
        Profile("group", "acme", "g2", "South"),
    ],
    [
        Membership("acme", "u1", "group", "g1", valid_from=Y2020, valid_to=Y2022),
        Membership("acme", "u1", "group", "g2", valid_from=Y2022),
        Membership("acme", "u1", "role", "r1"),
    ],
)


def history(scope, **period):
    found = visible_history(LIFE, Viewer("v", scope, **period), PartyKey("user", "acme", "u1"), Y2023)
    return [[(one.name or one.party.id, one.since, one.until) for one in part] for part in found]


def test_who_somebody_was_over_time_is_told_as_far_as_the_viewer_may_know():
    whole = [
        [("Ann", None, Y2021), ("Ann Lee", Y2021, None)],
        [("North", Y2020, Y2022), ("South", Y2022, None)],
        [("r1", None, None)],
    ]
    assert history(Root()) == history(TenantScope("acme")) == whole
    assert history(TenantScope("globex")) == [[], [], []]
    assert history(SelfScope("acme", "u1")) == [whole[0], [], []]
    assert history(SelfScope("acme", "u2")) == [[], [], []]


def test_who_manages_a_group_knows_of_a_members_time_in_it_alone():
    assert history(GroupScope("acme", ("g1",))) == [
        [("Ann", Y2020, Y2021), ("Ann Lee", Y2021, Y2022)],
        [("North", Y2020, Y2022)],
        [],
    ]
    assert history(GroupScope("acme", ("g9",))) == [[], [], []]


def test_a_viewers_period_bounds_what_they_know_of_anybody():
    assert history(TenantScope("acme"), since=Y2020, until=Y2021) == [
        [("Ann", Y2020, Y2021)],
        [("North", Y2020, Y2021)],
        [("r1", Y2020, Y2021)],
    ]
