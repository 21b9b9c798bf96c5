"""Queries changed by their parts mean what was asked for, and are written as a person would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query.strategies import written_trees

from trailbook.query.editing import (
    Leaf,
    asks_for,
    excluded,
    excludes,
    free_of,
    lessened,
    narrowed,
    turned,
    widened,
    without,
)
from trailbook.query.language import parse, unparse
from trailbook.query.tree import Address, Condition, Field, Involves

LOGIN = Field("action", ("login",))
BOB = Involves("user", ("acme/bob",), "by")


@pytest.mark.parametrize(
    ("query", "at", "left", "contrary"),
    [
        ("user:alice action:login", 0, "action:login", "-user:alice action:login"),
        ("user:alice -action:login", 1, "user:alice", "user:alice action:login"),
        ("action:login", 0, "", "-action:login"),
        ("a1 OR b2", 0, "", "-(a1 OR b2)"),
        ("user:alice AND user:bob", 1, "user:alice", "user:alice -user:bob"),
    ],
)
def test_a_part_is_taken_out_or_turned_round(query: str, at: int, left: str, contrary: str) -> None:
    assert unparse(without(parse(query), at)) == left
    assert unparse(turned(parse(query), at)) == contrary


@pytest.mark.parametrize(
    ("query", "leaf", "only", "not_"),
    [
        ("", LOGIN, "action:login", "-action:login"),
        ("action:export,login", LOGIN, "action:login", "action:export,login -action:login"),
        ("-action:export", LOGIN, "-action:export action:login", "-action:export,login"),
        ("user:alice", BOB, "user:alice by.user:acme/bob", "user:alice -by.user:acme/bob"),
        ("by:alice", BOB, "by.user:acme/bob", "by.user:alice -by.user:acme/bob"),
        ("related:a/1", Field("related", ("b/2",)), "related:a/1 AND related:b/2", "related:a/1 -related:b/2"),
        ("a1 OR b2", LOGIN, "(a1 OR b2) action:login", "(a1 OR b2) -action:login"),
        ("ip:::1", Address(("10.0.0.1",)), "ip:10.0.0.1", "ip:::1 -ip:10.0.0.1"),
    ],
)
def test_a_query_is_narrowed_to_a_value_or_goes_without_it(query: str, leaf: Leaf, only: str, not_: str) -> None:
    assert unparse(narrowed(parse(query), leaf)) == only
    assert unparse(excluded(parse(query), leaf)) == not_


def test_values_are_chosen_beside_others_and_given_up_again() -> None:
    export = parse("action:export app:web")
    assert unparse(widened(export, LOGIN)) == "action:export,login app:web"
    assert unparse(widened(parse("app:web"), LOGIN)) == "app:web action:login"
    assert unparse(lessened(parse("action:export,LOGIN app:web"), LOGIN)) == "action:export app:web"
    assert unparse(lessened(parse("-action:login app:web"), LOGIN)) == "app:web"
    assert unparse(lessened(parse("-action:login,play"), LOGIN)) == "-action:play"
    assert unparse(free_of(parse("action:export app:web -action:play"), LOGIN)) == "app:web -action:play"


def test_it_is_known_which_values_a_query_asks_for_and_which_it_excludes() -> None:
    assert asks_for(parse("action:Login,export app:web"), LOGIN)
    assert not asks_for(parse("-action:login resource:login"), LOGIN)
    assert excludes(parse("-action:login"), LOGIN)
    assert not excludes(parse("action:login -(action:login OR app:web)"), LOGIN)


@given(written_trees, st.integers(0, 3))
def test_what_comes_of_it_is_always_a_query(condition: Condition, at: int) -> None:
    changes = (without(condition, at), turned(condition, at), narrowed(condition, BOB), excluded(condition, LOGIN))
    for changed in (*changes, widened(condition, LOGIN), lessened(condition, BOB), free_of(condition, BOB)):
        assert unparse(parse(unparse(changed))) == unparse(changed)
