"""What Microsoft 365's unified audit log means.

Fields: https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema
(Office 365 Management Activity API schema), sharing: https://learn.microsoft.com/en-us/purview/audit-log-sharing,
export: https://learn.microsoft.com/en-us/purview/audit-log-export-records.
"""

import json
from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

ORG = "41463f53-8812-40f4-890f-865bf6e35190"
ID = "80c76bd2-9d81-4c57-a97a-accfc3443dca"
BASE: dict[str, Any] = {
    "CreationTime": "2022-03-14T08:57:52",
    "Id": ID,
    "OrganizationId": ORG,
    "UserType": 0,
    "UserKey": "1003BFFD8EC47CA6",
    "UserId": "Ann@Acme.com",
    "ClientIP": "203.0.113.7:10736",
}
AT = "2022-03-14T08:57:52+00:00"
ANN: dict[str, Any] = {"id": "ann@acme.com", "name": "Ann@Acme.com", "ip": "203.0.113.7"}
BOB = Target(kind="user", id="bob@acme.com", name="bob@acme.com")
COMMON: dict[str, Any] = {"application": "microsoft-365", "tenant": ORG, "initiator": Initiator(**ANN)}


def directory(operation: str, modified: list[dict[str, str]], target: list[dict[str, Any]]) -> dict[str, Any]:
    return BASE | {
        "RecordType": 8,
        "Workload": "AzureActiveDirectory",
        "Operation": operation,
        "ResultStatus": "Success",
        "ObjectId": "bob@acme.com",
        "ClientIP": None,
        "ActorIpAddress": "203.0.113.7",
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": [{"Name": "extendedAuditEventCategory", "Value": "Role"}],
        "ModifiedProperties": modified,
        "Actor": [{"ID": "Ann@Acme.com", "Type": 5}, {"ID": "1003BFFD8EC47CA6", "Type": 3}],
        "ActorContextId": ORG,
        "InterSystemsId": "1a2b3c",
        "Target": target,
        "TargetContextId": ORG,
    }


BOB_IDS = [
    {"ID": "User_770797c4-e05a-43f9-bda2-1f1f379987ae", "Type": 2},
    {"ID": "770797c4-e05a-43f9-bda2-1f1f379987ae", "Type": 2},
    {"ID": "User", "Type": 2},
    {"ID": "Bob@acme.com", "Type": 5},
    {"ID": "1003200122AABBCC", "Type": 3},
]


def test_a_granted_role_and_the_user_are_targets() -> None:
    modified = [
        {"Name": "Role.ObjectID", "NewValue": "6a9f5d1e", "OldValue": ""},
        {"Name": "Role.DisplayName", "NewValue": "Company Administrator", "OldValue": ""},
    ]
    assert load_map("microsoft-365").convert(directory("Add member to role.", modified, BOB_IDS)).id == ID
    assert mapped("microsoft-365", directory("Add member to role.", modified, BOB_IDS)) == event(
        AT,
        "AzureActiveDirectory",
        "Add member to role.",
        outcome="success",
        targets=(
            Target(kind="user", id="bob@acme.com", name="Bob@acme.com"),
            Target(kind="role", id="6a9f5d1e", name="Company Administrator"),
        ),
        changes={"Role.ObjectID": Change(new="6a9f5d1e"), "Role.DisplayName": Change(new="Company Administrator")},
        request_id="1a2b3c",
        **COMMON,
    )


def test_a_removed_member_names_its_group_in_the_old_value() -> None:
    modified = [
        {"Name": "Group.ObjectID", "NewValue": "", "OldValue": "cacfe77c"},
        {"Name": "Group.DisplayName", "NewValue": "", "OldValue": "Call center"},
    ]
    assert mapped("microsoft-365", directory("Remove member from group.", modified, BOB_IDS)).targets == (
        Target(kind="user", id="bob@acme.com", name="Bob@acme.com"),
        Target(kind="group", id="cacfe77c", name="Call center"),
    )


def test_a_group_of_its_own_is_a_target() -> None:
    target = [{"ID": "Group_cacfe77c", "Type": 2}, {"ID": "cacfe77c", "Type": 2}, {"ID": "Call center", "Type": 1}]
    modified = [{"Name": "DisplayName", "NewValue": '["Call center"]', "OldValue": '["Calls"]'}]
    made = mapped("microsoft-365", directory("Update group.", modified, target))
    assert made.targets == (Target(kind="group", id="cacfe77c", name="Call center"),)
    assert made.changes == {"DisplayName": Change(old=["Calls"], new=["Call center"])}


