"""Changes of belonging, and the targets that follow from them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trailbook.event.model import Change, Event, Initiator, Target
from trailbook.ingest.derive import derive

ANN = Target("user", "ann", name="Ann", tenant="acme")


def event(changes: dict[str, Change], *targets: Target, **fields: Any) -> Event:
    return Event(
        "018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10", datetime(2021, 1, 1, tzinfo=UTC), "users", "update",
        tenant="acme", targets=targets, changes=changes, **fields,
    )  # fmt: skip


def group(id: str, name: str = "", tenant: str = "acme") -> Target:
    return Target("group", id, name=name, tenant=tenant)


def role(id: str) -> Target:
    return Target("role", id, tenant="acme")


@pytest.mark.parametrize(
    ("field", "old", "new", "derived"),
    [
        ("group", "sales", "support", (group("sales"), group("support"))),
        ("groups", ["a", "b"], ["b", "c"], (group("a"), group("c"))),
        ("Groups", None, ["a"], (group("a"),)),
        ("user_groups", ["a"], [], (group("a"),)),
        ("groups", ["a", "b"], ["b", "a"], ()),
        ("groups", [{"id": "a", "name": "A"}], [{"id": "b", "name": "B"}], (group("a", "A"), group("b", "B"))),
        ("groups", [{"id": "a", "name": "Old"}], [{"id": "a", "name": "New"}], ()),
        ("groups", None, {"id": "a", "tenant": "other"}, (group("a", tenant="other"),)),
        ("groups", [7], [7, 8], (group("8"),)),
        ("groups", True, [None, "", 1.5, {"name": "x"}], ()),
        ("role", None, "admin", (role("admin"),)),
        ("ROLES", ["agent"], ["agent", "admin"], (role("admin"),)),
        ("email", "a", "b", ()),
        ("group_by", "a", "b", ()),
    ],
)
def test_who_joins_or_leaves_has_the_group_or_role_as_target(
    field: str, old: Any, new: Any, derived: tuple[Target, ...]
) -> None:
    assert derive(event({field: Change(old, new)}, ANN)) == derived


def test_a_move_has_both_tenants_and_the_identity_on_the_other_side() -> None:
    assert derive(event({"tenant": Change("acme", "globex")}, ANN)) == (
        Target("tenant", "acme", tenant="acme"),
        Target("tenant", "globex", tenant="globex"),
        Target("user", "ann", name="Ann", tenant="globex"),
    )


def test_a_move_of_several_users_names_the_tenants_only() -> None:
    moved = derive(event({"tenant": Change("acme", "globex")}, ANN, Target("user", "bob", tenant="acme")))
    assert [(one.kind, one.id) for one in moved] == [("tenant", "acme"), ("tenant", "globex")]


def test_what_is_a_target_already_is_not_repeated() -> None:
    changes = {"group": Change("a", "b"), "groups": Change(["a"], ["b"])}
    assert derive(event(changes, ANN, group("b", "B"))) == (group("a"),)


def test_an_event_that_is_not_about_a_user_derives_nothing() -> None:
    assert derive(event({"group": Change("a", "b")}, Target("report", "r1", tenant="acme"))) == ()


def test_the_impersonated_user_counts_as_a_user() -> None:
    initiator = Initiator("root", tenant="acme", acts_as=ANN)
    assert derive(event({"role": Change(None, "admin")}, initiator=initiator)) == (role("admin"),)


def test_the_impersonated_user_does_not_move_with_something_else() -> None:
    initiator = Initiator("root", tenant="acme", acts_as=ANN)
    assert derive(event({"group": Change("a", "b")}, Target("report", "r1", tenant="acme"), initiator=initiator)) == ()
