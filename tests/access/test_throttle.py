"""Slowing down who guesses: how long the wait is, what it is bound to, and what ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import stores
from served import NOW

from trailbook.access.throttle import attempt, by_address, by_code, by_name, not_tried, succeeded
from trailbook.errors import TooMuch
from trailbook.store.ports import Store

pytestmark = pytest.mark.usefixtures("every_store")


def waits(store: Store, guessed: list, now=NOW) -> float:
    """How long to wait now; 0 if this try was let pass."""
    try:
        attempt(store, guessed, now)
    except TooMuch as error:
        return error.retry_after
    return 0


def test_the_wait_doubles_after_five_failures_up_to_a_quarter_of_an_hour() -> None:
    store, now, seen = stores.new(), NOW, []
    for _ in range(18):
        assert waits(store, [by_name("ann")], now) == 0
        wait = waits(store, [by_name("ann")], now) if len(seen) >= 4 else 0
        seen.append(wait)
        now += timedelta(seconds=wait)
    assert seen == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_refused_try_is_not_counted() -> None:
    store = stores.new()
    for _ in range(5):
        assert waits(store, [by_name("ann")]) == 0
    assert [waits(store, [by_name("ann")]) for _ in range(10)] == [1] * 10


def test_failures_are_forgotten_a_day_after_the_last() -> None:
    store = stores.new()
    for _ in range(5):
        attempt(store, [by_name("ann")], NOW)
    tomorrow = NOW + timedelta(hours=24)
    assert [waits(store, [by_name("ann")], tomorrow) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_the_count_of_an_address_is_halved_every_hour_whether_there_are_failures_or_not() -> None:
    store, office = stores.new(), by_address("192.0.2.1")
    for minutes in range(0, 48 * 60, 7):
        assert waits(store, [office], NOW + timedelta(minutes=minutes)) == 0
    store = stores.new()
    for _ in range(20):
        assert waits(store, [office], NOW + timedelta(minutes=10)) == 0
    assert waits(store, [office], NOW + timedelta(minutes=10)) == 1
    assert [waits(store, [office], NOW + timedelta(minutes=71)) for _ in range(11)] == [0] * 10 + [1]
    assert [waits(store, [office], NOW + timedelta(hours=9)) for _ in range(21)] == [0] * 20 + [1]
    assert waits(store, [office], NOW) == 9 * 3600 + 1


def test_success_does_not_keep_the_failures_of_an_address_from_fading() -> None:
    store, office = stores.new(), by_address("192.0.2.1")
    for _ in range(19):
        attempt(store, [office], NOW)
    for minutes in (30, 59, 80):
        attempt(store, [office], NOW + timedelta(minutes=minutes))
        succeeded(store, [office], NOW + timedelta(minutes=minutes))
    later = NOW + timedelta(minutes=90)
    assert [waits(store, [office], later) for _ in range(12)] == [0] * 11 + [1]


def test_the_failures_of_a_name_do_not_fade_within_the_day() -> None:
    store = stores.new()
    for _ in range(5):
        attempt(store, [by_name("ann")], NOW)
    attempt(store, [by_name("ann")], NOW + timedelta(hours=23))
    assert waits(store, [by_name("ann")], NOW + timedelta(hours=23)) == 2


def test_a_try_that_was_not_made_is_taken_back_and_no_other() -> None:
    store, guessed = stores.new(), [by_name("ann"), by_address("192.0.2.1")]
    for _ in range(5):
        attempt(store, guessed, NOW)
        not_tried(store, guessed, NOW)
    assert store.records("throttle", NOW) == []
    for _ in range(4):
        attempt(store, guessed, NOW)
    for _ in range(3):
        attempt(store, guessed, NOW)
        not_tried(store, guessed, NOW)
    assert [waits(store, guessed) for _ in range(2)] == [0, 1]


def test_a_name_is_one_however_it_is_spelt_and_others_do_not_wait() -> None:
    store = stores.new()
    for name in ("ann", "ANN", "Ánn", "ann", "aNN"):
        attempt(store, [by_name(name)], NOW)
    assert waits(store, [by_name("Ann")]) == 1
    assert waits(store, [by_name("bob")]) == 0
    assert waits(store, [by_code("ann")]) == 0


def test_success_forgets_the_failures_of_a_name_but_only_this_try_of_an_address() -> None:
    store = stores.new()
    name, address = by_name("ann"), by_address("192.0.2.1")
    for _ in range(4):
        attempt(store, [name, address], NOW)
    attempt(store, [name, address], NOW)
    succeeded(store, [name, address], NOW)
    assert [waits(store, [name]) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert [waits(store, [address]) for _ in range(17)] == [0] * 16 + [1]


def test_an_ipv6_address_counts_by_the_network_that_one_customer_is_given() -> None:
    assert by_address("2001:db8:1:2::1") == by_address("2001:db8:1:2:ffff::9")
    assert by_address("2001:db8:1:2::1") != by_address("2001:db8:1:3::1")
    assert by_address("192.0.2.1") != by_address("192.0.2.2")
    assert by_address("") == by_address("")


def test_tries_at_the_same_time_count_as_well() -> None:
    store = stores.new()
    with ThreadPoolExecutor(16) as pool:
        passed = list(pool.map(lambda _: waits(store, [by_name("ann")]) == 0, range(64)))
    assert sum(passed) <= 5


def test_an_endless_name_is_kept_short() -> None:
    assert len(by_name("n" * 100_000).id) == 37
