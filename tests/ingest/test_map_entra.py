"""What Microsoft Entra ID's (Azure AD's) audit and sign-in logs mean.

Fields: https://learn.microsoft.com/en-us/graph/api/resources/directoryaudit (directoryAudit),
https://learn.microsoft.com/en-us/graph/api/resources/signin (signIn), as streamed by diagnostic settings:
https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-activity-log-schemas, as Log Analytics rows:
https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/auditlogs; sign-in error codes:
https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes.
"""

import json
from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

TENANT = "c0dd2fa0-71be-4df8-b2a6-24cee7de069a"
USER = "f409edeb-4d29-44b5-9763-ee9348ad91bb"
BOB = "770797c4-e05a-43f9-bda2-1f1f379987ae"
GROUP = "cacfe77c-e058-4712-83ff-f9b08849fd60"
AT = "2024-01-17T22:03:35.123456+00:00"


def prop(name: str, old: str | None, new: str | None) -> dict[str, str | None]:
    """A modified property: both values are JSON in a text."""
    return {"displayName": name, "oldValue": old, "newValue": new}


def audit(activity: str, category: str, *targets: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A directoryAudit as Microsoft Graph gives it."""
    return {
        "id": "Directory_6ZKHU_149129542",
        "category": category,
        "correlationId": "51dd8a0a-4d0a-4b5c-a6a5-0b1c1c5b4d5e",
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity,
        "activityDateTime": "2024-01-17T22:03:35.1234567Z",
        "loggedByService": "Core Directory",
        "operationType": "Assign",
        "initiatedBy": {
            "app": None,
            "user": {
                "id": USER,
                "displayName": None,
                "userPrincipalName": "ann@acme.com",
                "ipAddress": "203.0.113.7",
            },
        },
        "targetResources": list(targets),
        "additionalDetails": [{"key": "User-Agent", "value": "Mozilla/5.0"}],
        **rest,
    }


BOB_RESOURCE = {"id": BOB, "displayName": None, "type": "User", "userPrincipalName": "bob@acme.com", "groupType": None}
BOB_TARGET = Target(kind="user", id=BOB, name="bob@acme.com")
ANN = Initiator(id=USER, name="ann@acme.com", ip="203.0.113.7", user_agent="Mozilla/5.0")
COMMON: dict[str, Any] = {
    "application": "entra",
    "initiator": ANN,
    "outcome": "success",
    "request_id": "51dd8a0a-4d0a-4b5c-a6a5-0b1c1c5b4d5e",
}


def test_a_user_added_to_a_group_and_the_group_are_targets() -> None:
    bob = BOB_RESOURCE | {
        "modifiedProperties": [
            prop("Group.ObjectID", None, f'"{GROUP}"'),
            prop("Group.DisplayName", None, '"Call center"'),
            prop("Group.WellKnownObjectName", None, None),
        ]
    }
    group = {"id": GROUP, "displayName": None, "type": "Group", "groupType": "azureAD", "modifiedProperties": []}
    record = audit("Add member to group", "GroupManagement", bob, group)
    assert mapped("entra", record) == event(
        AT,
        "User",
        "Add member to group",
        targets=(Target(kind="group", id=GROUP, name="Call center"), BOB_TARGET),
        changes={"Group.ObjectID": Change(new=GROUP), "Group.DisplayName": Change(new="Call center")},
        **COMMON,
    )


def test_a_removed_member_names_its_group_only_in_the_old_value() -> None:
    bob = BOB_RESOURCE | {"modifiedProperties": [prop("Group.ObjectID", f'"{GROUP}"', None)]}
    record = audit("Remove member from group", "GroupManagement", bob)
    assert mapped("entra", record) == event(
        AT,
        "User",
        "Remove member from group",
        targets=(Target(kind="group", id=GROUP), BOB_TARGET),
        changes={"Group.ObjectID": Change(old=GROUP)},
        **COMMON,
    )


def test_a_granted_role_and_the_user_are_targets() -> None:
    bob = BOB_RESOURCE | {
        "modifiedProperties": [
            prop("Role.ObjectID", None, '"6a9f5d1e-0001"'),
            prop("Role.DisplayName", None, '"Global Administrator"'),
            prop("Role.TemplateId", None, '"62e90394-69f5-4237-9190-012177145e10"'),
        ]
    }
    role = {"id": "6a9f5d1e-0001", "displayName": None, "type": "Role", "modifiedProperties": []}
    record = audit("Add member to role", "RoleManagement", bob, role)
    assert mapped("entra", record) == event(
        AT,
        "User",
        "Add member to role",
        targets=(Target(kind="role", id="6a9f5d1e-0001", name="Global Administrator"), BOB_TARGET),
        changes={
            "Role.ObjectID": Change(new="6a9f5d1e-0001"),
            "Role.DisplayName": Change(new="Global Administrator"),
            "Role.TemplateId": Change(new="62e90394-69f5-4237-9190-012177145e10"),
        },
        **COMMON,
    )


def test_a_role_granted_through_privileged_identity_management() -> None:
    role = {"id": "r1", "displayName": "Application Administrator", "type": "Role", "modifiedProperties": []}
    request = {"id": "q1", "displayName": None, "type": "Request"}
    malenia = {"id": BOB, "displayName": "Malenia", "type": "User"}
    record = audit("Add member to role in PIM completed (permanent)", "RoleManagement", role, request, malenia)
    record["resultReason"] = "test assign"
    assert mapped("entra", record) == event(
        AT,
        "Role",
        "Add member to role in PIM completed (permanent)",
        reason="test assign",
        targets=(
            Target(kind="role", id="r1", name="Application Administrator"),
            Target(kind="Request", id="q1"),
            Target(kind="user", id=BOB, name="Malenia"),
        ),
        **COMMON,
    )


def test_an_application_that_acts_is_a_service() -> None:
    bob = BOB_RESOURCE | {"modifiedProperties": [prop("AccountEnabled", "[true]", "[false]")]}
    record = audit("Update user", "UserManagement", bob, additionalDetails=[])
    record["initiatedBy"] = {
        "user": None,
        "app": {
            "appId": None,
            "displayName": "Provisioning",
            "servicePrincipalId": "sp-1",
            "servicePrincipalName": None,
        },
    }
    assert mapped("entra", record) == event(
        AT,
        "User",
        "Update user",
        targets=(BOB_TARGET,),
        changes={"AccountEnabled": Change(old=[True], new=[False])},
        **COMMON | {"initiator": Initiator(id="sp-1", name="Provisioning", type="service")},
    )


def test_an_audit_event_as_a_diagnostic_setting_streams_it() -> None:
    graph = audit("Delete user", "UserManagement", BOB_RESOURCE | {"modifiedProperties": []})
    record = {
        "time": "2024-01-17T22:03:40.0000000Z",
        "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": "Delete user",
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": TENANT,
        "resultSignature": "None",
        "durationMs": 0,
        "callerIpAddress": "203.0.113.7",
        "correlationId": "51dd8a0a-4d0a-4b5c-a6a5-0b1c1c5b4d5e",
        "Level": 4,
        "properties": graph | {"result": "failure", "resultReason": "Not allowed"},
    }
    assert mapped("entra", record) == event(
        AT,
        "User",
        "Delete user",
        tenant=TENANT,
        reason="Not allowed",
        targets=(BOB_TARGET,),
        **COMMON | {"outcome": "failure"},
    )


def test_a_page_of_graph_holds_several() -> None:
    page = {"@odata.context": "x", "value": [SIGN_IN, audit("Delete user", "UserManagement", BOB_RESOURCE)]}
    made = load_map("entra").events(page)
    assert [one.action for one in made] == ["Sign-in activity", "Delete user"]
    assert made[0] == load_map("entra").convert(SIGN_IN)


def test_an_audit_event_as_a_row_of_log_analytics() -> None:
    graph = audit("Delete user", "UserManagement", BOB_RESOURCE)
    record = {
        "TimeGenerated": "2024-01-17T22:03:35.1234567Z",
        "OperationName": "Delete user",
        "Category": "UserManagement",
        "Result": "success",
        "ResultReason": "",
        "CorrelationId": "51dd8a0a-4d0a-4b5c-a6a5-0b1c1c5b4d5e",
        "Id": "Directory_6ZKHU_149129542",
        "AADTenantId": TENANT,
        "ActivityDisplayName": "Delete user",
        "InitiatedBy": json.dumps(graph["initiatedBy"]),
        "TargetResources": json.dumps(graph["targetResources"]),
        "AdditionalDetails": json.dumps(graph["additionalDetails"]),
    }
    assert mapped("entra", record) == event(AT, "User", "Delete user", tenant=TENANT, targets=(BOB_TARGET,), **COMMON)
    assert load_map("entra").convert(record).id == load_map("entra").convert(graph).id


SIGN_IN: dict[str, Any] = {
    "id": "66ea54eb-6301-4ee5-be62-ff5a759b0100",
    "createdDateTime": "2024-01-17T22:03:35.1234567Z",
    "userDisplayName": "Ann Admin",
    "userPrincipalName": "ann@acme.com",
    "userId": USER,
    "appId": "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
    "appDisplayName": "Graph explorer",
    "ipAddress": "203.0.113.7",
    "clientAppUsed": "Browser",
    "userAgent": "Mozilla/5.0",
    "correlationId": "d79f5bee-5860-4832-928f-3133e22ae912",
    "conditionalAccessStatus": "notApplied",
    "isInteractive": True,
    "resourceDisplayName": "Microsoft Graph",
    "resourceId": "00000003-0000-0000-c000-000000000000",
    "status": {"errorCode": 0, "failureReason": None, "additionalDetails": None},
    "deviceDetail": {"deviceId": "", "displayName": None, "operatingSystem": "Windows 10", "browser": "Edge 80"},
    "location": {"city": "Redmond", "state": "Washington", "countryOrRegion": "US"},
}
SIGN_IN_COMMON: dict[str, Any] = {
    "application": "entra",
    "request_id": "d79f5bee-5860-4832-928f-3133e22ae912",
    "related": (
        Reference(kind="application", id="de8bc8b5-d9f9-48b1-a8ad-b748da725064", name="Graph explorer"),
        Reference(kind="resource", id="00000003-0000-0000-c000-000000000000", name="Microsoft Graph"),
    ),
}


def test_a_sign_in_keeps_its_id_and_has_no_target() -> None:
    assert load_map("entra").convert(SIGN_IN).id == "66ea54eb-6301-4ee5-be62-ff5a759b0100"
    assert mapped("entra", SIGN_IN) == event(
        AT, "SignInLogs", "Sign-in activity", initiator=ANN, outcome="success", **SIGN_IN_COMMON
    )


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(50126, "failure"), (50053, "failure"), (53003, "denied"), (50105, "denied"), (50076, "unknown")],
)
def test_a_sign_in_that_did_not_succeed_proves_no_identity(code: int, outcome: str) -> None:
    record = SIGN_IN | {"status": {"errorCode": code, "failureReason": "Why it failed."}}
    assert mapped("entra", record) == event(
        AT,
        "SignInLogs",
        "Sign-in activity",
        initiator=Initiator(id=USER, name="ann@acme.com", ip="203.0.113.7", user_agent="Mozilla/5.0", verified=False),
        outcome=outcome,
        reason="Why it failed.",
        targets=(Target(kind="user", id=USER, name="ann@acme.com"),),
        **SIGN_IN_COMMON,
    )


def test_an_account_that_does_not_exist_is_known_by_what_was_typed() -> None:
    record = SIGN_IN | {"userId": "00000000-0000-0000-0000-000000000000", "status": {"errorCode": 50034}}
    made = mapped("entra", record)
    assert made.targets == (Target(kind="user", id="ann@acme.com", name="ann@acme.com"),)


def test_a_service_principal_signs_in_in_the_all_lower_case_form() -> None:
    record = {
        "time": "2023-07-26T23:00:20.889Z",
        "category": "ServicePrincipalSignInLogs",
        "operationname": "Sign-in activity",
        "calleripaddress": "12.12.12.12",
        "correlationid": "e1f237ef-6548-4172-be79-03818c04c06e",
        "tenantid": TENANT,
        "resourceid": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "resulttype": 7000215,
        "properties": {
            "id": "36658c78-02d9-4d8f-84ee-5ca4a3fdefef",
            "createdDateTime": "2023-07-26T22:58:30.983201900Z",
            "servicePrincipalId": "b1c34143-e405-4058-8e29-84596ad737b8",
            "servicePrincipalName": "some-service-principal",
            "appId": "cfceb902-8fab-4f8c-88ba-374d3c975c3a",
            "ipAddress": "12.12.12.12",
            "resourceDisplayName": "Azure Storage",
            "resourceId": "037694de-8c7d-498d-917d-edb650090fa5",
            "status": {"errorCode": 7000215},
        },
    }
    assert mapped("entra", record) == event(
        "2023-07-26T22:58:30.983201+00:00",
        "ServicePrincipalSignInLogs",
        "Sign-in activity",
        application="entra",
        tenant=TENANT,
        initiator=Initiator(
            id="b1c34143-e405-4058-8e29-84596ad737b8",
            name="some-service-principal",
            type="service",
            verified=False,
            ip="12.12.12.12",
        ),
        outcome="failure",
        reason="7000215",
        targets=(Target(kind="user", id="b1c34143-e405-4058-8e29-84596ad737b8", name="some-service-principal"),),
        related=(
            Reference(kind="application", id="cfceb902-8fab-4f8c-88ba-374d3c975c3a"),
            Reference(kind="resource", id="037694de-8c7d-498d-917d-edb650090fa5", name="Azure Storage"),
        ),
        request_id="e1f237ef-6548-4172-be79-03818c04c06e",
    )


def test_a_record_without_a_time_is_refused() -> None:
    record = audit("Delete user", "UserManagement") | {"activityDateTime": None}
    with pytest.raises(BadEvent, match="no time"):
        load_map("entra").convert(record)
