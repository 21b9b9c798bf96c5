"""Imports into the directory: what is added, what ends and when, and that the past stays as it was."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trailbook.directory.directory import Directory
from trailbook.directory.merge import merge
from trailbook.directory.model import Changes, Incoming, Membership, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.directory.visible import visible_parties_named
from trailbook.event.model import PartyKey

Y2020, Y2021, Y2022, Y2023, Y2024 = (datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2025))
NOW = datetime(2023, 6, 1, tzinfo=UTC)
LATER = datetime(2023, 9, 1, tzinfo=UTC)


def user(name="Ann", since=None, until=None, id="u1"):
    return Profile("user", "acme", id, name, since, until)


def group(id, since=None, until=None):
    return Membership("acme", "u1", "group", id, "", since, until)


def all_groups(since=None):
    return frozenset([("acme", "u1", "group", since)])


def test_what_has_no_beginning_holds_from_the_import_on():
    changes = merge(Directory(), Incoming((user(),), (group("g1"),), all_groups()), NOW)
    assert changes == Changes(added_profiles=(user("Ann", NOW),), added_memberships=(group("g1", NOW),))


def test_dates_in_the_file_win():
    changes = merge(Directory(), Incoming((user("Ann", Y2020, Y2022),), (group("g1", Y2020),)), NOW)
    assert changes == Changes(added_profiles=(user("Ann", Y2020, Y2022),), added_memberships=(group("g1", Y2020),))


def test_a_new_name_ends_the_old_one_at_the_import():
    held = Directory([user("Ann", Y2020)])
    assert merge(held, Incoming((user("Anna"),)), NOW) == Changes(
        added_profiles=(user("Anna", NOW),), closed_profiles=(user("Ann", Y2020, NOW),)
    )


def test_a_new_name_ends_the_old_one_when_it_began_if_the_file_says_when():
    held = Directory([user("Ann", Y2020)])
    assert merge(held, Incoming((user("Anna", Y2022),)), NOW) == Changes(
        added_profiles=(user("Anna", Y2022),), closed_profiles=(user("Ann", Y2020, Y2022),)
    )


def test_a_correction_of_the_same_date_leaves_the_past_as_it_was_known():
    held = Directory([user("Ann", Y2020)], [group("g1", Y2020)])
    incoming = Incoming((user("Anna", Y2020),), (group("g2", Y2020),), all_groups(Y2020))
    after = held.after(merge(held, incoming, NOW))
    party = PartyKey("user", "acme", "u1")
    assert after.name_at(party, Y2022) == "Ann"
    assert after.name_at(party, NOW) == "Anna"
    assert [one.id for one in after.groups_at("acme", "u1", Y2022) or ()] == ["g1", "g2"]
    assert [one.id for one in after.groups_at("acme", "u1", NOW) or ()] == ["g2"]
    assert not merge(after, incoming, LATER)


def test_a_complete_list_ends_the_groups_that_it_leaves_out():
    held = Directory([user("Ann", Y2020)], [group("g1", Y2020), group("g2", Y2020)])
    incoming = Incoming((user(),), (group("g2"), group("g3")), all_groups())
    assert merge(held, incoming, NOW) == Changes(
        added_memberships=(group("g3", NOW),), closed_memberships=(group("g1", Y2020, NOW),)
    )
    assert merge(held, Incoming((user(),), (), all_groups()), NOW).closed_memberships == (
        group("g1", Y2020, NOW),
        group("g2", Y2020, NOW),
    )


def test_without_a_list_or_outside_the_file_nothing_ends():
    held = Directory([user("Ann", Y2020), user("Bob", Y2020, id="u2")], [group("g1", Y2020)])
    assert not merge(held, Incoming((user(),)), NOW)
    assert not merge(held, Incoming(), NOW)
    assert merge(held, Incoming((), (group("g2"),)), NOW) == Changes(added_memberships=(group("g2", NOW),))


def test_a_list_of_groups_leaves_roles_and_other_users_alone():
    role = Membership("acme", "u1", "role", "r1", "", Y2020)
    other = Membership("acme", "u2", "group", "g1", "", Y2020)
    held = Directory([user("Ann", Y2020)], [role, other])
    assert not merge(held, Incoming((user(),), (), all_groups()), NOW)


def test_rows_of_one_user_with_dates_follow_each_other():
    incoming = Incoming(
        (user("Ann", Y2020), user("Ann", Y2022)),
        (group("g1", Y2020), group("g2", Y2020), group("g2", Y2022), group("g3", Y2022)),
        all_groups(Y2020) | all_groups(Y2022),
    )
    changes = merge(Directory(), incoming, NOW)
    assert changes.added_profiles == (user("Ann", Y2020),)
    assert changes.added_memberships == (group("g1", Y2020, Y2022), group("g2", Y2020), group("g3", Y2022))
    assert not merge(Directory().after(changes), incoming, LATER)


def test_a_row_with_an_end_deletes_the_user_under_whatever_name():
    held = Directory([user("Ann", Y2020)])
    changes = merge(held, Incoming((user("", None, Y2022),)), NOW)
    assert changes == Changes(closed_profiles=(user("Ann", Y2020, Y2022),))
    changes = merge(held, Incoming((user("Anna", None, Y2022),)), NOW)
    assert changes.closed_profiles == (user("Ann", Y2020, Y2022),)
    after = held.after(changes)
    assert after.name_at(PartyKey("user", "acme", "u1"), Y2022) is None
    assert visible_parties_named(after, OPERATOR, "user", "Anna") == [PartyKey("user", "acme", "u1")]


def test_a_membership_with_an_end_ends_the_open_one():
    held = Directory((), [group("g1", Y2020), group("g2", Y2020)])
    incoming = Incoming((), (group("g1", None, Y2022),))
    assert merge(held, incoming, NOW) == Changes(closed_memberships=(group("g1", Y2020, Y2022),))


def test_an_end_that_the_file_gives_wins_over_a_list_that_leaves_the_group_out():
    held = Directory((), [group("g1", Y2020)])
    incoming = Incoming((user(),), (group("g1", Y2020, Y2022),), all_groups())
    assert merge(held, incoming, NOW).closed_memberships == (group("g1", Y2020, Y2022),)


def test_a_user_without_a_name_in_the_file_keeps_the_one_that_is_known():
    held = Directory([user("Ann", Y2020)])
    assert not merge(held, Incoming((user(""),)), NOW)
    assert merge(Directory(), Incoming((user(""),)), NOW) == Changes(added_profiles=(user("", NOW),))


def test_whoever_comes_back_has_two_periods():
    held = Directory([user("Ann", Y2020, Y2021)], [group("g1", Y2020, Y2021)])
    changes = merge(held, Incoming((user(),), (group("g1"),), all_groups()), NOW)
    assert changes == Changes(added_profiles=(user("Ann", NOW),), added_memberships=(group("g1", NOW),))


def test_what_is_planned_for_later_stays():
    held = Directory([user("Ann", Y2020), user("Anna", Y2024)])
    assert not merge(held, Incoming((user("Ann"),)), NOW)


def test_the_same_group_id_in_two_tenants_is_two_groups():
    home = Membership("acme", "u1", "group", "g1", "", Y2020)
    away = Membership("acme", "u1", "group", "g1", "globex", Y2020)
    assert not merge(Directory((), [home]), Incoming((), (Membership("acme", "u1", "group", "g1", "acme"),)), NOW)
    assert merge(Directory((), [home]), Incoming((), (away,)), NOW).added_memberships == (away,)


MOMENTS = st.sampled_from([Y2020, Y2021, Y2022, Y2023, Y2024])
PERIODS = st.tuples(MOMENTS, st.one_of(st.none(), st.integers(1, 1000))).map(
    lambda drawn: (drawn[0], None if drawn[1] is None else drawn[0] + timedelta(days=drawn[1]))
)


@st.composite
def files(draw):
    """A file as `load` makes them: one undated row for a user, or several of different dates."""
    undated = draw(st.booleans())
    periods = [(None, draw(st.one_of(st.none(), MOMENTS)))] if undated else []
    periods = periods or draw(st.lists(PERIODS, max_size=3, unique_by=lambda period: period[0]))
    profiles, memberships, complete = [], [], set()
    for since, until in periods:
        profiles.append(user(draw(st.sampled_from(["", "Ann", "Anna"])), since, until))
        groups = draw(st.none() | st.lists(st.sampled_from("abc"), unique=True))
        memberships += [group(id, since, until) for id in groups or ()]
        if groups is not None and until is None:
            complete.add(("acme", "u1", "group", since))
    singles = draw(st.lists(st.tuples(st.sampled_from("abc"), PERIODS | st.just((None, None))), max_size=3))
    memberships += [group(id, *period) for id, period in singles]
    return Incoming(tuple(profiles), tuple(memberships), frozenset(complete))


@given(st.lists(st.tuples(files(), MOMENTS), max_size=3), files())
def test_the_same_file_again_changes_nothing(earlier, incoming):
    directory = Directory()
    for file, moment in earlier:
        directory = directory.after(merge(directory, file, moment))
    directory = directory.after(merge(directory, incoming, NOW))
    if all(row.valid_from is None or row.valid_from <= NOW for row in (*directory.profiles, *directory.memberships)):
        assert not merge(directory, incoming, LATER)


@given(st.lists(st.tuples(files(), MOMENTS), max_size=3), files())
def test_no_row_is_ever_lost_or_altered_except_that_an_open_one_may_end(earlier, incoming):
    directory = Directory()
    for file, moment in [*earlier, (incoming, NOW)]:
        after = directory.after(merge(directory, file, moment))
        for old, new in [
            *zip(directory.profiles, after.profiles, strict=False),
            *zip(directory.memberships, after.memberships, strict=False),
        ]:
            assert old == new or (old.valid_to is None and new == type(old)(**_but(old, new.valid_to)))
        directory = after


def _but(row, until):
    return {name: getattr(row, name) for name in row.__struct_fields__} | {"valid_to": until}
