"""CSV: RFC 4180, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trails import event, report_on

from trailbook.render import FORMATS, Options
from trailbook.report.result import Heading, Report

CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


def written(report: Report, **options: bool) -> str:
    out = io.BytesIO()
    FORMATS["csv"].write(report, out, Options(**options))
    return out.getvalue().decode()


def plain(rows: list[tuple[str, ...]]) -> Report:
    headings = tuple(Heading(f"c{at}", f"C{at}", "text") for at in range(len(rows[0])))
    return Report(report_on([]).header, headings, lambda: iter(rows), lambda row: row, lambda row: row)


def test_labels_then_rows_each_ended_by_crlf() -> None:
    report = report_on([event(details='said "hi", left')], columns=["action", "details", "date_time"])
    assert written(report) == (
        '"Audit - Action","Audit - Details","Audit - Date/Time"\r\n'
        '"play","said ""hi"", left","Nov 17, 2021, 2:07 PM"\r\n'
    )


def test_a_byte_order_mark_on_request() -> None:
    assert written(plain([("a",)]), bom=True) == '\ufeff"C0"\r\n"a"\r\n'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_formula_gets_an_apostrophe_unless_raw(start: str) -> None:
    cell = f"{start}cmd|' /C calc'!A0"
    assert written(plain([("a", cell)])) == f'"C0","C1"\r\n"a","\'{cell}"\r\n'
    assert written(plain([("a", cell)]), raw=True) == f'"C0","C1"\r\n"a","{cell}"\r\n'


def test_a_label_that_is_a_formula_is_guarded_too() -> None:
    report = report_on([], columns=[{"key": "action", "label": "=1+1"}])
    assert written(report) == '"\'=1+1"\r\n'


def test_what_is_no_formula_is_left_alone() -> None:
    assert written(plain([("a=b", "1-2", "", "'x")])) == '"C0","C1","C2","C3"\r\n"a=b","1-2","","\'x"\r\n'


def test_on_a_terminal_nothing_in_a_cell_steers_it() -> None:
    cells = ("\x1b[2J", "\x9b31m", "a\u202eb", 'said "hi"\nand left', "é")
    assert written(plain([cells]), terminal=True).split("\r\n")[1] == (
        r'"\x1b[2J","\x9b31m","a\u202eb","said ""hi""' + '\nand left","é"'
    )
    assert written(plain([cells])).split("\r\n")[1] == '"\x1b[2J","\x9b31m","a\u202eb","said ""hi""\nand left","é"'


def test_text_that_is_no_unicode_does_not_break_a_file() -> None:
    assert written(plain([("a\ud800b",)])).endswith('"a?b"\r\n')


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5))
def test_raw_cells_come_back_as_they_were(rows: list[tuple[str, ...]]) -> None:
    text = written(plain(rows), raw=True)
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)][1:] == rows


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_guarded_cells_come_back_with_an_apostrophe_or_as_they_were(rows: list[tuple[str, ...]]) -> None:
    back = [tuple(row) for row in csv.reader(io.StringIO(written(plain(rows)), newline=""), strict=True)][1:]
    for row, read in zip(rows, back, strict=True):
        for cell, again in zip(row, read, strict=True):
            assert again in (cell, f"'{cell}")
            assert again[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
