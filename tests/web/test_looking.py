"""Looking counts: what is kept of who looked at what, before anything is shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from asked import ACME, API, EVENTS, GROUP, ROOT, asking, filled, get, looks
from msgspec.structs import replace
from served import NOW, caller, client

from trailbook.errors import DiskFull
from trailbook.event.model import Initiator, PartyKey
from trailbook.store.ports import Record
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")


def test_a_report_that_is_opened_is_an_event_in_the_book_of_the_viewers_tenant() -> None:
    served = filled()
    get(asking(served=served), "/events", query="user:Ann", during="2021-11")
    (look,) = looks(served)
    one = look.event
    assert (one.tenant, one.application, one.resource, one.action) == ("acme", "trailbook", "reports", "open")
    assert (one.occurred_at, one.outcome, one.request_id) == (NOW, "success", "r-1")
    assert one.initiator is not None
    assert one.initiator.party() == ("user", "acme", "u1")
    assert one.data == {"query": "user:Ann", "during": "2021-11"}
    assert (one.targets, one.derived, one.related) == ((), (), ())


def test_who_is_looked_into_does_not_find_out() -> None:
    served = filled()
    get(
        client(served, replace(caller(ACME), id="a-9", user=PartyKey("user", "acme", "boss"))),
        "/events",
        query="user:u2",
    )
    assert get(asking(GROUP, served), "/events/count", query="app:trailbook")["rows"] == 0


def test_the_same_look_is_kept_once_in_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled()
    asks = asking(served=served)
    same = {"query": "action:play"}
    page = get(asks, "/events", limit=1, **same)
    get(asks, "/events", limit=1, columns="id", order="newest", cursor=page["after"] or "", **same)
    get(asks, "/events/count", **same)
    get(asks, "/events/summary", by="day", **same)
    get(asks, "/events/facets", field="user", **same)
    assert len(looks(served)) == 1
    get(asks, "/events", query="action:export")
    get(asks, "/events", during="2021-11", **same)
    get(client(served, replace(caller(ACME), id="a-2")), "/events", **same)
    assert len(looks(served)) == 4
    monkeypatch.setattr(served, "clock", lambda: NOW + timedelta(minutes=9, seconds=59))
    get(asks, "/events", **same)
    assert len(looks(served)) == 4
    monkeypatch.setattr(served, "clock", lambda: NOW + timedelta(minutes=10))
    get(asks, "/events", **same)
    assert len(looks(served)) == 5


def test_an_event_that_is_opened_is_a_look_in_the_book_that_it_is_in() -> None:
    served = filled()
    asks = asking(ROOT, served)
    for _ in range(2):
        get(asks, f"/events/{EVENTS[4].id}")
    (look,) = looks(served)
    assert (look.event.tenant, look.event.data) == ("globex", {"event": EVENTS[4].id})


def test_who_sees_all_books_looks_in_the_book_of_their_own_tenant() -> None:
    served = filled()
    get(asking(ROOT, served), "/events")
    assert [look.event.tenant for look in looks(served)] == ["default"]


def test_every_export_is_an_event_with_what_was_asked_for() -> None:
    served = filled()
    asks = asking(served=served)
    for _ in range(2):
        asks.get(f"{API}/events.csv?query=user:Ann&columns=id,action&limit=2")
    asks.get(f"{API}/events.jsonl?columns=id&until=2021-11-30")
    first, second, third = [(look.event.action, look.event.data) for look in looks(served)]
    asked = {"query": "user:Ann", "format": "csv", "columns": ["id", "action"], "rows": 2}
    assert first == second == ("export", asked)
    rows = {"query": "", "until": "2021-11-30", "format": "jsonl", "columns": ["id"], "rows": 4}
    assert third == ("export", rows)


def test_what_is_refused_is_no_look() -> None:
    served = filled()
    asks = asking(served=served, hidden=frozenset(("ip",)))
    for path in (
        "/events?columns=ip",
        "/events?query=(",
        "/events.csv?columns=ip",
        "/events/x",
        "/events/summary?by=ip",
    ):
        assert asks.get(API + path).status_code >= 400
    assert looks(served) == []


PATHS = ["/events", "/events/count", "/events/summary?by=day", "/events/facets?field=user", f"/events/{EVENTS[0].id}",
         "/events.csv", "/events.jsonl"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_when_it_cannot_be_kept_nothing_is_shown(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled()
    read: list[str] = []

    def full(changed: Iterable[Record], **rest: object) -> None:
        raise DiskFull("The disk is full.", remedy="Free some space.")

    monkeypatch.setattr(served.store, "keep", full)
    limited = served.store.limited

    def watched(seconds: float) -> Any:
        reads = limited(seconds)
        monkeypatch.setattr(reads, "page", lambda *args, **options: read.append("page"))
        monkeypatch.setattr(reads, "scan", lambda *args, **options: read.append("scan"))
        return reads

    monkeypatch.setattr(served.store, "limited", watched)
    answer = asking(served=served).get(API + path)
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:trailbook:problem:disk-full")
    assert read == []


def test_two_who_ask_the_same_at_the_same_moment_are_both_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    served: Service = filled()
    asks = asking(served=served)
    get(asks, "/events")
    monkeypatch.setattr(served.store, "record", lambda *args: None)
    get(asks, "/events")
    assert len(looks(served)) == 1


def test_a_look_says_what_program_looked() -> None:
    served = filled()
    program = replace(caller(ACME), kind="key", id="k1", name="Backup", user=PartyKey("user", "acme", "key:k1"))
    get(client(served, program), "/events")
    (look,) = looks(served)
    assert isinstance(look.event.initiator, Initiator)
    assert (look.event.initiator.type, look.event.initiator.id) == ("service", "key:k1")
