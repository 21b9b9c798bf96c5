"""What the words of a map mean, one by one, and what a broken map gets to hear."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trailbook.errors import BadEvent, BadMap
from trailbook.event.model import Belonging, Change, Event, Initiator, Reference, Target
from trailbook.ingest.mapping import Mapping, UnknownType, load_map, map_text, shipped_maps

BASE = """
[event]
time = "at"
action = "do"
resource = "=things"
"""
RECORD = {"at": "2021-11-17T14:07:00Z", "do": "open"}
Make = Callable[..., Mapping]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def build(text: str, *, name: str = "mine", zone: str = "") -> Mapping:
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return load_map(str(path), zone)

    return build


@pytest.fixture
def details(make: Make) -> Callable[[str, dict[str, Any]], str]:
    """The value of a VALUE on a record, as text."""

    def value(written: str, record: dict[str, Any]) -> str:
        return make(f"{BASE}\ndetails = {written}\n").convert(RECORD | record).details

    return value


def test_the_least_map_makes_the_least_event(make: Make) -> None:
    event = make(BASE).convert(RECORD)
    assert event == Event(
        id=event.id,
        occurred_at=datetime(2021, 11, 17, 14, 7, tzinfo=UTC),
        resource="things",
        action="open",
        application="mine",
        data=RECORD,
    )


@pytest.mark.parametrize(
    ("written", "record", "expected"),
    [
        ('"a.b"', {"a": {"b": "x"}}, "x"),
        ('"a[1]"', {"a": ["x", "y"]}, "y"),
        ('"a[-1]"', {"a": ["x", "y"]}, "y"),
        ('"a[5]"', {"a": ["x"]}, ""),
        ('"a[k=v].x"', {"a": [{"k": "u", "x": 1}, {"k": "v", "x": 2}]}, "2"),
        ("\"a[k='v w'].x\"", {"a": [{"k": "v w", "x": 2}]}, "2"),
        ("\"a.'b.c'\"", {"a": {"b.c": "x"}}, "x"),
        ('"@type"', {"@type": "x"}, "x"),
        ('"$.a"', {"a": "x"}, "x"),
        ('"a[*].b"', {"a": [{"b": ""}, {"b": "y"}]}, "y"),
        ('"a.b"', {"a": "no object"}, ""),
        ('"a"', {"a": True}, "true"),
        ('"a"', {"a": {"k": 1}}, '{"k":1}'),
        ('["a", "b"]', {"a": "", "b": "y"}, "y"),
        ('["a", "b", "=c"]', {"a": None, "b": []}, "c"),
        ('""', {"a": "x"}, ""),
        ('"=plain"', {}, "plain"),
        ('"={a} on {b}"', {"a": 1, "b": "z"}, "1 on z"),
        ('["={a} on {b}", "=else"]', {"a": 1}, "else"),
        ('"={a}[ on {b}][ at {c}]"', {"a": 1, "c": 3}, "1 at 3"),
        ('"={a|b}"', {"b": 2}, "2"),
        ('"={{{a}}} [[x]]"', {"a": 1}, "{1} [x]"),
        ("\"={a[k=v].'x y'}\"", {"a": [{"k": "v", "x y": 5}]}, "5"),
        ("{ from = 'a', match = '^(.)' }", {"a": "xyz"}, "x"),
        ("{ from = 'a', match = 'q' }", {"a": "xyz"}, ""),
        ("{ from = 'a', match = 'q', missing = 'none' }", {"a": "xyz"}, "none"),
        ("{ from = 'a', join = '+' }", {"a": ["x", None, 2]}, "x+2"),
        ("{ from = 'a', case = 'lower' }", {"a": "XyZ"}, "xyz"),
        ("{ from = 'a', values = { 200 = 'ok' }, default = 'no' }", {"a": 200}, "ok"),
        ("{ from = 'a', values = { 200 = 'ok' }, default = 'no' }", {"a": 404}, "no"),
        ("{ from = 'a', values = { 200 = 'ok' }, default = 'no' }", {}, ""),
        ("{ from = 'a', values = { 200 = 'ok' } }", {"a": 404}, "404"),
        ("{ from = 'a', patterns = { '^2' = 'ok', '^4' = 'bad' }, default = 'odd' }", {"a": 404}, "bad"),
        ("{ from = 'a', when = { b = 1 } }", {"a": "x", "b": 1}, "x"),
        ("{ from = 'a', when = { b = 1 } }", {"a": "x", "b": 2}, ""),
        ("[{ from = 'a', values = { x = 'y' }, default = '' }, '=other']", {"a": "q"}, "other"),
    ],
)
def test_values(
    details: Callable[[str, dict[str, Any]], str], written: str, record: dict[str, Any], expected: str
) -> None:
    assert details(written, record) == expected


@pytest.mark.parametrize(
    ("condition", "record", "holds"),
    [
        ("{ a = 1 }", {"a": 1}, True),
        ("{ a = 1 }", {"a": "1"}, True),
        ("{ a = true }", {"a": True}, True),
        ("{ a = ['x', 'y'] }", {"a": "y"}, True),
        ("{ a = ['x', 'y'] }", {}, False),
        ("{ a = { not = ['x'] } }", {}, True),
        ("{ a = { not = ['x'] } }", {"a": "x"}, False),
        ("{ a = { matches = '^x' } }", {"a": "xy"}, True),
        ("{ a = { matches = '^x' } }", {}, False),
        ("{ a = { exists = true } }", {"a": ""}, False),
        ("{ a = { exists = false } }", {"a": ""}, True),
        ("{ a = 1, b = 2 }", {"a": 1, "b": 3}, False),
        ("{ any = [{ a = 1 }, { b = 2 }] }", {"b": 2}, True),
        ("{ all = [{ a = 1 }, { b = 2 }] }", {"b": 2}, False),
        ("{ none = [{ a = 1 }, { b = 2 }] }", {"c": 2}, True),
        ("{ 'a[*].b' = 'y' }", {"a": [{"b": "x"}, {"b": "y"}]}, True),
    ],
)
def test_conditions(make: Make, condition: str, record: dict[str, Any], holds: bool) -> None:
    mapping = make(f"{BASE}\n[[rule]]\nwhen = {condition}\nevent = {{ details = '=yes' }}\n")
    assert mapping.convert(RECORD | record).details == ("yes" if holds else "")


def test_rules_apply_in_order_and_the_later_one_wins_field_by_field(make: Make) -> None:
    mapping = make(
        BASE
        + """
