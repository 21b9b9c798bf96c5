"""Routes that take nothing they do not know, in a path, in parameters and in a body."""

from __future__ import annotations

import pytest

from trailbook.errors import BadInput
from trailbook.web.strict import check_parameters, read_json

KNOWN = frozenset(("limit", "query"))


@pytest.mark.parametrize(
    ("path", "query", "place", "remedy"),
    [
        (b"/%ff", b"", "path", "Write what is not ASCII as its bytes in UTF-8, each as %XX."),
        (b"/", b"query=%ff", "query", "Write what is not ASCII as its bytes in UTF-8, each as %XX."),
        (b"/", b"query=\xc3\xbc", "query", "Write what is not ASCII as its bytes in UTF-8, each as %XX."),
        (b"/", b"limits=1", "query.limits", "Did you mean limit?"),
        (b"/", b"xyz", "query.xyz", "It takes limit, query."),
        (b"/", b"x%0ay=1", "query.x␊y", "It takes limit, query."),
        (b"/", b"limit=1&limit=2", "query.limit", "Give it once."),
        (b"/", b"&".join([b"limit=1"] * 101), "query", ""),
    ],
)
def test_what_a_route_does_not_take(path: bytes, query: bytes, place: str, remedy: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_parameters({"raw_path": path, "query_string": query}, KNOWN)
    assert (refused.value.place, refused.value.remedy) == (place, remedy)


@pytest.mark.parametrize("query", [b"", b"limit=1&query=%C3%BC+x", b"limit="])
def test_what_a_route_takes(query: bytes) -> None:
    check_parameters({"raw_path": b"/%C3%BC", "query_string": query}, KNOWN)


def test_a_route_without_parameters_says_so() -> None:
    with pytest.raises(BadInput) as refused:
        check_parameters({"query_string": b"x=1"}, frozenset())
    assert refused.value.remedy == "It takes none."


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\xff", "The body is not UTF-8."),
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes (character 1)."),
        (b"[NaN]", "NaN is no number in JSON."),
        (b"-Infinity", "-Infinity is no number in JSON."),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "The key 'c' is there twice in one object."),
        (rb'["\ud800"]', "A text holds half of a surrogate pair, which is no character."),
        (rb'{"\uDFFF": 1}', "A text holds half of a surrogate pair, which is no character."),
        (b"[" * 100_000, "The JSON is nested too deeply."),
        (b"1" * 5_000, "A number has too many digits."),
    ],
)
def test_what_is_no_json(raw: bytes, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_json(raw)
    assert refused.value.problem == problem


def test_json_is_taken_as_it_is() -> None:
    raw = r'{"a": [1, 2.5, null, true, "\ud83d\ude00 ü"]}'.encode()
    assert read_json(raw) == {"a": [1, 2.5, None, True, "\U0001f600 ü"]}
