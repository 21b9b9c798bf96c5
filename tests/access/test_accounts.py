"""Accounts: made, found, changed and disabled, and what is told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from entered import NOW, add, doing, told
from msgspec.structs import replace
from served import service

from trailbook.access import accounts
from trailbook.access.kept import ACCOUNTS, SESSIONS, Found
from trailbook.access.model import Account, Origin
from trailbook.access.sessions import make_session
from trailbook.directory.viewer import GroupScope
from trailbook.errors import BadInput, Outdated
from trailbook.event.model import Change, Reference, Target
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

ISSUER = "https://id.example"


@pytest.fixture
def served() -> Service:
    return service()


def found(served: Service, id: str = "id-ann") -> Found[Account]:
    account = ACCOUNTS.find(served.store, id, NOW)
    assert account is not None
    return account


def change(served: Service, **given: object) -> None:
    was = found(served)
    decided = accounts.change(served.store, was, replace(was.value, **given), doing(served))
    served.keep(decided.changed, removed=decided.removed, events=decided.events)


def test_an_account_comes_back_as_it_was_made(served: Service) -> None:
    account = add(
        served, scope=GroupScope("acme", ("g1",)), since=NOW - timedelta(days=9), expires_at=NOW + timedelta(days=9),
        issuer=ISSUER, subject="s-1", label="Ann Lee",
    )  # fmt: skip
    kept = replace(account, created_at=NOW)
    assert found(served).value == kept
    for one in (
        accounts.by_name(served.store, "ANN", NOW),
        accounts.by_subject(served.store, ISSUER, "s-1", NOW),
    ):
        assert one is not None
        assert one.value == kept
    assert accounts.by_name(served.store, "bob", NOW) is None
    assert accounts.by_subject(served.store, ISSUER, "s-2", NOW) is None
    assert [one.value.id for one in ACCOUNTS.all(served.store, NOW, owner="acme")] == ["id-ann"]
    assert ACCOUNTS.all(served.store, NOW, owner="globex") == []


def test_making_an_account_is_told_in_its_users_book_without_its_secrets(served: Service) -> None:
    account = add(served, label="Ann Lee", otp="SECRETSECRET")
    (event,) = told(served, "accounts")
    assert (event.action, event.tenant) == ("create", "acme")
    assert event.targets == (Target("user", "ann", "Ann Lee", "acme"),)
    assert event.related == (Reference("account", "id-ann", "ann"),)
    assert event.changes["role"] == Change(None, "reader")
    assert event.changes["user"] == Change(None, "acme/ann")
    assert event.changes["scope.tenant"] == Change(None, "acme")
    assert event.changes["password"] == event.changes["otp"] == Change("•••", "•••")
    assert account.password not in repr(event)
    assert "SECRETSECRET" not in repr(event)


@pytest.mark.parametrize("name", ["ann", "ANN", " Ann ", "ánn", "ａnn"])
def test_a_name_is_given_once_however_it_is_spelt(served: Service, name: str) -> None:
    add(served)
    with pytest.raises(BadInput, match="Another account signs in with this name") as refused:
        add(served, name, id="other")
    assert refused.value.place == "name"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x1bb", "n" * 257, "a\u202eb"])
def test_a_name_can_be_read_and_typed(served: Service, name: str) -> None:
    with pytest.raises(BadInput, match="1 to 256 printable characters"):
        add(served, name)


def test_of_two_who_make_an_account_of_one_name_at_once_one_is_told_to_read_again(served: Service) -> None:
    one, other = (
        accounts.create(served.store, replace(accounts.first_account(id), name="bob"), doing(served)) for id in "12"
    )
    served.keep(one.changed)
    with pytest.raises(Outdated):
        served.keep(other.changed)
    assert ACCOUNTS.find(served.store, "2", NOW) is None


def test_a_renamed_account_is_found_by_its_new_name_alone_and_leaves_the_old_one_free(served: Service) -> None:
    add(served)
    change(served, name="Anna")
    assert accounts.by_name(served.store, "ann", NOW) is None
    renamed = accounts.by_name(served.store, "anna", NOW)
    assert renamed is not None
    assert renamed.value.id == "id-ann"
    add(served, "ann", id="another")
    assert told(served, "accounts")[1].changes == {"name": Change("ann", "Anna")}


def test_a_name_may_be_spelt_anew(served: Service) -> None:
    add(served)
    change(served, name="ANN")
    assert found(served).value.name == "ANN"


def test_a_subject_is_of_one_account_and_can_be_taken_from_it(served: Service) -> None:
    add(served, issuer=ISSUER, subject="s-1")
    with pytest.raises(BadInput, match="Another account has this subject"):
        add(served, "bob", issuer=ISSUER, subject="s-1")
    add(served, "carl", issuer="https://other.example", subject="s-1")
    change(served, issuer="", subject="")
    add(served, "bob", issuer=ISSUER, subject="s-1")


def test_disabling_an_account_ends_its_sessions_and_no_others(served: Service) -> None:
    for name in ("ann", "bob"):
        account = add(served, name)
        _, session = make_session(account, Origin(), NOW, served.randomness, lasts=timedelta(hours=1))
        served.keep([SESSIONS.record(session)])
    change(served, disabled=True)
    assert [one.value.account for one in SESSIONS.all(served.store, NOW)] == ["id-bob"]
    assert told(served, "accounts")[-1].changes == {"disabled": Change(None, True)}


def test_nothing_is_kept_or_told_when_nothing_changes(served: Service) -> None:
    add(served)
    was = found(served)
    assert accounts.change(served.store, was, was.value, doing(served)) == ((), (), ())


def test_a_change_of_what_somebody_else_has_changed_is_refused(served: Service) -> None:
    add(served)
    was = found(served)
    change(served, label="Ann Lee")
    late = accounts.change(served.store, was, replace(was.value, label="Other"), doing(served))
    with pytest.raises(Outdated):
        served.keep(late.changed, events=late.events)
    assert found(served).value.label == "Ann Lee"
