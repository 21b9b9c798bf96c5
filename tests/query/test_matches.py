"""What conditions mean for an event, with the answers written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trailbook.errors import BadQuery
from trailbook.event.model import Belonging, Change, Event, Initiator, PartyKey, Reference, Target
from trailbook.query.matches import matches, network_range
from trailbook.query.tree import (
    EVERYTHING,
    NOTHING,
    Address,
    And,
    Condition,
    Field,
    Involves,
    Not,
    Occurred,
    Or,
    Parties,
    Period,
    Words,
)

AT = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
ID = "0197a1b2-0000-7000-8000-000000000001"

ANN, ANN_OF_GLOBEX = PartyKey("user", "acme", "u1"), PartyKey("user", "globex", "u1")
BOB, CAROL = PartyKey("user", "acme", "u2"), PartyKey("user", "acme", "u3")
NORTH, SOUTH = PartyKey("group", "acme", "north"), PartyKey("group", "acme", "south")
ADMIN, AGENT = PartyKey("role", "acme", "admin"), PartyKey("role", "acme", "agent")
ACME, GLOBEX = PartyKey("tenant", "acme", "acme"), PartyKey("tenant", "globex", "globex")


def belongings(*ids: str, tenant: str = "acme") -> tuple[Belonging, ...]:
    return tuple(Belonging(id, tenant=tenant) for id in ids)


# Ann, an admin of the group north, changed Bob's e-mail address; Bob is an agent of the group south.
EDIT = Event(
    id=ID,
    occurred_at=AT,
    recorded_at=AT + timedelta(seconds=1),
    resource="Users",
    action="edit_user",
    tenant="acme",
    application="Web",
    initiator=Initiator(
        "u1", "Ann Lee", "acme", ip="85.223.209.22", groups=belongings("north"), roles=belongings("admin")
    ),
    outcome="success",
    reason="asked by phone",
    details="Profile of Bob Müller edited",
    targets=(Target("user", "u2", "Bob Müller", "acme", groups=belongings("south"), roles=belongings("agent")),),
    related=(Reference("calls", "42", "The Monday call"), Reference("a/b", "7")),
    request_id="r-1",
    trace_id="t-1",
    changes={"Email": Change("bob@old.example", "bob@new.example"), "floor": Change(3, None)},
    data={"note": ["Invoice 2021 sent", {"deep": "needle"}], "flag": True},
)


def holds(condition: Condition, event: Event = EDIT) -> bool:
    return matches(condition, event)


@pytest.mark.parametrize(
    ("party", "by", "against"),
    [
        (ANN, True, False),
        (BOB, False, True),
        (CAROL, False, False),
        (ANN_OF_GLOBEX, False, False),
        (NORTH, True, False),
        (SOUTH, False, True),
        (ADMIN, True, False),
        (AGENT, False, True),
        (ACME, True, True),
        (GLOBEX, False, False),
        (PartyKey("group", "acme", "admin"), False, False),
        (PartyKey("user", "acme", "U1"), False, False),
    ],
)
def test_a_party_did_it_or_was_affected(party: PartyKey, by: bool, against: bool) -> None:
    assert holds(Parties((party,), "by")) is by
    assert holds(Parties((party,), "against")) is against
    assert holds(Parties((party,))) is (by or against)


def test_several_parties_are_alternatives_and_none_match_nothing() -> None:
    assert holds(Parties((CAROL, BOB)))
    assert not holds(Parties((CAROL, BOB), "by"))
    assert not holds(Parties(()))


def test_an_unproven_initiator_did_nothing_but_the_account_claimed_is_affected() -> None:
    failed = Event(
        id=ID, occurred_at=AT, resource="sessions", action="login", tenant="acme",
        initiator=Initiator("u1", tenant="acme", verified=False, ip="10.0.0.1", groups=belongings("north")),
        targets=(Target("user", "u1", tenant="acme", groups=belongings("north")),),
    )  # fmt: skip
    for party in (ANN, NORTH, ACME):
        assert not holds(Parties((party,), "by"), failed)
        assert holds(Parties((party,), "against"), failed)
    assert holds(Address(("10.0.0.0/8",)), failed)
    assert not holds(Field("is", ("anonymous",)), failed)


def test_who_acts_as_another_did_it_and_the_other_is_affected() -> None:
    as_bob = Target("user", "u2", "Bob", "acme", groups=belongings("south"))
    event = Event(
        id=ID, occurred_at=AT, resource="calls", action="play", tenant="acme",
        initiator=Initiator("u1", tenant="acme", acts_as=as_bob),
    )  # fmt: skip
    assert holds(Parties((ANN,), "by"), event)
    assert not holds(Parties((BOB,), "by"), event)
    assert holds(Parties((BOB,), "against"), event)
    assert holds(Parties((SOUTH,), "against"), event)
    assert holds(Field("related", ("user/u2",)), event)


def test_an_operator_of_another_tenant_is_found_under_its_own() -> None:
    event = Event(
        id=ID, occurred_at=AT, resource="users", action="edit", tenant="acme",
        initiator=Initiator("u1", tenant="globex"), targets=(Target("user", "u1", tenant="acme"),),
    )  # fmt: skip
    assert holds(Parties((ANN_OF_GLOBEX,), "by"), event)
    assert holds(Parties((ANN,), "against"), event)
    assert not holds(Parties((ANN,), "by"), event)
    assert holds(Parties((GLOBEX,), "by"), event)
    assert not holds(Parties((GLOBEX,), "against"), event)
    assert holds(Field("book", ("acme",)), event)
    assert not holds(Field("book", ("globex",)), event)


def test_groups_roles_and_tenants_can_be_targets_themselves_and_derived_targets_count() -> None:
    event = Event(
        id=ID, occurred_at=AT, resource="groups", action="add_member", tenant="acme",
        targets=(Target("group", "north", tenant="acme"), Target("report", "u2")),
        derived=(Target("role", "agent", tenant="acme"), Target("tenant", "globex", tenant="globex")),
    )  # fmt: skip
    for party in (NORTH, AGENT, GLOBEX):
        assert holds(Parties((party,), "against"), event)
        assert not holds(Parties((party,), "by"), event)
    assert not holds(Parties((BOB,)), event)


def test_an_event_without_initiator_is_anonymous_and_by_nobody() -> None:
    event = Event(id=ID, occurred_at=AT, resource="jobs", action="run", tenant="acme")
    assert holds(Field("is", ("anonymous",)), event)
    assert not holds(Parties((ACME,)), event)
    assert holds(Not(Parties((ANN,))), event)
    assert not holds(Address(("0.0.0.0/0", "::/0")), event)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("action", "edit_user", True),
        ("action", "EDIT_User", True),
        ("action", "edit", False),
        ("action", "edit_*", True),
        ("action", "*", True),
        ("action", "send_*", False),
        ("resource", "users", True),
        ("resource", "u*", True),
        ("app", "web", True),
        ("app", "celery", False),
        ("outcome", "success", True),
        ("outcome", "failure", False),
        ("outcome", "succ*", False),
        ("changed", "EMAIL", True),
        ("changed", "name", False),
        ("changed", "e*", True),
        ("changed", "*", True),
        ("related", "calls/42", True),
        ("related", "42", True),
        ("related", "calls/*", True),
        ("related", "user/u2", True),
        ("related", "u2", True),
        ("related", "a%2Fb/7", True),
        ("related", "a%2Fb/*", True),
        ("related", "a/b/7", False),
        ("related", "Calls/42", False),
        ("related", "calls", False),
        ("related", "calls/4", False),
        ("related", "reports/*", False),
        ("related", "u1", False),
        ("id", ID, True),
        ("id", ID.upper(), True),
        ("id", ID[:-1] + "2", False),
        ("request", "r-1", True),
        ("request", "t-1", True),
        ("request", "R-1", False),
        ("request", "", False),
        ("book", "acme", True),
        ("book", "Acme", False),
        ("is", "late", False),
        ("is", "anonymous", False),
    ],
)
def test_a_field_equals_its_value(name: str, value: str, expected: bool) -> None:
    assert holds(Field(name, (value,))) is expected  # type: ignore[arg-type]


def test_several_values_are_alternatives_and_none_match_nothing() -> None:
    assert holds(Field("action", ("login", "edit_user")))
    assert not holds(Field("action", ()))


def test_changes_are_needed_for_changed_anything() -> None:
    assert not holds(Field("changed", ("*",)), Event(id=ID, occurred_at=AT, resource="a", action="b"))


@pytest.mark.parametrize(("delay", "late"), [(24 * 3600, False), (24 * 3600 + 1, True)])
def test_late_is_recorded_more_than_24_hours_after(delay: int, late: bool) -> None:
    event = Event(id=ID, occurred_at=AT, recorded_at=AT + timedelta(seconds=delay), resource="a", action="b")
    assert holds(Field("is", ("late",)), event) is late


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("85.223.209.22", "85.223.209.22", True),
        ("85.223.209.22", "85.223.0.0/16", True),
        ("85.223.209.22", "85.223.209.99/24", True),
        ("85.223.209.22", "85.224.0.0/16", False),
        ("85.223.209.22", "0.0.0.0/0", True),
        ("85.223.209.22", "::/0", False),
        ("::ffff:85.223.209.22", "85.223.0.0/16", True),
        ("85.223.209.22", "::ffff:85.223.0.0/112", True),
        ("85.224.209.22", "::ffff:85.223.0.0/112", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:DB8:0::1", "2001:db8::1", True),
        ("2001:db9::1", "2001:db8::/32", False),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("::5", "::/80", True),
        ("::1:0:0:0", "::/80", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("not an address", "0.0.0.0/0", False),
        ("", "0.0.0.0/0", False),
    ],
)
def test_an_address_is_in_a_network(address: str, network: str, expected: bool) -> None:
    event = Event(id=ID, occurred_at=AT, resource="a", action="b", initiator=Initiator("u1", ip=address))
    assert holds(Address((network,)), event) is expected


def test_a_network_is_a_range_of_addresses_as_text() -> None:
    assert network_range("85.223.0.0/16") == ("455df0000", "455dfffff")
    assert network_range("::ffff:85.223.0.0/112") == ("455df0000", "455dfffff")
    assert network_range("::1") == ("6" + "0" * 31 + "1", "6" + "0" * 31 + "1")
    with pytest.raises(BadQuery, match=r"'85\.223' is not an IP address"):
        network_range("85.223")


@pytest.mark.parametrize(
    ("text", "prefix", "expected"),
    [
        ("profile", False, True),
        ("PROFILE", False, True),
        ("profil", False, False),
        ("profil", True, True),
        ("muller", False, True),
        ("Bob Müller", False, True),
        ("müller bob", False, False),
        ("bob mul", True, True),
        ("bo muller", True, False),
        ("bob", False, True),
        ("profile bob", False, False),
        ("phone", False, True),
        ("edit user", False, True),
        ("edit_user", False, True),
        ("users", False, True),
        ("ann lee", False, True),
        ("u1", False, True),
        ("u2", False, True),
        ("monday call", False, True),
        ("old example", False, True),
        ("3", False, True),
        ("invoice 2021", False, True),
        ("sent needle", False, False),
        ("needle", False, True),
        ("note", False, False),
        ("true", False, False),
        ("resource", False, False),
        ("-,-", False, False),
        ("", True, False),
    ],
)
def test_words_stand_together_in_one_text_of_the_event(text: str, prefix: bool, expected: bool) -> None:
    assert holds(Words(text, prefix)) is expected


def test_details_left_out_are_found_by_their_default() -> None:
    event = Event(id=ID, occurred_at=AT, resource="reports", action="send_email")
    assert holds(Words("action send_email on resource reports"), event)


def test_the_names_of_groups_and_roles_are_words() -> None:
    north = (Belonging("g7", "Call Center North", "acme"),)
    event = Event(id=ID, occurred_at=AT, resource="a", action="b", initiator=Initiator("u1", groups=north))
    assert holds(Words("center north"), event)


def test_a_time_is_from_since_to_before_until() -> None:
    tick = timedelta(microseconds=1)
    assert holds(Occurred(since=AT))
    assert not holds(Occurred(since=AT + tick))
    assert not holds(Occurred(until=AT))
    assert holds(Occurred(until=AT + tick))
    assert holds(Occurred(AT, AT + tick))
    assert not holds(Occurred(AT, AT))
    assert holds(Occurred())


def test_and_or_not_and_their_empty_forms() -> None:
    true, false = Field("app", ("web",)), Field("app", ("celery",))
    assert holds(And((true, true)))
    assert not holds(And((true, false)))
    assert holds(Or((false, true)))
    assert not holds(Or((false, false)))
    assert holds(Not(false))
    assert not holds(Not(true))
    assert holds(EVERYTHING)
    assert not holds(NOTHING)


@pytest.mark.parametrize("written", [Involves("user", ("Ann",)), Period("during", "today")])
def test_what_is_not_resolved_has_no_meaning(written: Condition) -> None:
    with pytest.raises(BadQuery, match="before it is resolved"):
        holds(written)
