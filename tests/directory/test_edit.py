"""Changes of the directory party by party, and what is told of them."""

from datetime import UTC, datetime, timedelta

import pytest

from trailbook.directory.directory import Directory
from trailbook.directory.edit import check_size, concerned, join, leave, put, remove, standing, tell
from trailbook.directory.merge import merge
from trailbook.directory.model import Changes, Incoming, Membership, Profile
from trailbook.errors import BadInput
from trailbook.event.model import Belonging, Change, PartyKey, Target

Y2020, Y2021, Y2022 = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2022))
NOW = datetime(2021, 6, 1, tzinfo=UTC)
U1, G1, G2 = PartyKey("user", "acme", "u1"), PartyKey("group", "acme", "g1"), PartyKey("group", "acme", "g2")


def ann(*groups: str) -> Directory:
    """Ann since 2020, in these groups."""
    return Directory(
        [Profile("user", "acme", "u1", "Ann", Y2020)],
        [Membership("acme", "u1", "group", id, "", Y2020) for id in groups],
    )


def test_putting_a_user_makes_it_with_its_groups_and_roles():
    assert put(Directory(), U1, NOW, name="Ann", groups=["g1"], roles=["r1"]) == Changes(
        added_profiles=(Profile("user", "acme", "u1", "Ann", NOW),),
        added_memberships=(
            Membership("acme", "u1", "group", "g1", "", NOW),
            Membership("acme", "u1", "role", "r1", "", NOW),
        ),
    )


def test_putting_the_same_again_changes_nothing():
    assert not put(ann("g1"), U1, NOW, name="Ann", groups=["g1", "g1"])


def test_what_is_left_out_stays():
    assert not put(ann("g1"), U1, NOW)


def test_a_new_name_ends_the_old_one_now():
    assert put(ann(), U1, NOW, name="Anna") == Changes(
        added_profiles=(Profile("user", "acme", "u1", "Anna", NOW),),
        closed_profiles=(Profile("user", "acme", "u1", "Ann", Y2020, NOW),),
    )


def test_a_list_of_groups_ends_those_of_the_own_tenant_that_it_leaves_out_and_no_others():
    abroad = Membership("acme", "u1", "group", "g1", "globex", Y2020)
    held = Directory(ann("g1").profiles, [*ann("g1").memberships, abroad])
    assert put(held, U1, NOW, groups=["g2"]) == Changes(
        added_memberships=(Membership("acme", "u1", "group", "g2", "", NOW),),
        closed_memberships=(Membership("acme", "u1", "group", "g1", "", Y2020, NOW),),
    )


def test_removing_a_user_ends_it_and_its_memberships():
    held = ann("g1")
    after = held.after(remove(held, U1, NOW))
    assert standing(after, U1, NOW) is None
    assert standing(after, U1, NOW - timedelta(microseconds=1)) == standing(ann("g1"), U1, NOW)
    assert [row.valid_to for row in after.memberships] == [NOW]


def test_removing_a_group_ends_its_memberships():
    held = Directory(
        [*ann("g1", "g2").profiles, Profile("group", "acme", "g1", "One", Y2020)], ann("g1", "g2").memberships
    )
    after = held.after(remove(held, G1, NOW))
    assert standing(after, G1, NOW) is None
    assert after.groups_at("acme", "u1", NOW) == (Belonging("g2", "", "acme"),)


def test_what_is_removed_may_come_back():
    held = ann("g1")
    gone = held.after(remove(held, U1, NOW))
    back = gone.after(put(gone, U1, NOW, name="Ann"))
    assert standing(back, U1, NOW).name == "Ann"
    assert standing(back, U1, NOW).groups == ()


@pytest.mark.parametrize("until", [None, Y2022])
def test_joining_holds_from_now_on_or_as_it_says(until):
    changes = join(ann(), U1, G1, NOW, until=until)
    assert changes.added_memberships == (Membership("acme", "u1", "group", "g1", "", NOW, until),)
    assert join(ann(), U1, G1, NOW, since=Y2021).added_memberships[0].valid_from == Y2021


