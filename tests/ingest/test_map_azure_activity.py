"""What Azure's activity log and resource logs mean.

Fields: https://learn.microsoft.com/en-us/azure/azure-monitor/platform/activity-log-schema (Azure Activity Log event
schema, as the REST API and as diagnostic settings give it), rows of Log Analytics:
https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azureactivity, storage:
https://learn.microsoft.com/en-us/azure/storage/blobs/monitor-blob-storage-reference, key vaults:
https://learn.microsoft.com/en-us/azure/key-vault/general/logging, Kubernetes:
https://learn.microsoft.com/en-us/azure/aks/monitor-aks-reference.
"""

import json
from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Belonging, Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

TENANT = "1114444b-7467-4144-a616-e3a5d63e147b"
USER = "f409edeb-4d29-44b5-9763-ee9348ad91bb"
SUBSCRIPTION = "12345678-1234-1234-1234-123456789abc"
NSG = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/myGroup/providers/Microsoft.Network/networkSecurityGroups/myNSG"
CLAIMS = {
    "aud": "https://management.core.windows.net/",
    "appid": "355249ed-15d9-460d-8481-84026b065942",
    "ipaddr": "111.111.1.111",
    "name": "Rob Robertson",
    "http://schemas.microsoft.com/identity/claims/objectidentifier": USER,
    "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "rob@contoso.com",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "rob@contoso.com",
}
ROB = Initiator(id=USER, name="rob@contoso.com", ip="203.0.113.9")
STREAMED: dict[str, Any] = {
    "time": "2019-01-21T22:14:26.9792776Z",
    "resourceId": NSG.upper(),
    "operationName": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WRITE",
    "category": "Administrative",
    "resultType": "Success",
    "resultSignature": "Succeeded.Created",
    "durationMs": "2826",
    "callerIpAddress": "203.0.113.9",
    "correlationId": "c776f9f4-36e5-4e0e-809b-c9b3c3fb62a8",
    "identity": {"authorization": {"scope": NSG, "action": "x"}, "claims": CLAIMS},
    "level": "Information",
    "properties": {"statusCode": "Created", "serviceRequestId": "50d5cddb"},
    "tenantId": TENANT,
}
AT = "2019-01-21T22:14:26.979277+00:00"
COMMON: dict[str, Any] = {
    "application": "azure-activity",
    "tenant": TENANT,
    "initiator": ROB,
    "outcome": "success",
    "request_id": "c776f9f4-36e5-4e0e-809b-c9b3c3fb62a8",
    "related": (Reference(kind="subscription", id=SUBSCRIPTION),),
}
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def test_the_rest_api_gives_values_with_localized_ones() -> None:
    record = {
        "authorization": {"action": "Microsoft.Network/networkSecurityGroups/write", "scope": NSG},
        "caller": "rob@contoso.com",
        "channels": "Operation",
        "claims": CLAIMS,
        "correlationId": "b5768deb-836b-41cc-803e-3f4de2f9e40b",
        "eventDataId": "d0d36f97-b29c-4cd9-9d3d-ea2b92af3e9d",
        "eventName": {"value": "EndRequest", "localizedValue": "End request"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "httpRequest": {"clientRequestId": "r1", "clientIpAddress": "203.0.113.9", "method": "PUT"},
        "eventTimestamp": "2018-01-29T20:42:31.3810679Z",
        "id": f"{NSG}/events/d0d36f97-b29c-4cd9-9d3d-ea2b92af3e9d/ticks/636528553513810679",
        "operationName": {"value": "Microsoft.Network/networkSecurityGroups/write", "localizedValue": "Write NSG"},
        "resourceType": {"value": "Microsoft.Network/networkSecurityGroups", "localizedValue": "NSG"},
        "resourceId": NSG,
        "status": {"value": "Failed", "localizedValue": "Failed"},
        "subStatus": {"value": "Conflict", "localizedValue": "Conflict (HTTP Status Code: 409)"},
        "subscriptionId": SUBSCRIPTION,
        "properties": {"statusMessage": '{"error":{"code":"InUse"}}'},
    }
    assert load_map("azure-activity").convert(record).id == "d0d36f97-b29c-4cd9-9d3d-ea2b92af3e9d"
    assert mapped("azure-activity", record) == event(
        "2018-01-29T20:42:31.381067+00:00",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/networkSecurityGroups/write",
        targets=(Target(kind="resource", id=NSG, name="myNSG"),),
        reason='{"error":{"code":"InUse"}}',
        **COMMON | {"outcome": "failure", "request_id": "b5768deb-836b-41cc-803e-3f4de2f9e40b"},
    )


def test_a_diagnostic_setting_streams_it_flat() -> None:
    assert mapped("azure-activity", STREAMED) == event(
        AT,
        "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS",
        "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WRITE",
        targets=(Target(kind="resource", id=NSG.upper(), name="MYNSG"),),
        **COMMON,
    )


def test_an_event_hub_s_message_holds_several() -> None:
    made = load_map("azure-activity").events({"records": [STREAMED, STREAMED | {"correlationId": "c-2"}]})
    assert [one.request_id for one in made] == ["c776f9f4-36e5-4e0e-809b-c9b3c3fb62a8", "c-2"]
    assert made[0] == load_map("azure-activity").convert(STREAMED)


def test_whoever_is_not_named_is_anonymous_and_unproven() -> None:
    made = mapped("azure-activity", STREAMED | {"identity": {}})
    assert made.initiator == Initiator(id="anonymous", verified=False, ip="203.0.113.9")
    assert [one.kind for one in made.targets] == ["resource"]


def test_log_analytics_gives_json_in_texts() -> None:
    record = {
        "TimeGenerated": "2019-01-21T22:14:26.9792776Z",
        "OperationNameValue": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WRITE",
        "ActivityStatusValue": "Success",
        "CategoryValue": "Administrative",
        "Caller": "rob@contoso.com",
        "CallerIpAddress": "203.0.113.9",
        "Claims": json.dumps(CLAIMS),
        "CorrelationId": "c776f9f4-36e5-4e0e-809b-c9b3c3fb62a8",
        "EventDataId": "d0d36f97-b29c-4cd9-9d3d-ea2b92af3e9d",
        "SubscriptionId": SUBSCRIPTION,
        "TenantId": "0e7c8a6e-the-workspace",
        "_ResourceId": NSG.lower(),
    }
    assert mapped("azure-activity", record) == event(
        AT,
        "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS",
        "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WRITE",
        targets=(Target(kind="resource", id=NSG.lower(), name="mynsg"),),
        **COMMON,
    )


def test_who_is_given_a_role_is_the_target_and_not_who_had_the_right_to_give_it() -> None:
    assignment = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/a1"
    body = {
        "Id": "a1",
        "Properties": {
            "PrincipalId": "770797c4-e05a-43f9-bda2-1f1f379987ae",
            "PrincipalType": "User",
            "RoleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}",
            "Scope": f"/subscriptions/{SUBSCRIPTION}",
        },
    }
    evidence = {"principalId": USER, "principalType": "User", "role": "Owner", "roleDefinitionId": OWNER}
    record = STREAMED | {
        "resourceId": assignment,
        "operationName": "Microsoft.Authorization/roleAssignments/write",
        "identity": {"authorization": {"evidence": evidence}},
        "properties": {"requestbody": json.dumps(body)},
    }
    assert mapped("azure-activity", record) == event(
        AT,
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Authorization/roleAssignments/write",
        targets=(
            Target(kind="user", id="770797c4-e05a-43f9-bda2-1f1f379987ae"),
            Target(kind="role", id=OWNER, name="Owner"),
            Target(kind="resource", id=assignment, name="a1"),
        ),
        changes={
            "PrincipalId": Change(new="770797c4-e05a-43f9-bda2-1f1f379987ae"),
            "PrincipalType": Change(new="User"),
            "RoleDefinitionId": Change(new=f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"),
            "Scope": Change(new=f"/subscriptions/{SUBSCRIPTION}"),
        },
        **COMMON | {"initiator": Initiator(id=USER, ip="203.0.113.9")},
    )


def test_a_removed_role_is_named_by_the_answer() -> None:
    body = {
        "properties": {"principalId": "g1", "principalType": "Group", "roleDefinitionId": f"/x/roleDefinitions/{OWNER}"}
    }
    record = STREAMED | {
        "operationName": "Microsoft.Authorization/roleAssignments/delete",
        "properties": {"responseBody": json.dumps(body)},
    }
    assert mapped("azure-activity", record).targets[:2] == (
        Target(kind="group", id="g1"),
        Target(kind="role", id=OWNER, name="Owner"),
    )


def test_elevating_ones_own_access_grants_oneself_a_role() -> None:
    record = STREAMED | {
        "resourceId": "/providers/Microsoft.Authorization",
        "operationName": {
            "value": "Microsoft.Authorization/elevateAccess/action",
            "localizedValue": "Assigns the caller",
        },
    }
    assert mapped("azure-activity", record) == event(
        AT,
        "Microsoft.Authorization",
        "Microsoft.Authorization/elevateAccess/action",
        targets=(
            Target(kind="user", id=USER, name="rob@contoso.com"),
            Target(kind="role", id="18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", name="User Access Administrator"),
            Target(kind="resource", id="/providers/Microsoft.Authorization", name="Microsoft.Authorization"),
        ),
        **COMMON | {"related": ()},
    )


def test_a_start_has_no_outcome_yet_and_forbidden_is_denied() -> None:
    assert mapped("azure-activity", STREAMED | {"resultType": "Start"}).outcome == "unknown"
    denied = STREAMED | {"resultType": "Failure", "resultSignature": "Failed.Forbidden"}
    made = mapped("azure-activity", denied)
    assert (made.outcome, made.reason) == ("denied", "Failed.Forbidden")


def test_an_application_without_a_user_is_a_service() -> None:
    claims = {
        "appid": "1d78a85d-813d-46f0-b496-dd72f50a3ec0",
        "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
    }
    record = STREAMED | {"identity": {"claims": claims}}
    assert mapped("azure-activity", record).initiator == Initiator(
        id="1d78a85d-813d-46f0-b496-dd72f50a3ec0",
        name="1d78a85d-813d-46f0-b496-dd72f50a3ec0",
        type="service",
        ip="203.0.113.9",
    )


def test_what_a_write_asks_for_is_what_changed() -> None:
    record = STREAMED | {"properties": {"requestbody": '{"properties":{"allowSharedKeyAccess":true}}'}}
    assert mapped("azure-activity", record).changes == {"allowSharedKeyAccess": Change(new=True)}


def test_a_blob_read_by_a_signed_in_user() -> None:
    storage = "providers/Microsoft.Storage/storageAccounts/acme/blobServices/default"
    account = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/{storage}"
    record = {
        "time": "2024-12-19T19:15:07.295Z",
        "resourceId": account,
        "category": "StorageRead",
        "operationName": "GetBlob",
        "operationVersion": "2024-11-04",
        "statusCode": 403,
        "statusText": "AuthorizationPermissionMismatch",
        "durationMs": 4,
        "callerIpAddress": "203.0.113.9:57485",
        "correlationId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "identity": {
            "type": "OAuth",
            "requester": {"objectId": USER, "upn": "rob@contoso.com", "tenantId": TENANT, "appId": "app1"},
        },
        "properties": {"accountName": "acme", "userAgentHeader": "curl/7.88.0", "objectKey": "/acme/c/data.zip"},
        "uri": "https://acme.blob.core.windows.net/c/data.zip",
    }
    assert mapped("azure-activity", record) == event(
        "2024-12-19T19:15:07.295+00:00",
        "Microsoft.Storage/storageAccounts",
        "GetBlob",
        targets=(Target(kind="blob", id="/acme/c/data.zip"), Target(kind="resource", id=account, name="default")),
        reason="AuthorizationPermissionMismatch",
        **COMMON
        | {
            "initiator": Initiator(id=USER, name="rob@contoso.com", ip="203.0.113.9", user_agent="curl/7.88.0"),
            "outcome": "denied",
            "request_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        },
    )


def test_the_holder_of_a_shared_signature_is_a_service() -> None:
    record = STREAMED | {
        "operationName": "PutBlob",
        "identity": {"type": "SAS", "tokenHash": "key1(97B1F6E3)"},
        "callerIpAddress": "203.0.113.9:443",
    }
    assert mapped("azure-activity", record).initiator == Initiator(
        id="key1(97B1F6E3)", name="key1(97B1F6E3)", type="service", ip="203.0.113.9"
    )


def test_a_secret_read_from_a_key_vault() -> None:
    vault = f"/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/ACME"
    record = {
        "time": "2016-01-05T01:32:01.2691226Z",
        "resourceId": vault,
        "operationName": "SecretGet",
        "operationVersion": "2015-06-01",
        "category": "AuditEvent",
        "resultType": "Success",
        "resultSignature": "OK",
        "durationMs": "78",
        "callerIpAddress": "203.0.113.9",
        "correlationId": "c-1",
        "identity": {
            "claim": {
                "http://schemas.microsoft.com/identity/claims/objectidentifier": USER,
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "rob@contoso.com",
                "appid": "1950a258",
            }
        },
        "properties": {
            "clientInfo": "azure-resource-manager/2.0",
            "requestUri": "https://acme.vault.azure.net/secrets/db?api-version=2015-06-01",
            "id": "https://acme.vault.azure.net/secrets/db/d7",
            "httpStatusCode": 200,
        },
    }
    assert mapped("azure-activity", record) == event(
        "2016-01-05T01:32:01.269122+00:00",
        "MICROSOFT.KEYVAULT/VAULTS",
        "SecretGet",
        targets=(
            Target(kind="secret", id="https://acme.vault.azure.net/secrets/db/d7", name="db"),
            Target(kind="resource", id=vault, name="ACME"),
        ),
        **COMMON
        | {
            "tenant": SUBSCRIPTION,
            "initiator": Initiator(
                id=USER, name="rob@contoso.com", ip="203.0.113.9", user_agent="azure-resource-manager/2.0"
            ),
            "request_id": "c-1",
        },
    )


def test_a_cluster_s_own_audit_record_is_inside() -> None:
    log = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": "0a8b1c2d-0000-4000-8000-000000000001",
        "stage": "ResponseComplete",
        "verb": "create",
        "user": {"username": "ann@acme.com", "groups": ["system:authenticated"]},
        "impersonatedUser": {"username": "bob@acme.com"},
        "sourceIPs": ["10.0.0.1"],
        "userAgent": "kubectl/v1.28.0",
        "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "default", "name": "web"},
        "responseStatus": {"code": 403, "reason": "Forbidden"},
        "requestReceivedTimestamp": "2024-03-20T10:00:00.000001Z",
        "stageTimestamp": "2024-03-20T10:00:00.100000Z",
    }
    cluster = f"/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/C"
    record = {
        "time": "2024-03-20T10:00:05Z",
        "category": "kube-audit",
        "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
        "resourceId": cluster,
        "properties": {"log": json.dumps(log), "stream": "stdout", "pod": "kube-apiserver-1"},
    }
    assert mapped("azure-activity", record) == event(
        "2024-03-20T10:00:00.000001+00:00",
        "pods/exec",
        "create",
        application="azure-activity",
        tenant=SUBSCRIPTION,
        initiator=Initiator(
            id="ann@acme.com",
            name="ann@acme.com",
            ip="10.0.0.1",
            user_agent="kubectl/v1.28.0",
            groups=(Belonging(id="system:authenticated"),),
            acts_as=Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
        ),
        outcome="denied",
        reason="Forbidden",
        targets=(Target(kind="pods", id="default/web", name="web"), Target(kind="resource", id=cluster, name="C")),
        related=(Reference(kind="subscription", id=SUBSCRIPTION),),
        request_id="0a8b1c2d-0000-4000-8000-000000000001",
    )


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent, match="no time"):
        load_map("azure-activity").convert({key: value for key, value in STREAMED.items() if key != "time"})
