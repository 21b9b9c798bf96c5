"""The directory: names, groups and roles at a moment, and what a text may mean."""

from datetime import UTC, datetime

from trailbook.directory.directory import Directory
from trailbook.directory.model import Membership, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.directory.visible import visible_parties_named
from trailbook.event.model import Belonging, PartyKey

Y2020, Y2021, Y2022, Y2023, Y2024 = (datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2025))
ANN = PartyKey("user", "acme", "u1")

DIRECTORY = Directory(
    [
        Profile("user", "acme", "u1", "Ann Smith", Y2020, Y2022),
        Profile("user", "acme", "u1", "Ann Jones", Y2022, Y2024),
        Profile("user", "globex", "u1", "Ann Smith", Y2020),
        Profile("user", "acme", "u2", "Jürgen", Y2020),
        Profile("group", "acme", "g1", "Call center", None, Y2021),
        Profile("group", "acme", "g1", "Contact center", Y2021),
        Profile("role", "acme", "r1", "Supervisor"),
        Profile("tenant", "acme", "acme", "Acme Inc."),
    ],
    [
        Membership("acme", "u1", "group", "g1", "", Y2020, Y2023),
        Membership("acme", "u1", "group", "g2", "globex", Y2022),
        Membership("acme", "u2", "group", "g1", "", Y2021),
        Membership("acme", "u2", "role", "r1", "", Y2021, Y2022),
        Membership("acme", "u3", "group", "g1", "", Y2021, Y2022),
    ],
)


def test_a_user_bears_the_name_of_the_time():
    assert DIRECTORY.name_at(ANN, datetime(2021, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == "Ann Smith"
    assert DIRECTORY.name_at(ANN, Y2022) == "Ann Jones"


def test_before_the_first_and_after_the_last_profile_there_is_no_name():
    assert DIRECTORY.name_at(ANN, datetime(2019, 12, 31, tzinfo=UTC)) is None
    assert DIRECTORY.name_at(ANN, Y2024) is None
    assert DIRECTORY.name_at(PartyKey("user", "acme", "nobody"), Y2022) is None


def test_an_open_end_reaches_all_the_way():
    assert DIRECTORY.name_at(PartyKey("group", "acme", "g1"), datetime(1900, 1, 1, tzinfo=UTC)) == "Call center"
    assert DIRECTORY.name_at(PartyKey("group", "acme", "g1"), datetime(2900, 1, 1, tzinfo=UTC)) == "Contact center"


def test_where_names_overlap_the_more_special_one_counts():
    party = PartyKey("user", "acme", "u9")
    rows = [
        Profile("user", "acme", "u9", "always", None),
        Profile("user", "acme", "u9", "long", Y2020),
        Profile("user", "acme", "u9", "short", Y2020, Y2021),
    ]
    for order in (rows, rows[::-1]):
        directory = Directory(order)
        assert directory.name_at(party, Y2020) == "short"
        assert directory.name_at(party, Y2021) == "long"
        assert directory.name_at(party, datetime(2019, 1, 1, tzinfo=UTC)) == "always"


def test_groups_are_those_of_the_time_with_their_names_of_the_time():
    assert DIRECTORY.groups_at("acme", "u1", Y2020) == (Belonging("g1", "Call center", "acme"),)
    assert DIRECTORY.groups_at("acme", "u1", Y2021) == (Belonging("g1", "Contact center", "acme"),)
    assert DIRECTORY.groups_at("acme", "u1", Y2022) == (
        Belonging("g1", "Contact center", "acme"),
        Belonging("g2", "", "globex"),
    )
    assert DIRECTORY.groups_at("acme", "u1", Y2023) == (Belonging("g2", "", "globex"),)


def test_known_and_in_none_is_not_the_same_as_unknown():
    assert DIRECTORY.groups_at("acme", "u2", Y2020) == ()
    assert DIRECTORY.roles_at("acme", "u2", Y2021) == (Belonging("r1", "Supervisor", "acme"),)
    assert DIRECTORY.roles_at("acme", "u2", Y2022) == ()
    assert DIRECTORY.roles_at("acme", "u1", Y2020) == ()
    assert DIRECTORY.groups_at("acme", "u1", datetime(2019, 1, 1, tzinfo=UTC)) is None
    assert DIRECTORY.groups_at("acme", "nobody", Y2021) is None


def test_a_deleted_user_is_in_no_known_group_although_nobody_ended_the_membership():
    assert DIRECTORY.groups_at("acme", "u1", Y2024) is None


def test_the_namesake_in_another_tenant_has_groups_of_its_own_and_none_are_known():
    assert DIRECTORY.groups_at("globex", "u1", Y2021) is None


def test_names_alone_say_nothing_about_groups():
    names = [Profile("user", "acme", "u1", "Ann"), Profile("group", "acme", "g1", "Call center")]
    assert Directory(names).groups_at("acme", "u1", Y2021) is None
    one_member = Directory(names, [Membership("acme", "u2", "group", "g1")])
    assert one_member.groups_at("acme", "u1", Y2021) == ()
    assert one_member.roles_at("acme", "u1", Y2021) is None


def test_a_user_without_a_profile_is_known_while_in_a_group():
    assert DIRECTORY.groups_at("acme", "u3", Y2021) == (Belonging("g1", "Contact center", "acme"),)
    assert DIRECTORY.roles_at("acme", "u3", Y2021) == ()
    assert DIRECTORY.groups_at("acme", "u3", Y2022) is None


def test_a_text_means_every_party_that_ever_bore_the_name():
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "ann smith") == [ANN, PartyKey("user", "globex", "u1")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "ANN JONES") == [ANN]
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "jurgen") == [PartyKey("user", "acme", "u2")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "group", "call CENTER") == [PartyKey("group", "acme", "g1")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "group", "ann smith") == []