def test_what_is_neither_user_nor_group_keeps_its_own_kind() -> None:
    target = [{"ID": "Policy_p1", "Type": 2}, {"ID": "p1", "Type": 2}, {"ID": "Require MFA", "Type": 1}]
    assert mapped("microsoft-365", directory("Update policy.", [], target)).targets == (
        Target(kind="Policy", id="p1", name="Require MFA"),
    )


SIGN_IN: dict[str, Any] = BASE | {
    "RecordType": 15,
    "Workload": "AzureActiveDirectory",
    "Operation": "UserLoginFailed",
    "ResultStatus": "Success",
    "LogonError": "InvalidUserNameOrPassword",
    "ErrorNumber": "50126",
    "ObjectId": "app-2",
    "ApplicationId": "app-1",
    "ExtendedProperties": [
        {"Name": "UserAgent", "Value": "Mozilla/5.0"},
        {"Name": "RequestType", "Value": "Login:login"},
    ],
    "Actor": [{"ID": "5e7", "Type": 0}, {"ID": "Ann@Acme.com", "Type": 5}],
    "Target": [{"ID": "app-2", "Type": 0}],
}


def test_a_failed_sign_in_says_success_and_means_the_request() -> None:
    assert mapped("microsoft-365", SIGN_IN) == event(
        AT,
        "AzureActiveDirectory",
        "UserLoginFailed",
        outcome="failure",
        reason="InvalidUserNameOrPassword",
        targets=(Target(kind="user", id="ann@acme.com", name="Ann@Acme.com"),),
        related=(Reference(kind="application", id="app-1"), Reference(kind="resource", id="app-2")),
        **COMMON | {"initiator": Initiator(**ANN, user_agent="Mozilla/5.0", verified=False)},
    )


def test_a_sign_in() -> None:
    record = SIGN_IN | {"Operation": "UserLoggedIn", "LogonError": None, "ErrorNumber": "0"}
    assert mapped("microsoft-365", record) == event(
        AT,
        "AzureActiveDirectory",
        "UserLoggedIn",
        outcome="success",
        related=(Reference(kind="application", id="app-1"), Reference(kind="resource", id="app-2")),
        **COMMON | {"initiator": Initiator(**ANN, user_agent="Mozilla/5.0")},
    )


def test_the_mailbox_that_an_administrator_changed_is_a_user() -> None:
    record = BASE | {
        "RecordType": 1,
        "Workload": "Exchange",
        "UserType": 2,
        "Operation": "Set-Mailbox",
        "ObjectId": "EURPR01A001.prod.outlook.com/Microsoft Exchange Hosted Organizations/acme.com/bob",
        "ResultStatus": "True",
        "Parameters": [
            {"Name": "Identity", "Value": "bob@acme.com"},
            {"Name": "ForwardingSmtpAddress", "Value": "smtp:x@evil.com"},
        ],
    }
    assert mapped("microsoft-365", record) == event(
        AT,
        "Exchange",
        "Set-Mailbox",
        outcome="success",
        targets=(
            BOB,
            Target(
                kind="object", id="EURPR01A001.prod.outlook.com/Microsoft Exchange Hosted Organizations/acme.com/bob"
            ),
        ),
        changes={"ForwardingSmtpAddress": Change(new="smtp:x@evil.com")},
        **COMMON,
    )


def test_who_gets_the_right_to_a_mailbox_and_whose_it_is_are_targets() -> None:
    record = BASE | {
        "RecordType": 1,
        "Workload": "Exchange",
        "Operation": "Add-MailboxPermission",
        "ResultStatus": "False",
        "Parameters": [
            {"Name": "Identity", "Value": "bob@acme.com"},
            {"Name": "User", "Value": "Carl@acme.com"},
            {"Name": "AccessRights", "Value": "FullAccess"},
        ],
    }
    made = mapped("microsoft-365", record)
    assert made.outcome == "failure"
    assert made.targets == (BOB, Target(kind="user", id="carl@acme.com", name="Carl@acme.com"))


