"""What every store promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sealed import NOON, seal, simple

from trailbook.directory.viewer import OPERATOR, SelfScope, TenantScope, Viewer
from trailbook.errors import BadInput
from trailbook.event.canonical import Sealed, encode
from trailbook.event.model import Initiator, PartyKey, Reference, Target
from trailbook.query.tree import EVERYTHING, NOTHING, And, Condition, Field, Not, Occurred, Or, Parties, Words
from trailbook.seal.tree import Frontier, leaf_hash
from trailbook.store.dimensions import bucket, facet_dimension
from trailbook.store.ports import FACET_FIELDS, Page, Store

ACME = Viewer("acme's officer", TenantScope("acme"))


def ids(page: Page) -> list[str]:
    return [row.event.id for row in page.rows]


def ids_found(store: Store, condition: Condition) -> list[str]:
    return [row.event.id for row in store.scan(OPERATOR, condition)]


def test_an_empty_store_answers_everything_with_nothing(store: Store) -> None:
    assert store.page(OPERATOR, EVERYTHING) == Page((), None, None)
    assert store.count(OPERATOR, EVERYTHING) == 0
    assert store.summary(OPERATOR, EVERYTHING, by=[bucket("day", ZoneInfo("UTC"))]) == {}
    assert list(store.scan(OPERATOR, EVERYTHING)) == []
    assert store.heads(OPERATOR) == {}
    assert store.append([]) == []


def test_positions_are_gapless_per_book_and_heads_are_the_tree_over_canonical_bytes(store: Store) -> None:
    batches = [[simple(n, tenant="acme" if n % 3 else "globex") for n in range(start, start + 7)] for start in (1, 8)]
    receipts = [receipt for batch in batches for receipt in store.append([seal(event) for event in batch])]
    for book in ("acme", "globex"):
        sealed = [seal(event) for batch in batches for event in batch if event.tenant == book]
        assert [r.position for r in receipts if r.book == book] == list(range(len(sealed)))
        frontier = Frontier().extend(leaf_hash(one.canonical) for one in sealed)
        head = store.heads(OPERATOR)[book]
        assert (head.size, head.root) == (len(sealed), frontier.root())
        assert [r.leaf_hash for r in receipts if r.book == book] == [leaf_hash(one.canonical) for one in sealed]


def test_the_same_submission_again_is_a_duplicate_and_another_under_its_id_a_conflict(store: Store) -> None:
    (first,) = store.append([seal(simple(1))])
    head = store.heads(OPERATOR)
    later = simple(1, recorded_at=NOON + timedelta(hours=1))
    again, other = store.append([seal(later), seal(simple(1, action="delete"))])
    assert (again.status, again.position, again.leaf_hash) == ("duplicate", first.position, first.leaf_hash)
    assert other.status == "conflict"
    assert store.heads(OPERATOR) == head
    assert store.page(OPERATOR, EVERYTHING).rows[0].event.action == "play"


def test_duplicates_and_conflicts_are_seen_within_one_batch(store: Store) -> None:
    batch = [seal(simple(1)), seal(simple(1)), seal(simple(1, action="delete"))]
    assert [receipt.status for receipt in store.append(batch)] == ["stored", "duplicate", "conflict"]
    assert store.count(OPERATOR, EVERYTHING) == 1


def test_batch_after_batch_is_appended_as_each_by_itself(store: Store) -> None:
    batches = [[seal(simple(n)) for n in range(start, start + 60)] for start in (0, 60, 30, 120)]
    told: list[tuple[list[str], int]] = []
    for receipts in store.append_each(batches):
        told.append(([receipt.status for receipt in receipts], store.count(OPERATOR, EVERYTHING)))
    assert told == [
        (["stored"] * 60, 60),
        (["stored"] * 60, 120),
        (["duplicate"] * 60, 120),
        (["stored"] * 60, 180),
    ]
    assert list(store.append_each([])) == []


def test_what_goes_wrong_with_a_batch_takes_none_before_it_down(store: Store) -> None:
    def batches() -> Iterator[Iterator[Sealed]]:
        yield (seal(simple(n)) for n in range(60))
        yield (seal(simple(n)) for n in range(60, 120))
        yield (seal(simple(n)) for n in map(int, [*range(120, 150), "no number"]))

    stored = store.append_each(batches())
    assert [len(next(stored)), len(next(stored))] == [60, 60]
    with pytest.raises(ValueError, match="no number"):
        next(stored)
    assert store.count(OPERATOR, EVERYTHING) == 120
    assert [receipt.position for receipt in store.append([seal(simple(200))])] == [120]


def test_nothing_of_the_next_batch_is_there_when_nobody_asks_for_it(store: Store) -> None:
    stored = store.append_each([seal(simple(n)) for n in range(start, start + 60)] for start in (0, 60, 120))
    next(stored)
    del stored
    assert store.count(OPERATOR, EVERYTHING) == 60
    assert [receipt.status for receipt in store.append([seal(simple(60))])] == ["stored"]


def test_the_same_id_in_two_books_is_two_events(store: Store) -> None:
    receipts = store.append([seal(simple(1)), seal(simple(1, tenant="globex"))])
    assert [receipt.status for receipt in receipts] == ["stored", "stored"]
    assert len(store.events(OPERATOR, simple(1).id)) == 2
    assert [row.event.tenant for row in store.events(ACME, simple(1).id)] == ["acme"]


def test_rows_come_newest_first_and_ties_stay_in_the_order_of_arrival(store: Store) -> None:
    store.append([seal(simple(1)), seal(simple(2)), seal(simple(3, at=NOON - timedelta(days=1)))])
    store.append([seal(simple(4))])
    assert ids(store.page(OPERATOR, EVERYTHING)) == [simple(n).id for n in (4, 2, 1, 3)]
    assert ids(store.page(OPERATOR, EVERYTHING, order="oldest")) == [simple(n).id for n in (3, 1, 2, 4)]


def test_pages_lead_forth_and_back_over_the_same_rows(store: Store) -> None:
    store.append([seal(simple(n, at=NOON + timedelta(seconds=n // 3))) for n in range(1, 12)])
    first = store.page(OPERATOR, EVERYTHING, limit=4)
    second = store.page(OPERATOR, EVERYTHING, limit=4, cursor=first.after)
    third = store.page(OPERATOR, EVERYTHING, limit=4, cursor=second.after)
    assert [len(page.rows) for page in (first, second, third)] == [4, 4, 3]
    assert first.before is None
    assert third.after is None
    assert ids(first) + ids(second) + ids(third) == [simple(n).id for n in range(11, 0, -1)]
    back = store.page(OPERATOR, EVERYTHING, limit=4, cursor=third.before)
    assert ids(back) == ids(second)
    start = store.page(OPERATOR, EVERYTHING, limit=4, cursor=back.before)
    assert ids(start) == ids(first)
    assert start.before is None


def test_a_page_keeps_its_place_when_events_arrive_in_between(store: Store) -> None:
    store.append([seal(simple(n, at=NOON + timedelta(seconds=n))) for n in range(1, 7)])
    first = store.page(OPERATOR, EVERYTHING, limit=3)
    store.append([seal(simple(99, at=NOON + timedelta(seconds=99)))])
    assert ids(store.page(OPERATOR, EVERYTHING, limit=3, cursor=first.after)) == [simple(n).id for n in (3, 2, 1)]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "ü", "A" * 40, "////////////////"])
def test_a_cursor_that_was_not_made_here_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadInput, match="cursor"):
        store.page(OPERATOR, EVERYTHING, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(store: Store) -> None:
    store.append([seal(simple(n)) for n in (1, 2)])
    after = store.page(OPERATOR, EVERYTHING, limit=1).after
    with pytest.raises(BadInput, match="newest first"):
        store.page(OPERATOR, EVERYTHING, cursor=after, order="oldest")


def test_a_scan_leaves_out_what_is_appended_after_it_began(store: Store) -> None:
    store.append([seal(simple(n)) for n in range(1, 4)])
    rows = store.scan(OPERATOR, EVERYTHING, order="oldest")
    next(rows)
    store.append([seal(simple(n, at=NOON + timedelta(hours=1))) for n in range(4, 9)])
    store.append([seal(simple(9, tenant="globex", at=NOON + timedelta(hours=2)))])
    assert [row.event.id for row in rows] == [simple(2).id, simple(3).id]


def test_noted_heads_give_the_same_rows_counts_and_groups_again(store: Store) -> None:
    store.append([seal(simple(n, at=NOON + timedelta(minutes=n))) for n in range(1, 6)])
    heads = store.heads(OPERATOR)
    by = [bucket("hour", ZoneInfo("UTC")), facet_dimension("action")]
    then = (
        store.page(OPERATOR, EVERYTHING),
        store.count(OPERATOR, EVERYTHING),
        store.summary(OPERATOR, EVERYTHING, by=by),
    )
    store.append([seal(simple(n, at=NOON + timedelta(minutes=n))) for n in range(6, 30)])
    store.append([seal(simple(40, tenant="globex", action="new"))])
    assert store.page(OPERATOR, EVERYTHING, heads=heads) == then[0]
    assert store.count(OPERATOR, EVERYTHING, heads=heads) == then[1] == 5
    assert store.count(OPERATOR, EVERYTHING, heads=heads, at_most=3) == 3
    assert store.summary(OPERATOR, EVERYTHING, by=by, heads=heads) == then[2]
    assert len(list(store.scan(OPERATOR, EVERYTHING, heads=heads))) == 5
    assert store.count(OPERATOR, Field("action", ("new",)), heads=heads) == 0


def test_a_count_stops_at_its_bound(store: Store) -> None:
    store.append([seal(simple(n)) for n in range(1, 8)])
    assert store.count(OPERATOR, EVERYTHING, at_most=5) == 5
    assert store.count(OPERATOR, EVERYTHING, at_most=50) == 7


def test_days_begin_at_local_midnight_across_a_change_of_the_clock(store: Store) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    moments = [
        datetime(2021, 10, 30, 21, 59, tzinfo=UTC),
        datetime(2021, 10, 30, 22, 0, tzinfo=UTC),
        datetime(2021, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2021, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2021, 10, 31, 22, 59, tzinfo=UTC),
        datetime(2021, 10, 31, 23, 0, tzinfo=UTC),
    ]
    store.append([seal(simple(n, at=moment)) for n, moment in enumerate(moments, 1)])
    assert store.summary(OPERATOR, EVERYTHING, by=[bucket("day", berlin)]) == {
        (date(2021, 10, 30),): 1,
        (date(2021, 10, 31),): 4,
        (date(2021, 11, 1),): 1,
    }
    hours = store.summary(OPERATOR, EVERYTHING, by=[bucket("hour", berlin)])
    assert [f"{hour:%d %H:%M%z}" for (hour,) in sorted(hours)] == [
        "30 23:00+0200", "31 00:00+0200", "31 02:00+0200", "31 02:00+0100", "31 23:00+0100", "01 00:00+0100",
    ]  # fmt: skip
    assert store.summary(OPERATOR, EVERYTHING, by=[bucket("week", berlin)]) == {
        (date(2021, 10, 25),): 5, (date(2021, 11, 1),): 1,
    }  # fmt: skip
    assert store.summary(OPERATOR, EVERYTHING, by=[bucket("month", berlin)]) == {
        (date(2021, 10, 1),): 5, (date(2021, 11, 1),): 1,
    }  # fmt: skip


def test_more_events_at_one_instant_than_a_microsecond_has_room_for_keep_their_time(store: Store) -> None:
    edge = datetime(2021, 11, 17, 23, 59, 59, 999_999, tzinfo=UTC)
    crowd = [simple(n, at=edge, tenant="acme" if n % 2 else "globex") for n in range(1, 2501)]
    after = simple(9001, at=edge + timedelta(microseconds=1))
    store.append([seal(after)])
    store.append([seal(event) for event in crowd])
    assert store.count(OPERATOR, Occurred(None, after.occurred_at)) == 2500
    assert store.count(OPERATOR, Occurred(after.occurred_at, None)) == 1
    assert store.count(OPERATOR, Occurred(edge, after.occurred_at)) == 2500
    assert ids(store.page(OPERATOR, Occurred(after.occurred_at, None))) == [after.id]
    assert store.summary(OPERATOR, EVERYTHING, by=[bucket("day", ZoneInfo("UTC"))]) == {
        (date(2021, 11, 17),): 2500, (date(2021, 11, 18),): 1,
    }  # fmt: skip
    seen = [row.event.id for row in store.scan(OPERATOR, Occurred(edge, after.occurred_at), order="oldest")]
    assert len(set(seen)) == 2500


@pytest.mark.parametrize("step", [1, 100, 10_007, 60_000])
def test_a_crowd_that_arrives_in_disorder_is_read_in_order_of_time(store: Store, step: int) -> None:
    moments = [NOON + timedelta(microseconds=step * (n * 37 % 200)) for n in range(200)]
    events = [simple(n, at=moment) for n, moment in enumerate(moments)]
    for start in range(0, 200, 40):
        store.append([seal(event) for event in events[start : start + 40]])
    wanted = [event.id for event in sorted(events, key=lambda event: event.occurred_at)]
    assert [row.event.id for row in store.scan(OPERATOR, EVERYTHING, order="oldest")] == wanted
    for order, all_ids in (("oldest", wanted), ("newest", wanted[::-1])):
        paged: list[str] = []
        cursor: str | None = None
        while page := store.page(OPERATOR, Field("action", ("play",)), order=order, cursor=cursor, limit=7):  # type: ignore[arg-type]
            paged += ids(page)
            if (cursor := page.after) is None:
                break
        assert paged == all_ids
        back = store.page(OPERATOR, EVERYTHING, order=order, cursor=page.before, limit=7)  # type: ignore[arg-type]
        assert ids(back) == all_ids[-11:-4]
    edge = moments[0] + timedelta(microseconds=step * 100)
    assert store.count(OPERATOR, Occurred(None, edge)) == store.count(OPERATOR, Occurred(edge, None)) == 100


def test_long_words_with_the_same_beginning_are_told_apart(store: Store) -> None:
    words = ["d67fcacc-617c-4f3e-b507-d3415680bd0b", "d67fcacc-617c-4f3e-b507-d3415680bd0c", "10.20.30.40.5",
             "10.20.30.40.6", "10.20.30.40", "administration", "administrations", "administration1"]  # fmt: skip
    store.append([seal(simple(n, details=word)) for n, word in enumerate(words)])
    for number, word in enumerate(words):
        assert [row.event.id for row in store.scan(OPERATOR, Words(word))] == [simple(number).id]
        assert store.count(OPERATOR, Words(word)) == 1
        assert store.count(OPERATOR, Words(word, prefix=True)) == sum(other.startswith(word) for other in words)
        assert store.count(OPERATOR, Not(Words(word))) == len(words) - 1
    assert store.count(OPERATOR, Words("d67fcacc", prefix=True)) == 2
    assert store.count(OPERATOR, Words("administ", prefix=True)) == 3


def test_what_is_referred_to_by_a_random_uuid_is_found_there_alone(store: Store) -> None:
    random = "d67fcacc-617c-4f3e-b507-d3415680bd0b"
    events = [
        simple(0, targets=(Target("calls", random),)),
        simple(1, related=(Reference("files", random),)),
        simple(2, related=(Reference("files", f"old/{random}"),)),
        simple(3, related=(Reference("files", random.upper()),)),
        simple(4, details=random, request_id=random),
        simple(5, request_id=f"old/{random}"),
        simple(6, targets=(Target("calls", f"{random[:-1]}c"),)),
    ]
    store.append([seal(event) for event in events])
    for value, expected in {
        random: {0, 1},
        f"calls/{random}": {0},
        f"users/{random}": set(),
        f"old/{random}": {2},
        f"files/old/{random}": {2},
        random.upper(): {3},
        "calls/*": {0, 6},
    }.items():
        asked = Field("related", (value,))
        assert set(ids_found(store, asked)) == {events[n].id for n in expected}
        assert store.count(OPERATOR, Not(asked)) == len(events) - len(expected)
    assert store.count(OPERATOR, Field("related", (f"calls/{random}", f"old/{random}"))) == 2
    assert ids_found(store, Field("request", (f"old/{random}",))) == [events[5].id]


def test_the_earliest_and_the_latest_times_are_kept(store: Store) -> None:
    moments = [datetime(1715, 1, 1, tzinfo=UTC), datetime(2284, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    store.append([seal(simple(n, at=moment)) for n, moment in enumerate(moments, 1)])
    assert [row.event.occurred_at for row in store.scan(OPERATOR, EVERYTHING, order="oldest")] == moments
    days = store.summary(OPERATOR, EVERYTHING, by=[bucket("day", ZoneInfo("Europe/Berlin"))])
    assert set(days) == {(date(1715, 1, 1),), (date(2285, 1, 1),)}


def test_a_name_means_every_party_that_ever_bore_it_among_what_the_viewer_may_see(store: Store) -> None:
    def called(number: int, name: str, tenant: str = "acme") -> Sealed:
        return seal(simple(number, tenant=tenant, initiator=Initiator("u1", name, tenant)))

    store.append([called(1, "Ann Lee"), called(2, "Ann Smith"), called(3, "ANN LEE", "globex")])
    acme, globex = PartyKey("user", "acme", "u1"), PartyKey("user", "globex", "u1")
    assert store.parties(OPERATOR, "user", "ann lee") == [acme, globex]
    assert store.parties(ACME, "user", "Ann Lee") == [acme]
    assert store.parties(OPERATOR, "user", "ann smith") == [acme]
    assert store.parties(OPERATOR, "user", "U1") == [acme, globex]
    assert store.parties(OPERATOR, "user", "globex/u1") == [globex]
    assert store.parties(OPERATOR, "tenant", "globex") == [PartyKey("tenant", "globex", "globex")]
    assert store.parties(OPERATOR, "group", "ann lee") == []
    assert store.parties(OPERATOR, "user", "") == []


def test_who_sees_only_oneself_learns_no_names_of_others(store: Store) -> None:
    target = Target("user", "u2", "Bob", "acme")
    store.append([seal(simple(1, targets=(target,))), seal(simple(2, user="u3")), seal(simple(3, user="u2"))])
    bob = Viewer("Bob", SelfScope("acme", "u2"))
    assert store.parties(bob, "user", "Name of u1") == [PartyKey("user", "acme", "u1")]
    assert store.parties(bob, "user", "Name of u3") == []
    assert store.parties(bob, "user", "u3") == []
    assert ids(store.page(bob, EVERYTHING)) == [simple(3).id, simple(1).id]


def test_scope_is_kept_by_every_read(store: Store) -> None:
    store.append([seal(simple(n, tenant="acme" if n < 4 else "globex")) for n in range(1, 9)])
    theirs = Field("book", ("globex",))
    assert len(store.page(ACME, EVERYTHING).rows) == store.count(ACME, EVERYTHING) == 3
    assert len(list(store.scan(ACME, EVERYTHING))) == 3
    for condition in (theirs, Not(Field("book", ("acme",))), Or((theirs, NOTHING))):
        assert store.page(ACME, condition).rows == ()
        assert store.count(ACME, condition) == 0
        assert list(store.scan(ACME, condition)) == []
        assert store.summary(ACME, condition, by=[facet_dimension("user")]) == {}
        assert all(store.facet_counts(ACME, condition, field) == [] for field in FACET_FIELDS)
    assert [count.value for count in store.facet_counts(ACME, EVERYTHING, "book")] == ["acme"]
    assert set(store.heads(ACME)) == {"acme"}


def test_frequent_values_come_with_their_names_most_frequent_first(store: Store) -> None:
    store.append([seal(simple(n, user="u1" if n < 4 else "u2", action="A" if n == 1 else "b")) for n in range(1, 9)])
    assert store.facet_counts(OPERATOR, EVERYTHING, "user") == [
        ("acme/u2", "Name of u2", 5), ("acme/u1", "Name of u1", 3),
    ]  # fmt: skip
    assert store.facet_counts(OPERATOR, EVERYTHING, "user", limit=1) == [("acme/u2", "Name of u2", 5)]
    assert store.facet_counts(OPERATOR, Field("action", ("a",)), "action") == [("A", "", 1)]
    with pytest.raises(BadInput, match="usr"):
        store.facet_counts(OPERATOR, EVERYTHING, "usr")


def test_canonical_bytes_survive_the_store(store: Store) -> None:
    hostile = simple(1, details="<b>\x1b[31m\u202e\r\n=1+1", data={"k": [1.5, None, True, 2**63, "東京 🙂", {"": ""}]})
    store.append([seal(hostile)])
    (row,) = store.page(OPERATOR, Words("東京")).rows
    assert encode(row.event) == seal(hostile).canonical


def test_negations_and_alternatives_need_no_other_condition(store: Store) -> None:
    store.append([seal(simple(n, action=f"a{n % 3}")) for n in range(1, 7)])
    a0, a1 = Field("action", ("a0",)), Field("action", ("a1",))
    assert store.count(OPERATOR, Not(a0)) == 4
    assert store.count(OPERATOR, And((Not(a0), Not(a1)))) == 2
    assert store.count(OPERATOR, Or((Not(a0), Not(a1)))) == 6
    assert store.count(OPERATOR, Not(Parties((PartyKey("user", "acme", "u1"),)))) == 0
    assert store.count(OPERATOR, NOTHING) == 0
    assert store.count(OPERATOR, Not(NOTHING)) == 6


def test_a_name_that_was_first_borne_after_the_noted_heads_means_nobody_at_them(store: Store) -> None:
    store.append([seal(simple(1, initiator=Initiator("u1", "Ann", "acme")))])
    heads = store.heads(OPERATOR)
    later = simple(2, at=NOON + timedelta(days=1), initiator=Initiator("u2", "Ann", "acme"))
    store.append([seal(later)])
    assert len(store.parties(OPERATOR, "user", "Ann")) == 2
    assert store.parties(OPERATOR, "user", "Ann", heads=heads) == [PartyKey("user", "acme", "u1")]


@pytest.mark.parametrize("never", [NOTHING, Parties(()), Field("action", ("none",)), Field("action", ("zzz*",))])
@pytest.mark.parametrize("viewer", [OPERATOR, ACME, Viewer("Bob", SelfScope("acme", "bob"))])
def test_asking_by_id_opens_nothing_that_the_rest_of_the_query_or_the_scope_closes(
    store: Store, viewer: Viewer, never: Condition
) -> None:
    store.append([seal(simple(1)), seal(simple(2, tenant="globex"))])
    for number in (1, 2):
        condition = And((Field("id", (simple(number).id,)), never))
        assert store.page(viewer, condition).rows == ()
        assert list(store.scan(viewer, condition)) == []
        assert store.count(viewer, condition) == 0
        assert store.summary(viewer, condition, by=[facet_dimension("book")]) == {}
    assert store.page(viewer, Field("id", (simple(2).id,))).rows == () or viewer is OPERATOR
