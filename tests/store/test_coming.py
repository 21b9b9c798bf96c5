"""What is made ready while something else goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trailbook.store.appending import Coming, Steps


def steps(value: str, count: int, done: list[str]) -> Steps[str]:
    for number in range(count):
        done.append(f"{value}{number}")
        yield
    return value


def test_one_thing_is_made_ready_at_a_time_and_waits_until_it_is_asked_for() -> None:
    done: list[str] = []
    coming = Coming(steps(value, 2, done) for value in "ab")
    assert not coming.some()
    coming.begin()
    while coming.some():
        pass
    assert done == ["a0", "a1"]
    assert coming.whole() == "a"
    coming.begin()
    assert coming.some()
    assert done == ["a0", "a1", "b0"]
    assert coming.whole() == "b"
    assert done == ["a0", "a1", "b0", "b1"]
    for _ in range(2):
        coming.begin()
        assert coming.whole() is None


def test_what_goes_wrong_is_raised_by_who_asks_for_it() -> None:
    def several() -> Iterator[Steps[str]]:
        yield steps("a", 1, [])
        raise OSError("The file is gone.")

    def broken() -> Steps[str]:
        yield
        raise OSError("The line is broken.")

    for given, problem in ((several(), "gone"), (iter([steps("a", 1, []), broken()]), "broken")):
        coming = Coming(given)
        coming.begin()
        assert coming.whole() == "a"
        coming.begin()
        while coming.some():
            pass
        for _ in range(2):
            with pytest.raises(OSError, match=problem):
                coming.whole()
