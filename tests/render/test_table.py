"""The terminal table: its looks, its frame whatever the text, and that it streams."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from trails import AT, event, report_on
from wcwidth import wcswidth

from trailbook.render import FORMATS, Options
from trailbook.render.table import SAMPLE, fitted
from trailbook.report.result import Heading, Report


def table(report: Report, **options: object) -> str:
    out = io.BytesIO()
    FORMATS["table"].write(report, out, Options(**options))  # type: ignore[arg-type]
    return out.getvalue().decode()


def plain(rows: list[tuple[str, ...]], kinds: str = "") -> Report:
    """A report of these cells; a kind of `n` is a number."""
    some = report_on([])
    names = [f"C{at}" for at in range(len(rows[0]))]
    headings = tuple(
        Heading(name, name, "number" if kind == "n" else "text")
        for name, kind in itertools.zip_longest(names, kinds, fillvalue="t")
    )
    return Report(some.header, headings, lambda: iter(rows), lambda row: row, lambda row: row)


def test_a_report_as_a_person_sees_it() -> None:
    events = [
        event(1, AT, action="login"),
        event(2, AT + timedelta(minutes=1), action="export", details="Exported 3 calls"),
    ]
    report = report_on(events, columns=["date_time", "action", "details"], query="user:Ann", during="2021-11")
    root = report.header.heads["acme"].root.hex()
    assert table(report) == (
        "Audit Trail Details Report\n"
        "Query         user:Ann\n"
        "Period        from 2021-11-01 00:00+00:00 to before 2021-12-01 00:00+00:00 (UTC)\n"
        "Viewer        operator\n"
        "Generated at  2021-12-01 09:00+00:00\n"
        "# of rows     2\n"
        "user 'Ann'    user:acme/u1\n"
        "\n"
        "┌───────────────────────┬────────────────┬────────────────────────────────┐\n"
        "│ Audit - Date/Time     │ Audit - Action │ Audit - Details                │\n"
        "├───────────────────────┼────────────────┼────────────────────────────────┤\n"
        "│ Nov 17, 2021, 2:08 PM │ export         │ Exported 3 calls               │\n"
        "│ Nov 17, 2021, 2:07 PM │ login          │ Action login on resource calls │\n"
        "└───────────────────────┴────────────────┴────────────────────────────────┘\n"
        "\n"
        "# of rows     2\n"
        f"Head of acme  2 {root}\n"
    )


def test_groups_end_in_their_number_of_rows_and_the_total() -> None:
    report = report_on([event(n, action="play") for n in range(1, 13)], group_by=["action"])
    assert table(report, width=100).splitlines()[-8:] == [
        "┌────────────────┬───────────┐",
        "│ Audit - Action │ # of rows │",
        "├────────────────┼───────────┤",
        "│ play           │        12 │",
        "└────────────────┴───────────┘",
        "",
        "# of rows     12 in 1 group",
        f"Head of acme  12 {report.header.heads['acme'].root.hex()}",
    ]


def test_a_limit_warnings_late_rows_and_further_heads_are_told() -> None:
    report = report_on([event(n) for n in range(1, 4)], limit=2, columns=["action"], query="user:Ann user:Zoe")
    shown = table(
        Report(structs.replace(report.header, late=1234), report.headings, report.read, report.text, report.value)
    )
    assert "# of rows      2 of 3\n" in shown
    assert "! No user 'Zoe' is known in what you may see: that condition matches nothing.\n" in shown
    assert "Recorded late  1,234 (more than 24 hours after they occurred)\n" in shown
    many = report_on([event(n, tenant=f"t{n}") for n in range(1, 9)], columns=["action"])
    assert "Further heads  3 (all are in the format jsonl)\n" in table(many)


def test_without_a_header_there_is_only_the_table() -> None:
    assert table(plain([("a", "1")], "tn"), header=False) == (
        "┌────┬────┐\n│ C0 │ C1 │\n├────┼────┤\n│ a  │  1 │\n└────┴────┘\n"
    )


def test_long_cells_are_wrapped_and_rows_ruled_apart() -> None:
    rows = [("a", "one two three four"), ("b", "abcdefghijklmnopqrst")]
    assert table(plain(rows), header=False, width=20) == (
        "┌────┬─────────────┐\n"
        "│ C0 │ C1          │\n"
        "├────┼─────────────┤\n"
        "│ a  │ one two     │\n"
        "│    │ three four  │\n"
        "├╌╌╌╌┼╌╌╌╌╌╌╌╌╌╌╌╌╌┤\n"
        "│ b  │ abcdefghijk │\n"
        "│    │ lmnopqrst   │\n"
        "└────┴─────────────┘\n"
    )


def test_columns_that_cannot_stand_side_by_side_become_records() -> None:
    rows = [tuple(f"value {at} of the row" for at in range(4))]
    assert table(plain(rows), header=False, width=40) == (
        "── 1 ───────────────────────────────────\n"
        "C0  value 0 of the row\n"
        "C1  value 1 of the row\n"
        "C2  value 2 of the row\n"
        "C3  value 3 of the row\n"
    )


def test_every_default_column_is_there_at_every_width() -> None:
    report = report_on([event(data={"k": "v"})])
    for width in (20, 40, 80, 200, 400):
        shown = table(report, width=width)
        for heading in report.headings:
            assert all(word in shown for word in heading.label.split())


def test_a_cell_longer_than_allowed_says_how_much_is_left_out() -> None:
    shown = table(plain([("x" * 100,)]), header=False, width=20, cell_lines=3)
    assert shown.splitlines()[3:-1] == ["│ xxxxxxxxxxxxxxxx │", "│ xxxxxxxxxxxxxxxx │", "│ … +68            │"]
    assert table(plain([("x" * 100,)]), header=False, width=20, cell_lines=0).count("x") == 100


def test_controls_and_overrides_are_written_out() -> None:
    shown = table(plain([("a\x1b[2J\x07\x9b31m\tb\r\u202ecba\u2066\u200b\U000e0041",)]), header=False)
    assert "│ a\\x1b[2J\\x07\\x9b31m\\tb\\r\\u202ecba\\u2066\\u200b\\U000e0041 │\n" in shown
    assert "\x1b" not in shown


def test_hostile_titles_queries_and_labels_are_written_out_too() -> None:
    columns = [{"key": "action", "label": "a\x1b[31m"}]
    report = report_on([], title="t\x1b]0;x\x07", query='"\x1b[1m"', columns=columns)
    shown = table(report)
    assert "\x1b" not in shown
    assert "t\\x1b]0;x\\x07\n" in shown


def test_colours_only_on_request() -> None:
    assert "\x1b[1mC0" in table(plain([("a",)]), colour=True)
    assert "\x1b" not in table(plain([("a",)]))


def test_right_to_left_text_is_isolated() -> None:
    assert "│ \u2068مرحبا\u2069 │ b  │" in table(plain([("مرحبا", "b")]), header=False)


@given(
    st.lists(
        st.tuples(st.text(max_size=40), st.text("日本é\u0301👩\u200d🚀🇩🇪\u202e\x00ab ", max_size=40), st.just("x")),
        min_size=1,
        max_size=4,
    ),
    st.integers(40, 90),
)
def test_the_frame_is_kept_whatever_the_text(rows: list[tuple[str, ...]], width: int) -> None:
    lines = table(plain(rows), header=False, width=width).split("\n")[:-1]
    assert {wcswidth(line) for line in lines} == {wcswidth(lines[0])}
    assert wcswidth(lines[0]) <= width


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(1, 200))
def test_widths_fill_the_room_and_starve_no_column(natural: list[int], room: int) -> None:
    widths = fitted(natural, room)
    if widths is None:
        assert sum(min(max(one, 1), 10) for one in natural) > room
    else:
        assert sum(widths) <= room
        assert all(min(one, 10) <= given for one, given in zip(natural, widths, strict=True))
        assert sum(widths) == room or widths == [max(one, 1) for one in natural] or max(natural) > max(widths)


@pytest.mark.parametrize("name", ["table", "csv", "jsonl"])
def test_every_format_writes_rows_as_they_come(name: str) -> None:
    """At any moment, no more than the sample has been read ahead of what was written."""
    out = io.BytesIO()
    ahead: list[int] = []

    def read() -> Iterator[tuple[str, ...]]:
        for number in range(5 * SAMPLE):
            ahead.append(number - out.getvalue().count(b"row!"))
            yield (f"row! {number:0200}",)

    report = Report(report_on([]).header, (Heading("c", "C", "text"),), read, lambda row: row, lambda row: row)
    assert FORMATS[name].write(report, out, Options()) == 5 * SAMPLE
    assert max(ahead) <= SAMPLE


def test_an_empty_report_is_a_table_without_rows() -> None:
    assert table(report_on([], columns=["action"]), header=False) == (
        "┌────────────────┐\n│ Audit - Action │\n├────────────────┤\n└────────────────┘\n"
    )


def test_a_very_long_word_is_wrapped_in_time_that_grows_with_its_length() -> None:
    """Not with its square: at 65,536 characters that would be half a minute."""
    shown = table(plain([("é\u0301" * 32_768,)]), header=False)
    assert "… +" in shown


def test_dates_of_another_zone_are_those_of_the_header() -> None:
    report = report_on([], since="2021-11-01", zone="Asia/Kolkata")
    assert report.header.since == datetime(2021, 10, 31, 18, 30, tzinfo=UTC)
    assert "from 2021-11-01 00:00+05:30 (Asia/Kolkata)" in table(report)
