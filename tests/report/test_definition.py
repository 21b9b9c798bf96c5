"""Definitions: read from TOML and JSON, checked, and written back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.errors import BadDefinition, BadQuery
from trailbook.query.tree import And, Involves, Period
from trailbook.report.columns import COLUMNS
from trailbook.report.definition import ColumnChoice, Definition, from_dict, read_json, read_toml

TOML = """
title = "What Ann did"
columns = ["date_time", {key = "action", label = "What"}]
query = "user:Ann"
since = 2021-11-01
until = "2021-11-17"
order = "oldest"
limit = 100
zone = "Europe/Berlin"
locale = "de"
data = "full"
"""


def test_a_definition_is_read_from_toml() -> None:
    assert read_toml(TOML) == Definition(
        title="What Ann did",
        columns=("date_time", ColumnChoice("action", "What")),
        query="user:Ann",
        since="2021-11-01",
        until="2021-11-17",
        order="oldest",
        limit=100,
        zone="Europe/Berlin",
        locale="de",
        data="full",
    )


def test_the_period_narrows_the_query() -> None:
    assert read_toml(TOML).condition() == And(
        (Involves("user", ("Ann",)), Period("since", "2021-11-01"), Period("until", "2021-11-17"))
    )


@given(
    st.builds(
        Definition,
        title=st.text(max_size=20),
        columns=st.lists(st.sampled_from(sorted(COLUMNS)), unique=True, max_size=5).map(
            lambda keys: tuple(ColumnChoice(key, f"My {key}") if key > "m" else key for key in keys)
        ),
        query=st.sampled_from(["", "user:Ann -action:login", 'by.group:"Call center"']),
        during=st.sampled_from(["", "last-month", "2021-11"]),
        order=st.sampled_from(["newest", "oldest"]),
        limit=st.none() | st.integers(1, 1000),
        zone=st.sampled_from(["UTC", "Europe/Berlin"]),
        seconds=st.booleans(),
        data=st.sampled_from(["compact", "full"]),
    )
)
def test_a_definition_survives_the_way_through_json(definition: Definition) -> None:
    assert from_dict(definition.to_dict()) == definition
    assert read_json(msgspec.json.encode(definition.to_dict())) == definition


@pytest.mark.parametrize(
    ("plain", "place", "remedy"),
    [
        ({"colums": []}, "colums", "Did you mean columns?"),
        ({"order": "newst"}, "order", "Write newest or oldest."),
        ({"data": "ful"}, "data", "Write compact or full."),
        ({"limit": 0}, "limit", "Correct it and try again."),
        ({"limit": "10"}, "limit", "Correct it and try again."),
        ({"columns": ["id", {"key": "action", "lable": "x"}]}, "columns[1]", "Correct it and try again."),
        ({"columns": ["id", "id"]}, "columns", "Leave one of them out."),
        ({"group_by": ["dya"]}, "group_by", "Did you mean day?"),
        ({"group_by": ["initator"]}, "group_by", "Did you mean initiator?"),
        ({"group_by": ["day", "day"]}, "group_by", "Leave one of them out."),
        ({"group_by": ["id"]}, "group_by", "Choose among hour, day, week, month, initiator"),
        (
            {"group_by": ["day"], "columns": ["action"]},
            "columns",
            "Leave action out of the columns, or group by it too.",
        ),
        ({"since": "yesterdy"}, "since", "Write a date such as"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_a_remedy(
    plain: dict[str, object], place: str, remedy: str
) -> None:
    with pytest.raises(BadDefinition) as caught:
        from_dict(plain)
    assert caught.value.place == place
    assert caught.value.remedy.startswith(remedy)


def test_a_query_that_cannot_be_read_is_refused_when_the_definition_is_made() -> None:
    with pytest.raises(BadQuery):
        Definition(query='details "open')


@pytest.mark.parametrize("text", ["title = \nlimit = 1", "[\n"])
def test_broken_toml_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadDefinition, match="line 1"):
        read_toml(text)


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(BadDefinition):
        read_json(text)


def test_a_limit_below_one_is_refused_however_the_definition_is_made() -> None:
    with pytest.raises(BadDefinition):
        Definition(limit=0)
    with pytest.raises(BadDefinition):
        Definition(order="up")  # type: ignore[arg-type]
