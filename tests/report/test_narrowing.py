"""What a cell shows can be asked for: the condition that it gives finds the row that it is from."""

from __future__ import annotations

import pytest
from trails import ANN, AT, event, trail

from trailbook.directory.viewer import OPERATOR
from trailbook.event.model import Belonging, Change, Event, Initiator, Reference, Target
from trailbook.query.language import parse, unparse
from trailbook.query.matches import matches
from trailbook.query.resolve import resolve
from trailbook.report.columns import COLUMNS
from trailbook.report.narrowing import MOST_OF_A_CELL, narrowings, of_facet, of_group
from trailbook.store.ports import FACET_FIELDS, Row

WHO = Initiator(
    "u/2",
    "Bob",
    "a/b",
    ip="10.0.0.1",
    groups=(Belonging("g", "Call center", "a/b"),),
    roles=(Belonging("r", "", "a/b"),),
    acts_as=Target("user", "u9", "Cid", "acme"),
)
FULL = event(
    1,
    initiator=WHO,
    outcome="denied",
    request_id="r-1",
    targets=(Target("group", "g2", "North", "acme"), Target("call", "42")),
    related=(Reference("report", "7"),),
    changes={"email": Change("a", "b")},
)


def finds(query: str, one: Event) -> bool:
    store = trail([one])
    found = resolve(
        parse(query), names=lambda kind, text: store.parties(OPERATOR, kind, text), now=AT, zone=AT.tzinfo,  # type: ignore[arg-type]
    )  # fmt: skip
    return matches(found.condition, one)


def asked(key: str, one: Event) -> list[tuple[str, str]]:
    return [(found.text, unparse(found.leaf)) for found in narrowings(key, Row(0, 0, one))]


@pytest.mark.parametrize("key", COLUMNS)
def test_each_condition_finds_the_event_of_its_cell(key: str) -> None:
    for _, query in asked(key, FULL):
        assert finds(query, FULL), query
        assert not finds(
            query, event(2, initiator=Initiator("x"), application="x", resource="x", action="x", tenant="x")
        )


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("initiator", [("Bob", "by.user:a%2Fb/u/2"), ("Cid", "against.user:acme/u9")]),
        ("groups", [("Call center", "by.group:a%2Fb/g")]),
        ("tenant", [("a/b", "by.tenant:a%2Fb/a/b")]),
        (
            "targets",
            [("North", "against.group:acme/g2"), ("42 (call)", "related:call/42"), ("Cid", "against.user:acme/u9")],
        ),
        ("changes", [("email", "changed:email")]),
        ("request_id", [("r-1", "request:r-1")]),
        ("data", []),
    ],
)
def test_a_cell_is_asked_for_by_what_it_shows(key: str, found: list[tuple[str, str]]) -> None:
    assert asked(key, FULL) == found


def test_nobody_is_asked_for_as_such_and_who_is_unproven_not_at_all() -> None:
    assert asked("initiator", event(1, initiator=None)) == [("(none)", "is:anonymous")]
    assert asked("initiator", event(1, initiator=Initiator("u1", "Ann", "acme", verified=False))) == []


def test_what_no_form_can_send_or_nobody_can_read_is_not_offered() -> None:
    for text in ("x" * 201, "a\x00b", "a\nb", " "):
        assert asked("action", event(1, action=text)) == []
        assert of_facet("action", text) is None
    assert asked("ip", event(1, initiator=Initiator("u1", ip="no address"))) == []
    many = tuple(Reference("call", str(number)) for number in range(9))
    assert len(asked("related", event(1, related=many))) == MOST_OF_A_CELL


@pytest.mark.parametrize("field", FACET_FIELDS)
def test_the_values_that_are_counted_can_be_asked_for(field: str) -> None:
    one = event(1, initiator=Initiator("u1", "Ann", "acme", ip="::1", groups=WHO.groups, roles=WHO.roles))
    for found in trail([one]).facet_counts(OPERATOR, parse(""), field):
        leaf = of_facet(field, found.value)
        assert leaf is not None
        assert finds(unparse(leaf), one)


def test_a_group_is_asked_for_where_its_text_tells_which_it_is() -> None:
    assert of_group("action", "play") == of_facet("action", "play")
    assert of_group("tenant", "acme") == of_facet("tenant", "acme")
    assert of_group("initiator", "Ann") is None
    assert ANN.name == "Ann"
