"""What Databricks' audit log means.

Events and requestParams: https://docs.databricks.com/aws/en/admin/account-settings/audit-logs (Audit log reference),
fields: https://docs.databricks.com/aws/en/admin/system-tables/audit-logs (Audit log system table reference).
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

ACCOUNT = "23e22ba4-87b9-4cc2-9770-d10b894bb2c1"
BASE: dict[str, Any] = {
    "version": "2.0",
    "auditLevel": "WORKSPACE_LEVEL",
    "timestamp": 1629775584891,
    "orgId": "3049056262456431970",
    "shardName": "test-shard",
    "accountId": ACCOUNT,
    "workspaceId": "1234567890123456",
    "sourceIPAddress": "10.2.91.100",
    "userAgent": "curl/7.64.1",
    "sessionId": "f836a03a-d360-4792-b081-baba525324312",
    "userIdentity": {"email": "ann@acme.com", "subjectName": None},
    "requestId": "ServiceMain-da7fb5d878f40002",
    "response": {"errorMessage": None, "statusCode": 200, "result": "{}"},
}
AT = "2021-08-24T03:26:24.891+00:00"
ANN = Initiator(id="ann@acme.com", name="ann@acme.com", ip="10.2.91.100", user_agent="curl/7.64.1")
BOB = Target(kind="user", id="bob@acme.com", name="bob@acme.com")
COMMON: dict[str, Any] = {
    "application": "databricks",
    "tenant": ACCOUNT,
    "request_id": "ServiceMain-da7fb5d878f40002",
    "related": (
        Reference(kind="workspace", id="1234567890123456"),
        Reference(kind="session", id="f836a03a-d360-4792-b081-baba525324312"),
    ),
}


def test_a_user_added_to_a_group_and_the_group_are_targets() -> None:
    record = BASE | {
        "serviceName": "accounts",
        "actionName": "addPrincipalToGroup",
        "requestParams": {
            "targetUserName": "bob@acme.com",
            "targetUserId": "8131",
            "targetGroupName": "developers",
            "targetGroupId": "900",
        },
    }
    assert mapped("databricks", record) == event(
        AT,
        "accounts",
        "addPrincipalToGroup",
        initiator=ANN,
        outcome="success",
        targets=(BOB, Target(kind="group", id="900", name="developers")),
        **COMMON,
    )


@pytest.mark.parametrize(
    ("level", "role"), [("ACCOUNT_LEVEL", "account_admin"), ("WORKSPACE_LEVEL", "workspace_admin")]
)
def test_making_somebody_an_administrator_grants_a_role(level: str, role: str) -> None:
    record = BASE | {
        "auditLevel": level,
        "serviceName": "accounts",
        "actionName": "setAdmin",
        "requestParams": {"targetUserName": "bob@acme.com"},
    }
    assert mapped("databricks", record) == event(
        AT,
        "accounts",
        "setAdmin",
        initiator=ANN,
        outcome="success",
        targets=(BOB, Target(kind="role", id=role)),
        **COMMON,
    )


def test_a_failed_login_proves_no_identity() -> None:
    record = BASE | {
        "serviceName": "accounts",
        "actionName": "tokenLogin",
        "requestParams": {"user": "ann@acme.com", "tokenId": "t1", "authenticationMethod": "API_INT_PAT_TOKEN"},
        "response": {"errorMessage": "Invalid credentials", "statusCode": 401, "result": None},
    }
    assert mapped("databricks", record) == event(
        AT,
        "accounts",
        "tokenLogin",
        initiator=Initiator(
            id="ann@acme.com", name="ann@acme.com", verified=False, ip="10.2.91.100", user_agent="curl/7.64.1"
        ),
        outcome="failure",
        reason="Invalid credentials",
        targets=(Target(kind="token", id="t1"), Target(kind="user", id="ann@acme.com", name="ann@acme.com")),
        **COMMON,
    )


def test_an_address_that_is_not_allowed_is_denied_and_names_nobody() -> None:
    record = BASE | {
        "serviceName": "accounts",
        "actionName": "IpAccessDenied",
        "userIdentity": {"email": None},
        "requestParams": {"path": "/login"},
        "response": {"statusCode": 403, "errorMessage": "IP address blocked"},
    }
    assert mapped("databricks", record) == event(
        AT,
        "accounts",
        "IpAccessDenied",
        initiator=Initiator(id="anonymous", verified=False, ip="10.2.91.100", user_agent="curl/7.64.1"),
        outcome="denied",
        reason="IP address blocked",
        **COMMON,
    )


def test_what_ran_with_the_rights_of_another_is_done_by_who_ran_it() -> None:
    record = BASE | {
        "serviceName": "unityCatalog",
        "actionName": "getTable",
        "identityMetadata": {"runBy": "ann@acme.com", "runAs": "bob@acme.com"},
        "userIdentity": {"email": "bob@acme.com"},
        "requestParams": {"full_name_arg": "main.sales.orders", "metastore_id": "m-1"},
    }
    assert mapped("databricks", record) == event(
        AT,
        "unityCatalog",
        "getTable",
        initiator=Initiator(
            id="ann@acme.com",
            name="ann@acme.com",
            ip="10.2.91.100",
            user_agent="curl/7.64.1",
            acts_as=Target("user", "bob@acme.com"),
        ),
        outcome="success",
        targets=(Target(kind="securable", id="main.sales.orders"),),
        **COMMON | {"related": (*COMMON["related"], Reference(kind="metastore", id="m-1"))},
    )


def test_running_as_oneself_is_no_impersonation() -> None:
    record = BASE | {
        "serviceName": "unityCatalog",
        "actionName": "getTable",
        "identityMetadata": {"runBy": "ann@acme.com", "runAs": "ann@acme.com"},
        "requestParams": {},
    }
    assert mapped("databricks", record).initiator == ANN


def test_a_grant_names_every_principal_and_what_changed_for_it() -> None:
    record = BASE | {
        "serviceName": "unityCatalog",
        "actionName": "updatePermissions",
        "requestParams": {
            "securable_type": "table",
            "securable_full_name": "main.sales.orders",
            "changes": '[{"principal":"bob@acme.com","add":["SELECT"]},{"principal":"analysts","remove":["MODIFY"]}]',
        },
    }
    assert mapped("databricks", record) == event(
        AT,
        "unityCatalog",
        "updatePermissions",
        initiator=ANN,
        outcome="success",
        targets=(
            Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
            Target(kind="group", id="analysts", name="analysts"),
            Target(kind="table", id="main.sales.orders"),
        ),
        changes={
            "permissions.bob@acme.com": Change(new=["SELECT"]),
            "permissions.analysts": Change(old=["MODIFY"]),
        },
        **COMMON,
    )


def test_what_follows_the_verb_of_an_action_is_what_it_was_done_to() -> None:
    record = BASE | {
        "serviceName": "deltaSharingControl",
        "actionName": "createRecipient",
        "requestParams": {"name": "partner", "ipAccessList": []},
    }
    assert mapped("databricks", record).targets == (Target(kind="recipient", id="partner", name="partner"),)


def test_an_account_level_event_of_a_service_principal_with_a_changed_setting() -> None:
    record = BASE | {
        "workspaceId": "0",
        "serviceName": "workspace",
        "actionName": "workspaceConfEdit",
        "userIdentity": {"email": "12345678-1234-1234-1234-123456789012"},
        "requestParams": {"workspaceConfKeys": "enableVerboseAuditLogs", "workspaceConfValues": "false"},
        "response": {"errorMessage": "not allowed", "statusCode": 403},
    }
    assert mapped("databricks", record) == event(
        AT,
        "workspace",
        "workspaceConfEdit",
        initiator=Initiator(
            id="12345678-1234-1234-1234-123456789012",
            name="12345678-1234-1234-1234-123456789012",
            type="service",
            ip="10.2.91.100",
            user_agent="curl/7.64.1",
        ),
        outcome="denied",
        reason="not allowed",
        changes={"enableVerboseAuditLogs": Change(new="false")},
        **COMMON | {"related": (Reference(kind="session", id="f836a03a-d360-4792-b081-baba525324312"),)},
    )


def test_a_row_of_the_system_table() -> None:
    record = {
        "account_id": ACCOUNT,
        "workspace_id": "1234567890123456",
        "version": "2.0",
        "event_time": "2023-01-01T01:01:01.123+00:00",
        "event_date": "2023-01-01",
        "source_ip_address": "10.30.0.242",
        "user_agent": "Apache-HttpClient/4.5.13 (Java/1.8.0_345)",
        "session_id": "123456789",
        "user_identity": '{"email": "user@domain.com", "subjectName": null}',
        "service_name": "unityCatalog",
        "action_name": "getTable",
        "request_id": "ServiceMain-4529754264",
        "request_params": {"full_name_arg": "user.chat.messages", "metastore_id": "123456789"},
        "response": {"statusCode": 200, "errorMessage": None, "result": None},
        "audit_level": "ACCOUNT_LEVEL",
        "event_id": "34ac703c772f3549dcc8671f654950f0",
    }
    assert mapped("databricks", record) == event(
        "2023-01-01T01:01:01.123+00:00",
        "unityCatalog",
        "getTable",
        application="databricks",
        tenant=ACCOUNT,
        initiator=Initiator(
            id="user@domain.com",
            name="user@domain.com",
            ip="10.30.0.242",
            user_agent="Apache-HttpClient/4.5.13 (Java/1.8.0_345)",
        ),
        outcome="success",
        targets=(Target(kind="securable", id="user.chat.messages"),),
        related=(
            Reference(kind="workspace", id="1234567890123456"),
            Reference(kind="session", id="123456789"),
            Reference(kind="metastore", id="123456789"),
        ),
        request_id="ServiceMain-4529754264",
    )


def test_azure_databricks_delivers_the_same_as_a_resource_log() -> None:
    record = {
        "time": "2021-08-24T03:26:24.891Z",
        "category": "accounts",
        "operationName": "Microsoft.Databricks/accounts/login",
        "operationVersion": "1.0.0",
        "resourceId": "/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/PROVIDERS/MICROSOFT.DATABRICKS/WORKSPACES/w",
        "identity": '{"email":"ann@acme.com","subjectName":null}',
        "properties": {
            "sourceIPAddress": "10.2.91.100",
            "logId": "201b6d83-396a-4f3c-9dee-65c971ddeb2b",
            "serviceName": "accounts",
            "userAgent": "curl/7.64.1",
            "response": '{"statusCode":200}',
            "sessionId": "webapp-cons-webapp-01exaj",
            "actionName": "login",
            "requestId": "b2f4-1",
            "requestParams": '{"user":"ann@acme.com"}',
        },
    }
    assert load_map("databricks").convert(record).id == "201b6d83-396a-4f3c-9dee-65c971ddeb2b"
    assert mapped("databricks", record) == event(
        AT,
        "accounts",
        "login",
        application="databricks",
        initiator=ANN,
        outcome="success",
        request_id="b2f4-1",
        related=(Reference(kind="session", id="webapp-cons-webapp-01exaj"),),
    )


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent, match="no time"):
        load_map("databricks").convert({"serviceName": "accounts", "actionName": "login"})
