"""Records inside records: what each becomes, which id it has; and who did it where nobody is named."""

import json
from pathlib import Path

import pytest

from trailbook.errors import BadMap
from trailbook.event.model import Initiator, Target
from trailbook.ingest.mapping import Mapping, load_map
from trailbook.ingest.read import records
from trailbook.ingest.source import opened as open_file

MAP = """
[record]
unwrap = ["page.items", "rows"]
split = "changes"
merge = ["changes"]
[event]
id = "uid"
time = "at"
action = "does"
resource = "=thing"
[initiator]
unnamed = "anonymous"
id = "who"
name = "name"
ip = "from"
user_agent = "agent"
[initiator.acts_as]
id = "as"
"""
ONE = {"uid": "14a42b00-74e5-11ee-8a5a-69d62fcd0f8b", "at": "2024-05-06T07:08:09Z", "does": "edit"}
OTHER = ONE | {"uid": "3aeede38-4f67-11ea-abd3-1f5d113f2546", "does": "erase"}


@pytest.fixture(name="things")
def _things(tmp_path: Path) -> Mapping:
    path = tmp_path / "things.toml"
    path.write_text(MAP, "utf-8")
    return load_map(str(path))


@pytest.mark.parametrize("wrapped", [{"page": {"items": [ONE, OTHER]}, "next": "x"}, {"rows": [ONE, OTHER]}])
def test_a_record_that_wraps_records_is_each_of_them_with_the_id_it_has_alone(
    things: Mapping, wrapped: dict[str, object]
) -> None:
    seen = things.events(wrapped)
    assert seen == things.events(ONE) + things.events(OTHER)
    assert [one.data for one in seen] == [ONE, OTHER]
    assert [one.id for one in seen] == [ONE["uid"], OTHER["uid"]]


def test_events_of_one_record_that_share_its_id_have_ids_of_their_own(things: Mapping) -> None:
    record = {"uid": ONE["uid"], "at": ONE["at"], "changes": [{"does": "edit"}, {"does": "erase"}, {"does": "print"}]}
    ids = [one.id for one in things.events(record)]
    assert ids[0] == ONE["uid"]
    assert len(set(ids)) == 3
    assert ids == [one.id for one in things.events(record | {"more": 1})]


def test_what_wraps_something_else_than_objects_is_itself_the_record(things: Mapping) -> None:
    record = ONE | {"rows": ["a", "b"]}
    assert [one.data for one in things.events(record)] == [record]


def test_an_address_without_a_name_is_someone_unproven_who_claims_to_be_nobody(things: Mapping) -> None:
    (seen,) = things.events(ONE | {"from": "85.223.209.22", "agent": "curl"})
    assert seen.initiator == Initiator(id="anonymous", verified=False, ip="85.223.209.22", user_agent="curl")
    assert seen.targets == ()


def test_without_name_and_address_nobody_did_it(things: Mapping) -> None:
    (seen,) = things.events(ONE | {"from": "an internal service", "agent": "curl"})
    assert seen.initiator is None


def test_who_acts_as_the_same_user_acts_as_nobody(things: Mapping) -> None:
    (same,) = things.events(ONE | {"who": "ann", "as": "ann"})
    (other,) = things.events(ONE | {"who": "ann", "as": "bob"})
    assert same.initiator == Initiator(id="ann")
    assert other.initiator == Initiator(id="ann", acts_as=Target(kind="user", id="bob"))


@pytest.mark.parametrize("other", ["true", '"somebody"'])
def test_someone_unnamed_is_called_by_a_word_that_claims_no_account(tmp_path: Path, other: str) -> None:
    path = tmp_path / "things.toml"
    path.write_text(MAP.replace('"anonymous"', other), "utf-8")
    with pytest.raises(BadMap, match="This must be anonymous or system:anonymous"):
        load_map(str(path))


@pytest.mark.parametrize(("name", "opened"), [("entries", True), ("records", True), ("events", False)])
def test_a_page_of_an_api_is_opened_but_a_record_with_events_is_not(tmp_path: Path, name: str, opened: bool) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"actor": "ann", name: [ONE, OTHER]}), "utf-8")
    with open_file(str(path)) as source:
        seen = [one.value for one in records(source)]
    assert seen == ([ONE, OTHER] if opened else [{"actor": "ann", name: [ONE, OTHER]}])
