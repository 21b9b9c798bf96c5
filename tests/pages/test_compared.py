"""What differs between two JSON values, place by place."""

from __future__ import annotations

from typing import Any

import pytest

from trailbook.event.model import Change
from trailbook.web.pages.compared import MOST_DIFFERENCES, compare
from trailbook.web.pages.trees import LONGEST_TEXT, MOST_NODES, Node, tree


def found(old: Any, new: Any) -> list[tuple[Any, ...]]:
    return [tuple(one) for one in compare({"x": Change(old, new)}).rows]


@pytest.mark.parametrize(
    ("old", "new", "differences"),
    [
        (1, 2, [("x", "changed", 1, 2)]),
        (None, {"a": 1}, [("x", "added", None, {"a": 1})]),
        ([1], None, [("x", "removed", [1], None)]),
        ({"a": 1, "b": 2}, {"a": 1, "c": 3}, [("x.b", "removed", 2, None), ("x.c", "added", None, 3)]),
        ({"a": None}, {}, [("x.a", "removed", None, None)]),
        ({"a": None}, {"a": 0}, [("x.a", "changed", None, 0)]),
        ({"a": {"b": {"c": "x"}}}, {"a": {"b": {"c": "y"}}}, [("x.a.b.c", "changed", "x", "y")]),
        ({"first name": 1, ".": 2}, {"first name": 2, ".": 2}, [('x["first name"]', "changed", 1, 2)]),
        ([1, 2, 3], [0, 1, 2, 3], [("x[0]", "added", None, 0)]),
        ([1, 2, 3], [1, 3], [("x[1]", "removed", 2, None)]),
        ([{"a": 1, "b": 1}], [{"a": 2, "b": 1}], [("x[0].a", "changed", 1, 2)]),
        ({"a": 1}, [1], [("x", "changed", {"a": 1}, [1])]),
        (1, True, [("x", "changed", 1, True)]),
        (1, 1.0, [("x", "changed", 1, 1.0)]),
        ({"a": [1]}, {"a": [True]}, [("x.a[0]", "changed", 1, True)]),
    ],
)
def test_each_place_that_differs_is_a_row(old: Any, new: Any, differences: list[Any]) -> None:
    assert found(old, new) == differences


def test_what_is_said_to_have_changed_is_told_even_if_it_is_the_same() -> None:
    assert found("x", "x") == [("x", "changed", "x", "x")]
    assert found(None, None) == [("x", "changed", None, None)]


def test_long_lists_are_compared_item_by_item() -> None:
    assert found(list(range(300)), [*range(299), -1, 7]) == [
        ("x[299]", "changed", 299, -1),
        ("x[300]", "added", None, 7),
    ]


def test_many_differences_are_cut() -> None:
    many = compare({"x": Change([0] * 10_000, [1] * 10_000)})
    assert (len(many.rows), many.more) == (MOST_DIFFERENCES, True)
    assert compare({"x": Change([0] * MOST_DIFFERENCES, [1] * MOST_DIFFERENCES)}).more is False


def count(node: Node) -> int:
    return 1 + sum(map(count, node.items))


def test_a_tree_is_cut_where_a_page_ends() -> None:
    whole = tree({"a": [1, {"b": None}], "c": "x"})
    assert [(one.name, one.kind, one.size) for one in whole.items] == [("a", "list", 2), ("c", "text", 0)]
    assert whole.items[0].items[1].items[0].value.text == "null"
    assert [tree(one).value.text for one in ("", "4", 4, "null", "a 4")] == ['""', '"4"', "4", '"null"', "a 4"]
    large = tree({"a": list(range(5_000)), "b": 1})
    assert count(large) == MOST_NODES + 1
    assert (large.beyond, large.items[0].beyond) == (1, 5_000 - MOST_NODES + 1)
    assert tree("x" * (LONGEST_TEXT + 5)).value.beyond == 5