def test_joining_a_group_of_another_tenant_names_that():
    changes = join(ann(), U1, PartyKey("group", "globex", "g1"), NOW)
    assert changes.added_memberships == (Membership("acme", "u1", "group", "g1", "globex", NOW),)


def test_leaving_ends_the_membership_and_leaving_nothing_changes_nothing():
    assert leave(ann("g1", "g2"), U1, G1, NOW).closed_memberships == (
        Membership("acme", "u1", "group", "g1", "", Y2020, NOW),
    )
    assert not leave(ann("g2"), U1, G1, NOW)


def test_a_membership_that_has_yet_to_begin_never_does_once_left():
    held = ann()
    held = held.after(join(held, U1, G1, NOW, since=Y2022))
    assert leave(held, U1, G1, NOW).closed_memberships == (Membership("acme", "u1", "group", "g1", "", Y2022, Y2022),)


def test_an_end_that_is_known_is_not_moved():
    held = ann()
    held = held.after(join(held, U1, G1, NOW, until=Y2022))
    with pytest.raises(BadInput, match="ends by itself at 2022-01-01 00:00 UTC"):
        leave(held, U1, G1, NOW)


def test_what_is_told_names_user_and_group_with_old_and_new():
    held = ann("g1")
    (told,) = tell(held, put(held, U1, NOW, name="Anna", groups=["g2"]), NOW)
    assert (told.party, told.action) == (U1, "update")
    assert told.changes == {"name": Change("Ann", "Anna"), "groups": Change(["g1"], ["g2"])}
    assert told.targets == (
        Target("user", "u1", "Anna", "acme"),
        Target("group", "g2", tenant="acme"),
        Target("group", "g1", tenant="acme"),
    )
    assert [row["id"] for row in told.data["ended"]] == ["u1", "g1"]


def test_making_and_removing_are_told_as_such():
    (made,) = tell(Directory(), put(Directory(), U1, NOW, name="Ann", groups=["g1"]), NOW)
    assert (made.action, made.changes) == ("create", {"name": Change(None, "Ann"), "groups": Change(None, ["g1"])})
    held = ann("g1")
    (gone,) = tell(held, remove(held, U1, NOW), NOW)
    assert (gone.action, gone.changes) == ("delete", {"name": Change("Ann", None), "groups": Change(["g1"], None)})
    assert gone.targets[0].name == "Ann"


def test_a_group_of_another_tenant_is_told_with_it():
    (told,) = tell(ann(), join(ann(), U1, PartyKey("group", "globex", "g1"), NOW), NOW)
    assert told.changes == {"groups": Change(None, [{"id": "g1", "tenant": "globex"}])}
    assert told.targets[1] == Target("group", "g1", tenant="globex")


def test_a_membership_of_the_past_is_told_though_nothing_changes_now():
    (told,) = tell(ann(), join(ann(), U1, G1, NOW, since=Y2020, until=Y2021), NOW)
    assert (told.action, told.changes, told.targets[1].id) == ("update", {}, "g1")
    assert told.data["added"][0]["valid_to"] == "2021-01-01T00:00:00Z"


def test_who_joins_many_groups_is_told_of_in_several_events():
    told = list(tell(ann(), put(ann(), U1, NOW, groups=[f"g{number}" for number in range(250)]), NOW))
    assert [len(one.targets) for one in told] == [101, 101, 51]
    assert [len(one.changes) for one in told] == [1, 0, 0]


def test_no_more_than_ten_thousand_may_change_at_once():
    profiles = tuple(Profile("user", "acme", f"u{number}", "", NOW) for number in range(10_001))
    assert check_size(Changes(profiles[1:])) == Changes(profiles[1:])
    with pytest.raises(BadInput, match="more than 10,000"):
        check_size(Changes(profiles))


def test_users_whose_memberships_change_are_concerned_too():
    changes = merge(ann(), Incoming(memberships=(Membership("acme", "u1", "group", "g2"),)), NOW)
    assert concerned(changes) == [U1]
