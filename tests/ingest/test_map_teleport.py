"""What Teleport's audit events mean.

Events and codes: https://goteleport.com/docs/reference/audit-events/ (a code ends in I for information, W or E for a
failure), common fields: https://goteleport.com/docs/reference/deployment/monitoring/audit/
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Belonging, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

AT = "2023-09-20T19:00:00.123456+00:00"
BASE: dict[str, Any] = {
    "cluster_name": "teleport.example.com",
    "ei": 0,
    "time": "2023-09-20T19:00:00.123456Z",
    "uid": "8eaf8f39-09d4-4a42-a22a-65163d2af702",
}
MAX = Initiator(id="max", name="max")
COMMON = {"application": "teleport", "tenant": "teleport.example.com"}


def test_a_sign_in_has_the_address_without_its_port() -> None:
    record = BASE | {
        "event": "user.login",
        "code": "T1000I",
        "user": "max",
        "success": True,
        "method": "local",
        "addr.remote": "[2001:db8::1]:65123",
        "user_agent": "Mozilla/5.0",
    }
    assert mapped("teleport", record) == event(
        AT,
        "user",
        "user.login",
        initiator=Initiator(id="max", name="max", ip="2001:db8::1", user_agent="Mozilla/5.0"),
        outcome="success",
        **COMMON,
    )


def test_a_failed_sign_in_proves_no_identity() -> None:
    record = BASE | {
        "event": "user.login",
        "code": "T1000W",
        "user": "max",
        "success": False,
        "error": "invalid credentials",
        "addr.remote": "192.0.2.1:35194",
    }
    assert mapped("teleport", record) == event(
        AT,
        "user",
        "user.login",
        initiator=Initiator(id="max", name="max", verified=False, ip="192.0.2.1"),
        outcome="failure",
        reason="invalid credentials",
        targets=(Target(kind="user", id="max", name="max"),),
        **COMMON,
    )


def test_a_created_user_and_the_roles_given_are_targets() -> None:
    record = BASE | {
        "event": "user.create",
        "code": "T1002I",
        "user": "max",
        "name": "bob",
        "roles": ["admin", "access"],
        "connector": "local",
    }
    assert mapped("teleport", record) == event(
        AT,
        "user",
        "user.create",
        initiator=MAX,
        outcome="success",
        targets=(
            Target(kind="user", id="bob", name="bob"),
            Target(kind="role", id="admin", name="admin"),
            Target(kind="role", id="access", name="access"),
        ),
        **COMMON,
    )


def test_members_added_to_an_access_list_and_the_list_as_a_group_are_targets() -> None:
    record = BASE | {
        "event": "access_list.member.create",
        "code": "TAL005I",
        "access_list_name": "oncall",
        "members": [{"member_name": "bob"}, {"member_name": "eve"}],
        "updated_by": "max",
    }
    assert mapped("teleport", record) == event(
        AT,
        "access_list.member",
        "access_list.member.create",
        initiator=MAX,
        outcome="success",
        targets=(
            Target(kind="user", id="bob", name="bob"),
            Target(kind="user", id="eve", name="eve"),
            Target(kind="group", id="oncall", name="oncall"),
        ),
        **COMMON,
    )


def test_a_locked_user_is_the_target_beside_the_lock() -> None:
    record = BASE | {
        "event": "lock.created",
        "code": "TLK00I",
        "name": "lock-1",
        "user": "max",
        "updated_by": "max",
        "target": {"user": "bob"},
    }
    assert mapped("teleport", record) == event(
        AT,
        "lock",
        "lock.created",
        initiator=MAX,
        outcome="success",
        targets=(Target(kind="user", id="bob", name="bob"), Target(kind="lock", id="lock-1", name="lock-1")),
        **COMMON,
    )


def test_an_impersonator_is_the_initiator_and_acts_as_the_user_of_the_certificate() -> None:
    record = BASE | {
        "event": "cert.create",
        "code": "TC000I",
        "cert_type": "user",
        "identity": {"user": "bob", "impersonator": "ci-bot", "roles": ["deploy"]},
    }
    assert mapped("teleport", record) == event(
        AT,
        "cert",
        "cert.create",
        initiator=Initiator(id="ci-bot", name="ci-bot", acts_as=Target(kind="user", id="bob", name="bob")),
        outcome="success",
        **COMMON,
    )


def test_who_is_named_twice_impersonates_nobody() -> None:
    record = BASE | {
        "event": "cert.create",
        "code": "TC000I",
        "identity": {"user": "ci-bot", "impersonator": "ci-bot", "roles": ["deploy"]},
    }
    assert mapped("teleport", record).initiator == Initiator(id="ci-bot", name="ci-bot")


def test_roles_that_the_record_names_for_the_user_are_the_initiators() -> None:
    record = BASE | {"event": "kube.request", "code": "T3009I", "user": "max", "user_roles": ["access", "editor"]}
    assert mapped("teleport", record).initiator == Initiator(
        id="max", name="max", roles=(Belonging(id="access"), Belonging(id="editor"))
    )


def test_a_session_has_its_server_as_target_and_is_referred_to() -> None:
    record = BASE | {
        "event": "session.start",
        "code": "T2000I",
        "user": "max",
        "user_kind": 1,
        "login": "root",
        "server_hostname": "ip-10-0-0-1",
        "server_id": "12345678-1111-2222-3333-54e9467ff0e6",
        "sid": "a3562a0e-e57f-4273-9f69-eedb6cd029cb",
        "addr_remote": "192.0.2.1:35194",
    }
    assert mapped("teleport", record) == event(
        AT,
        "session",
        "session.start",
        initiator=Initiator(id="max", name="max", ip="192.0.2.1"),
        outcome="success",
        targets=(Target(kind="server", id="12345678-1111-2222-3333-54e9467ff0e6", name="ip-10-0-0-1"),),
        related=(
            Reference(kind="session", id="a3562a0e-e57f-4273-9f69-eedb6cd029cb"),
            Reference(kind="login", id="root"),
        ),
        **COMMON,
    )


def test_a_request_for_access_names_the_roles_and_whoever_decides_is_its_initiator() -> None:
    wanted = BASE | {"event": "access_request.create", "code": "T5000I", "id": "r-1", "user": "bob", "roles": ["admin"]}
    decided = BASE | {
        "event": "access_request.update",
        "code": "T5001I",
        "id": "r-1",
        "state": "APPROVED",
        "updated_by": "max",
    }
    request = Target(kind="access_request", id="r-1")
    assert mapped("teleport", wanted).targets == (Target(kind="role", id="admin", name="admin"), request)
    seen = mapped("teleport", decided)
    assert seen.initiator == MAX
    assert seen.targets == (request,)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"code": "T3007W"}, "failure"),
        ({"code": "TDB02W", "success": False, "error": "access to database denied"}, "denied"),
        ({"code": "TDB00I", "success": True}, "success"),
        ({"code": "TDS00W", "status": "Failure"}, "failure"),
        ({"code": "TV005I", "status": {"success": False}}, "failure"),
        ({"code": "TDY01E"}, "failure"),
        ({"code": "t2000i"}, "success"),
    ],
)
def test_success_or_else_the_code_is_the_outcome(more: dict[str, Any], outcome: str) -> None:
    assert mapped("teleport", BASE | {"event": "db.session.query", "user": "max"} | more).outcome == outcome


def test_a_bot_is_a_service() -> None:
    joined = BASE | {"event": "bot.join", "code": "TJ001I", "bot_name": "github-demo", "success": True}
    issued = BASE | {"event": "spiffe.svid.issued", "code": "TSPIFFE000I", "user": "bot-test", "user_kind": 2}
    assert mapped("teleport", joined).initiator == Initiator(id="github-demo", name="github-demo", type="service")
    assert mapped("teleport", issued).initiator == Initiator(id="bot-test", name="bot-test", type="service")


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("teleport").events({"event": "user.login", "code": "T1000I", "user": "max"})
