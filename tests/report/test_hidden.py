"""Hidden columns: what is hidden from a viewer cannot be seen, searched, ordered or grouped by."""

from __future__ import annotations

import pytest
from trails import event, report_on

from trailbook.directory.viewer import Root, Viewer
from trailbook.errors import BadInput, NotAllowed

pytestmark = pytest.mark.usefixtures("every_store")


def hiding(*columns: str) -> Viewer:
    return Viewer("eve", Root(), frozenset(columns))


@pytest.mark.parametrize(
    ("hidden", "definition"),
    [
        ("ip", {"columns": ["ip"]}),
        ("ip", {"query": "ip:85.223.0.0/16"}),
        ("ip", {"query": "-ip:85.223.0.0/16"}),
        ("ip", {"query": "action:play OR (app:web ip:1.2.3.4)"}),
        ("ip", {"group_by": ["ip"]}),
        ("ip", {"columns": ["data"]}),
        ("ip", {"columns": ["details"]}),
        ("ip", {"columns": ["changes"]}),
        ("ip", {"group_by": ["details"]}),
        ("ip", {"query": "hello"}),
        ("data", {"query": '"full text"'}),
        ("data", {"columns": ["data"]}),
        ("changes", {"query": "changed:email"}),
        ("initiator", {"query": "user:Ann"}),
        ("initiator", {"query": "by.user:Ann"}),
        ("initiator", {"query": "is:anonymous"}),
        ("groups", {"query": "group:Sales"}),
        ("roles", {"query": "by.role:admin"}),
        ("tenant", {"query": "tenant:acme"}),
        ("target_groups", {"query": "against.group:Sales"}),
        ("target_tenant", {"query": "against.tenant:acme"}),
        ("targets", {"query": "against.user:Bob"}),
        ("targets", {"query": "related:u2"}),
        ("targets", {"columns": ["related"]}),
        ("related", {"columns": ["targets"]}),
        ("date", {"columns": ["date_time"]}),
        ("date", {"columns": ["action"]}),
        ("date", {"since": "2021-11-01", "group_by": ["action"]}),
        ("date", {"group_by": ["day"]}),
        ("recorded_at", {"query": "is:late"}),
        ("id", {"query": "id:00000000-0000-0000-0000-000000000001"}),
        ("application", {"query": "app:web"}),
        ("outcome", {"query": "outcome:failure"}),
        ("request_id", {"query": "request:r1"}),
        ("book", {"query": "book:acme"}),
        ("resource", {"query": "resource:calls"}),
        ("action", {"query": "action:pl*"}),
    ],
)
def test_what_tells_a_hidden_column_is_refused(hidden: str, definition: dict[str, object]) -> None:
    columns = {} if "group_by" in definition else {"columns": ["resource" if hidden != "resource" else "action"]}
    report_on([event()], **{**columns, **definition})
    with pytest.raises(NotAllowed, match="hidden from you"):
        report_on([event()], hiding(hidden), **{**columns, **definition})


@pytest.mark.parametrize(
    ("hidden", "query"),
    [
        ("initiator", "against.user:Ann"),
        ("targets", "by.user:Ann"),
        ("target_groups", "by.group:Sales"),
        ("groups", "against.group:Sales"),
        ("ip", "user:Ann action:play"),
    ],
)
def test_what_tells_nothing_hidden_is_allowed(hidden: str, query: str) -> None:
    report_on([event()], hiding(hidden), query=query, columns=["application"])


def test_default_columns_that_are_hidden_are_left_out_with_a_warning() -> None:
    report = report_on([event()], hiding("ip"))
    assert [heading.key for heading in report.headings] == [
        *("id", "date_time", "initiator", "resource", "action", "date", "time", "application"),
        *("tenant", "groups", "related"),
    ]
    assert report.header.warnings == (
        "Not shown, as hidden from you: Audit - Details, Audit - Initiator IP, Audit - Data, Audit - Modified Data.",
    )


def test_the_number_of_late_rows_is_not_told_if_a_time_is_hidden() -> None:
    assert report_on([event()], hiding("recorded_at"), columns=["action"]).header.late is None
    assert report_on([event()], hiding("time"), group_by=["action"]).header.late is None


def test_a_refusal_names_the_hidden_columns_and_a_way_out() -> None:
    with pytest.raises(NotAllowed) as caught:
        report_on([], hiding("initiator", "ip"), query="user:Ann")
    assert str(caught.value) == (
        "The condition by.user would tell what is hidden from you (Audit - Initiator (User), Audit - Initiator IP). "
        "Ask against.user alone, if you may, or leave it out."
    )


def test_a_viewer_who_hides_an_unknown_column_sees_nothing() -> None:
    with pytest.raises(BadInput, match="hides 'pi', which is not a column"):
        report_on([event()], hiding("pi"))
