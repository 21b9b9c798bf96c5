"""What is read back from a file of each format is what the API gives, cell by cell, after what the docs say of it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from papers import bare, pages
from pyarrow import parquet
from render.hostile import LONG, SCRIPTS, ZONE, hostile
from size import sized

from trailbook.render import FORMATS, Options
from trailbook.render.formulas import FORMULA_STARTS, unguarded
from trailbook.render.pdf.runs import turns
from trailbook.render.sheet import MOST_CHARACTERS
from trailbook.render.terminal import safe
from trailbook.report.result import Report

ROWS = sized(400, 10_000)


@pytest.fixture(scope="module")
def report() -> Report:
    return hostile(ROWS)


def file(report: Report, format: str, **options: Any) -> io.BytesIO:
    """The report in a format, to be read."""
    out = io.BytesIO()
    assert FORMATS[format].write(report, out, Options(**options)) == report.header.shown
    out.seek(0)
    return out


def api(report: Report) -> list[list[Any]]:
    """The rows as the API gives them: `form=value`, through JSON."""
    found: list[list[Any]] = json.loads(json.dumps(list(report.values())))
    return found


def keys(report: Report) -> list[str]:
    return [heading.key for heading in report.headings]


def test_json_is_the_api_and_says_what_it_is(report: Report) -> None:
    read = json.load(file(report, "json"))
    assert list(read) == ["report", "columns", "rows"]
    assert {"report": read["report"], "columns": read["columns"]} == json.loads(json.dumps(report.about()))
    assert [list(row.values()) for row in read["rows"]] == api(report)
    assert all(list(row) == keys(report) for row in read["rows"])


def test_json_lines_are_the_api(report: Report) -> None:
    about, *rows = map(json.loads, file(report, "jsonl").read().decode().split("\n")[:-1])
    assert about == json.loads(json.dumps(report.about()))
    assert [list(row.values()) for row in rows] == api(report)


def test_parquet_is_the_api_with_types(report: Report) -> None:
    read = parquet.ParquetFile(file(report, "parquet"))
    assert "ARROW:schema" not in [key.decode() for key in read.metadata.metadata]
    assert json.loads(read.metadata.metadata[b"trailbook"]) == json.loads(json.dumps(report.about()))
    rows = read.read().to_pylist()
    assert [[_as_api(key, cell) for key, cell in row.items()] for row in rows] == api(report)
    types = {field.name: str(field.type) for field in read.schema_arrow}
    assert (types["date_time"], types["date"], types["time"]) == ("timestamp[us, tz=UTC]", "date32[day]", "time64[us]")
    assert (types["position"], types["data"], types["details"]) == ("int64", "string", "string")


def _as_api(key: str, cell: Any) -> Any:
    if key in ("data", "changes"):
        return None if cell is None else json.loads(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(ZoneInfo(ZONE)).isoformat()
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


@pytest.mark.parametrize("raw", [False, True])
def test_csv_is_the_report_after_its_apostrophes(report: Report, raw: bool) -> None:
    text = file(report, "csv", raw=raw).read().decode()
    usual = csv.field_size_limit(2**30)
    labels, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    csv.field_size_limit(usual)
    assert labels == [heading.label for heading in report.headings]
    if not raw:
        assert not [cell for row in rows for cell in row if cell[:1] in FORMULA_STARTS]
        rows = [[unguarded(cell) for cell in row] for row in rows]
    assert rows == list(map(list, report.texts()))


class Table(HTMLParser):
    """The cells of the only table of a page, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._in = tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self._in = False

    def handle_data(self, data: str) -> None:
        if self._in:
            self.rows[-1][-1] += data


def test_html_is_the_report_and_holds_nothing_that_runs_or_loads(report: Report) -> None:
    read = Table()
    page = file(report, "html").read().decode()
    read.feed(page)
    read.close()
    labels, *rows = read.rows
    assert labels == [heading.label for heading in report.headings]
    assert rows == [[cell.replace("\x00", "␀") for cell in row] for row in report.texts()]
    assert read.tags == {
        "html", "head", "meta", "title", "style", "body", "h1", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th",
        "td",
    }  # fmt: skip
    assert "default-src 'none'" in page


def test_pdf_is_the_report_but_for_white_space_and_what_steers(report: Report) -> None:
    paper = file(report, "pdf").getvalue()
    labels = bare("".join(heading.label for heading in report.headings))
    foot = f"{bare(report.header.title)}Page"
    sheets = [bare(page).rpartition(foot)[0].partition(labels) for page in pages(paper)]
    text = "".join(rest for _, _, rest in sheets)
    # What Unicode says is no character is read back as a replacement.
    rows = [
        [re.sub("[\ufffe\uffff]", "\ufffd", bare(safe(cell, lines=True))) for cell in row] for row in report.texts()
    ]
    assert Counter(text.partition("Endofthereport.")[0]) == Counter("".join(map("".join, rows)))
    for row in rows:
        # From right to left words stand in another order; what goes on over pages is not in one piece.
        if not turns("".join(row)) and max(map(len, row)) < 1_000:
            assert "".join(row) in text


