"""The columns: their labels and order, and what each shows of an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from trails import ANN, AT, cells, event, report_on

from trailbook.errors import BadDefinition
from trailbook.event.model import Belonging, Change, Initiator, Reference, Target
from trailbook.report.columns import COLUMNS, DEFAULT_COLUMNS, ROWS_LABEL

pytestmark = pytest.mark.usefixtures("every_store")

REPORTS = "d67fcacc-617c-4f3e-b507-d3415680bd0b"
BOB = Target("user", "u2", "Bob", "acme", groups=(Belonging("g2", "Sales", "acme"),))


def test_a_report_without_columns_has_those_of_the_design_in_order() -> None:
    headings = report_on([]).headings
    assert [heading.label for heading in headings] == [
        "Audit - ID",
        "Audit - Date/Time",
        "Audit - Initiator (User)",
        "Audit - Resource",
        "Audit - Action",
        "Audit - Details",
        "Audit - Date",
        "Audit - Time",
        "Audit - Application",
        "Audit - Initiator IP",
        "Audit - Tenant",
        "Audit - User Group(s)",
        "Audit - Related To",
        "Audit - Data",
        "Audit - Modified Data",
    ]
    assert ROWS_LABEL == "# of rows"


def test_our_own_columns_follow() -> None:
    assert [column.label for key, column in COLUMNS.items() if key not in DEFAULT_COLUMNS] == [
        "Role(s)",
        "Outcome",
        "Target(s)",
        "Target tenant",
        "Target group(s)",
        "Matched",
        "Recorded at",
        "Book",
        "Book position",
        "Request ID",
        "User agent",
    ]


def test_all_default_columns_of_one_event() -> None:
    sent = event(
        resource="reports",
        action="send_email",
        application="celery",
        initiator=Initiator(
            "u1", "Ann", "acme", ip="85.223.209.22", groups=(Belonging("g1", "Call center"), Belonging("g2", "Sales"))
        ),
        related=(Reference("reports", REPORTS),),
        changes={"email": Change("a@x", "b@y")},
        data={"to": ["b@y"], "size": 3},
    )
    assert list(report_on([sent]).texts()) == [
        (
            "00000000-0000-0000-0000-000000000001",
            "Nov 17, 2021, 2:07 PM",
            "Ann",
            "reports",
            "send_email",
            "Action send_email on resource reports",
            "Nov 17, 2021",
            "2:07 PM",
            "celery",
            "85.223.209.22",
            "acme",
            "Call center, Sales",
            f"{REPORTS} (reports)",
            '{"size":3,"to":["b@y"]}',
            "email: a@x → b@y",
        )
    ]


def test_values_are_for_programs() -> None:
    sent = event(changes={"email": Change("a@x", None)}, data={"n": 1})
    report = report_on(
        [sent],
        columns=["date_time", "date", "time", "data", "changes", "position", "recorded_at"],
        zone="Europe/Berlin",
        locale="de",
    )
    assert list(report.values()) == [
        (
            "2021-11-17T15:07:31+01:00",
            "2021-11-17",
            "15:07:31",
            {"n": 1},
            {"email": {"old": "a@x", "new": None}},
            0,
            "2021-11-17T15:07:32+01:00",
        )
    ]


@pytest.mark.parametrize(
    ("initiator", "shown"),
    [
        (ANN, "Ann"),
        (Initiator("u9", tenant="acme"), "u9"),
        (None, "(none)"),
        (Initiator("alice", verified=False), "alice (unverified)"),
        (Initiator("u1", "Ann", "acme", acts_as=BOB), "Ann as Bob"),
        (Initiator("u1", "Ann", "acme", verified=False, acts_as=Target("user", "u7")), "Ann (unverified) as u7"),
    ],
)
def test_the_initiator_shows_who_it_was_and_as_whom(initiator: Initiator | None, shown: str) -> None:
    assert cells(event(initiator=initiator), "initiator") == (shown,)


def test_an_event_without_an_initiator_has_every_other_column() -> None:
    assert cells(event(initiator=None), "ip", "tenant", "groups", "roles", "user_agent", "data", "changes") == ("",) * 7


def test_related_to_shows_targets_first_then_references_each_once() -> None:
    sent = event(
        initiator=Initiator("u1", "Ann", "acme", acts_as=Target("user", "u8")),
        related=(Reference("calls", "42"), Reference("group", "g1")),
        targets=(BOB,),
        derived=(Target("group", "g1", tenant="acme"),),
    )
    assert cells(sent, "related") == ("u2 (user), g1 (group), u8 (user), 42 (calls)",)


def test_target_columns_show_names_tenants_and_groups() -> None:
    sent = event(targets=(BOB, Target("group", "g7", "Night shift", "globex"), Target("call", "c1")))
    assert cells(sent, "targets", "target_tenant", "target_groups") == (
        "Bob (user), Night shift (group), c1 (call)",
        "acme, globex",
        "Sales, Night shift",
    )


def test_details_as_sent_win_over_the_default() -> None:
    assert cells(event(details="Played a call"), "details") == ("Played a call",)


def test_data_and_modified_data_spread_out_in_full_form() -> None:
    sent = event(data={"a": [1]}, changes={"name": Change(None, "Ann"), "tags": Change(["x"], None)})
    assert cells(sent, "data", "changes") == ('{"a":[1]}', 'name: (none) → Ann; tags: ["x"] → (none)')
    assert cells(sent, "data", "changes", data="full") == (
        '{\n  "a": [\n    1\n  ]\n}',
        'name\n+ Ann\ntags\n- [\n-   "x"\n- ]',
    )


def test_a_message_of_plain_text_is_shown_without_quotes() -> None:
    assert cells(event(data='said "hi"'), "data") == ('said "hi"',)


def test_matched_says_which_way_the_event_meets_the_query() -> None:
    bob = Initiator("u2", "Bob", "acme")
    events = [
        event(1, AT),
        event(2, AT + timedelta(1), initiator=bob, targets=(Target("user", "u1", "Ann", "acme"),)),
        event(3, AT + timedelta(2), targets=(Target("user", "u1", "Ann", "acme"),)),
        event(4, AT + timedelta(3), initiator=bob),
    ]
    report = report_on(events, query="user:Ann OR by.user:Bob", columns=["matched"], order="oldest")
    assert list(report.texts()) == [("by",), ("both",), ("both",), ("by",)]
    assert list(report_on(events, query="-user:Ann", columns=["matched"]).texts()) == [("",)]
    report = report_on(events, query="against.user:Ann", columns=["matched"], order="oldest")
    assert list(report.texts()) == [("against",), ("against",)]


def test_own_columns_of_one_event() -> None:
    sent = event(
        initiator=Initiator("u1", "Ann", "acme", user_agent="curl/8", roles=(Belonging("admin", "Administrator"),)),
        outcome="denied",
        request_id="r-1",
        recorded_at=AT + timedelta(minutes=1),
    )
    assert cells(sent, "roles", "outcome", "recorded_at", "book", "position", "request_id", "user_agent") == (
        "Administrator",
        "denied",
        "Nov 17, 2021, 2:08 PM",
        "acme",
        "0",
        "r-1",
        "curl/8",
    )


def test_a_column_can_be_renamed_and_keeps_its_key() -> None:
    (heading,) = report_on([], columns=[{"key": "action", "label": "What"}]).headings
    assert (heading.key, heading.label) == ("action", "What")


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("acton", "Did you mean action?"),
        ("Audit - Action", "Write its key: action."),
        ("rows", "The number of rows is printed with every report, and per group with group_by."),
    ],
)
def test_an_unknown_column_is_refused_with_the_one_that_was_meant(wrong: str, remedy: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        report_on([], columns=[wrong])
    assert caught.value.place == "columns"
    assert caught.value.remedy.startswith(remedy)