def test_a_text_may_be_an_id_or_a_tenant_with_an_id():
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "u1") == [ANN, PartyKey("user", "globex", "u1")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "acme/u1") == [ANN]
    assert visible_parties_named(DIRECTORY, OPERATOR, "user", "u3") == [PartyKey("user", "acme", "u3")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "group", "globex/g2") == [PartyKey("group", "globex", "g2")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "tenant", "Acme Inc.") == [PartyKey("tenant", "acme", "acme")]
    assert visible_parties_named(DIRECTORY, OPERATOR, "tenant", "globex") == [PartyKey("tenant", "globex", "globex")]


def test_a_slash_in_a_tenant_is_no_separator():
    directory = Directory([Profile("user", "a/b", "c"), Profile("user", "a", "b/c")])
    assert visible_parties_named(directory, OPERATOR, "user", "a%2Fb/c") == [PartyKey("user", "a/b", "c")]
    assert visible_parties_named(directory, OPERATOR, "user", "a/b/c") == [PartyKey("user", "a", "b/c")]


def test_members_are_those_of_the_moment():
    group = PartyKey("group", "acme", "g1")
    assert DIRECTORY.members_at(group, Y2020) == (ANN,)
    assert DIRECTORY.members_at(group, Y2021) == (ANN, PartyKey("user", "acme", "u2"), PartyKey("user", "acme", "u3"))
    assert DIRECTORY.members_at(group, Y2023) == (PartyKey("user", "acme", "u2"),)
    assert DIRECTORY.members_at(PartyKey("group", "globex", "g2"), Y2022) == (ANN,)
    assert DIRECTORY.members_at(PartyKey("group", "globex", "g2"), Y2024) == ()
    assert DIRECTORY.members_at(PartyKey("role", "acme", "r1"), Y2021) == (PartyKey("user", "acme", "u2"),)


def test_an_empty_directory_says_so_and_knows_nothing():
    empty = Directory()
    assert empty.is_empty
    assert not DIRECTORY.is_empty
    assert empty.groups_at("acme", "u1", Y2021) is None
    assert empty.members_at(PartyKey("group", "acme", "g1"), Y2021) == ()
    assert visible_parties_named(empty, OPERATOR, "user", "u1") == []
