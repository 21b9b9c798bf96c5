"""One strange event, or a strange setting, never takes the others down."""

from __future__ import annotations

import pytest
from sealed import NOON, simple

from trailbook.directory.directory import Directory
from trailbook.directory.model import Membership, Profile
from trailbook.directory.viewer import OPERATOR
from trailbook.errors import BadInput
from trailbook.event.canonical import decode, encode
from trailbook.event.model import Change, Initiator
from trailbook.ingest.accept import Context, accept
from trailbook.store.memory import MemoryStore

NOBODY = Directory((), ())


def test_a_user_in_more_groups_than_an_event_holds_is_rejected_alone() -> None:
    joined = [Membership("acme", "busy", "group", f"g{n}") for n in range(1001)]
    directory = Directory([Profile("user", "acme", "busy", "Busy")], joined)
    batch = [simple(1), simple(2, initiator=Initiator("busy", tenant="acme")), simple(3)]
    outcome = accept(batch, Context(NOON, directory), MemoryStore())
    assert outcome.count("stored") == 2
    (rejected,) = outcome.rejected
    assert (rejected.index, rejected.error.place) == (1, "initiator.groups")


def test_long_keys_that_hold_secrets_stay_within_their_limit() -> None:
    keys = [f"password=Hunter2Hunter{n} " + "x" * 1000 for n in range(3)]
    event = simple(1, changes={key: Change("a", "b") for key in keys})
    store = MemoryStore()
    outcome = accept([event], Context(NOON, NOBODY), store)
    assert outcome.count("stored") == 1
    (row,) = store.events(OPERATOR, event.id)
    assert len(row.event.changes) == 3
    assert all(len(key) <= 1024 and "Hunter2" not in key for key in row.event.changes)
    assert decode(encode(row.event)) == row.event


@pytest.mark.parametrize("tenant", ["", "x" * 1025, "a\x00b", "\ud800"])
def test_a_tenant_that_no_event_could_have_is_refused_before_anything_is_stored(tenant: str) -> None:
    with pytest.raises(BadInput, match="tenant"):
        Context(NOON, NOBODY, tenant=tenant)


@pytest.mark.parametrize("application", ["x" * 1025, "a\nb"])
def test_an_application_that_no_event_could_have_is_refused(application: str) -> None:
    with pytest.raises(BadInput, match="application"):
        Context(NOON, NOBODY, application=application)