def sheets(report: Report, **options: Any) -> dict[str, list[list[Any]]]:
    """The cells of each sheet; none is a formula or a link."""
    book = openpyxl.load_workbook(file(report, "xlsx", **options))
    found: dict[str, list[list[Any]]] = {}
    for sheet in book:
        cells = [list(row) for row in sheet.iter_rows()]
        assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "d", "inlineStr"}
        assert not [cell for row in cells for cell in row if cell.hyperlink]
        found[sheet.title] = [
            [unescape(one.value) if isinstance(one.value, str) else one.value for one in row] for row in cells
        ]
    return found


def test_a_workbook_is_the_api_after_apostrophes_and_cuts(report: Report) -> None:
    labels, *rows = sheets(report)["Rows"]
    assert labels == [heading.label for heading in report.headings]
    cut = typed = 0
    assert len(rows) == report.header.rows
    for row, values, texts in zip(rows, api(report), report.texts(), strict=True):
        for heading, cell, value, text in zip(report.headings, row, values, texts, strict=True):
            if isinstance(cell, str):
                cell = unguarded(cell)
                if cell != text:
                    kept, _, mark = cell.rpartition(" … [")
                    assert text.startswith(kept)
                    assert mark == f"{len(text) - len(kept):,} characters left out]"
                    assert len(cell.encode("utf-16-le")) // 2 >= MOST_CHARACTERS - 30
                    cut += 1
                if heading.kind in ("time", "date"):
                    assert "+0" in text or value < "1900-03-01", (value, text)
            elif cell is None:
                assert text == ""
            elif isinstance(cell, int):
                assert cell == value
            else:
                typed += 1
                _assert_moment(cell, value)
    assert typed > report.header.rows
    assert cut == sum(
        len(text.encode("utf-16-le")) // 2 + text.startswith("=") > MOST_CHARACTERS
        for row in report.texts()
        for text in row
    )
    about = {row[0]: row[1] for row in sheets(report)["Report"] if row[0]}
    assert about["Cells cut"].startswith(f"{cut:,} ")
    assert (about["# of rows"], about["Period"]) == (f"{report.header.rows:,}", f"all time ({ZONE})")
    (head,) = report.header.heads.values()
    assert about["Head of acme"] == f"{head.size:,} {head.root.hex()}"


def _assert_moment(cell: Any, value: str) -> None:
    """A date or time of a workbook is what the API says, to the millisecond that openpyxl reads."""
    if isinstance(cell, time):
        cell = datetime.combine(datetime.min, cell)
        expected = datetime.combine(datetime.min, time.fromisoformat(value))
    elif len(value) > 10:
        expected = datetime.fromisoformat(value).replace(tzinfo=None)
    else:
        assert cell == datetime.fromisoformat(value)
        return
    assert abs(cell - expected) <= timedelta(milliseconds=1)


def test_the_hour_that_occurs_twice_keeps_its_offset_in_a_workbook(report: Report) -> None:
    rows = sheets(report)["Rows"][1:]
    twice = [cell for row in rows for cell in row if isinstance(cell, str) and cell.startswith("Oct 31, 2021, 2:")]
    assert {cell[-6:] for cell in twice} == {"+02:00", "+01:00"}


def test_all_scripts_and_long_cells_were_in_it(report: Report) -> None:
    texts = {cell for row in report.texts() for cell in row}
    assert set(SCRIPTS) <= texts
    assert set(LONG) <= texts


def _grouped() -> Iterator[Report]:
    for by in (["hour", "initiator"], ["day"], ["week"], ["month", "action"]):
        yield hostile(200, columns=[], group_by=by)


def test_grouped_reports_come_back_from_every_format() -> None:
    for report in _grouped():
        expected = api(report)
        assert [list(row.values()) for row in json.load(file(report, "json"))["rows"]] == expected
        rows = parquet.read_table(file(report, "parquet")).to_pylist()
        assert [[_as_api(key, cell) for key, cell in row.items()] for row in rows] == expected
        read = Table()
        read.feed(file(report, "html").read().decode())
        assert read.rows[1:] == [[cell.replace("\x00", "␀") for cell in row] for row in report.texts()]
        labels, *groups = sheets(report)["Groups"]
        assert labels == [heading.label for heading in report.headings]
        assert [row[-1] for row in groups] == [row[-1] for row in expected]
        assert len(groups) == len(expected)


def test_rows_that_a_sheet_cannot_hold_go_on_in_further_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    report = hostile(25, columns=["id"])
    ids = [row[0] for row in report.texts()]
    for most, expected in ((11, [10, 10, 5]), (26, [25]), (25, [24, 1]), (6, [5] * 5)):
        monkeypatch.setattr("trailbook.render.sheet.MOST_ROWS", most)
        found = sheets(report)
        assert list(found)[-1] == "Report"
        of_rows = [rows for name, rows in found.items() if name != "Report"]
        assert [len(rows) - 1 for rows in of_rows] == expected
        assert all(rows[0] == ["Audit - ID"] for rows in of_rows)
        assert [row[0] for rows in of_rows for row in rows[1:]] == ids


def test_a_workbook_of_no_rows_opens() -> None:
    assert sheets(hostile(0, columns=["id"]))["Rows"] == [["Audit - ID"]]
    assert list(sheets(hostile(0), header=False)) == ["Rows"]