reason = "=base"
[initiator]
id = "who"
name = "=base"
[[targets]]
kind = "=user"
id = "=base"
[[rule]]
when = { do = "open" }
event = { reason = "=first", details = "=first" }
initiator = { name = "=first" }
targets = [{ kind = "=user", id = "=first" }]
[[rule]]
when = { who = { exists = true } }
event = { reason = "=second" }
add_targets = [{ kind = "=user", id = "=second" }]
[[rule]]
when = { do = "close" }
initiator = { id = "" }
"""
    )
    event = mapping.convert(RECORD | {"who": "u1"})
    assert (event.reason, event.details) == ("second", "first")
    assert event.initiator is not None
    assert (event.initiator.id, event.initiator.name) == ("u1", "first")
    assert [one.id for one in event.targets] == ["first", "second"]
    closed = mapping.convert(RECORD | {"who": "u1", "do": "close"})
    assert closed.initiator is None
    assert [one.id for one in closed.targets] == ["base", "second"]


def test_targets_related_groups_and_acting_as(make: Make) -> None:
    mapping = make(
        BASE
        + """
[initiator]
id = "who.id"
type = { from = "who.kind", values = { bot = "service" }, default = "user" }
groups = [{ each = "who.groups", id = "id", name = "name", tenant = "$.org" }]
[initiator.acts_as]
id = "as"
[[targets]]
each = "to"
when = { type = { not = ["File"] } }
kind = { from = "type", case = "lower" }
id = "id"
name = "name"
tenant = "$.org"
[[targets]]
entries = "files"
kind = "=file"
id = "key"
name = "value.title"
[[related]]
each = "tags"
kind = "=tag"
id = "."
"""
    )
    event = mapping.convert(
        RECORD
        | {
            "org": "acme",
            "who": {"id": 7, "kind": "bot", "groups": [{"id": "g1", "name": "Night"}, {"id": ""}]},
            "as": "ann",
            "to": [
                {"type": "User", "id": "u1", "name": "Bob"},
                {"type": "File", "id": "f"},
                {"type": "User", "id": "u1"},
            ],
            "files": {"f1": {"title": "One"}},
            "tags": ["x", "y"],
        }
    )
    assert event.initiator is not None
    assert (event.initiator.id, event.initiator.type) == ("7", "service")
    assert event.initiator.groups == (Belonging(id="g1", name="Night", tenant="acme"),)
    assert event.initiator.roles is None
    assert event.initiator.acts_as == Target(kind="user", id="ann")
    assert event.targets == (
        Target(kind="user", id="u1", name="Bob", tenant="acme"),
        Target(kind="file", id="f1", name="One"),
    )
    assert event.related == (Reference(kind="tag", id="x"), Reference(kind="tag", id="y"))


def test_a_claimed_identity_is_a_target_as_well(make: Make) -> None:
    event = make(f'{BASE}\n[initiator]\nid = "who"\nname = "=Ann"\nverified = false\n').convert(RECORD | {"who": "u1"})
    assert event.initiator is not None
    assert not event.initiator.verified
    assert event.targets == (Target(kind="user", id="u1", name="Ann"),)


def test_who_is_unnamed_keeps_the_address_and_claims_no_account(make: Make) -> None:
    mapping = make(f'{BASE}\n[initiator]\nid = "who"\nip = "ip"\nunnamed = "anonymous"\n')
    event = mapping.convert(RECORD | {"ip": "10.0.0.1"})
    assert event.initiator == Initiator(id="anonymous", verified=False, ip="10.0.0.1")
    assert event.targets == ()
    assert mapping.convert(RECORD).initiator is None
    known = mapping.convert(RECORD | {"ip": "10.0.0.1", "who": "ann"}).initiator
    assert known == Initiator(id="ann", ip="10.0.0.1")


def test_nobody_acts_as_oneself(make: Make) -> None:
    mapping = make(f'{BASE}\n[initiator]\nid = "who"\n[initiator.acts_as]\nid = "as"\n')

    def acts_as(other: str) -> Target | None:
        initiator = mapping.convert(RECORD | {"who": "ann", "as": other}).initiator
        assert initiator is not None
        return initiator.acts_as

    assert acts_as("ann") is None
    assert acts_as("bob") == Target(kind="user", id="bob")


def test_changes_of_all_three_forms(make: Make) -> None:
    mapping = make(
        BASE
        + """
