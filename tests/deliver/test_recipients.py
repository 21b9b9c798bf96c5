"""Where outside recipients are: what is no address is refused before it is kept, by one reading of a URL."""

from __future__ import annotations

import pytest
from simulated import START

from trailbook.deliver.recipients import DOMAINS, Domains, Recipient, address
from trailbook.errors import NotAllowed, TrailbookError
from trailbook.store.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.keep([DOMAINS.record(Domains("acme", ("example.com", "xn--mller-kva.example")))], now=START)
    return store


@pytest.mark.parametrize("url", ["https://example.com/hook?x=1", "http://EXAMPLE.com:8080/", "https://müller.example/"])
def test_a_webhook_at_an_allowed_host_is_taken_as_it_is_written(store: MemoryStore, url: str) -> None:
    assert address(store, "acme", Recipient("webhook", url), START) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com@elsewhere.example/",
        "http://elsewhere.example\\@example.com/",
        "http://name:word@example.com/",
        "https://example.com#@elsewhere.example/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "ftp://example.com/",
        "https:///example.com",
        "https://example.com/a b",
        "example.com",
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(store: MemoryStore, url: str) -> None:
    with pytest.raises(TrailbookError, match="not the address of a webhook"):
        address(store, "acme", Recipient("webhook", url), START)


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "https://sub.example.com/", "https://example.com./"])
def test_another_host_is_not_allowed(store: MemoryStore, url: str) -> None:
    with pytest.raises(NotAllowed, match="Nothing may be sent to"):
        address(store, "acme", Recipient("webhook", url), START)


@pytest.mark.parametrize(
    "url", ["https://example.com/secret", "https://secret@example.com?secret", "https://example.com\\secret"]
)
def test_what_is_told_of_a_webhook_is_its_host_and_which_one_it_is(url: str) -> None:
    told = Recipient("webhook", url).told
    assert told.startswith("webhook:example.com (")
    assert "secret" not in told
    assert told != Recipient("webhook", f"{url}s").told
