"""Files as the systems themselves deliver them: each is told by its records, read whole, and gives the event expected.

Shapes after the vendors' documentation of their exports: CloudTrail log files, kube-apiserver's log backend, the Okta
System Log API, GitHub's REST API and its export, Winlogbeat, NXLog, `Get-WinEvent | ConvertTo-Json`, `evtx_dump -o
jsonl`, the search export of Microsoft Purview, `gcloud logging read --format=json`, GitLab's audit_json.log.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trailbook.event.model import Event
from trailbook.ingest.read import records
from trailbook.ingest.sniff import detect_format
from trailbook.ingest.source import opened


class Delivery(NamedTuple):
    """A file, the format it is in, and what its first event says: time, action, who, from where, outcome, to whom."""

    contents: bytes
    format: str
    at: str
    action: str
    who: str
    ip: str
    outcome: str
    whom: list[tuple[str, str]]
    events: int = 1


def lines(*found: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


def sheet(*rows: dict[str, str]) -> bytes:
    """A spreadsheet's CSV: a byte order mark, CRLF, every name in quotes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


TRAIL = {
    "eventVersion": "1.09",
    "userIdentity": {
        "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::123456789012:user/alice",
        "accountId": "123456789012", "userName": "alice",
    },
    "eventTime": "2023-07-10T11:42:36Z", "eventSource": "iam.amazonaws.com", "eventName": "DeleteUser",
    "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.13.5",
    "requestParameters": {"userName": "bob"}, "responseElements": None,
    "requestID": "c4a9ba2e-3b1f-4f8c-9ef1-6b6c9ce6ca0d", "eventID": "5a5d9d3c-8c71-4e3f-a3b5-55a1f0e8f4e1",
    "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "123456789012",
    "eventCategory": "Management",
}  # fmt: skip
KUBE = {
    "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
    "auditID": "6e2a3e5a-7f6b-4d0f-8a77-0f8a1c6b2f10", "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/shop/secrets/db?timeout=32s", "verb": "delete",
    "user": {"username": "alice@example.com", "groups": ["admins", "system:authenticated"]},
    "sourceIPs": ["198.51.100.7", "10.0.0.1"], "userAgent": "kubectl/v1.29.2 (linux/amd64)",
    "objectRef": {"resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1"},
    "responseStatus": {"metadata": {}, "status": "Success", "code": 200},
    "requestReceivedTimestamp": "2024-03-01T08:15:30.123456Z", "stageTimestamp": "2024-03-01T08:15:30.131002Z",
    "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
}  # fmt: skip
OKTA = {
    "actor": {"id": "00u1", "type": "User", "alternateId": "ann@example.com", "displayName": "Ann"},
    "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0"}, "zone": "null", "device": "Computer", "id": None,
               "ipAddress": "198.51.100.7", "geographicalContext": None},
    "device": None,
    "authenticationContext": {"authenticationStep": 0, "externalSessionId": "102xyz"},
    "displayMessage": "Add user to group membership", "eventType": "group.user_membership.add",
    "outcome": {"result": "SUCCESS", "reason": None}, "published": "2024-02-13T20:01:04.511Z", "severity": "INFO",
    "debugContext": {"debugData": {"requestId": "Zr1"}}, "legacyEventType": "core.user_group_member.user_add",
    "transaction": {"type": "WEB", "id": "Zr1", "detail": {}}, "uuid": "dc9fd3c0-598c-11ef-8478-2b7584bf8d5a",
    "version": "0", "request": {"ipChain": []},
    "target": [
        {"id": "00u2", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob", "detailEntry": None},
        {"id": "00g1", "type": "UserGroup", "alternateId": "unknown", "displayName": "Admins", "detailEntry": None},
    ],
}  # fmt: skip
GITHUB = {
    "@timestamp": 1709280930123, "_document_id": "xJJFlFOhQ6b-5vaAFy9Rjw", "action": "org.add_member", "actor": "ann",
    "actor_id": 7, "actor_ip": "198.51.100.7", "actor_location": {"country_code": "DE"}, "created_at": 1709280930123,
    "operation_type": "create", "org": "octo-org", "org_id": 99, "user": "bob", "user_id": 8,
    "user_agent": "Mozilla/5.0",
}  # fmt: skip
LOGON = {
    "SubjectUserSid": "S-1-5-18", "SubjectUserName": "WS5$", "SubjectDomainName": "CONTOSO", "SubjectLogonId": "0x3e7",
    "TargetUserSid": "S-1-5-21-1-2-3-1104", "TargetUserName": "ksmith", "TargetDomainName": "CONTOSO",
    "TargetLogonId": "0x12ab", "LogonType": "10", "LogonProcessName": "User32 ",
    "AuthenticationPackageName": "Negotiate", "WorkstationName": "WS5",
    "LogonGuid": "{00000000-0000-0000-0000-000000000000}", "TransmittedServices": "-", "LmPackageName": "-",
    "KeyLength": "0", "ProcessId": "0x44", "ProcessName": "C:\\Windows\\System32\\svchost.exe",
    "IpAddress": "198.51.100.7", "IpPort": "50123", "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-",
    "TargetOutboundUserName": "-", "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843",
    "TargetLinkedLogonId": "0x0", "ElevatedToken": "%%1842",
}  # fmt: skip
SIGNED_IN = {
    "at": "2020-10-18T10:56:18.799Z", "action": "logon", "who": "CONTOSO\\ksmith", "ip": "198.51.100.7",
    "outcome": "success", "whom": [("computer", "WS5")], "format": "windows-security",
}  # fmt: skip
WINLOGBEAT = {
    "@timestamp": "2020-10-18T10:56:18.799Z",
    "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": "8.12.0"},
    "event": {"action": "logged-in", "code": "4624", "kind": "event", "outcome": "success",
              "provider": "Microsoft-Windows-Security-Auditing", "created": "2020-10-18T10:56:20.001Z"},
    "host": {"name": "WS5"}, "log": {"level": "information"}, "message": "An account was successfully logged on.\n",
    "winlog": {"api": "wineventlog", "channel": "Security", "computer_name": "WS5", "event_data": LOGON,
               "event_id": "4624", "keywords": ["Audit Success"], "opcode": "Info", "process": {"pid": 664},
               "provider_name": "Microsoft-Windows-Security-Auditing", "record_id": 1535, "task": "Logon",
               "version": 2},
}  # fmt: skip
NXLOG = {
    "EventTime": "2020-10-18 06:56:18", "Hostname": "WS5", "Keywords": -9214364837600034816,
    "EventType": "AUDIT_SUCCESS", "SeverityValue": 2, "Severity": "INFO", "EventID": 4624,
    "SourceName": "Microsoft-Windows-Security-Auditing", "RecordNumber": 1535, "Channel": "Security",
    "Category": "Logon", "Message": "An account was successfully logged on.\r\n", **LOGON,
    "EventReceivedTime": "2020-10-18 06:56:20", "SourceModuleName": "eventlog",
    "@timestamp": "2020-10-18T10:56:18.799Z",
}  # fmt: skip
EVTX_DUMP = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}}, "EventID": 4624,
            "Version": 2, "Level": 0, "Task": 12544, "Opcode": 0, "Keywords": "0x8020000000000000",
            "TimeCreated": {"#attributes": {"SystemTime": "2020-10-18T10:56:18.799000Z"}}, "EventRecordID": 1535,
            "Correlation": None, "Channel": "Security", "Computer": "WS5", "Security": None,
        },
        "EventData": LOGON,
    }
}  # fmt: skip
GET_WINEVENT = {
    "Id": 4624, "Version": 2, "Qualifiers": None, "Level": 0, "Task": 12544, "Opcode": 0,
    "Keywords": -9214364837600034816, "RecordId": 1535, "ProviderName": "Microsoft-Windows-Security-Auditing",
    "LogName": "Security", "ProcessId": 664, "ThreadId": 712, "MachineName": "WS5", "UserId": None,
    "TimeCreated": "/Date(1603018578799)/", "ActivityId": None, "RelatedActivityId": None,
    "ContainerLog": "security", "MatchedQueryIds": [], "Bookmark": {}, "LevelDisplayName": "Information",
    "OpcodeDisplayName": "Info", "TaskDisplayName": "Logon", "KeywordsDisplayNames": ["Audit Success"],
    "Properties": ["System.Diagnostics.Eventing.Reader.EventProperty"] * 27,
    "Message": "An account was successfully logged on.\r\n\r\n"
    "Subject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\tAccount Name:\t\tWS5$\r\n\tAccount Domain:\t\tCONTOSO\r\n\r\n"
    "Logon Information:\r\n\tLogon Type:\t\t10\r\n\tRestricted Admin Mode:\tNo\r\n\r\n"
    "New Logon:\r\n\tSecurity ID:\t\tS-1-5-21-1-2-3-1104\r\n\tAccount Name:\t\tksmith\r\n"
    "\tAccount Domain:\t\tCONTOSO\r\n\tLogon ID:\t\t0x12AB\r\n\r\n"
    "Network Information:\r\n\tWorkstation Name:\tWS5\r\n\tSource Network Address:\t198.51.100.7\r\n\r\n"
    "This event is generated when a logon session is created.",
}  # fmt: skip
SHARED = {
    "CreationTime": "2024-01-22T14:05:11", "Id": "0d2b1b2e-3c55-4c1e-9c4b-08dc1b54a2b1", "Operation": "FileDownloaded",
    "OrganizationId": "c3a5d5c4-0d4a-4f0e-8a39-0c0d4e9c2b11", "RecordType": 6, "UserKey": "i:0h.f|m|1", "UserType": 0,
    "Version": 1, "Workload": "SharePoint", "ClientIP": "198.51.100.7", "UserId": "ann@contoso.com",
    "ObjectId": "https://contoso.sharepoint.com/sites/a/plan.docx", "ItemType": "File", "SourceFileName": "plan.docx",
    "SiteUrl": "https://contoso.sharepoint.com/sites/a/",
}  # fmt: skip
DOWNLOADED = {
    "format": "microsoft-365", "at": "2024-01-22T14:05:11Z", "action": "FileDownloaded", "who": "ann@contoso.com",
    "ip": "198.51.100.7", "outcome": "unknown", "whom": [("File", "https://contoso.sharepoint.com/sites/a/plan.docx")],
}  # fmt: skip
GCLOUD = {
    "insertId": "1abcxyz", "logName": "projects/shop/logs/cloudaudit.googleapis.com%2Factivity",
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": "ann@example.com"},
        "authorizationInfo": [{"granted": True, "permission": "storage.buckets.delete", "resource": "b"}],
        "methodName": "storage.buckets.delete",
        "requestMetadata": {"callerIp": "198.51.100.7", "callerSuppliedUserAgent": "gcloud"},
        "resourceName": "projects/_/buckets/b", "serviceName": "storage.googleapis.com", "status": {},
    },
    "receiveTimestamp": "2024-03-01T08:15:31.5Z",
    "resource": {"labels": {"bucket_name": "b", "project_id": "shop"}, "type": "gcs_bucket"},
    "severity": "NOTICE", "timestamp": "2024-03-01T08:15:30.123456789Z",
}  # fmt: skip
GITLAB = {
    "severity": "INFO", "time": "2024-03-01T08:15:30.123Z", "correlation_id": "01HQ", "meta.caller_id": "x",
    "author_id": 3, "author_name": "Ann", "entity_id": 6, "entity_type": "Group", "change": "access_level",
    "from": "Developer", "to": "Maintainer", "target_id": 8, "target_type": "User", "target_details": "Bob",
    "ip_address": "198.51.100.7", "entity_path": "shop", "created_at": "2024-03-01T08:15:30.000Z", "id": 42,
}  # fmt: skip