[[changes]]
field = "=status"
old = "old_status"
new = "new_status"
[[changes]]
each = "props"
field = "Name"
old = "OldValue"
new = "NewValue"
json = true
[[changes]]
entries = "diff"
field = "key"
old = "value.from"
new = "value.to"
[[changes]]
field = "=user"
before = "before"
after = "after"
"""
    )
    event = mapping.convert(
        RECORD
        | {
            "new_status": "on",
            "props": [
                {"Name": "Role", "OldValue": '["a"]', "NewValue": '["a", "b"]'},
                {"Name": "Same", "OldValue": "x", "NewValue": "x"},
                {"Name": "Pin", "OldValue": "12", "NewValue": "013"},
            ],
            "diff": {"email": {"from": "a@x", "to": "b@x"}},
            "before": {"name": "A", "age": 1},
            "after": '{"name": "B", "age": 1}',
        }
    )
    assert event.changes == {
        "status": Change(old=None, new="on"),
        "Role": Change(old=["a"], new=["a", "b"]),
        "Pin": Change(old="12", new="013"),
        "email": Change(old="a@x", new="b@x"),
        "user.name": Change(old="A", new="B"),
    }


def test_how_a_record_is_shaped_before_paths_are_taken(make: Make) -> None:
    mapping = make(
        """
