"""Quotas: what a tenant and a key may send a second, and when to come again."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import stores

from trailbook.errors import TooMuch
from trailbook.store.ports import Store
from trailbook.web.quotas import Buckets, Quotas, settled


def refused(quotas: Quotas, tenant: str, key: str, events: int, now: float) -> float:
    """After how many seconds to come again."""
    with pytest.raises(TooMuch) as caught:
        quotas.take(tenant, key, events, now)
    return caught.value.retry_after


def test_ten_seconds_worth_may_come_at_once_and_then_the_rate() -> None:
    quotas = Quotas(5, 0)
    quotas.take("acme", "k", 50, now=0)
    assert refused(quotas, "acme", "k", 1, now=0) == pytest.approx(0.2)
    assert refused(quotas, "acme", "k", 10, now=1) == pytest.approx(1)
    quotas.take("acme", "k", 10, now=2)
    assert refused(quotas, "acme", "k", 1, now=2) == pytest.approx(0.2)


def test_a_batch_larger_than_the_bucket_goes_once_it_is_full_and_is_owed() -> None:
    quotas = Quotas(10, 0)
    quotas.take("acme", "k", 300, now=0)
    assert refused(quotas, "acme", "k", 300, now=0) == pytest.approx(30)
    assert refused(quotas, "acme", "k", 1, now=20) == pytest.approx(0.1)
    quotas.take("acme", "k", 300, now=30)


def test_tenants_and_keys_have_buckets_of_their_own() -> None:
    quotas = Quotas(10, 1)
    quotas.take("acme", "k1", 10, now=0)
    assert refused(quotas, "acme", "k1", 1, now=0) == pytest.approx(1)
    quotas.take("acme", "k2", 10, now=0)
    quotas.take("globex", "k3", 10, now=0)


def test_what_one_quota_refuses_does_not_count_against_the_other() -> None:
    quotas = Quotas(10, 1)
    quotas.take("acme", "k1", 10, now=0)
    for _ in range(100):
        refused(quotas, "acme", "k1", 10, now=0)
    for key in range(2, 11):
        quotas.take("acme", f"k{key}", 10, now=0)
    assert refused(quotas, "acme", "k11", 1, now=0) == pytest.approx(0.1)


def test_a_rate_of_nothing_bounds_nothing() -> None:
    quotas = Quotas(0, 0)
    for _ in range(100):
        quotas.take("acme", "k", 1_000_000, now=0)


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    quotas = Quotas(1, 0)
    quotas.take("acme", "k", 5, now=100)
    quotas.take("acme", "k", 5, now=50)
    assert refused(quotas, "acme", "k", 1, now=50) == pytest.approx(1)


def test_there_are_never_more_buckets_than_said() -> None:
    buckets = Buckets(1, most=3)
    for name in range(100):
        buckets.take(name, 1, now=name)
    assert len(buckets) == 3
    assert buckets.wait(99, 10, now=99) == pytest.approx(1)


def moments(seconds: float) -> datetime:
    return datetime(2021, 11, 17, tzinfo=UTC) + timedelta(seconds=seconds)


def settle(quotas: Quotas, store: Store, now: float) -> None:
    """As the service does from time to time."""
    quotas.settle(settled(store, quotas.claims(), moments(now)), now)


def test_what_other_processes_let_through_counts_once_it_is_settled(every_store: None) -> None:
    store, one, other = stores.new(), Quotas(10, 0), Quotas(10, 0)
    one.take("acme", "k", 100, now=0)
    other.take("acme", "k", 50, now=0)
    settle(one, store, now=0)
    settle(other, store, now=0)
    assert refused(other, "acme", "k", 10, now=0) == pytest.approx(6)
    assert refused(one, "acme", "k", 10, now=0) == pytest.approx(1)
    one.take("acme", "k", 10, now=1)
    settle(one, store, now=1)
    assert refused(one, "acme", "k", 10, now=1) == pytest.approx(6)
    other.take("globex", "k", 100, now=1)


def test_processes_together_let_through_what_one_would(every_store: None) -> None:
    store, processes = stores.new(), [Quotas(10, 0) for _ in range(3)]
    taken = 0
    for tenths in range(600):
        for quotas in processes:
            with suppress(TooMuch):
                quotas.take("acme", "k", 1, now=tenths / 10)
                taken += 1
            if quotas.pressing.is_set() or tenths % 10 == 0:
                settle(quotas, store, now=tenths / 10)
    assert taken == pytest.approx(700, rel=0.1)


def test_what_cannot_be_settled_is_claimed_again_and_counts_meanwhile(every_store: None) -> None:
    store, quotas = stores.new(), Quotas(10, 5)
    quotas.take("acme", "k", 30, now=0)
    claims = quotas.claims()
    assert [(claim.id, claim.amount) for claim in claims] == [("key:k", 30), ("tenant:acme", 30)]
    assert quotas.claims() == []
    quotas.give_back(claims)
    quotas.take("acme", "k", 20, now=0)
    assert refused(quotas, "acme", "k", 1, now=0) == pytest.approx(0.2)
    assert settled(store, quotas.claims(), moments(0)) == {"key:k": 0, "tenant:acme": 50}


def test_what_is_taken_while_it_is_settled_counts_too(every_store: None) -> None:
    store, quotas = stores.new(), Quotas(10, 0)
    quotas.take("acme", "k", 60, now=0)
    levels = settled(store, quotas.claims(), moments(0))
    quotas.take("acme", "k", 40, now=0)
    quotas.settle(levels, 0)
    assert refused(quotas, "acme", "k", 10, now=0) == pytest.approx(1)


def test_a_level_is_forgotten_once_the_bucket_is_full_again(every_store: None) -> None:
    store, quotas = stores.new(), Quotas(10, 0)
    quotas.take("acme", "k", 50, now=0)
    settle(quotas, store, now=0)
    assert store.forget_expired(moments(4.9)) == 0
    assert store.forget_expired(moments(5)) == 1
