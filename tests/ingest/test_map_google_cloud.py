"""What Google Cloud's audit logs mean.

Shape: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry and
https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog, policy deltas:
https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditData, status codes:
https://cloud.google.com/apis/design/errors#handling_errors
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

AT = "2024-02-26T17:15:16.327542+00:00"
ANN = Initiator(id="ann@acme.com", name="ann@acme.com", ip="85.223.209.22", user_agent="Mozilla/5.0")
COMMON = {"application": "google-cloud", "tenant": "acme-prod", "initiator": ANN, "outcome": "success"}


def entry(method: str, payload: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A log entry of an administrator's activity in project acme-prod."""
    return {
        "insertId": "1hu88qbef4d2o",
        "logName": "projects/acme-prod/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2024-02-26T17:15:16.327542536Z",
        "receiveTimestamp": "2024-02-26T17:15:17.000000000Z",
        "severity": "NOTICE",
        "resource": {"type": "project", "labels": {"project_id": "acme-prod"}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "cloudresourcemanager.googleapis.com",
            "methodName": method,
            "resourceName": "projects/acme-prod",
            "authenticationInfo": {"principalEmail": "ann@acme.com"},
            "requestMetadata": {"callerIp": "85.223.209.22", "callerSuppliedUserAgent": "Mozilla/5.0"},
            "status": {},
        }
        | (payload or {}),
    } | more


PROJECT = Target(kind="project", id="projects/acme-prod")


def test_principals_and_roles_of_a_policy_change_are_targets() -> None:
    deltas = [
        {"action": "ADD", "role": "roles/owner", "member": "user:bob@acme.com"},
        {"action": "ADD", "role": "roles/viewer", "member": "group:ops@acme.com"},
        {"action": "REMOVE", "role": "roles/owner", "member": "serviceAccount:ci@acme-prod.iam.gserviceaccount.com"},
        {"action": "ADD", "role": "roles/viewer", "member": "allUsers"},
    ]
    record = entry("SetIamPolicy", {"serviceData": {"policyDelta": {"bindingDeltas": deltas}}})
    robot = "ci@acme-prod.iam.gserviceaccount.com"
    assert mapped("google-cloud", record) == event(
        AT,
        "project",
        "SetIamPolicy",
        targets=(
            Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
            Target(kind="group", id="ops@acme.com", name="ops@acme.com"),
            Target(kind="user", id=robot, name=robot),
            Target(kind="group", id="allUsers", name="allUsers"),
            Target(kind="role", id="roles/owner"),
            Target(kind="role", id="roles/viewer"),
            PROJECT,
        ),
        changes={
            "roles/owner user:bob@acme.com": Change(new="granted"),
            "roles/viewer group:ops@acme.com": Change(new="granted"),
            f"roles/owner serviceAccount:{robot}": Change(old="granted"),
            "roles/viewer allUsers": Change(new="granted"),
        },
        **COMMON,
    )


def test_a_policy_set_without_a_delta_has_all_that_it_names_as_targets() -> None:
    policy = {
        "bindings": [
            {"role": "roles/run.invoker", "members": ["user:bob@acme.com", "deleted:user:eve@acme.com?uid=12"]}
        ]
    }
    seen = mapped("google-cloud", entry("google.cloud.run.v1.Services.SetIamPolicy", {"request": {"policy": policy}}))
    assert seen.targets == (
        Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
        Target(kind="user", id="eve@acme.com", name="eve@acme.com"),
        Target(kind="role", id="roles/run.invoker"),
        PROJECT,
    )
    assert seen.changes == {}


def test_who_delegated_to_a_service_account_acts_as_it() -> None:
    robot = "ci@acme-prod.iam.gserviceaccount.com"
    who = {
        "principalEmail": robot,
        "serviceAccountDelegationInfo": [
            {"firstPartyPrincipal": {"principalEmail": "ann@acme.com"}},
            {"firstPartyPrincipal": {"principalEmail": "middle@acme-prod.iam.gserviceaccount.com"}},
        ],
    }
    seen = mapped("google-cloud", entry("SetIamPolicy", {"authenticationInfo": who}))
    assert seen.initiator == Initiator(
        id="ann@acme.com",
        name="ann@acme.com",
        ip="85.223.209.22",
        user_agent="Mozilla/5.0",
        acts_as=Target(kind="user", id=robot, name=robot),
    )


def test_a_service_account_is_a_service_and_its_key_is_referred_to() -> None:
    robot = "ci@acme-prod.iam.gserviceaccount.com"
    key = "//iam.googleapis.com/projects/acme-prod/serviceAccounts/ci/keys/1"
    seen = mapped(
        "google-cloud",
        entry("storage.objects.get", {"authenticationInfo": {"principalEmail": robot, "serviceAccountKeyName": key}}),
    )
    assert seen.initiator == Initiator(
        id=robot, name=robot, type="service", ip="85.223.209.22", user_agent="Mozilla/5.0"
    )
    assert seen.related == (Reference(kind="service_account_key", id=key),)


