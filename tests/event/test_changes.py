"""`changes(before, after)`: which fields differ, under what names, and what is never shown."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.errors import BadEvent
from trailbook.event.changes import MASK, changes
from trailbook.event.model import Change


def test_only_the_fields_that_differ_are_listed():
    before = {"email": "ann@old.example", "name": "Ann", "phone": "1"}
    after = {"email": "ann@new.example", "name": "Ann", "title": "Dr"}
    assert changes(before, after) == {
        "email": Change("ann@old.example", "ann@new.example"),
        "phone": Change("1", None),
        "title": Change(None, "Dr"),
    }


def test_nested_fields_get_dotted_paths_and_lists_are_compared_whole():
    before = {"address": {"city": "Bonn", "geo": {"lat": 1}}, "tags": ["a", "b"]}
    after = {"address": {"city": "Köln", "geo": {"lat": 1}}, "tags": ["a", "c"]}
    assert changes(before, after) == {
        "address.city": Change("Bonn", "Köln"),
        "tags": Change(["a", "b"], ["a", "c"]),
    }


def test_a_thing_made_or_deleted_lists_all_its_fields():
    thing = {"name": "Ann", "address": {"city": "Bonn"}}
    assert changes(None, thing) == {"name": Change(None, "Ann"), "address.city": Change(None, "Bonn")}
    assert changes(thing, None) == {"name": Change("Ann", None), "address.city": Change("Bonn", None)}


def test_a_mapping_that_becomes_a_plain_value_is_one_change():
    assert changes({"a": {"b": 1}}, {"a": 5}) == {"a": Change({"b": 1}, 5)}
    assert changes({"a": 5}, {"a": {}}) == {"a": Change(5, {})}
    assert changes({}, {"a": {}}) == {"a": Change(None, {})}
    assert changes({"a": {"b": 1}}, {"a": {}}) == {"a.b": Change(1, None)}


def test_an_absent_field_is_the_same_as_none():
    assert changes({"a": None}, {}) == {}
    assert changes({}, {"a": None, "b": {"c": None}}) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, True), (0, False), (1, 1.0), ("1", 1), ([1], [True]), ([{"a": 1}], [{"a": 1.0}]), ([], ""), ([], [None])],
)
def test_values_of_other_types_differ(old, new):
    assert list(changes({"a": old}, {"a": new})) == ["a"]


def test_structs_and_dataclasses_have_fields_too_and_defaults_are_values():
    class Person(msgspec.Struct, omit_defaults=True):
        name: str = ""
        since: datetime | None = None

    @dataclasses.dataclass
    class Account:
        owner: Person
        limit: int = 0

    before = Account(Person("Ann", datetime(2021, 11, 17, 14, 7, tzinfo=UTC)), 5)
    assert changes(before, Account(Person(), 5)) == {
        "owner.name": Change("Ann", ""),
        "owner.since": Change("2021-11-17T14:07:00Z", None),
    }


def test_masked_fields_appear_when_they_differ_and_show_nothing():
    before = {"password": "old", "pin": "1", "user": {"Password": "x"}, "card": {"number": "4", "name": "A"}}
    after = {"password": "new", "pin": "1", "user": {"Password": "y"}, "card": {"number": "5", "name": "B"}}
    assert changes(before, after, mask=["password", "pin", "card.number"]) == {
        "password": Change(MASK, MASK),
        "user.Password": Change(MASK, MASK),
        "card.number": Change(MASK, MASK),
        "card.name": Change("A", "B"),
    }


def test_a_mask_may_be_a_pattern_and_covers_all_that_is_below_it():
    before = {"keys": {"a": 1}, "api_key": "x", "aws": {"secret": {"id": 1}}, "keyboard": "de"}
    after = {"keys": {"a": 2}, "api_key": None, "aws": {"secret": {"id": 2}}, "keyboard": "us"}
    assert changes(before, after, mask=["keys", "*_key", "aws.s*"]) == {
        "keys.a": Change(MASK, MASK),
        "api_key": Change(MASK, MASK),
        "aws.secret.id": Change(MASK, MASK),
        "keyboard": Change("de", "us"),
    }


def test_masked_fields_inside_lists_and_replaced_mappings_are_covered():
    before = {"users": [{"name": "Ann", "password": "old"}], "login": None}
    after = {"users": [{"name": "Ann", "password": "new"}], "login": 7}
    shown = [{"name": "Ann", "password": MASK}]
    assert changes(before, after, mask=["password"])["users"] == Change(shown, shown)
    assert changes({"login": 7}, {"login": {"token": "t", "by": "sso"}}, mask=["login.token"]) == {
        "login": Change(7, {"token": MASK, "by": "sso"})
    }


def test_two_fields_of_one_path_are_refused():
    with pytest.raises(BadEvent, match=r"changes\.a\.b: Two fields have this path"):
        changes({"a.b": 1}, {"a": {"b": 1}})
    with pytest.raises(BadEvent, match="Two keys have the same text"):
        changes({}, {"x": {1: "a", "1": "b"}})


def test_what_is_no_mapping_or_no_json_is_refused():
    with pytest.raises(BadEvent, match="The state after is of type list"):
        changes({}, [1])
    with pytest.raises(BadEvent, match=r"changes\.a\.b: A value of type object cannot be recorded"):
        changes({}, {"a": {"b": object()}})


def test_depth_and_number_are_bounded():
    deep: Any = 1
    for _ in range(33):
        deep = {"a": deep}
    with pytest.raises(BadEvent, match="deeper than 32 levels"):
        changes({}, deep)
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises(BadEvent, match="deeper than 32 levels"):
        changes({}, circle)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(BadEvent, match="deeper than 32 levels"):
        changes({}, {"a": loop})
    assert len(changes({}, {str(n): n for n in range(1000)})) == 1000
    with pytest.raises(BadEvent, match="More than 1000 fields differ"):
        changes({}, {str(n): n for n in range(1001)})


KEYS = st.text("abc", min_size=1, max_size=2)
LEAVES = st.one_of(st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0]), st.text("xy", max_size=1))
VALUES = st.recursive(
    st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3)
)
STATES = st.dictionaries(KEYS, VALUES, max_size=4)


def leaves(state, above=""):
    """The state as paths with values: a mapping is nothing but its fields."""
    found = {}
    for key, value in state.items():
        found.update(leaves(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value})
    return found


@given(STATES, STATES)
def test_the_new_values_put_upon_the_state_before_give_the_state_after(before, after):
    state = leaves(before)
    for path, change in changes(before, after).items():
        assert leaves({path: change.old}).items() <= state.items() or change.old is None
        state = {name: value for name, value in state.items() if name != path and not name.startswith(f"{path}.")}
        if change.new is not None:
            state.update(leaves({path: change.new}))
    assert repr(sorted(state.items())) == repr(sorted(leaves(after).items()))


@given(STATES)
def test_nothing_differs_from_itself(state):
    assert changes(state, state) == {}


@given(STATES, STATES)
def test_backwards_the_sides_are_swapped(before, after):
    forth, back = changes(before, after), changes(after, before)
    assert {path: (one.new, one.old) for path, one in forth.items()} == {p: (o.old, o.new) for p, o in back.items()}