def test_a_role_group_and_its_new_member_are_targets() -> None:
    record = BASE | {
        "RecordType": 1,
        "Workload": "Exchange",
        "Operation": "Add-RoleGroupMember",
        "ResultStatus": "True",
        "Parameters": [
            {"Name": "Identity", "Value": "Organization Management"},
            {"Name": "Member", "Value": "bob@acme.com"},
        ],
    }
    assert mapped("microsoft-365", record).targets == (
        BOB,
        Target(kind="role", id="Organization Management", name="Organization Management"),
    )


def test_a_delegate_who_sends_as_another_is_the_initiator() -> None:
    record = BASE | {
        "RecordType": 2,
        "Workload": "Exchange",
        "Operation": "SendAs",
        "ResultStatus": "Succeeded",
        "LogonType": 2,
        "MailboxOwnerUPN": "bob@acme.com",
        "SendAsUserSmtp": "bob@acme.com",
        "ClientInfoString": "Client=OWA;Mozilla/5.0",
    }
    assert mapped("microsoft-365", record) == event(
        AT,
        "Exchange",
        "SendAs",
        outcome="success",
        targets=(BOB,),
        **COMMON
        | {
            "initiator": Initiator(
                **ANN, user_agent="Client=OWA;Mozilla/5.0", acts_as=Target("user", "bob@acme.com", "bob@acme.com")
            )
        },
    )


def test_reading_ones_own_mail_is_done_to_nobody_else() -> None:
    record = BASE | {
        "RecordType": 50,
        "Workload": "Exchange",
        "Operation": "MailItemsAccessed",
        "ResultStatus": "Succeeded",
        "LogonType": 0,
        "MailboxOwnerUPN": "ann@acme.com",
    }
    assert mapped("microsoft-365", record).targets == ()


@pytest.mark.parametrize(("type", "kind"), [("Guest", "user"), ("Member", "user"), ("SecurityGroup", "group")])
def test_whom_a_file_was_shared_with_is_a_target(type: str, kind: str) -> None:
    url = "https://acme.sharepoint.com/personal/ann/Documents/plan.docx"
    record = BASE | {
        "RecordType": 14,
        "Workload": "OneDrive",
        "Operation": "AddedToSecureLink",
        "ItemType": "File",
        "ObjectId": url,
        "SourceFileName": "plan.docx",
        "SiteUrl": "https://acme.sharepoint.com/personal/ann",
        "TargetUserOrGroupName": "OUTSIDER@EXTERNAL.IO",
        "TargetUserOrGroupType": type,
        "UserAgent": "Mozilla/5.0",
        "AppAccessContext": {"AADSessionId": "s1", "CorrelationId": "c1"},
    }
    assert mapped("microsoft-365", record) == event(
        AT,
        "File",
        "AddedToSecureLink",
        targets=(
            Target(kind=kind, id="outsider@external.io", name="OUTSIDER@EXTERNAL.IO"),
            Target(kind="File", id=url, name="plan.docx"),
        ),
        related=(
            Reference(kind="session", id="s1"),
            Reference(kind="site", id="https://acme.sharepoint.com/personal/ann"),
        ),
        request_id="c1",
        **COMMON | {"initiator": Initiator(**ANN, user_agent="Mozilla/5.0")},
    )


def test_a_sharepoint_group_that_somebody_was_added_to_is_in_the_event_data() -> None:
    record = BASE | {
        "RecordType": 14,
        "Workload": "SharePoint",
        "Operation": "AddedToGroup",
        "ItemType": "Web",
        "ObjectId": "https://acme.sharepoint.com/sites/calls",
        "TargetUserOrGroupName": "bob@acme.com",
        "TargetUserOrGroupType": "Member",
        "EventData": "<Group>Site Members</Group>",
    }
    assert mapped("microsoft-365", record).targets == (
        BOB,
        Target(kind="group", id="Site Members", name="Site Members"),
        Target(kind="Web", id="https://acme.sharepoint.com/sites/calls"),
    )


def test_a_new_administrator_of_a_site_is_a_target() -> None:
    record = BASE | {
        "RecordType": 4,
        "Workload": "SharePoint",
        "Operation": "SiteCollectionAdminAdded",
        "ItemType": "Site",
        "ObjectId": "https://acme.sharepoint.com/sites/calls",
        "ModifiedProperties": [{"Name": "SiteAdmin", "NewValue": "bob@acme.com", "OldValue": ""}],
    }
    made = mapped("microsoft-365", record)
    assert made.targets == (BOB, Target(kind="Site", id="https://acme.sharepoint.com/sites/calls"))
    assert made.changes == {"SiteAdmin": Change(new="bob@acme.com")}


