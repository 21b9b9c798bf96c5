"""JSON Lines: what the report is, then its rows."""

from __future__ import annotations

import io
import json

from trails import event, report_on

from trailbook.event.model import Change
from trailbook.render import FORMATS, Options
from trailbook.report.result import Report


def lines(report: Report, **options: bool) -> list[dict[str, object]]:
    out = io.BytesIO()
    rows = FORMATS["jsonl"].write(report, out, Options(**options))
    found = [json.loads(line) for line in out.getvalue().decode().split("\n")[:-1]]
    assert rows == len(found) - (options.get("header") is not False)
    return found


def test_the_first_line_says_what_the_report_is() -> None:
    report = report_on([event()], columns=["action", {"key": "ip", "label": "From"}], query="user:Ann")
    first, second = lines(report)
    assert first == {
        "report": json.loads(json.dumps(report.header.to_dict())),
        "columns": [
            {"key": "action", "label": "Audit - Action", "kind": "text"},
            {"key": "ip", "label": "From", "kind": "text"},
        ],
    }
    assert second == {"action": "play", "ip": "85.223.209.22"}


def test_rows_hold_data_and_changes_as_they_were() -> None:
    sent = event(data={"n": [1, None, "é\n"]}, changes={"email": Change("a@x", None)})
    columns = ["date_time", "data", "changes", "position"]
    assert lines(report_on([sent], columns=columns, zone="Europe/Berlin"), header=False) == [
        {
            "date_time": "2021-11-17T15:07:31+01:00",
            "data": {"n": [1, None, "é\n"]},
            "changes": {"email": {"old": "a@x", "new": None}},
            "position": 0,
        }
    ]


def test_nothing_in_it_steers_a_terminal_and_all_of_it_comes_back() -> None:
    hostile = "\x1b[2J\x85\x9b31m\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069é漢\\"
    out = io.BytesIO()
    FORMATS["jsonl"].write(report_on([event(data={hostile: hostile})], columns=["data"]), out, Options(header=False))
    assert out.getvalue().decode() == (
        '{"data":{"%s":"%s"}}\n'
        % (
            (
                r"\u001b[2J\u0085\u009b31m\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"
                "é漢\\\\",
            )
            * 2
        )
    )
    assert json.loads(out.getvalue()) == {"data": {hostile: hostile}}


def test_groups_hold_their_number_of_rows() -> None:
    assert lines(report_on([event(1), event(2)], group_by=["day"]), header=False) == [{"day": "2021-11-17", "rows": 2}]
