"""Running definitions: what the header says, the rows, limits, heads, and groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from trails import AT, NOW, event, report_on, trail

from trailbook.directory.viewer import OPERATOR, TenantScope, Viewer
from trailbook.errors import BadInput, OtherHead
from trailbook.event.canonical import Sealed, encode, submission_digest
from trailbook.event.model import Event, Initiator, PartyKey, Target
from trailbook.query.resolve import Named
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import Head

pytestmark = pytest.mark.usefixtures("every_store")

NAMESAKE = Initiator("u9", "Ann", "globex")


def hourly(count: int, **fields: object) -> list[Event]:
    return [event(number, AT + timedelta(hours=number), **fields) for number in range(1, count + 1)]


def ids(rows: object) -> list[int]:
    return [int(row[0][-4:], 16) for row in rows]  # type: ignore[attr-defined]


def test_the_header_says_what_the_report_is() -> None:
    header = report_on(
        hourly(3), title="Ann", query="user:Ann", during="2021-11", zone="Europe/Berlin", limit=2, columns=["id"]
    ).header
    assert (header.title, header.query, header.viewer, header.zone) == ("Ann", "user:Ann", "operator", "Europe/Berlin")
    assert header.since is not None
    assert header.since.isoformat() == "2021-11-01T00:00:00+01:00"
    assert header.until is not None
    assert header.until.isoformat() == "2021-12-01T00:00:00+01:00"
    assert header.generated_at.isoformat() == "2021-12-01T10:00:00+01:00"
    assert (header.rows, header.shown, header.available, header.truncated) == (3, 2, 3, True)
    assert header.parties == (Named("user", "Ann", (PartyKey("user", "acme", "u1"),)),)
    assert {book: head.size for book, head in header.heads.items()} == {"acme": 3}
    assert header.warnings == ()


def test_the_header_as_json() -> None:
    plain = report_on(hourly(1), query="user:Ann", columns=["id"]).header.to_dict()
    assert plain["generated_at"] == "2021-12-01T09:00:00Z"
    assert plain["parties"] == [{"kind": "user", "value": "Ann", "means": ["user:acme/u1"]}]
    assert plain["heads"]["acme"]["size"] == 1
    assert len(plain["heads"]["acme"]["root"]) == 64
    assert (plain["rows"], plain["shown"], plain["truncated"], plain["late"]) == (1, 1, False, 0)


def test_rows_come_newest_first_or_oldest_first_up_to_the_limit() -> None:
    assert ids(report_on(hourly(4), columns=["id"]).texts()) == [4, 3, 2, 1]
    assert ids(report_on(hourly(4), columns=["id"], order="oldest", limit=3).texts()) == [1, 2, 3]


def test_a_name_finds_what_they_did_and_what_was_done_to_them() -> None:
    bob = Initiator("u2", "Bob", "acme")
    events = [
        event(1),
        event(2, initiator=bob, targets=(Target("user", "u1", "Ann", "acme"),)),
        event(3, initiator=bob),
    ]
    assert sorted(ids(report_on(events, query="user:Ann", columns=["id"]).texts())) == [1, 2]


def test_a_name_of_several_parties_or_of_none_is_warned_about() -> None:
    events = [event(1), event(2, initiator=NAMESAKE, tenant="globex")]
    assert report_on(events, query="user:Ann").header.warnings == (
        "The user 'Ann' means 2 parties: acme/u1, globex/u9.",
    )
    report = report_on(events, query="user:Zoe")
    assert report.header.warnings == ("No user 'Zoe' is known in what you may see: that condition matches nothing.",)
    assert list(report.texts()) == []


def test_a_name_means_only_parties_that_the_viewer_may_see() -> None:
    events = [event(1), event(2, initiator=NAMESAKE, tenant="globex")]
    report = report_on(events, Viewer("eve", TenantScope("acme")), query="user:Ann", columns=["id"])
    assert report.header.warnings == ()
    assert set(report.header.heads) == {"acme"}
    assert ids(report.texts()) == [1]


def test_names_of_the_directory_are_known_beside_those_of_events() -> None:
    def names(kind: str, text: str) -> list[PartyKey]:
        return [PartyKey("user", "acme", "u1")] if (kind, text) == ("user", "Annabel") else []

    report = run(trail(hourly(2)), OPERATOR, Definition(query="user:Annabel"), now=NOW, names=names)
    assert report.header.rows == 2


def test_rows_recorded_late_are_counted() -> None:
    late = event(9, AT, recorded_at=AT + timedelta(hours=25))
    assert report_on([*hourly(2), late]).header.late == 1


def test_the_period_is_the_narrowest_that_the_query_and_the_definition_give() -> None:
    header = report_on([], query="since:2021-11-05", since="2021-11-01", until="2021-11-30").header
    assert header.since == datetime(2021, 11, 5, tzinfo=UTC)
    assert header.until == datetime(2021, 12, 1, tzinfo=UTC)


def test_run_again_at_its_heads_a_report_gives_the_same_rows() -> None:
    store = trail(hourly(3))
    definition = Definition(columns=("id",))
    first = run(store, OPERATOR, definition, now=NOW)
    rows = list(first.texts())
    for more in (event(8, AT), event(9, tenant="globex", initiator=NAMESAKE)):
        stored = event_recorded(more)
        store.append([Sealed(stored, encode(stored), submission_digest(more))])
    again = run(store, OPERATOR, definition, now=NOW + timedelta(days=1), heads=first.header.heads)
    assert list(again.texts()) == rows
    assert list(first.texts()) == rows
    assert again.header.rows == 3
    assert again.header.heads == first.header.heads
    assert run(store, OPERATOR, definition, now=NOW).header.rows == 5


def event_recorded(one: Event) -> Event:
    return Event(**{**{f: getattr(one, f) for f in one.__struct_fields__}, "recorded_at": one.occurred_at})


def test_heads_that_the_store_has_not_come_to_are_refused() -> None:
    store = trail(hourly(2))
    with pytest.raises(BadInput, match="names 3 events of book acme"):
        run(store, OPERATOR, Definition(), now=NOW, heads={"acme": Head("acme", 3, b"")})


def test_a_head_with_another_root_is_refused() -> None:
    store = trail(hourly(2))
    with pytest.raises(OtherHead):
        run(store, OPERATOR, Definition(), now=NOW, heads={"acme": Head("acme", 2, b"other")})


def test_groups_have_a_number_of_rows_each_and_a_total() -> None:
    events = [*hourly(3), *[event(n, AT, action="export") for n in (8, 9)]]
    report = report_on(events, group_by=["action"])
    assert [heading.label for heading in report.headings] == ["Audit - Action", "# of rows"]
    assert list(report.texts()) == [("export", "2"), ("play", "3")]
    assert list(report.values()) == [("export", 2), ("play", 3)]
    assert (report.header.rows, report.header.shown, report.header.available) == (5, 2, 2)


def test_groups_with_most_rows_first_up_to_the_limit() -> None:
    events = [*hourly(3), *[event(n, AT, action="export") for n in (8, 9)], event(10, AT, action="erase")]
    report = report_on(events, group_by=["action"], group_order="rows", limit=2)
    assert list(report.texts()) == [("play", "3"), ("export", "2")]
    assert (report.header.rows, report.header.truncated) == (6, True)


@pytest.mark.parametrize(
    ("unit", "label", "rows", "values"),
    [
        ("day", "Day", ["Oct 31, 2021", "Nov 17, 2021"], ["2021-10-31", "2021-11-17"]),
        ("week", "Week of", ["Oct 25, 2021", "Nov 15, 2021"], ["2021-10-25", "2021-11-15"]),
        ("month", "Month", ["October 2021", "November 2021"], ["2021-10-01", "2021-11-01"]),
        (
            "hour",
            "Hour",
            ["Oct 31, 2021, 2:00 AM +01:00", "Nov 17, 2021, 3:00 PM"],
            ["2021-10-31T02:00:00+01:00", "2021-11-17T15:00:00+01:00"],
        ),
    ],
)
def test_groups_of_time_follow_the_zone(unit: str, label: str, rows: list[str], values: list[str]) -> None:
    events = [event(1), event(2, datetime(2021, 10, 31, 1, 30, tzinfo=UTC))]
    report = report_on(events, group_by=[unit], zone="Europe/Berlin")
    assert report.headings[0].label == label
    assert list(report.texts()) == [(row, "1") for row in rows]
    assert list(report.values()) == [(value, 1) for value in values]


def test_weeks_and_months_in_iso_form() -> None:
    assert list(report_on([event()], group_by=["week", "month"], date_pattern="iso").texts()) == [
        ("2021-W46", "2021-11", "1")
    ]


def test_the_hour_that_occurs_twice_is_two_groups() -> None:
    events = [event(n, datetime(2021, 11, 7, 5 + n, 30, tzinfo=UTC)) for n in (0, 1)]
    assert list(report_on(events, group_by=["hour"], zone="America/New_York").texts()) == [
        ("Nov 7, 2021, 1:00 AM -04:00", "1"),
        ("Nov 7, 2021, 1:00 AM -05:00", "1"),
    ]


def test_two_users_of_one_name_are_two_groups_and_a_renamed_user_is_one() -> None:
    events = [
        event(1),
        event(2, AT + timedelta(1), initiator=NAMESAKE),
        event(3, initiator=Initiator("u3", "Bo", "acme")),
        event(4, initiator=Initiator("u3", "Bo Lee", "acme")),
        event(5, initiator=None),
    ]
    assert list(report_on(events, group_by=["initiator"]).texts()) == [
        ("(none)", "1"),
        ("Ann (acme/u1)", "1"),
        ("Ann (globex/u9)", "1"),
        ("Bo / Bo Lee", "2"),
    ]


def test_more_groups_than_anybody_reads_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event(number, action=f"a{number}") for number in range(4)]
    monkeypatch.setattr("trailbook.report.groups.MOST_GROUPS", 3)
    assert len(list(report_on(events[:3], group_by=["action"]).texts())) == 3
    with pytest.raises(BadInput) as refused:
        report_on(events, group_by=["action"], limit=1)
    assert str(refused.value) == (
        "group_by: There are 4 groups; a report has at most 3. "
        "Group by fewer columns, or narrow the query or the period."
    )


def test_a_grouped_column_can_be_renamed() -> None:
    report = report_on([event()], group_by=["tenant"], columns=[{"key": "tenant", "label": "Customer"}])
    assert [heading.label for heading in report.headings] == ["Customer", "# of rows"]


def test_reading_rows_does_not_hold_them() -> None:
    """Rows are formatted one by one as they are asked for."""
    seen: list[int] = []
    store = trail(hourly(50))
    scan = store.scan

    def watched(*args: object, **options: object) -> object:
        for row in scan(*args, **options):  # type: ignore[arg-type]
            seen.append(row.position)
            yield row

    store.scan = watched  # type: ignore[method-assign, assignment]
    report = run(store, OPERATOR, Definition(), now=NOW)
    seen.clear()
    rows = report.texts()
    next(rows)
    next(rows)
    assert len(seen) == 2