def test_the_members_added_to_a_team_and_the_team_are_targets() -> None:
    record = BASE | {
        "RecordType": 25,
        "Workload": "MicrosoftTeams",
        "Operation": "MemberAdded",
        "TeamName": "Call center",
        "TeamGuid": "19:abc@thread.tacv2",
        "AADGroupId": "cacfe77c",
        "Members": [{"UPN": "bob@acme.com", "DisplayName": "Bob", "Role": 1}],
    }
    assert mapped("microsoft-365", record).targets == (
        BOB,
        Target(kind="group", id="cacfe77c", name="Call center"),
    )


def test_a_setting_of_a_team_has_its_old_and_new_value() -> None:
    record = BASE | {
        "RecordType": 25,
        "Workload": "MicrosoftTeams",
        "Operation": "TeamSettingChanged",
        "TeamName": "Call center",
        "TeamGuid": "19:abc@thread.tacv2",
        "Name": "Team Access Type",
        "OldValue": "Private",
        "NewValue": "Public",
    }
    made = mapped("microsoft-365", record)
    assert made.changes == {"Team Access Type": Change(old="Private", new="Public")}
    assert made.targets == (Target(kind="group", id="19:abc@thread.tacv2", name="Call center"),)


@pytest.mark.parametrize(
    ("who", "number", "type"),
    [
        ("NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Servicehost)", 3, "system"),
        ("ServicePrincipal_6d32", 4, "system"),
        ("app@sharepoint", 5, "service"),
        ("backup-app", "Application", "service"),
        ("guest@other.com", 10, "user"),
    ],
)
def test_the_type_of_user_tells_people_from_programs(who: str, number: object, type: str) -> None:
    record = BASE | {"RecordType": 6, "Operation": "FileAccessed", "UserId": who, "UserType": number}
    made = mapped("microsoft-365", record)
    assert made.resource == "SharePointFileOperation"
    assert made.initiator == Initiator(id=who.lower(), name=who, type=type, ip="203.0.113.7")  # type: ignore[arg-type]


def test_the_all_lower_case_form_is_the_same() -> None:
    record = {
        "creationtime": "2022-12-12 22:19:00",
        "id": ID,
        "operation": "New-InboxRule",
        "organizationid": ORG,
        "recordtype": 1,
        "resultstatus": "True",
        "userid": "ann@acme.com",
        "usertype": 2,
        "userkey": "1",
        "workload": "Exchange",
        "clientip": "[2001:db8::1]:443",
        "objectid": "bob\\Forward all",
        "parameters": [{"Name": "Mailbox", "Value": "bob@acme.com"}, {"Name": "ForwardTo", "Value": "x@evil.com"}],
    }
    assert mapped("microsoft-365", record) == event(
        "2022-12-12T22:19:00+00:00",
        "Exchange",
        "New-InboxRule",
        application="microsoft-365",
        tenant=ORG,
        initiator=Initiator(id="ann@acme.com", name="ann@acme.com", ip="2001:db8::1"),
        outcome="success",
        targets=(BOB, Target(kind="object", id="bob\\Forward all")),
        changes={"ForwardTo": Change(new="x@evil.com")},
    )


def test_an_exported_row_holds_the_record_in_one_column() -> None:
    inner = BASE | {"RecordType": 6, "Workload": "SharePoint", "Operation": "FileAccessed", "ItemType": "File"}
    row = {
        "RecordId": ID,
        "CreationDate": "3/14/2022 8:57:52 AM",
        "RecordType": "6",
        "Operation": "FileAccessed",
        "UserId": "Ann@Acme.com",
        "AuditData": json.dumps(inner),
    }
    assert load_map("microsoft-365").convert(row).id == ID
    assert mapped("microsoft-365", row) == event(AT, "File", "FileAccessed", **COMMON)


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent, match="no time"):
        load_map("microsoft-365").convert({"Id": ID, "Operation": "FileAccessed", "RecordType": 6, "UserId": "a"})