DELIVERIES = {
    "CloudTrail's file": Delivery(
        gzip.compress(json.dumps({"Records": [TRAIL, TRAIL | {"eventID": TRAIL["requestID"]}]}).encode()),
        "cloudtrail", "2023-07-10T11:42:36Z", "DeleteUser", "alice", "198.51.100.7", "success",
        [("user", "arn:aws:iam::123456789012:user/bob")], events=2,
    ),
    "kube-apiserver's audit.log": Delivery(
        lines(KUBE), "kubernetes", "2024-03-01T08:15:30.123456Z", "delete", "alice@example.com", "198.51.100.7",
        "success", [("secrets", "shop/db")],
    ),
    "a page of Okta's System Log API": Delivery(
        json.dumps([OKTA], indent=2).encode(), "okta", "2024-02-13T20:01:04.511Z", "group.user_membership.add", "Ann",
        "198.51.100.7", "success", [("user", "00u2"), ("group", "00g1")],
    ),
    "GitHub's export as JSON": Delivery(
        lines(GITHUB), "github", "2024-03-01T08:15:30.123Z", "org.add_member", "ann", "198.51.100.7", "success",
        [("user", "8"), ("tenant", "octo-org")],
    ),
    "a page of GitHub's API": Delivery(
        json.dumps([GITHUB]).encode(), "github", "2024-03-01T08:15:30.123Z", "org.add_member", "ann", "198.51.100.7",
        "success", [("user", "8"), ("tenant", "octo-org")],
    ),
    "GitHub's export as CSV": Delivery(
        sheet({key: str(value) for key, value in GITHUB.items() if not isinstance(value, dict)}), "github",
        "2024-03-01T08:15:30.123Z", "org.add_member", "ann", "198.51.100.7", "success",
        [("user", "8"), ("tenant", "octo-org")],
    ),
    "Winlogbeat": Delivery(lines(WINLOGBEAT), **SIGNED_IN),
    "NXLog": Delivery(lines(NXLOG), **SIGNED_IN),
    "evtx_dump": Delivery(lines(EVTX_DUMP), **SIGNED_IN),
    "Get-WinEvent of Windows PowerShell": Delivery(json.dumps([GET_WINEVENT], indent=4).encode("utf-16"), **SIGNED_IN),
    "Get-WinEvent of PowerShell 7": Delivery(
        json.dumps([GET_WINEVENT | {"TimeCreated": "2020-10-18T12:56:18.799+02:00"}]).encode(), **SIGNED_IN
    ),
    "Purview's export": Delivery(
        sheet({
            "RecordId": SHARED["Id"], "CreationDate": "2024-01-22T14:05:11.0000000Z", "RecordType": "6",
            "Operation": "FileDownloaded", "UserId": "ann@contoso.com", "AuditData": json.dumps(SHARED),
            "AssociatedAdminUnits": "", "AssociatedAdminUnitsNames": "",
        }), **DOWNLOADED,
    ),
    "the older export of the compliance portal": Delivery(
        sheet({
            "CreationDate": "2024-01-22T14:05:11.0000000Z", "UserIds": "ann@contoso.com",
            "Operations": "FileDownloaded", "AuditData": json.dumps(SHARED),
        }), **DOWNLOADED,
    ),
    "the Management Activity API": Delivery(json.dumps([SHARED]).encode(), **DOWNLOADED),
    "gcloud logging read": Delivery(
        json.dumps([GCLOUD], indent=2).encode(), "google-cloud", "2024-03-01T08:15:30.123456Z",
        "storage.buckets.delete", "ann@example.com", "198.51.100.7", "success",
        [("gcs_bucket", "projects/_/buckets/b")],
    ),
    "GitLab's audit_json.log": Delivery(
        lines(GITLAB), "gitlab", "2024-03-01T08:15:30Z", "change_access_level", "Ann", "198.51.100.7", "success",
        [("user", "8"), ("role", "Developer"), ("role", "Maintainer"), ("group", "6")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_is_told_by_its_records_and_read_whole(name: str, tmp_path: Path) -> None:
    wanted = DELIVERIES[name]
    path = tmp_path / "delivered"
    path.write_bytes(wanted.contents)
    mapping = detect_format(str(path))
    with opened(str(path)) as source:
        events = [event for record in records(source, mapping.csv) for event in mapping.events(record.value)]
    assert mapping.name == wanted.format
    assert len(events) == wanted.events
    assert len({event.id for event in events}) == wanted.events
    found = events[0]
    assert found.initiator is not None
    assert Delivery(
        wanted.contents,
        mapping.name,
        found.occurred_at.isoformat(),
        found.action,
        found.initiator.name,
        found.initiator.ip,
        found.outcome,
        whom(found),
        wanted.events,
    ) == wanted._replace(at=datetime.fromisoformat(wanted.at).isoformat())


def whom(event: Event) -> list[tuple[str, str]]:
    return [(target.kind, target.id) for target in event.targets]
