"""From what was sent to what is stored, and from a batch to what became of each event."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.directory.directory import Directory
from trailbook.directory.model import Profile
from trailbook.errors import BadEvent
from trailbook.event.canonical import Sealed, decode, encode, submission_digest
from trailbook.event.ids import stable_id
from trailbook.event.model import Belonging, Change, Event, Initiator, Target
from trailbook.ingest.accept import Context, accept, prepare
from trailbook.masking.mask import mask_path
from trailbook.store.ports import Receipt

ID = "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10"
THEN = datetime(2021, 11, 17, 14, 7, tzinfo=UTC)
NOW = datetime(2021, 11, 18, 9, tzinfo=UTC)
CONTEXT = Context(NOW, Directory())


def event(**fields: Any) -> Event:
    whole: dict[str, Any] = {"id": ID, "occurred_at": THEN, "resource": "users", "action": "update"}
    return Event(**(whole | fields))


def stored(whole: Event, **context: Any) -> Event:
    sealed = prepare(whole, msgspec.structs.replace(CONTEXT, **context))
    assert decode(sealed.canonical) == sealed.event
    assert encode(sealed.event) == sealed.canonical
    return sealed.event


class Shelf:
    """An appender that keeps what it is given, and knows ids again."""

    def __init__(self) -> None:
        self.kept: list[Sealed] = []

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        receipts = []
        for one in batch:
            known = any(one.event.id == other.event.id for other in self.kept)
            self.kept.append(one)
            receipts.append(Receipt(one.event.id, "duplicate" if known else "stored", one.event.tenant, 0, b""))
        return receipts


def test_every_party_gets_its_tenant() -> None:
    found = stored(
        event(
            initiator=Initiator(
                "op", tenant="vendor", groups=(Belonging("g"),), acts_as=Target("user", "x", roles=(Belonging("r"),))
            ),
            tenant="acme",
            targets=(
                Target("user", "ann", groups=(Belonging("g"), Belonging("h", tenant="far"))),
                Target("user", "bob", tenant="globex", roles=(Belonging("r"),)),
                Target("tenant", "initech"),
                Target("report", "r1"),
            ),
        )
    )
    assert found.tenant == "acme"
    assert found.initiator == Initiator(
        "op",
        tenant="vendor",
        groups=(Belonging("g", tenant="vendor"),),
        acts_as=Target("user", "x", tenant="acme", roles=(Belonging("r", tenant="acme"),)),
    )
    assert found.targets == (
        Target("user", "ann", tenant="acme", groups=(Belonging("g", tenant="acme"), Belonging("h", tenant="far"))),
        Target("user", "bob", tenant="globex", roles=(Belonging("r", tenant="globex"),)),
        Target("tenant", "initech", tenant="initech"),
        Target("report", "r1", tenant="acme"),
    )


@pytest.mark.parametrize(
    ("tenant", "initiator", "book", "home"),
    [
        ("acme", Initiator("u", tenant="globex"), "acme", "globex"),
        ("", Initiator("u", tenant="globex"), "globex", "globex"),
        ("acme", Initiator("u"), "acme", "acme"),
        ("", Initiator("u"), "default", "default"),
        ("", None, "default", None),
    ],
)
def test_the_book_is_the_events_tenant_else_the_initiators_else_the_default(
    tenant: str, initiator: Initiator | None, book: str, home: str | None
) -> None:
    found = stored(event(tenant=tenant, initiator=initiator))
    assert found.tenant == book
    assert (found.initiator.tenant if found.initiator else None) == home


def test_times_become_utc_and_the_context_fills_what_is_left_out() -> None:
    there = timezone(timedelta(hours=1))
    found = stored(
        event(occurred_at=THEN.astimezone(there)), tenant="acme", application="web", recorded_at=NOW.astimezone(there)
    )
    assert (found.occurred_at.tzinfo, found.recorded_at) == (UTC, NOW)
    assert (found.tenant, found.application) == ("acme", "web")
    assert stored(event(application="celery"), application="web").application == "celery"


@pytest.mark.parametrize("application", ["trailbook", "Trailbook"])
def test_only_trailbook_writes_as_trailbook(application: str) -> None:
    with pytest.raises(BadEvent) as caught:
        prepare(event(application=application), CONTEXT)
    assert caught.value.place == "application"
    assert stored(event(application=application), allow_own_application=True).application == application


def test_the_account_that_a_failed_sign_in_claims_is_its_target() -> None:
    claimed = Initiator("ann", name="Ann", tenant="acme", verified=False)
    assert stored(event(initiator=claimed)).derived == (Target("user", "ann", name="Ann", tenant="acme"),)
    assert stored(event(initiator=claimed, targets=(Target("user", "ann"),))).derived == ()


@pytest.mark.parametrize("stand_in", ["anonymous", "system:anonymous"])
def test_who_is_unnamed_and_unproven_claims_no_account(stand_in: str) -> None:
    assert stored(event(initiator=Initiator(stand_in, ip="85.223.209.22", verified=False))).derived == ()
    assert stored(event(initiator=Initiator("ann"))).derived == ()


def test_a_change_of_belonging_derives_targets_with_names_of_that_time() -> None:
    directory = Directory([Profile("group", "acme", "g2", "Call center", None, None)])
    found = stored(
        event(tenant="acme", targets=(Target("user", "ann"),), changes={"group": Change("g1", "g2")}),
        directory=directory,
    )
    assert found.derived == (
        Target("group", "g1", tenant="acme"),
        Target("group", "g2", name="Call center", tenant="acme"),
    )
    assert found.filled == ("derived[1].name",)


def test_secrets_are_masked_before_anything_is_digested() -> None:
    secret = event(details="--password hunter2", data={"pin": 1})
    sealed = prepare(secret, msgspec.structs.replace(CONTEXT, mask_paths=(mask_path("data.pin"),)))
    assert b"hunter2" not in sealed.canonical
    assert sealed.event.masked == ("details", "data.pin")
    covered = event(details="--password [masked: secret]", data={"pin": "[masked: configured]"}, tenant="default")
    assert sealed.submission == submission_digest(covered)


def test_the_digest_is_of_what_was_sent_and_not_of_what_was_added() -> None:
    directory = Directory([Profile("user", "acme", "ann", "Ann", None, None)])
    sent = event(tenant="acme", initiator=Initiator("ann", tenant="acme"))
    later = Context(NOW + timedelta(days=1), directory)
    assert prepare(sent, later).event.initiator == Initiator("ann", name="Ann", tenant="acme")
    assert prepare(sent, later).submission == prepare(sent, CONTEXT).submission == submission_digest(sent)


def test_a_bad_event_takes_none_of_the_others_down() -> None:
    raw = [
        json.dumps({"occurred_at": "2021-11-17T14:07:00Z", "resource": "calls", "action": action}).encode()
        for action in ("play", "export")
    ]
    shelf = Shelf()
    context = msgspec.structs.replace(CONTEXT, make_id=stable_id)
    outcome = accept([raw[0], b"{", event(data=float("nan")), raw[1], raw[0], event()], context, shelf)
    assert [type(one).__name__ for one in outcome.results] == [
        "Receipt", "Rejected", "Rejected", "Receipt", "Receipt", "Receipt",
    ]  # fmt: skip
    assert [(one.index, one.error.place) for one in outcome.rejected] == [(1, ""), (2, "data")]
    assert [one.status for one in outcome.receipts] == ["stored", "stored", "duplicate", "stored"]
    assert [outcome.count(one) for one in ("stored", "duplicate", "conflict", "rejected")] == [3, 1, 0, 2]
    assert [one.event.action for one in shelf.kept] == ["play", "export", "play", "update"]


def test_of_a_batch_of_nothing_good_nothing_reaches_the_store() -> None:
    class Closed:
        def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
            assert list(batch) == []
            return []

    assert accept([b"{"], CONTEXT, Closed()).count("rejected") == 1
    assert accept([], CONTEXT, Closed()).results == ()


WORDS = st.sampled_from(["a", "acme", "password=x", "é", '"', "x y"])
KEYS = WORDS | st.just("")
BELONGINGS = st.none() | st.lists(st.builds(Belonging, WORDS, KEYS, KEYS), max_size=2).map(tuple)
TARGETS = st.builds(
    Target, st.sampled_from(["user", "group", "tenant", "report"]), WORDS, KEYS, KEYS, BELONGINGS, BELONGINGS
)
INITIATORS = st.builds(
    Initiator, WORDS, KEYS, KEYS, verified=st.booleans(), groups=BELONGINGS, acts_as=st.none() | TARGETS
)
EVENTS = st.builds(
    event,
    tenant=KEYS,
    application=KEYS,
    initiator=st.none() | INITIATORS,
    targets=st.lists(TARGETS, max_size=3).map(tuple),
    changes=st.dictionaries(st.sampled_from(["group", "tenant", "email"]), st.builds(Change, WORDS, WORDS)),
    data=st.none() | st.dictionaries(WORDS, WORDS | st.integers(0, 9)),
)
KNOWN = Directory([Profile("user", "acme", "a", "Ann", None, None), Profile("group", "acme", "a", "A", None, None)])


@given(EVENTS, st.sampled_from([Directory(), KNOWN]))
def test_the_canonical_bytes_are_the_event(whole: Event, directory: Directory) -> None:
    found = stored(whole, directory=directory)
    assert all(one.tenant for one in found.affected())
    assert found.tenant
    again = stored(
        msgspec.structs.replace(found, recorded_at=None, derived=(), filled=(), masked=()), directory=directory
    )
    assert again.derived == found.derived
