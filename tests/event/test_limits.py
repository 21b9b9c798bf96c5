"""Every rule of an event, broken once: which field the refusal names, and that nothing else is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.errors import BadEvent
from trailbook.event.canonical import encode
from trailbook.event.ids import fresh_ids, stable_id, uuid7
from trailbook.event.limits import MAX_BYTES, check_event, decode_event
from trailbook.event.model import Change, Event, Initiator, Target

ID = "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10"
TIME = "2021-11-17T14:07:00Z"


def sent(**fields: Any) -> bytes:
    return json.dumps({"id": ID, "occurred_at": TIME, "resource": "users", "action": "login"} | fields).encode()


def refusal(raw: bytes, **options: Any) -> tuple[str, str]:
    with pytest.raises(BadEvent) as caught:
        decode_event(raw, **options)
    assert caught.value.remedy or "is not one of" in caught.value.problem
    return caught.value.place, caught.value.problem


def test_a_whole_event_is_decoded() -> None:
    event = decode_event(sent(targets=[{"kind": "user", "id": "u1"}], data={"big": 2**64 - 1, "small": -(2**63)}))
    assert event.targets == (Target("user", "u1"),)
    assert event.data == {"big": 18446744073709551615, "small": -9223372036854775808}
    assert event.occurred_at == datetime(2021, 11, 17, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "place", "problem"),
    [
        ({"occurred_at": "2021-11-17T14:07:00"}, "occurred_at", "The time has no zone."),
        ({"occurred_at": "2021-12-31T23:59:60Z"}, "occurred_at", "This is not a time as in RFC 3339."),
        ({"occurred_at": "2021-11-17T14:07:00.1234567Z"}, "occurred_at", "The time is more exact than a microsecond."),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at", "The year 9999 is outside of 1715 to 2284."),
        ({"occurred_at": "1714-12-31T23:59:59Z"}, "occurred_at", "The year 1714 is outside of 1715 to 2284."),
        ({"occurred_at": "2284-12-31T23:59:59-01:00"}, "occurred_at", "The year 2284 is outside of 1715 to 2284."),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", "The year 1 is outside of 1715 to 2284."),
        ({"id": "17"}, "id", "The id is not a UUID."),
        ({"action": ""}, "action", "The text is empty."),
        ({"resource": "r" * 1025}, "resource", "At most 1,024 characters are accepted."),
        ({"details": "d" * 65_537}, "details", "At most 65,536 characters are accepted."),
        ({"outcome": "ok"}, "outcome", "'ok' is not one of denied, failure, success, unknown."),
        (
            {"initiator": {"id": "u", "type": "robot"}},
            "initiator.type",
            "'robot' is not one of service, system, user.",
        ),
        ({"reason": None}, "reason", "Expected text, found null."),
        ({"targets": [{"kind": "user", "id": 5}]}, "targets[0].id", "Expected text, found int."),
        ({"targets": [{"kind": "a", "id": "b"}] * 1001}, "targets", "At most 1,000 entries are accepted."),
        ({"targets": [{"kind": "a"}]}, "targets[0].id", "`id` is missing."),
        ({"action": None, "resource": "x"}, "action", "Expected text, found null."),
        ({"initiator": {"id": "u", "nane": "Ann"}}, "initiator.nane", "There is no field `nane`."),
        ({"changes": {"email": {"old": 1, "neww": 2}}}, "changes.*.neww", "There is no field `neww`."),
        ({"changes": {"k" * 1025: {}}}, "changes, a key", "At most 1,024 characters are accepted."),
        ({"data": {"a": [1, "x\0y"]}}, "data.a[1]", "The text holds a NUL character (\\u0000)."),
        ({"data": {"a": {"k\0": 1}}}, "data.a", "The text holds a NUL character (\\u0000)."),
        ({"action": "a\0"}, "action", "The text holds a NUL character (\\u0000)."),
        ({"data": {"n": 2**64}}, "data.n", "This whole number does not fit into 64 bits."),
        ({"data": [-(2**63) - 1]}, "data[0]", "This whole number does not fit into 64 bits."),
        ({"changes": {"n": {"old": 10**30}}}, "changes.n.old", "This whole number does not fit into 64 bits."),
        ({"recorded_at": TIME}, "recorded_at", "`recorded_at` is set by Trailbook itself."),
        ({"derived": [{"kind": "a", "id": "b"}]}, "derived", "`derived` is set by Trailbook itself."),
        ({"filled": ["x"]}, "filled", "`filled` is set by Trailbook itself."),
        ({"masked": ["x"]}, "masked", "`masked` is set by Trailbook itself."),
    ],
)
def test_each_breach_names_its_field(fields: dict[str, Any], place: str, problem: str) -> None:
    assert refusal(sent(**fields)) == (place, problem)


@pytest.mark.parametrize(
    ("raw", "place", "start"),
    [
        (b"", "", "The event is empty."),
        (b"[]", "", "An event is a JSON object."),
        (b'{"id" 1}', "", "This is not JSON: expected ':' (byte 6)."),
        (b'{"id":', "", "The JSON ends too early."),
        (b'\xef\xbb\xbf{"id":1}', "", "The event starts with a byte order mark."),
        (sent(details="MARK").replace(b"MARK", b"caf\xe9"), "", "Byte 141 is not UTF-8."),
        (sent(data={"a": ["MARK"]}).replace(b"MARK", rb"\ud800"), "data.a[0]", "The text holds half of a surrogate"),
        (sent(details="MARK").replace(b"MARK", rb"x\udc00y"), "details", "The text holds half of a surrogate pair"),
        (sent(data={"n": "MARK"}).replace(b'"MARK"', b"NaN"), "", "This is not JSON: invalid character"),
        (sent(data={"n": "MARK"}).replace(b'"MARK"', b"Infinity"), "", "This is not JSON: invalid character"),
        (sent(data={"n": "MARK"}).replace(b'"MARK"', b"1e400"), "data.*", "This number is out of range."),
        (
            sent(data="MARK").replace(b'"MARK"', b"[" * 65 + b"]" * 65),
            "data" + "[0]" * 64,
            "Objects and lists are nested",
        ),
        (sent(data="MARK").replace(b'"MARK"', b"[" * 9999 + b"]" * 9999), "data", "Objects and lists are nested"),
        (sent(data="x" * MAX_BYTES), "", "The event is 1,048,"),
    ],
)
def test_what_is_not_an_event_is_explained(raw: bytes, place: str, start: str) -> None:
    found = refusal(raw)
    assert found[0] == place
    assert found[1].startswith(start)


@pytest.mark.parametrize(
    "raw",
    [
        sent()[:-1] + b', "action": "logout"}',
        sent()[:-1] + b', "\\u0061ction": "logout"}',
        sent(data={"x": 1}).replace(b'"x": 1', b'"x": 1, "x": 2'),
        sent(data={"x": 1}).replace(b'"x": 1', b'"x" : 1, "x" :2'),
        sent(data={"x": 1, "y": "MARK"}).replace(b'"x": 1', b'"x": 1, "x": 2').replace(b"MARK", rb"\u003a"),
        sent(data={"x": 1}).replace(b'"x": 1', b'"x": 1, "x": 2').replace(b"00Z", b"00+0100"),
        sent(data={"x": 1}, id=ID.upper()).replace(b'"x": 1', b'"x": 1, "x": 2'),
        encode(decode_event(sent(data={"x": 1}))).replace(b'"x":1', b'"x":1,"x":2'),
        encode(decode_event(sent(data={"x": 1}))).replace(b'"x":1', b'"x":2,"x":1'),
        encode(decode_event(sent(data={"x": 1}))).replace(b'"x":1', b'"x":1,"x":1'),
    ],
)
def test_a_repeated_key_is_refused(raw: bytes) -> None:
    assert refusal(raw)[1] == "The key occurs twice in one object."


def test_equal_keys_in_different_objects_are_fine() -> None:
    raw = sent(data=[{"x": 1}, {"x": ":"}, {"old": '":"'}], reason="", occurred_at="2021-11-17T14:07:00+00:00")
    assert decode_event(raw).data == [{"x": 1}, {"x": ":"}, {"old": '":"'}]


@pytest.mark.parametrize(
    ("field", "suggestion"),
    [("ocurred_at", "occurred_at"), ("actor", "initiator"), ("timestamp", "occurred_at"), ("ip", "initiator.ip")],
)
def test_an_unknown_field_comes_with_the_one_that_was_meant(field: str, suggestion: str) -> None:
    with pytest.raises(BadEvent) as caught:
        decode_event(sent(**{field: "x"}))
    assert caught.value.remedy.startswith(f"Did you mean `{suggestion}`?")


def test_sixty_four_levels_are_accepted() -> None:
    assert decode_event(sent(data="MARK").replace(b'"MARK"', b"[" * 64 + b"]" * 64)).data is not None


def test_decimals_beyond_microseconds_may_be_zeros() -> None:
    event = decode_event(sent(occurred_at="2021-11-17T14:07:00.123456000Z", data={"x": 0.12345678}))
    assert event.occurred_at.microsecond == 123456


@pytest.mark.parametrize(
    "value", [-(2**63), 2**64 - 1, 123456789012345678901234.5, 1e30, "n:99999999999999999999", "[-99999999999999999999"]
)
def test_long_numbers_within_the_limits_and_texts_with_longer_ones_are_accepted(value: Any) -> None:
    assert decode_event(sent(data={"a": [0, value]})).data == {"a": [0, value]}


def test_an_id_in_upper_case_becomes_lower_case() -> None:
    assert decode_event(sent(id=ID.upper())).id == ID


def test_an_event_without_id_is_refused_or_gets_one_made_of_its_bytes() -> None:
    raw = b'{"occurred_at":"2021-11-17T14:07:00Z","resource":"","action":"login"}'
    assert refusal(raw)[0] == "id"
    assert decode_event(raw, make_id=stable_id).id == decode_event(raw + b"\r\n", make_id=stable_id).id
    assert UUID(decode_event(raw, make_id=stable_id).id).version == 8
    assert refusal(b"{}", make_id=stable_id)[0] == "occurred_at"
    assert refusal(raw[:-1] + b',"action":"x"}', make_id=stable_id)[1] == "The key occurs twice in one object."


def test_fresh_ids_follow_the_clock() -> None:
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert uuid7(moment, bytes.fromhex("0cc3 18c4dc0c0c07398f")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert fresh_ids(lambda: moment, lambda size: b"\0" * size)(b"") == "017f22e2-79b0-7000-8000-000000000000"


def test_a_built_event_keeps_the_same_rules() -> None:
    event = Event(ID, datetime(2021, 11, 17, tzinfo=timezone(timedelta(hours=1))), "users", "login", data={"t": (1, 2)})
    assert check_event(event).data == {"t": [1, 2]}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"data": {"x": float("nan")}}, "data.x"),
        ({"changes": {"x": Change(old=float("inf"))}}, "changes.x.old"),
        ({"data": ["\ud800"]}, "data[0]"),
        ({"data": {"a": 2**64}}, "data.a"),
        ({"action": ""}, "action"),
        ({"initiator": Initiator(id="u" * 1025)}, "initiator.id"),
        ({"occurred_at": datetime(2021, 11, 17)}, "occurred_at"),
        ({"masked": ("x",)}, "masked"),
        ({"data": object()}, ""),
        ({"data": {1: "a", "1": "b"}}, ""),
    ],
)
def test_a_built_event_that_breaks_a_rule_is_refused(fields: dict[str, Any], place: str) -> None:
    whole: dict[str, Any] = {"id": ID, "occurred_at": datetime(2021, 1, 1, tzinfo=UTC), "resource": "r", "action": "a"}
    with pytest.raises(BadEvent) as caught:
        check_event(Event(**(whole | fields)))
    assert caught.value.place == place


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_all_json_within_the_limits_comes_back_as_it_was(data: Any, ascii_only: bool) -> None:
    raw = json.dumps(json.loads(sent()) | {"data": data}, ensure_ascii=ascii_only).encode()
    event = decode_event(raw)
    assert event.data == data
    assert check_event(event) == event
    assert decode_event(encode(event)) == event


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.tuples(JSON, JSON),
    st.booleans(),
    st.sampled_from([None, (",", ":")]),
    st.sampled_from([TIME, "2021-11-17T14:07:00+00:00", "2021-11-17T14:07:00+01:00"]),
)
def test_a_repeated_key_is_refused_whatever_else_is_sent(
    key: str, values: tuple[Any, Any], ascii_only: bool, separators: tuple[str, str] | None, time: str
) -> None:
    data = [{"other": values[0], key: values[0], "the same again": values[1]}]
    event = json.loads(sent(occurred_at=time, data=data))
    raw = json.dumps(event, ensure_ascii=ascii_only, separators=separators).encode()
    assert decode_event(raw).data == data
    again = json.dumps(key, ensure_ascii=ascii_only).encode()
    assert refusal(raw.replace(b'"the same again"', again))[1] == "The key occurs twice in one object."


@given(st.binary(max_size=60))
def test_whatever_comes_is_an_event_or_a_refusal(raw: bytes) -> None:
    for one in (raw, sent()[:-1] + b"," + raw + b"}", sent(data="MARK").replace(b"MARK", raw)):
        try:
            decode_event(one, make_id=stable_id)
        except BadEvent as refused:
            str(refused).encode()
