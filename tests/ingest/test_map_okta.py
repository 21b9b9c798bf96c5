"""What Okta's System Log means.

Fields: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/ (LogEvent), event types:
https://developer.okta.com/docs/reference/api/event-types/, hooks: https://developer.okta.com/docs/concepts/event-hooks/
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

ADMIN = {"id": "00u1admin", "type": "User", "alternateId": "ann@acme.com", "displayName": "Ann Admin"}
BOB = {"id": "00u2bob", "type": "User", "alternateId": "bob@acme.com", "displayName": "Bob Burger"}
BASE: dict[str, Any] = {
    "uuid": "14a42b00-74e5-11ee-8a5a-69d62fcd0f8b",
    "published": "2023-10-27T16:22:53.770Z",
    "version": "0",
    "severity": "INFO",
    "actor": ADMIN,
    "client": {"ipAddress": "85.223.209.22", "userAgent": {"rawUserAgent": "Mozilla/5.0", "browser": "CHROME"}},
    "authenticationContext": {"externalSessionId": "102bZDNFfWaQSyEZQuDgWt-uQ"},
    "debugContext": {"debugData": {"requestId": "XkcAsWb8WjwDP76xh1v8wAABp0", "requestUri": "/api/v1/x"}},
    "outcome": {"result": "SUCCESS", "reason": None},
    "transaction": {"type": "WEB", "id": "XkccyyMli2Uay2I93ZgRzQAAB0c", "detail": {}},
    "target": None,
}
AT = "2023-10-27T16:22:53.770+00:00"
ANN = Initiator(id="00u1admin", name="Ann Admin", ip="85.223.209.22", user_agent="Mozilla/5.0")
BOB_TARGET = Target(kind="user", id="00u2bob", name="Bob Burger")
COMMON = {
    "application": "okta",
    "related": (Reference(kind="session", id="102bZDNFfWaQSyEZQuDgWt-uQ"),),
    "request_id": "XkcAsWb8WjwDP76xh1v8wAABp0",
    "trace_id": "XkccyyMli2Uay2I93ZgRzQAAB0c",
}


def test_a_user_added_to_a_group_and_the_group_are_targets() -> None:
    group = {"id": "00g1", "type": "UserGroup", "alternateId": "unknown", "displayName": "Call center"}
    record = BASE | {
        "eventType": "group.user_membership.add",
        "displayMessage": "Add user to group membership",
        "target": [BOB, group],
    }
    assert mapped("okta", record) == event(
        AT,
        "group.user_membership",
        "group.user_membership.add",
        initiator=ANN,
        outcome="success",
        details="Add user to group membership",
        targets=(BOB_TARGET, Target(kind="group", id="00g1", name="Call center")),
        **COMMON,
    )


def test_granted_privileges_are_roles_and_targets_beside_the_user() -> None:
    record = BASE | {
        "eventType": "user.account.privilege.grant",
        "displayMessage": "Grant user privilege",
        "target": [BOB],
        "debugContext": {
            "debugData": {
                "privilegeGranted": "Super administrator, Read only admin",
                "requestId": "XkcAsWb8WjwDP76xh1v8wAABp0",
            }
        },
    }
    assert mapped("okta", record) == event(
        AT,
        "user.account.privilege",
        "user.account.privilege.grant",
        initiator=ANN,
        outcome="success",
        details="Grant user privilege",
        targets=(
            BOB_TARGET,
            Target(kind="role", id="Super administrator"),
            Target(kind="role", id="Read only admin"),
        ),
        **COMMON,
    )


def test_a_failed_sign_in_proves_no_identity_and_the_claimed_account_is_its_target() -> None:
    record = BASE | {
        "eventType": "user.session.start",
        "displayMessage": "User login to Okta",
        "actor": BOB,
        "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    }
    assert mapped("okta", record) == event(
        AT,
        "user.session",
        "user.session.start",
        initiator=Initiator(
            id="00u2bob", name="Bob Burger", verified=False, ip="85.223.209.22", user_agent="Mozilla/5.0"
        ),
        outcome="failure",
        reason="INVALID_CREDENTIALS",
        details="User login to Okta",
        targets=(BOB_TARGET,),
        **COMMON,
    )


def test_an_account_that_okta_does_not_know_is_the_name_that_was_typed() -> None:
    actor = {"id": "unknown", "type": "User", "alternateId": "nobody@acme.com", "displayName": "unknown"}
    record = BASE | {
        "eventType": "user.session.start",
        "actor": actor,
        "outcome": {"result": "FAILURE", "reason": "VERIFICATION_ERROR"},
    }
    seen = mapped("okta", record)
    assert seen.initiator is not None
    assert (seen.initiator.id, seen.initiator.name, seen.initiator.verified) == (
        "nobody@acme.com",
        "nobody@acme.com",
        False,
    )
    assert seen.targets == (Target(kind="user", id="nobody@acme.com", name="nobody@acme.com"),)


def test_who_starts_an_impersonation_acts_as_its_target() -> None:
    record = BASE | {"eventType": "user.session.impersonation.initiate", "target": [BOB]}
    seen = mapped("okta", record)
    assert seen.initiator == Initiator(
        id="00u1admin", name="Ann Admin", ip="85.223.209.22", user_agent="Mozilla/5.0", acts_as=BOB_TARGET
    )
    assert seen.targets == ()


def test_allowing_an_impersonation_is_not_impersonating() -> None:
    seen = mapped("okta", BASE | {"eventType": "user.session.impersonation.grant"})
    assert seen.initiator == ANN


def test_change_details_of_a_target_are_the_changes() -> None:
    policy = {
        "id": "0pr1",
        "type": "PolicyRule",
        "alternateId": "00p1",
        "displayName": "Default Rule",
        "changeDetails": {"from": {"mfa": "OFF", "priority": 1}, "to": {"mfa": "ON", "priority": 1}},
    }
    seen = mapped("okta", BASE | {"eventType": "policy.rule.update", "target": [policy]})
    assert seen.targets == (Target(kind="PolicyRule", id="0pr1", name="Default Rule"),)
    assert seen.changes == {"mfa": Change(old="OFF", new="ON")}


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("SUCCESS", "success"),
        ("ALLOW", "success"),
        ("FAILURE", "failure"),
        ("DENY", "denied"),
        ("CHALLENGE", "unknown"),
        ("SKIPPED", "unknown"),
        ("UNKNOWN", "unknown"),
    ],
)
def test_every_result_has_its_outcome(result: str, outcome: str) -> None:
    record = BASE | {"eventType": "policy.evaluate_sign_on", "outcome": {"result": result}}
    assert mapped("okta", record).outcome == outcome


@pytest.mark.parametrize(
    ("type", "kind"), [("User", "user"), ("SystemPrincipal", "system"), ("PublicClientApp", "service")]
)
def test_the_kind_of_the_initiator_is_that_of_the_actor(type: str, kind: str) -> None:
    seen = mapped("okta", BASE | {"eventType": "application.lifecycle.update", "actor": ADMIN | {"type": type}})
    assert seen.initiator is not None
    assert seen.initiator.type == kind


def test_an_event_hook_delivers_several_events() -> None:
    first = BASE | {"eventType": "user.session.end"}
    second = BASE | {"eventType": "user.session.start", "uuid": "3aeede38-4f67-11ea-abd3-1f5d113f2546"}
    hook = {"eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "data": {"events": [first, second]}}
    seen = load_map("okta").events(hook)
    assert [(one.id, one.action) for one in seen] == [
        ("14a42b00-74e5-11ee-8a5a-69d62fcd0f8b", "user.session.end"),
        ("3aeede38-4f67-11ea-abd3-1f5d113f2546", "user.session.start"),
    ]


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("okta").events({key: value for key, value in BASE.items() if key != "published"})
