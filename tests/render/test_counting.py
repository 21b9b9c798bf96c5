"""Progress and cancelling: what is told while a report is written."""

from __future__ import annotations

import io

import pytest
from trails import report_on

from trailbook.render import FORMATS, Options
from trailbook.render.counting import EVERY, counted
from trailbook.report.result import Heading, Report


def of_rows(number: int) -> Report:
    rows = [(str(at),) for at in range(number)]
    headings = (Heading("c", "C", "text"),)
    return Report(report_on([]).header, headings, lambda: iter(rows), lambda row: row, lambda row: row)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, [0]), (3, [3]), (EVERY, [EVERY]), (2 * EVERY + 1, [EVERY, 2 * EVERY, 2 * EVERY + 1])],
)
def test_rows_are_told_now_and_then_and_all_of_them_at_the_end(rows: int, expected: list[int]) -> None:
    told: list[int] = []
    out, plain = io.BytesIO(), io.BytesIO()
    assert FORMATS["csv"].write(counted(of_rows(rows), told.append), out, Options()) == rows
    FORMATS["csv"].write(of_rows(rows), plain, Options())
    assert (told, out.getvalue()) == (expected, plain.getvalue())


def test_what_is_raised_while_told_ends_the_writing() -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int) -> None:
        if done > EVERY:
            raise Cancelled

    with pytest.raises(Cancelled):
        FORMATS["csv"].write(counted(of_rows(10 * EVERY), cancel), io.BytesIO(), Options())
