"""Sending events over the API: what is answered, to whom it is allowed, and what every malformed request is told."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import zstandard
from msgspec import structs
from served import NOW, caller, client, service
from starlette.testclient import TestClient

from trailbook.access.kept import KEYS
from trailbook.access.keys import key_id, make_key
from trailbook.access.model import RIGHTS_OF_USE
from trailbook.directory.viewer import OPERATOR, GroupScope, Root, Scope, SelfScope, TenantScope
from trailbook.errors import DiskFull
from trailbook.query.tree import EVERYTHING
from trailbook.store.memory import MemoryStore
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

URL = "/api/v1/events"
ID = "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10"
EVENT = {"occurred_at": "2021-11-17T14:07:00Z", "resource": "calls", "action": "play", "application": "web"}
ACME = TenantScope("acme")


def sending(served: Service | None = None, scope: Scope = ACME, **seat: Any) -> TestClient:
    return client(served or service(), caller(scope, RIGHTS_OF_USE["ingest"], **seat))


def stored(served: Service) -> list[Any]:
    return [row.event for row in served.store.scan(OPERATOR, EVERYTHING, order="oldest")]


def test_one_event_is_stored_and_answered_with_its_place_and_proof() -> None:
    served = service()
    answer = sending(served).post(URL, json={**EVENT, "id": ID})
    assert answer.status_code == 200
    (head,) = served.store.heads(OPERATOR).values()
    assert answer.json() == {
        "stored": 1, "duplicates": 0, "conflicts": 0, "rejected": 0,
        "results": [{"status": "stored", "id": ID, "book": "acme", "position": 0, "leaf_hash": head.root.hex()}],
    }  # fmt: skip
    (event,) = stored(served)
    assert (event.id, event.tenant, event.recorded_at) == (ID, "acme", NOW)


def test_an_event_without_an_id_gets_a_version_7_uuid_each_time() -> None:
    sender = sending()
    first, second = (sender.post(URL, json=EVENT).json()["results"][0] for _ in range(2))
    assert first["id"][14] == second["id"][14] == "7"
    assert first["id"] != second["id"]
    assert (first["position"], second["position"]) == (0, 1)


def test_sending_again_is_a_duplicate_and_other_contents_are_a_conflict() -> None:
    sender = sending()
    first = sender.post(URL, json={**EVENT, "id": ID}).json()["results"][0]
    again = sender.post(URL, json={**EVENT, "id": ID}).json()
    assert (again["duplicates"], again["results"]) == (1, [{**first, "status": "duplicate"}])
    other = sender.post(URL, json={**EVENT, "id": ID, "action": "stop"})
    assert (other.status_code, other.json()["type"]) == (409, "urn:trailbook:problem:conflict")
    assert sender.post(URL, json=[{**EVENT, "id": ID, "action": "stop"}]).json()["results"][0] == {
        "status": "conflict",
        "id": ID,
        "field": "id",
        "reason": "An event with this id is there already with other contents, "
        "or was stored with other mask settings than now.",
        "remedy": "Give it an id of its own, if it is another event; what is stored is never changed.",
    }


def test_good_events_are_stored_though_bad_ones_are_beside_them_and_the_order_is_kept() -> None:
    served = service()
    events = [
        EVENT,
        {**EVENT, "action": ""},
        5,
        {**EVENT, "id": ID},
        {**EVENT, "id": ID},
        {**EVENT, "tenant": "globex"},
    ]
    answer = sending(served).post(URL, json=events)
    assert answer.status_code == 200
    got = answer.json()
    assert [got[name] for name in ("stored", "duplicates", "conflicts", "rejected")] == [2, 1, 0, 3]
    assert [one["status"] for one in got["results"]] == [
        "stored", "rejected", "rejected", "stored", "duplicate", "rejected",
    ]  # fmt: skip
    assert got["results"][1] == {
        "status": "rejected",
        "id": None,
        "field": "action",
        "reason": "The text is empty.",
        "remedy": "Send a text, or leave out what it belongs to.",
    }
    assert len(stored(served)) == 2


def test_a_line_that_is_broken_is_rejected_by_itself() -> None:
    body = b"\n".join([json.dumps(EVENT).encode(), b'{"broken', b"\xff", json.dumps(EVENT).encode()])
    answer = sending().post(URL, content=body, headers={"Content-Type": "application/x-ndjson"}).json()
    assert [one["status"] for one in answer["results"]] == ["stored", "rejected", "rejected", "stored"]
    assert answer["results"][1]["reason"] == "The JSON ends too early."


def test_an_idempotency_key_makes_a_retry_a_duplicate_and_another_body_a_conflict() -> None:
    sender = sending()
    key = {"Idempotency-Key": "order-4711"}
    first = sender.post(URL, json=[EVENT, EVENT], headers=key).json()
    assert first["stored"] == 2
    assert [one["id"][14] for one in first["results"]] == ["8", "8"]
    again = sender.post(URL, json=[EVENT, EVENT], headers=key).json()
    assert again["duplicates"] == 2
    assert [one["id"] for one in again["results"]] == [one["id"] for one in first["results"]]
    assert sender.post(URL, json=[EVENT, {**EVENT, "action": "x"}], headers=key).json()["conflicts"] == 1
    assert sender.post(URL, json=[EVENT, EVENT], headers={"Idempotency-Key": "other"}).json()["stored"] == 2


def test_the_same_idempotency_key_of_another_tenant_is_another() -> None:
    served, key = service(), {"Idempotency-Key": "1"}
    one, other = (
        sending(served, TenantScope(tenant)).post(URL, json=EVENT, headers=key).json()["results"][0]["id"]
        for tenant in ("acme", "globex")
    )
    assert one != other


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_packed_bodies_are_taken(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = pack(json.dumps([EVENT] * 50).encode())
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    assert sending().post(URL, content=body, headers=headers).json()["stored"] == 50


def test_ten_thousand_events_are_one_request_and_one_more_is_too_many() -> None:
    served = service()
    line = json.dumps(EVENT).encode() + b"\n"
    headers = {"Content-Type": "application/jsonl"}
    answer = sending(served).post(URL, content=line * 10_000, headers=headers).json()
    assert [one["position"] for one in answer["results"]] == list(range(10_000))
    assert sending(served).post(URL, content=line * 10_001, headers=headers).status_code == 413


def test_texts_of_every_script_come_through_as_they_are() -> None:
    served = service()
    text = "Grüße, 通话 — עברית 👩‍🚀 \u202e e\u0301"
    assert sending(served).post(URL, json={**EVENT, "details": text}).json()["stored"] == 1
    assert [event.details for event in stored(served)] == [text]


def test_two_tenants_write_into_their_own_books_whatever_the_events_say() -> None:
    served = service()
    event = {**EVENT, "initiator": {"id": "u1", "tenant": "elsewhere"}}
    for tenant in ("acme", "globex"):
        answer = sending(served, TenantScope(tenant)).post(URL, json=[event, {**event, "tenant": "acme"}]).json()
        assert {one["book"] for one in answer["results"] if one["status"] == "stored"} == {tenant}
    assert {book: head.size for book, head in served.store.heads(OPERATOR).items()} == {"acme": 2, "globex": 1}


def test_an_application_is_filled_in_if_the_key_names_just_one() -> None:
    served = service()
    bare = {name: value for name, value in EVENT.items() if name != "application"}
    sender = sending(served, applications=("cron",))
    assert sender.post(URL, json=bare).status_code == 200
    assert [event.application for event in stored(served)] == ["cron"]
    refused = sender.post(URL, json=EVENT)
    assert (refused.status_code, refused.json()["place"]) == (422, "application")


@pytest.mark.parametrize("scope", [Root(), GroupScope("acme", ("g1",)), SelfScope("acme", "u1")])
def test_who_is_not_bound_to_one_book_sends_nothing(scope: Scope) -> None:
    answer = sending(scope=scope).post(URL, json=EVENT)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:trailbook:problem:not-allowed")


def test_who_lacks_the_right_sends_nothing() -> None:
    answer = client(service(), caller(ACME, RIGHTS_OF_USE["read"])).post(URL, json=EVENT)
    assert (answer.status_code, answer.json()["detail"]) == (403, "You may not send events.")


def test_who_sends_more_than_the_quota_is_told_when_to_come_again() -> None:
    served = service(events_per_second=1)
    assert sending(served).post(URL, json=[EVENT] * 10).status_code == 200
    answer = sending(served).post(URL, json=[EVENT] * 3)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["type"] == "urn:trailbook:problem:too-much"
    assert sending(served, TenantScope("globex")).post(URL, json=EVENT).status_code == 200
    assert (served.intake.room.events, served.intake.room.bytes) == (0, 0)


def test_when_the_queue_is_full_the_answer_is_to_come_again() -> None:
    served = service()
    hold = served.intake.room.admit("acme")
    hold.events(served.settings.queue_events // 2)
    answer = sending(served).post(URL, json=EVENT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "urn:trailbook:problem:overloaded"
    hold.release()
    assert sending(served).post(URL, json=EVENT).status_code == 200


class Full(MemoryStore):
    """A store whose disk is full as long as it is told so."""

    full = True

    def append(self, batch: Any) -> Any:
        if self.full:
            raise DiskFull("There is no room left.")
        return super().append(batch)


def test_a_full_disk_is_said_and_sending_goes_on_when_there_is_room() -> None:
    store = Full()
    sender = sending(service(store))
    answer = sender.post(URL, json={**EVENT, "id": ID})
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:trailbook:problem:disk-full")
    store.full = False
    assert sender.post(URL, json={**EVENT, "id": ID}).json()["stored"] == 1


def test_a_secret_that_the_settings_name_is_masked_before_it_is_stored() -> None:
    served = service(mask=("data.pin",))
    sending(served).post(URL, json={**EVENT, "data": {"pin": "1234"}})
    assert "1234" not in str(stored(served)[0].data)


def kept_key(served: Service, **fields: Any) -> str:
    """The text of a key of acme that may send."""
    given = {"name": "web", "tenant": "acme", "uses": frozenset(("ingest",)), "created_by": "a-1", **fields}
    text, key = make_key(served.randomness, created_at=NOW, **given)
    served.keep([KEYS.record(key)])
    return text


def test_a_key_sends_and_is_looked_up_once_a_second() -> None:
    served, moment = service(), [NOW]
    served.clock = lambda: moment[0]
    text = kept_key(served)
    sender = client(served)
    headers = {"Authorization": f"Bearer {text}"}
    assert sender.post(URL, json=EVENT, headers=headers).json()["results"][0]["book"] == "acme"
    found = KEYS.find(served.store, key_id(text), NOW)
    assert found is not None
    served.keep([KEYS.record(structs.replace(found.value, revoked_at=NOW), found)])
    moment[0] += timedelta(seconds=0.9)
    assert sender.post(URL, json=EVENT, headers=headers).status_code == 200
    moment[0] += timedelta(seconds=0.1)
    assert sender.post(URL, json=EVENT, headers=headers).status_code == 401


def test_a_key_that_ends_is_refused_from_that_moment_on() -> None:
    served, moment = service(), [NOW]
    served.clock = lambda: moment[0]
    headers = {"Authorization": f"Bearer {kept_key(served, expires_at=NOW + timedelta(seconds=0.5))}"}
    sender = client(served)
    assert sender.post(URL, json=EVENT, headers=headers).status_code == 200
    moment[0] += timedelta(seconds=0.5)
    assert sender.post(URL, json=EVENT, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer tb_nonsense"}, {"Authorization": "Basic YTpi"}, {"Authorization": "é"}]
)
def test_who_is_not_known_sends_nothing(headers: dict[str, str]) -> None:
    raw = {name: value.encode() for name, value in headers.items()}
    answer = client(service()).post(URL, json=EVENT, headers=raw)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:trailbook:problem:not-signed-in")


def event(**fields: Any) -> bytes:
    return json.dumps({**EVENT, **fields}).encode()


GZIP, LINES = {"Content-Encoding": "gzip"}, {"Content-Type": "application/x-ndjson"}
MALFORMED: list[tuple[str, bytes, dict[str, str], int, str, str]] = [
    ("nothing", b"", {}, 400, "bad-input", "The body is empty."),
    ("blanks", b" \n\t", {}, 400, "bad-input", "The body is empty."),
    ("no JSON", b"hello", {}, 400, "bad-input", "begins neither"),
    ("a number", b"5", {}, 400, "bad-input", "begins neither"),
    ("a text", b'"x"', {}, 400, "bad-input", "begins neither"),
    ("null", b"null", {}, 400, "bad-input", "begins neither"),
    ("a form", b"a=1&b=2", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "bad-input", "begins neither"),
    ("XML", b"<event/>", {"Content-Type": "text/xml"}, 400, "bad-input", "begins neither"),
    ("UTF-16", event().decode().encode("utf-16"), {}, 400, "bad-input", "begins neither"),
    ("NUL bytes", b"\0" * 100, {}, 400, "bad-input", "begins neither"),
    ("an open object", b'{"action":', {}, 422, "bad-event", "ends too early"),
    ("an open text", b'{"action":"', {}, 422, "bad-event", "ends too early"),
    ("an open array", b"[" + event(), {}, 400, "bad-input", "The body is not JSON: Input data was truncated."),
    ("a comma too many", b"[" + event() + b",]", {}, 400, "bad-input", "not JSON"),
    ("something behind the array", b"[] x", {}, 400, "bad-input", "not JSON"),
    ("something behind the object", event() + b"x", {}, 422, "bad-event", "trailing characters"),
    ("two objects as JSON", event() + b"\n" + event(), {}, 422, "bad-event", "trailing characters"),
    ("single quotes", b"{'action':'x'}", {}, 422, "bad-event", "not JSON"),
    ("NaN", b'{"data":NaN}', {}, 422, "bad-event", "not JSON"),
    ("not UTF-8", b'{"action":"\xff"}', {}, 422, "bad-event", "Byte 11 is not UTF-8."),
    ("half a surrogate pair", event(details="\ud800"), {}, 422, "bad-event", "half of a surrogate pair"),
    ("a NUL character", event(details="\0"), {}, 422, "bad-event", "NUL character"),
    ("arrays 100,000 deep", b"[" * 100_000, {}, 400, "bad-input", "nested too deeply"),
    ("data 100,000 deep", b'{"data":' + b"[" * 100_000, {}, 422, "bad-event", "nested more than 64 deep"),
    ("data 65 deep", event(data=json.loads("[" * 66 + "]" * 66)), {}, 422, "bad-event", "nested more than 64 deep"),
    ("a key twice", event()[:-1] + b',"action":"x"}', {}, 422, "bad-event", "occurs twice"),
    ("a field that is none", event(user="x"), {}, 422, "bad-event", "There is no field `user`."),
    ("a field that is missing", b'{"resource":"r","action":"a"}', {}, 422, "bad-event", "`occurred_at` is missing."),
    ("a time without a zone", event(occurred_at="2021-11-17T14:07:00"), {}, 422, "bad-event", "The time has no zone."),
    ("a time that is none", event(occurred_at="yesterday"), {}, 422, "bad-event", "not a time as in RFC 3339"),
    ("a year too far", event(occurred_at="9999-01-01T00:00:00Z"), {}, 422, "bad-event", "The year 9999 is outside"),
    ("an id that is none", event(id="42"), {}, 422, "bad-event", "The id is not a UUID."),
    ("a number as action", event(action=5), {}, 422, "bad-event", "Expected text, found int."),
    ("an outcome that is none", event(outcome="fine"), {}, 422, "bad-event", "'fine' is not one of"),
    ("a large number", event()[:-1] + b',"data":' + b"9" * 30 + b"}", {}, 422, "bad-event", "64 bits"),
    ("a field of the server", event(recorded_at="2021-11-17T14:07:00Z"), {}, 422, "bad-event", "set by Trailbook"),
    ("the reserved application", event(application="Trailbook"), {}, 422, "bad-event", "reserved for Trailbook"),
    ("a foreign book", event(tenant="globex"), {}, 422, "bad-event", "not the tenant that the key belongs to"),
    ("an event over 1 MiB", event(data="x" * (1 << 20)), {}, 422, "bad-event", "at most 1,048,576 are accepted"),
    ("2,000 targets", event(targets=[{"kind": "k", "id": "i"}] * 2000), {}, 422, "bad-event", "At most 1,000 entries"),
    ("an unknown packing", event(), {"Content-Encoding": "br"}, 415, "unsupported", "not understood"),
    ("two packings", event(), {"Content-Encoding": "gzip, zstd"}, 415, "unsupported", "not understood"),
    ("gzip that is none", event(), GZIP, 400, "bad-input", "is not gzip, is damaged or was cut off"),
    ("gzip cut off", gzip.compress(event() * 99)[:-9], GZIP, 400, "bad-input", "damaged or was cut off"),
    ("zstd that is none", event(), {"Content-Encoding": "zstd"}, 400, "bad-input", "is not zstd"),
    ("a gzip bomb", gzip.compress(b" " * (100 << 20)), GZIP, 413, "too-large", "200 times its size"),
    ("a body too long", b" " * ((16 << 20) + 1), {}, 413, "too-large", "longer than 16,777,216 bytes as sent"),
    ("too many events", b"[" + b"1," * 10_000 + b"1]", {}, 413, "too-large", "more than 10,000 events"),
    ("too many lines", b"1\n" * 10_001, LINES, 413, "too-large", "more than 10,000 lines"),
    ("an empty key", event(), {"Idempotency-Key": ""}, 400, "bad-input", "1 to 255 visible"),
    ("a key too long", event(), {"Idempotency-Key": "k" * 256}, 400, "bad-input", "1 to 255 visible"),
    ("a key with a space", event(), {"Idempotency-Key": "a b"}, 400, "bad-input", "1 to 255 visible"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "status", "type_", "words"), [one[1:] for one in MALFORMED], ids=[one[0] for one in MALFORMED]
)
def test_a_malformed_request_is_told_what_is_wrong_and_stores_nothing(
    body: bytes, headers: dict[str, str], status: int, type_: str, words: str
) -> None:
    served = service()
    answer = sending(served).post(URL, content=body, headers={"Content-Type": "application/json", **headers})
    told = answer.json()
    assert (answer.status_code, told["type"]) == (status, f"urn:trailbook:problem:{type_}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in told["detail"]
    assert told.get("remedy") or told.get("place")
    assert stored(served) == []
    assert (served.intake.room.events, served.intake.room.bytes) == (0, 0)


def test_the_description_of_the_api_says_what_may_be_sent() -> None:
    described = client(service()).get("/api/openapi.json").json()["paths"][URL]["post"]
    event = described["requestBody"]["content"]["application/json"]["schema"]["anyOf"][0]
    assert event["required"] == ["occurred_at", "resource", "action"]
    assert event["properties"]["initiator"]["anyOf"][0]["required"] == ["id"]
    assert not {"recorded_at", "derived", "filled", "masked"} & event["properties"].keys()
    assert "$ref" not in json.dumps(described["requestBody"])
    assert {"200", "400", "401", "403", "409", "413", "415", "422", "429", "503", "507"} <= described[
        "responses"
    ].keys()


def test_a_connection_that_is_cut_within_the_body_stores_nothing_and_gives_its_room_back() -> None:
    served = service()
    app = sending(served).app
    messages = iter([{"type": "http.request", "body": event(), "more_body": True}, {"type": "http.disconnect"}])
    answered: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": URL,
        "raw_path": URL.encode(),
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert answered == []
    assert stored(served) == []
    assert (served.intake.room.events, served.intake.room.bytes) == (0, 0)


def test_queries_that_take_long_hold_up_neither_senders_nor_probes() -> None:
    served = service(threads=1)
    text, key = make_key(
        served.randomness, name="k", tenant="acme", uses=frozenset(["ingest"]), created_by="a", created_at=NOW
    )
    served.keep([KEYS.record(key)])
    asking, enough = threading.Event(), threading.Event()
    sender = client(served)

    @sender.app.get("/slow")  # type: ignore[attr-defined]
    def slow() -> None:
        asking.set()
        assert enough.wait(10)

    with sender, ThreadPoolExecutor() as others:
        answer = others.submit(sender.get, "/slow")
        assert asking.wait(10)
        for body in (json.dumps(EVENT).encode(), gzip.compress(json.dumps(EVENT).encode())):
            packed = {"Content-Encoding": "gzip"} if body[:1] != b"{" else {}
            sent = others.submit(sender.post, URL, content=body, headers={"Authorization": f"Bearer {text}", **packed})
            try:
                assert sent.result(5).json()["stored"] == 1
            except TimeoutError:
                enough.set()
                raise
        assert others.submit(sender.get, "/readyz").result(5).status_code == 200
        enough.set()
        assert answer.result(10).status_code == 200