def test_a_token_made_for_a_service_account_is_against_that_account() -> None:
    account = {
        "type": "service_account",
        "labels": {"email_id": "ci@acme-prod.iam.gserviceaccount.com", "project_id": "acme-prod"},
    }
    record = entry("GenerateAccessToken", {"resourceName": "projects/-/serviceAccounts/1122"}, resource=account)
    robot = "ci@acme-prod.iam.gserviceaccount.com"
    assert mapped("google-cloud", record).targets == (
        Target(kind="user", id=robot, name=robot),
        Target(kind="service_account", id="projects/-/serviceAccounts/1122"),
    )


def test_a_member_added_to_a_group_of_the_organisation_and_the_group_are_targets() -> None:
    parameter = [
        {"name": "USER_EMAIL", "value": "bob@acme.com"},
        {"name": "GROUP_EMAIL", "value": "ops@acme.com"},
    ]
    metadata = {"event": [{"eventName": "ADD_GROUP_MEMBER", "eventType": "GROUP_SETTINGS", "parameter": parameter}]}
    record = entry(
        "google.admin.AdminService.addGroupMember",
        {
            "metadata": metadata,
            "resourceName": "organizations/123/groupSettings",
            "serviceName": "admin.googleapis.com",
        },
        logName="organizations/123/logs/cloudaudit.googleapis.com%2Factivity",
        resource={"type": "audited_resource", "labels": {"method": "x", "service": "admin.googleapis.com"}},
    )
    seen = mapped("google-cloud", record)
    assert seen.tenant == "organizations/123"
    assert seen.targets == (
        Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
        Target(kind="group", id="ops@acme.com", name="ops@acme.com"),
        Target(kind="audited_resource", id="organizations/123/groupSettings"),
    )


@pytest.mark.parametrize(
    ("payload", "outcome", "reason"),
    [
        ({}, "success", ""),
        ({"status": {"code": 0}}, "success", ""),
        ({"status": {"code": 7, "message": "PERMISSION_DENIED"}}, "denied", "PERMISSION_DENIED"),
        ({"status": {"code": 16, "message": "no token"}}, "denied", "no token"),
        ({"status": {"code": 5, "message": "not found"}}, "failure", "not found"),
        ({"status": None, "response": {"error": {"code": 404, "message": "gone"}}}, "failure", "gone"),
        ({"status": None, "authorizationInfo": [{"permission": "x", "granted": False}]}, "denied", ""),
    ],
)
def test_the_status_is_the_outcome(payload: dict[str, Any], outcome: str, reason: str) -> None:
    seen = mapped("google-cloud", entry("v1.compute.disks.create", payload))
    assert (seen.outcome, seen.reason) == (outcome, reason)


def test_the_old_and_new_value_of_a_zone_are_its_changes_and_the_operation_is_the_request() -> None:
    zone = {"oldValue": {"description": "a", "rrsetCount": 2}, "newValue": {"description": "b", "rrsetCount": 2}}
    record = entry(
        "dns.managedZones.patch",
        {"response": {"operation": {"zoneContext": zone}}},
        operation={"id": "op-1", "producer": "dns.googleapis.com", "first": True},
        trace="projects/acme-prod/traces/06796866738c859f2f19b7cfb3214824",
    )
    seen = mapped("google-cloud", record)
    assert seen.changes == {"description": Change(old="a", new="b")}
    assert (seen.request_id, seen.trace_id) == ("op-1", "06796866738c859f2f19b7cfb3214824")


def test_an_anonymous_caller_is_not_verified() -> None:
    seen = mapped("google-cloud", entry("io.k8s.get", {"authenticationInfo": {"principalEmail": "system:anonymous"}}))
    assert seen.initiator is not None
    assert (seen.initiator.id, seen.initiator.verified, seen.initiator.ip) == ("anonymous", False, "85.223.209.22")
    assert seen.targets == (PROJECT,)


def test_entries_with_the_same_insert_id_at_another_time_are_other_events() -> None:
    (one,) = load_map("google-cloud").events(entry("x"))
    (same,) = load_map("google-cloud").events(entry("x", receiveTimestamp="2024-02-26T17:15:18.000000000Z"))
    (other,) = load_map("google-cloud").events(entry("x", timestamp="2024-02-26T17:15:17.327542536Z"))
    assert one.id == same.id != other.id


def test_an_entry_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("google-cloud").events({key: one for key, one in entry("x").items() if key != "timestamp"})
