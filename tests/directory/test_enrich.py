"""Enrichment: what a producer left out comes from the directory, as of the event's time; what it sent stays."""

from datetime import UTC, datetime

from msgspec.structs import replace

from trailbook.directory.directory import Directory
from trailbook.directory.enrich import enrich
from trailbook.directory.model import Membership, Profile
from trailbook.event.model import Belonging, Event, Initiator, Target

Y2020, Y2021, Y2022 = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2022))
DIRECTORY = Directory(
    [
        Profile("user", "acme", "u1", "Ann Smith", Y2020, Y2022),
        Profile("user", "acme", "u1", "Ann Jones", Y2022),
        Profile("user", "acme", "u2", "Bob", Y2020),
        Profile("group", "acme", "g1", "Call center"),
        Profile("group", "acme", "g2", "Sales"),
        Profile("role", "acme", "r1", "Supervisor"),
        Profile("tenant", "acme", "acme", "Acme Inc."),
    ],
    [
        Membership("acme", "u1", "group", "g1", "", Y2020, Y2022),
        Membership("acme", "u1", "group", "g2", "", Y2022),
        Membership("acme", "u1", "role", "r1", "", Y2020),
        Membership("acme", "u2", "role", "r1", "", Y2022),
    ],
)
ANN = Initiator("u1", tenant="acme")
CALL_CENTER, SALES = Belonging("g1", "Call center", "acme"), Belonging("g2", "Sales", "acme")
SUPERVISOR = Belonging("r1", "Supervisor", "acme")


def event(initiator=None, *targets, at=Y2021, **fields):
    return Event(
        id="00000000-0000-0000-0000-000000000001",
        occurred_at=at,
        resource="users",
        action="edit",
        tenant="acme",
        initiator=initiator,
        targets=targets,
        **fields,
    )


def test_the_initiators_name_groups_and_roles_are_filled_and_listed():
    rich = enrich(event(ANN), DIRECTORY)
    assert rich.initiator == replace(ANN, name="Ann Smith", groups=(CALL_CENTER,), roles=(SUPERVISOR,))
    assert rich.filled == ("initiator.name", "initiator.groups", "initiator.roles")


def test_they_are_those_of_the_events_time():
    rich = enrich(event(ANN, at=Y2022), DIRECTORY)
    assert rich.initiator.name == "Ann Jones"
    assert rich.initiator.groups == (SALES,)


def test_what_the_producer_sent_wins():
    sent = replace(ANN, name="A. S.", groups=(), roles=(Belonging("r9", "Owner", "acme"),))
    assert enrich(event(sent), DIRECTORY) == event(sent)


def test_names_of_groups_and_roles_that_were_sent_without_are_filled():
    sent = replace(ANN, name="Ann", groups=(Belonging("g2"), Belonging("g1", "CC")), roles=(Belonging("r1"),))
    rich = enrich(event(sent), DIRECTORY)
    assert rich.initiator.groups == (Belonging("g2", "Sales"), Belonging("g1", "CC"))
    assert rich.initiator.roles == (Belonging("r1", "Supervisor"),)
    assert rich.filled == ("initiator.groups[0].name", "initiator.roles[0].name")


def test_targets_of_every_kind_are_filled():
    rich = enrich(
        event(
            None,
            Target("calls", "42", tenant="acme"),
            Target("user", "u2", tenant="acme"),
            Target("group", "g1", tenant="acme"),
            Target("role", "r1", tenant="acme"),
            Target("tenant", "acme", tenant="default"),
        ),
        DIRECTORY,
    )
    assert rich.targets == (
        Target("calls", "42", tenant="acme"),
        Target("user", "u2", "Bob", "acme", groups=(), roles=()),
        Target("group", "g1", "Call center", "acme"),
        Target("role", "r1", "Supervisor", "acme"),
        Target("tenant", "acme", "Acme Inc.", "default"),
    )
    assert rich.filled == (
        "targets[1].name",
        "targets[1].groups",
        "targets[1].roles",
        "targets[2].name",
        "targets[3].name",
        "targets[4].name",
    )


def test_derived_targets_are_filled_too_and_the_list_goes_on():
    rich = enrich(event(derived=(Target("group", "g2", tenant="acme"),), filled=("targets[0].name",)), DIRECTORY)
    assert rich.derived == (Target("group", "g2", "Sales", "acme"),)
    assert rich.filled == ("targets[0].name", "derived[0].name")


def test_the_impersonated_user_is_filled():
    rich = enrich(event(replace(ANN, acts_as=Target("user", "u2", tenant="acme"))), DIRECTORY)
    assert rich.initiator.acts_as == Target("user", "u2", "Bob", "acme", (), ())
    assert "initiator.acts_as.name" in rich.filled


def test_an_unproven_initiator_is_left_as_it_is_and_the_claimed_account_is_filled():
    claimed = Initiator("u1", tenant="acme", verified=False)
    rich = enrich(event(claimed, Target("user", "u1", tenant="acme")), DIRECTORY)
    assert rich.initiator == claimed
    assert rich.targets[0].groups == (CALL_CENTER,)


def test_unknown_users_and_unknown_times_stay_empty():
    stranger = event(Initiator("u9", tenant="acme"), Target("user", "u1", tenant="globex"))
    assert enrich(stranger, DIRECTORY) is stranger
    early = event(ANN, at=datetime(2019, 1, 1, tzinfo=UTC))
    assert enrich(early, DIRECTORY) is early


def test_an_empty_directory_gives_the_event_itself():
    sent = event(ANN, Target("user", "u2", tenant="acme"))
    assert enrich(sent, Directory()) is sent


def test_enriching_twice_is_enriching_once():
    rich = enrich(event(ANN, Target("user", "u2", tenant="acme")), DIRECTORY)
    assert enrich(rich, DIRECTORY) is rich


def test_later_changes_of_the_directory_do_not_touch_an_enriched_event():
    rich = enrich(event(ANN), DIRECTORY)
    emptied = Directory([Profile("user", "acme", "u1", "Somebody else")])
    assert enrich(rich, emptied) is rich
