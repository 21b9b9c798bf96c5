"""Asking for events over HTTP: pages, one event, counts, groups, facets, and what can be asked for."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asked import ACME, API, EVENTS, GLOBEX, GROUP, ROOT, SELF, asking, filled, get, number, who
from served import client
from trails import AT, event, sealed_trail

from trailbook.directory.viewer import Scope
from trailbook.errors import TooSlow
from trailbook.event.canonical import encode
from trailbook.seal.tree import leaf_hash

pytestmark = pytest.mark.usefixtures("every_store")

FIRST = "00000000-0000-0000-0000-000000000001"
FOREIGN = "00000000-0000-0000-0000-000000000005"
ABSENT = "00000000-0000-0000-0000-00000000000a"
LATER = AT + timedelta(minutes=90)


def numbers(answer: Any) -> list[int]:
    return [number(row["id"]) for row in answer["rows"]]


def test_a_page_has_what_was_asked_columns_and_rows_by_key() -> None:
    answer = get(asking(served=filled()), "/events", query="user:Ann", columns="date_time,action", during="2021")
    assert answer["columns"] == [
        {"key": "date_time", "label": "Audit - Date/Time", "kind": "time"},
        {"key": "action", "label": "Audit - Action", "kind": "text"},
    ]
    assert answer["rows"] == [
        {"id": EVENTS[2].id, "date_time": "2021-11-17T16:07:31+00:00", "action": "update"},
        {"id": EVENTS[1].id, "date_time": "2021-11-17T15:07:31+00:00", "action": "export"},
        {"id": EVENTS[0].id, "date_time": "2021-11-17T14:07:31+00:00", "action": "play"},
    ]
    report = answer["report"]
    assert (report["query"], report["viewer"], report["zone"], report["order"]) == ("user:Ann", "Ann", "UTC", "newest")
    assert (report["since"], report["until"]) == ("2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z")
    assert report["parties"] == [{"kind": "user", "value": "Ann", "means": ["user:acme/u1"]}]
    assert {book: head["size"] for book, head in report["heads"].items()} == {"acme": 4}
    assert (report["warnings"], answer["before"], answer["after"]) == ([], None, None)


def test_cells_for_people_are_in_the_zone_and_the_locale() -> None:
    answer = get(asking(), "/events", columns="date_time", form="text", zone="Europe/Berlin", locale="de", limit=1)
    assert answer["rows"] == [{"id": EVENTS[3].id, "date_time": "17.11.2021, 18:07"}]


def test_whole_events_come_with_their_place_in_their_book() -> None:
    answer = get(asking(), "/events", form="event", order="oldest", limit=2)
    assert answer["columns"] == []
    assert [(row["id"], row["book"], row["position"]) for row in answer["rows"]] == [
        (EVENTS[0].id, "acme", 0),
        (EVENTS[1].id, "acme", 1),
    ]
    assert answer["rows"][1]["event"]["data"] == {"rows": 3}


def test_cursors_and_links_lead_on_and_back() -> None:
    asks = asking(served=filled())
    first = asks.get(f"{API}/events?columns=id&limit=2&query=-app:trailbook")
    assert (numbers(first.json()), first.json()["before"]) == ([4, 3], None)
    assert set(first.links) == {"next"}
    second = asks.get(first.links["next"]["url"])
    assert (numbers(second.json()), second.json()["after"]) == ([2, 1], None)
    assert set(second.links) == {"prev"}
    assert numbers(asks.get(second.links["prev"]["url"]).json()) == [4, 3]
    oldest = get(asks, "/events", columns="id", limit=3, order="oldest")
    assert numbers(oldest) == [1, 2, 3]


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"cursor": "AAAA"}, "This cursor was not made by Trailbook."),
        ({"cursor": "é"}, "This cursor was not made by Trailbook."),
        ({"order": "oldest"}, "This cursor belongs to a list ordered newest first."),
    ],
)
def test_a_cursor_that_was_edited_or_is_of_another_order_is_refused(parameters: Any, detail: str) -> None:
    asks = asking()
    after = get(asks, "/events", limit=1)["after"]
    answer = asks.get(f"{API}/events", params={"cursor": after, **parameters})
    assert (answer.status_code, answer.json()["detail"], answer.json()["place"]) == (400, detail, "cursor")


def test_heads_leave_out_what_came_after_them() -> None:
    served = filled()
    asks = asking(served=served)
    heads = asks.get(f"{API}/heads").text
    served.store.append(sealed_trail([event(9, AT, action="late one")]))
    now = get(asks, "/events/count", query="-app:trailbook")
    assert (now["rows"], get(asks, "/events/count", query="-app:trailbook", heads=heads)["rows"]) == (5, 4)
    then = get(asks, "/events", query="-app:trailbook", columns="id", heads=heads)
    assert (numbers(then), then["report"]["heads"]) == ([4, 3, 2, 1], json.loads(heads))
    values = get(asks, "/events/facets", field="action", query="-app:trailbook", heads=heads)["values"]
    assert "late one" not in [one["value"] for one in values]


def test_heads_of_another_book_are_a_conflict_and_no_fault_of_the_service() -> None:
    asks = asking()
    heads = {"acme": {"size": asks.get(f"{API}/heads").json()["acme"]["size"], "root": "00" * 32}}
    for path in ("events", "events.csv"):
        answer = asks.get(f"{API}/{path}", params={"heads": json.dumps(heads)})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:trailbook:problem:other-head")


@pytest.mark.parametrize("heads", ['{"acme":{"size":-1,"root":""}}', "[]", '{"acme":{"size":1,"root":"x"}}', "{"])
def test_heads_that_are_none_are_refused(heads: str) -> None:
    answer = asking().get(f"{API}/events", params={"heads": heads})
    assert (answer.status_code, answer.json()["place"]) == (400, "heads")


def test_a_count_is_exact_or_stops() -> None:
    asks = asking(served=filled())
    count = get(asks, "/events/count", query="user:Ann")
    assert (count["rows"], count["exact"], count["late"]) == (3, True, 0)
    count = get(asks, "/events/count", query="user:Ann", at_most=2)
    assert (count["rows"], count["exact"]) == (2, False)


def test_a_summary_counts_by_columns_and_buckets_of_time() -> None:
    asks = asking(served=filled())
    answer = get(asks, "/events/summary", by="day,initiator", zone="Europe/Berlin", during="2021-11")
    assert answer["rows"] == [
        {"day": "2021-11-17", "initiator": "Ann", "rows": 2},
        {"day": "2021-11-17", "initiator": "Bob", "rows": 2},
    ]
    assert (answer["total"], answer["groups"]) == (4, 2)
    assert [one["key"] for one in answer["columns"]] == ["day", "initiator", "rows"]
    most = get(asks, "/events/summary", by="outcome", group_order="rows", limit=1, during="2021-11")
    assert (most["rows"], most["total"], most["groups"]) == ([{"outcome": "unknown", "rows": 3}], 4, 2)


def test_facets_are_the_most_frequent_values() -> None:
    answer = get(asking(served=filled()), "/events/facets", field="user", query="-action:login", limit=5)
    assert (answer["field"], answer["values"]) == (
        "user",
        [{"value": "acme/u1", "name": "Ann", "events": 2}, {"value": "acme/u2", "name": "Bob", "events": 1}],
    )


def test_one_event_is_told_in_full() -> None:
    (one,) = get(asking(served=filled()), f"/events/{FIRST}", zone="Europe/Berlin")["events"]
    assert (one["id"], one["book"], one["position"], one["event"]["action"]) == (FIRST, "acme", 0, "play")
    assert one["leaf_hash"] == leaf_hash(encode(sealed_trail(EVENTS[:1])[0].event)).hex()
    lines = {line["label"]: line["text"] for line in one["details"]}
    assert lines["Occurred at"] == "Nov 17, 2021, 3:07:31 PM +01:00 (2021-11-17T15:07:31+01:00)"
    assert lines["Initiator"] == "Ann (user:acme/u1), user"


def test_one_id_in_several_books_is_several_events() -> None:
    served = filled()
    served.store.append(sealed_trail([event(1, tenant="globex")]))
    assert [one["book"] for one in get(asking(ROOT, served), f"/events/{FIRST}")["events"]] == ["acme", "globex"]
    assert [one["book"] for one in get(asking(GLOBEX, served), f"/events/{FIRST}")["events"]] == ["globex"]


def test_an_event_that_is_known_is_not_sent_again() -> None:
    asks = asking()
    first = asks.get(f"{API}/events/{FIRST}")
    again = asks.get(f"{API}/events/{FIRST.upper()}", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert asks.get(f"{API}/events/{FIRST}", headers={"If-None-Match": '"x"'}).content == first.content


@pytest.mark.parametrize("scope", [ACME, GROUP, SELF])
def test_foreign_and_absent_events_get_the_same_answer(
    scope: Scope,
) -> None:
    asks = asking(scope, filled())
    foreign, absent = asks.get(f"{API}/events/{FOREIGN}"), asks.get(f"{API}/events/{ABSENT}")
    assert (foreign.status_code, foreign.content) == (404, absent.content)
    assert foreign.headers == absent.headers
    assert foreign.content == asks.get(f"{API}/events/nonsense").content


SEEN = {"root": (ROOT, {}, [5, 4, 3, 2, 1]), "acme": (ACME, {}, [4, 3, 2, 1]), "globex": (GLOBEX, {}, [5])} | {
    "group": (GROUP, {}, [4, 3]),
    "self": (SELF, {}, [3, 2, 1]),
    "since": (ACME, {"since": LATER}, [4, 3]),
    "until": (ACME, {"until": LATER}, [2, 1]),
    "hidden": (ACME, {"hidden": frozenset(("ip",))}, [4, 3, 2, 1]),
}


@pytest.mark.parametrize(("scope", "seat", "seen"), SEEN.values(), ids=SEEN)
def test_everything_is_within_what_one_may_see(
    scope: Scope,
    seat: Any,
    seen: list[int],
) -> None:
    asks = client(filled(), who(scope, **seat))
    own = {"query": "app:web"}
    assert numbers(get(asks, "/events", columns="id", **own)) == seen
    assert get(asks, "/events/count", **own)["rows"] == len(seen)
    assert get(asks, "/events/summary", by="book", **own)["total"] == len(seen)
    assert sum(one["events"] for one in get(asks, "/events/facets", field="action", **own)["values"]) == len(seen)
    csv = asks.get(f"{API}/events.csv?columns=id&query=app:web").text.splitlines()
    assert [number(line.strip('"')) for line in csv[1:]] == seen
    jsonl = asks.get(f"{API}/events.jsonl?columns=id&query=app:web").text.splitlines()
    assert len(jsonl) == len(seen) + 1
    found = [one for one in range(1, 6) if asks.get(f"{API}/events/{EVENTS[one - 1].id}").status_code == 200]
    assert found == sorted(seen)


@pytest.mark.parametrize(
    "path",
    [
        "/events?columns=ip",
        "/events?query=ip:10.0.0.0/8",
        "/events?query=canary",
        "/events?columns=data",
        "/events?form=event",
        "/events/count?query=ip:10.0.0.0/8",
        "/events/summary?by=ip",
        "/events/summary?by=day&query=ip:10.0.0.0/8",
        "/events/facets?field=ip",
        "/events/facets?field=user&query=-ip:10.0.0.0/8",
        "/events.csv?columns=id,ip",
        "/events.csv?query=ip:10.0.0.0/8",
        "/events.jsonl?columns=ip",
    ],
)
def test_a_hidden_column_is_hidden_everywhere(path: str) -> None:
    answer = asking(hidden=frozenset(("ip",))).get(API + path)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:trailbook:problem:not-allowed")


def test_what_is_hidden_is_in_no_answer() -> None:
    asks = asking(hidden=frozenset(("ip",)))
    page = get(asks, "/events")
    assert "ip" not in page["rows"][0]
    assert page["report"]["warnings"] == [
        "Not shown, as hidden from you: Audit - Details, Audit - Initiator IP, Audit - Data, Audit - Modified Data."
    ]
    assert "ip" not in [one["key"] for one in get(asks, "/columns")["columns"]]
    shown = asks.get(f"{API}/events/{FIRST}")
    assert "85.223" not in shown.text
    assert set(shown.json()["events"][0]) == {"details"}


def test_by_a_hidden_id_nothing_is_found() -> None:
    asks = asking(hidden=frozenset(("id",)))
    assert get(asks, "/events", columns="action", limit=1)["rows"] == [{"action": "login"}]
    assert [asks.get(f"{API}/events/{id}").status_code for id in (FIRST, ABSENT)] == [403, 403]


@pytest.mark.parametrize(
    "path", ["/events", "/events/count", "/events/summary?by=day", "/events/facets?field=user", f"/events/{FIRST}",
             "/events.csv", "/events.jsonl", "/columns", "/heads", "/reports", "/reports/x/rows", "/reports/x/csv"]
)  # fmt: skip
def test_who_may_not_see_events_sees_none(path: str) -> None:
    answer = asking(rights=frozenset(("ingest", "directory", "export"))).get(API + path)
    assert (answer.status_code, answer.json()["detail"]) == (403, "You may not see events.")


def test_a_seat_that_has_ended_sees_nothing() -> None:
    assert asking(expires_at=AT).get(f"{API}/events").status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "place"),
    [
        ("/events?query=user:", 400, "query, character 6"),
        ("/events?query=(a", 400, "query, character 1"),
        ("/events?columns=nothing", 400, "columns"),
        ("/events?columns=id,id", 400, "columns"),
        ("/events?zone=Mars/Base", 400, "zone"),
        ("/events?locale=zz", 400, "locale"),
        ("/events?since=soon", 400, "since"),
        ("/events?limit=1001", 422, "query.limit"),
        ("/events?limit=x", 422, "query.limit"),
        ("/events?order=random", 422, "query.order"),
        ("/events?querry=x", 400, "query.querry"),
        ("/events/count?at_most=0", 422, "query.at_most"),
        ("/events/summary", 422, "query.by"),
        ("/events/summary?by=id", 400, "group_by"),
        ("/events/facets?field=data", 422, "query.field"),
        ("/events.csv?limit=0", 422, "query.limit"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(path: str, status: int, place: str) -> None:
    answer = asking().get(API + path)
    assert (answer.status_code, answer.json()["place"]) == (status, place)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_query_that_takes_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: object, **options: object) -> None:
        raise TooSlow("The query took longer than allowed.", remedy="Narrow the period or the query.")

    served = filled()
    reads = served.store.limited(1.0)
    monkeypatch.setattr(reads, "page", slow)
    monkeypatch.setattr(served.store, "limited", lambda seconds: reads)
    answer = asking(served=served).get(f"{API}/events")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:trailbook:problem:too-slow")
    assert answer.json()["remedy"] == "Narrow the period or the query."


def test_reads_have_the_time_that_the_settings_give(monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled(query_seconds=2.5)
    given: list[float] = []
    limited = served.store.limited
    monkeypatch.setattr(served.store, "limited", lambda seconds: (given.append(seconds), limited(seconds))[1])
    get(asking(served=served), "/events")
    assert set(given) == {2.5}


def test_the_vocabulary_can_be_asked_for() -> None:
    asks = asking()
    columns = get(asks, "/columns")["columns"]
    assert (len(columns), columns[0]) == (
        26,
        {
            "key": "id",
            "label": "Audit - ID",
            "kind": "text",
            "shows": "the event's ID",
            "default": True,
            "groups": False,
        },
    )
    assert {"name": "okta", "title": "Okta System Log"}.items() <= {
        one["name"]: one for one in get(asks, "/formats")["formats"]
    }["okta"].items()
    assert 'title = "Okta' in asks.get(f"{API}/formats/okta").text
    assert asks.get(f"{API}/formats/..%2Fsettings").status_code == 404
    assert asks.get(f"{API}/formats/none").status_code == 404
    assert set(get(asks, "/heads")) == {"acme"}
    assert set(get(asking(ROOT), "/heads")) == {"acme", "globex"}