[record]
empty = ["-"]
json = ["raw"]
xml = ["xml"]
pairs = [{ path = "raw.params", name = "k", value = ["v", "i"] }]
merge = ["inner", "xml"]
alias = { do = ["verb", "raw.verb"] }
"""
        + BASE
        + 'details = "={raw.params.doc} {raw.params.n} {deep} {Name}[ {dash}]"\n'
    )
    record = {
        "at": "2021-11-17T14:07:00Z",
        "raw": '{"verb": "open", "params": [{"k": "doc", "v": "D"}, {"k": "n", "i": 4}]}',
        "inner": {"deep": "X", "at": "the record's own field wins"},
        "xml": "<EventData><Data Name='Name'>a &lt; b</Data><Data Name='dash'>-</Data></EventData>",
    }
    event = mapping.convert(record)
    assert event.details == "D 4 X a < b"
    assert event.action == "open"
    assert event.data == record, "the data is the record as it came"


def test_a_record_that_is_split_gives_several_events_with_ids_of_their_own(make: Make) -> None:
    mapping = make('[record]\nsplit = "events"\nmerge = ["events"]\n' + BASE + 'id = "key"\n')
    record = {"key": "k1", "at": RECORD["at"], "events": [{"do": "open"}, {"do": "close"}]}
    one, two = mapping.events(record)
    assert (one.action, two.action) == ("open", "close")
    assert one.data == {"key": "k1", "at": RECORD["at"], "events": {"do": "open"}}
    assert one.id != two.id
    assert [one, two] == mapping.events(record)
    with pytest.raises(BadEvent, match="2 events"):
        mapping.convert(record)


def test_an_event_has_the_same_id_alone_and_inside_a_list(make: Make) -> None:
    mapping = make('[record]\nunwrap = ["page.items"]\nsplit = "events"\nmerge = ["events"]\n' + BASE + 'id = "key"\n')
    first, second = RECORD | {"key": "k1"}, RECORD | {"key": "k2", "events": [{"key": "k2"}, {"do": "x"}]}
    listed = mapping.events({"page": {"items": [first, second]}})
    assert [one.id for one in listed] == [mapping.convert(first).id, *[one.id for one in mapping.events(second)]]
    assert len({one.id for one in listed}) == 3
    assert listed[0].data == first


def test_ids_are_kept_or_made_and_stable(make: Make) -> None:
    mapping = make(BASE + 'id = "key"\nid_from = ["a", "b"]\n')

    def made(record: dict[str, Any]) -> str:
        return mapping.convert(RECORD | record).id

    assert made({"key": "0F0B7C1E-6D3F-4F53-9A5E-0C1D2E3F4A5B"}) == "0f0b7c1e-6d3f-4f53-9a5e-0c1d2e3f4a5b"
    assert made({"key": "42"}) == "b7c8fe79-1255-82e2-af1b-c568698534f4"
    assert made({"key": "42", "other": 1}) == made({"key": "42"})
    assert made({"a": 1, "b": 2, "other": 1}) == made({"a": 1, "b": 2})
    assert made({"a": 1, "b": 2}) != made({"a": 2, "b": 1})
    assert made({"a": 1, "other": 1}) != made({"a": 1, "other": 2}), "one is missing: the whole record counts"
    assert make(BASE + 'id = "key"\n', name="other").convert(RECORD | {"key": "42"}).id != made({"key": "42"})


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ('"t"', "2021-11-17T14:07:00.123456789Z", datetime(2021, 11, 17, 14, 7, 0, 123456, tzinfo=UTC)),
        ('"t"', "2021-11-17 14:07:00+01:00", datetime(2021, 11, 17, 13, 7, tzinfo=UTC)),
        ('{ from = "t", zone = "Europe/Berlin" }', "2021-07-17T14:07:00", datetime(2021, 7, 17, 12, 7, tzinfo=UTC)),
        ('{ from = "t", formats = ["epoch"] }', 1637158020, datetime(2021, 11, 17, 14, 7, tzinfo=UTC)),
        ('{ from = "t", formats = ["epoch"] }', "1637158020.25", datetime(2021, 11, 17, 14, 7, 0, 250000, tzinfo=UTC)),
        ('{ from = "t", formats = ["epoch_ms"] }', 1637158020001, datetime(2021, 11, 17, 14, 7, 0, 1000, tzinfo=UTC)),
        ('{ from = "t", formats = ["epoch_us"] }', 1637158020000001, datetime(2021, 11, 17, 14, 7, 0, 1, tzinfo=UTC)),
        (
            '{ from = "t", formats = ["epoch_ns"] }',
            1637158020000001999,
            datetime(2021, 11, 17, 14, 7, 0, 1, tzinfo=UTC),
        ),
        (
            '{ from = "t", formats = ["epoch_ms", "%d/%b/%Y:%H:%M:%S %z"] }',
            "17/Nov/2021:15:07:00 +0100",
            datetime(2021, 11, 17, 14, 7, tzinfo=UTC),
        ),
        ('["gone", { from = "t", formats = ["epoch"] }]', 1637158020, datetime(2021, 11, 17, 14, 7, tzinfo=UTC)),
        ('["t", { from = "t", formats = ["epoch"] }]', 1637158020, datetime(2021, 11, 17, 14, 7, tzinfo=UTC)),
    ],
)
def test_times(make: Make, written: str, value: Any, expected: datetime) -> None:
    event = make(f'[event]\ntime = {written}\naction = "=a"\nresource = "=r"\n').convert({"t": value})
    assert event.occurred_at == expected
    assert event.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2021-11-17T14:07:00", "carries no zone"),
        ("17 November", "none of the formats"),
        ("2021-11-17", "none of the formats"),
        (True, "none of the formats"),
        (None, "no time"),
    ],
)
def test_a_time_that_is_none_or_has_no_zone_is_refused(make: Make, value: Any, message: str) -> None:
    with pytest.raises(BadEvent, match=message):
        make(BASE).convert({"at": value, "do": "x"})


def test_the_zone_of_the_caller_is_taken_where_the_map_names_none(make: Make) -> None:
    record = {"at": "2021-11-17T14:07:00", "do": "x"}
    assert make(BASE, zone="UTC").convert(record).occurred_at == datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
    own = make('[record]\nzone = "Europe/Berlin"\n' + BASE, zone="UTC")
    assert own.convert(record).occurred_at == datetime(2021, 11, 17, 13, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ips", "expected"),
    [
        (["10.0.0.1"], "10.0.0.1"),
        (["AWS Internal", "10.0.0.1:443"], "10.0.0.1"),
        (["[2001:db8::1]:443"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["10.0.0.1, 10.9.9.9"], "10.0.0.1"),
        (["example.org"], ""),
    ],
)
def test_only_addresses_are_taken_for_an_ip(make: Make, ips: list[str], expected: str) -> None:
    mapping = make(f'{BASE}\n[initiator]\nid = "=u"\nip = ["ips[0]", "ips[1]"]\n')
    event = mapping.convert(RECORD | {"ips": ips})
    assert event.initiator is not None
    assert event.initiator.ip == expected


def test_an_outcome_that_the_map_does_not_know_is_unknown_and_noted(make: Make) -> None:
    mapping = make(f'{BASE}\noutcome = "out"\n')
    assert mapping.convert(RECORD | {"out": "denied"}).outcome == "denied"
    assert mapping.convert(RECORD | {"out": "Perhaps"}).outcome == "unknown"
    assert dict(mapping.notes) == {"outcome 'Perhaps' is not known to the map: taken as unknown": 1}


def test_paths_that_never_found_anything_are_told(make: Make) -> None:
    mapping = make(f'{BASE}\ndetails = ["acton.nmae", "do"]\nreason = ["do", "never_tried"]\n')
    mapping.convert(RECORD)
    assert mapping.unmatched() == ["event.details[0]: acton.nmae"]


def test_a_record_without_an_action_is_refused(make: Make) -> None:
    with pytest.raises(BadEvent, match="takes for its action") as caught:
        make(BASE).convert({"at": RECORD["at"]})
    assert caught.value.place == "action"


@pytest.mark.parametrize("record", [[], "text", 5, None])
def test_what_is_no_object_is_refused(make: Make, record: Any) -> None:
    with pytest.raises(BadEvent, match="not a JSON object"):
        make(BASE).events(record)


ENVELOPE = """
[envelope]
record = "event"
choose = "type"
zone = "UTC"
time = "event.received"
[envelope.maps]
"A" = "inner.toml"
"""


def test_an_envelope_chooses_the_map_and_never_guesses(make: Make) -> None:
    make(BASE, name="inner")
    mapping = make(ENVELOPE)
    assert mapping.events({"type": "A", "event": {"at": "2021-11-17 14:07:00", "do": "x"}})[0].application == "inner"
    late = mapping.events({"type": "A", "event": {"received": "2021-11-17 14:08:00", "do": "x"}})[0]
    assert late.occurred_at == datetime(2021, 11, 17, 14, 8, tzinfo=UTC)
    with pytest.raises(UnknownType, match="type 'B'") as caught:
        mapping.events({"type": "B", "event": {}})
    assert caught.value.type == "B"
    with pytest.raises(BadEvent, match="not a JSON object"):
        mapping.events({"type": "A", "event": 5})


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("oops", "", "Correct that line"),
        ('[event]\ntime = "at"\naction = "do"\n', "event", "resource"),
        (BASE + 'detials = "x"\n', "event.detials", "Did you mean 'details'?"),
        (BASE + '[initator]\nid = "x"\n', "initator", "Did you mean 'initiator'?"),
        (BASE + 'details = "a..b"\n', "event.details", "a[name=value].b"),
        (BASE + 'details = "a[b"\n', "event.details", "a[name=value].b"),
        (BASE + 'details = "a b"\n', "event.details", "a[name=value].b"),
        (BASE + 'details = "={a"\n', "event.details", "Close every {"),
        (BASE + 'details = "=[x"\n', "event.details", "Close it"),
        (BASE + "details = 5\n", "event.details", "Write a path"),
        (BASE + 'details = { form = "a" }\n', "event.details", "Known are: from"),
        (BASE + "details = { from = 'a', match = '(' }\n", "event.details.match", "regular expression"),
        (BASE + 'details = { from = "a", values = "gone" }\n', "event.details.values", "Add it, or correct"),
        (BASE + 'details = { from = "a", case = "title" }\n', "event.details.case", "lower or upper"),
        (BASE + 'outcome = "=fine"\n', "event.outcome", "success"),
        (BASE + '[initiator]\nid = "a"\ntype = "=robot"\n', "initiator.type", "service"),
        (BASE + '[initiator]\nid = "a"\nverified = "no"\n', "initiator.verified", "[[rule]]"),
        (BASE + '[[targets]]\nid = "a"\n', "targets[0]", "Add it"),
        (BASE + '[[changes]]\nfield = "a"\n', "changes[0]", "before and after"),
        (BASE + '[[changes]]\nbefore = "a"\n', "changes[0]", "Add it"),
        (BASE + '[[rule]]\ntitle = "T"\n', "rule 1 (T)", "when the rule applies"),
        (BASE + "[[rule]]\nwhen = { a = { near = 1 } }\n", "rule 1, when.a", "exists = true"),
        (BASE + "[[rule]]\nwhen = { any = { a = 1 } }\n", "rule 1, when.any", "any = ["),
        (BASE + '[record]\nzone = "Mars/Phobos"\n', "record.zone", "Europe/Berlin"),
        (BASE + '[record]\nmerge = ["a[0]"]\n', "record.merge", "only keys"),
        (
            '[event]\ntime = { from = "a", formats = ["iso"] }\naction = "b"\nresource = "c"\n',
            "event.time.formats",
            "epoch_ms",
        ),
        (BASE + '[csv]\ndelimiter = "ab"\n', "csv", "Correct it"),
        (BASE + "[csv]\nheader = false\n", "csv", "columns are needed"),
        ('[envelope]\nrecord = "a"\n', "envelope", "Name the field"),
        ('[envelope]\nchoose = "a"\nmaps = { x = "nowhere" }\n', "", "Known are"),
    ],
)
def test_a_broken_map_is_told_file_key_and_remedy(make: Make, text: str, place: str, remedy: str) -> None:
    with pytest.raises(BadMap) as caught:
        make(text)
    assert place in caught.value.place
    assert remedy in str(caught.value)


def test_unknown_formats_and_files_are_told_with_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(BadMap, match=r"no format 'cloudtrial'.*Did you mean cloudtrail\?"):
        load_map("cloudtrial")
    with pytest.raises(BadMap, match="cannot be read"):
        load_map(str(tmp_path / "gone.toml"))
    (tmp_path / "latin.toml").write_bytes(b'title = "\xfc"')
    with pytest.raises(BadMap, match="UTF-8"):
        load_map(str(tmp_path / "latin.toml"))


def test_every_shipped_map_loads_and_says_what_it_is() -> None:
    found = shipped_maps()
    assert {"native", "cloudtrail", "windows-security"} <= {one.name for one in found}
    for one in found:
        assert one.title
        assert one.description
        assert one.docs or one.name == "native"
        assert load_map(one.name).title == one.title
        assert f'title = "{one.title}"' in map_text(one.name)


TOLD = """A door was opened.\r
Subject :\r
\tAccount Name:\t\tann\r
\tGroups:\t\tstaff\r
\t\t\tcleaners\r
\r
Door:\t\r
\tAccount Name:\t-\r
Kind:\tslow\r
See also: the manual.
"""


def test_the_fields_of_a_text_with_headings_fill_what_the_record_leaves_out(make: Make) -> None:
    mapping = make(
        f"""{BASE}
        reason = "kind"
        [record]
        empty = ["-"]
        [[record.headed]]
        path = "text"
        when = {{ told = "yes" }}
        [record.headed.fields]
        who = ["Nobody.Account Name", "Subject.Account Name"]
        groups = ["Subject.Groups"]
        door = ["Door.Account Name"]
        kind = ["Kind"]
        [initiator]
        id = "who"
        [[initiator.groups]]
        each = {{ from = "groups", split = "\\n" }}
        id = "."
        [[targets]]
        kind = "=door"
        id = "door"
        """
    )
    record = RECORD | {"text": TOLD, "told": "yes"}
    event = mapping.convert(record)
    assert event.initiator == Initiator("ann", groups=(Belonging("staff"), Belonging("cleaners")))
    assert (event.targets, event.reason, event.data) == ((), "slow", record)
    assert mapping.convert(record | {"who": "bob"}).initiator == Initiator(
        "bob", groups=(Belonging("staff"), Belonging("cleaners"))
    )
    assert mapping.convert(record | {"told": "no"}).initiator is None


@pytest.mark.parametrize(
    "headed",
    ['{ path = "text" }', '{ path = "a[0]", when = {}, fields = {} }', '{ path = "a", when = {}, fields = 1 }'],
)
def test_a_headed_text_needs_path_condition_and_fields(make: Make, headed: str) -> None:
    with pytest.raises(BadMap, match=r"record\.headed"):
        make(f"{BASE}\n[record]\nheaded = [{headed}]\n")
