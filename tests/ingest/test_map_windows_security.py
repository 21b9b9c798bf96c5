"""Windows Security events, expected from Microsoft's page on each event ID (Event XML and Field Descriptions).

https://learn.microsoft.com/en-us/windows/security/threat-protection/auditing/event-4624 (and 4625, 4648, 4657, ...);
source: github.com/MicrosoftDocs/windows-itpro-docs, windows/security/threat-protection/auditing/event-*.md
"""

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from size import FULL, sized

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Event, Target
from trailbook.ingest.coverage import coverage
from trailbook.ingest.mapping import load_map

REAL = "../shared/data/windows-security.jsonl.gz"
WINDOWS = load_map("windows-security")
ADMIN = "S-1-5-21-3457937927-2839227994-823803824-1104"
ALICE = "S-1-5-21-3457937927-2839227994-823803824-6609"
SUBJECT = {
    "SubjectUserSid": ADMIN,
    "SubjectUserName": "dadmin",
    "SubjectDomainName": "CONTOSO",
    "SubjectLogonId": "0x30dc2",
}
SYSTEM = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "DC01$",
    "SubjectDomainName": "CONTOSO",
    "SubjectLogonId": "0x3e7",
}


def event(id: int, *fields: dict[str, Any], ok: bool = True) -> Event:
    record: dict[str, Any] = {
        "EventID": id,
        "Keywords": "0x8020000000000000" if ok else "0x8010000000000000",
        "TimeCreated": "2015-11-12T00:24:35.079785200Z",
        "RecordNumber": 211,
        "Channel": "Security",
        "Computer": "DC01.contoso.local",
    }
    for one in fields:
        record |= one
    return WINDOWS.convert(record)


def who(found: Event) -> tuple[str, str, str]:
    assert found.initiator is not None
    return found.initiator.id, found.initiator.name, found.initiator.type


def whom(found: Event) -> list[tuple[str, str, str]]:
    return [(one.kind, one.id, one.name) for one in found.targets]


def test_4624_the_one_who_signs_in_is_the_target_account_not_the_subject() -> None:
    found = event(
        4624,
        SYSTEM,
        {
            "TargetUserSid": "S-1-5-21-1377283216-344919071-3415362939-500",
            "TargetUserName": "Administrator",
            "TargetDomainName": "WIN-GG82ULGC9GO",
            "TargetLogonId": "0x8dcdc",
            "LogonType": "2",
            "WorkstationName": "WIN-GG82ULGC9GO",
            "IpAddress": "127.0.0.1",
        },
    )
    assert who(found) == (
        "S-1-5-21-1377283216-344919071-3415362939-500",
        "WIN-GG82ULGC9GO\\Administrator",
        "user",
    )
    assert found.initiator is not None
    assert (found.initiator.ip, found.initiator.verified) == ("127.0.0.1", True)
    assert whom(found) == [("computer", "DC01.contoso.local", "")]
    assert (found.action, found.resource, found.outcome) == ("logon", "session", "success")
    assert found.details == "Administrator signed in to DC01.contoso.local (2)"
    assert found.occurred_at == datetime(2015, 11, 12, 0, 24, 35, 79785, tzinfo=UTC)


def test_4624_of_a_machine_and_of_the_system_are_no_users() -> None:
    null = {"SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-"}
    machine = event(4624, null, {"TargetUserSid": ALICE, "TargetUserName": "WS5$", "TargetDomainName": "CONTOSO"})
    assert who(machine) == (ALICE, "CONTOSO\\WS5$", "service")
    system = event(
        4624, null, {"TargetUserSid": "S-1-5-18", "TargetUserName": "SYSTEM", "TargetDomainName": "NT AUTHORITY"}
    )
    assert who(system) == ("S-1-5-18", "NT AUTHORITY\\SYSTEM", "system")


def test_4625_the_account_is_claimed_and_is_the_target() -> None:
    found = event(
        4625,
        SYSTEM,
        {
            "TargetUserSid": "S-1-0-0",
            "TargetUserName": "Auditor",
            "TargetDomainName": "CONTOSO",
            "Status": "0xC0000234",
            "SubStatus": "0x0",
            "LogonType": "2",
            "IpAddress": "10.0.0.7",
        },
        ok=False,
    )
    assert who(found) == ("CONTOSO\\Auditor", "CONTOSO\\Auditor", "user")
    assert found.initiator is not None
    assert (found.initiator.verified, found.initiator.ip) == (False, "10.0.0.7")
    assert Target(kind="user", id="CONTOSO\\Auditor", name="CONTOSO\\Auditor") in found.targets
    assert (found.outcome, found.reason) == ("failure", "the account is locked")


def test_4648_the_subject_acts_as_the_account_whose_credentials_were_used() -> None:
    found = event(
        4648,
        SUBJECT,
        {
            "TargetUserName": "ladmin",
            "TargetDomainName": "CONTOSO",
            "TargetServerName": "localhost",
            "IpAddress": "::1",
        },
    )
    assert who(found) == (ADMIN, "CONTOSO\\dadmin", "user")
    assert found.initiator is not None
    assert found.initiator.acts_as == Target(kind="user", id="CONTOSO\\ladmin", name="CONTOSO\\ladmin")
    assert whom(found) == [("computer", "localhost", "")]


@pytest.mark.parametrize("id", [4720, 4722, 4723, 4724, 4725, 4726, 4740, 4767])
def test_account_management_is_done_to_the_target_account(id: int) -> None:
    found = event(id, SUBJECT, {"TargetSid": ALICE, "TargetUserName": "ksmith", "TargetDomainName": "CONTOSO"})
    assert who(found)[0] == ADMIN
    assert whom(found) == [("user", ALICE, "CONTOSO\\ksmith")]
    assert found.resource == "user"


@pytest.mark.parametrize(("id", "action"), [(4728, "member_added"), (4732, "member_added"), (4756, "member_added")])
def test_a_member_added_has_the_user_and_the_group_as_targets(id: int, action: str) -> None:
    found = event(
        id,
        SUBJECT,
        {"MemberSid": ALICE, "MemberName": "CN=Smith,DC=contoso", "TargetSid": "S-1-5-32-544"},
        {"TargetUserName": "Administrators", "TargetDomainName": "Builtin"},
    )
    assert whom(found) == [
        ("user", ALICE, "CN=Smith,DC=contoso"),
        ("group", "S-1-5-32-544", "Builtin\\Administrators"),
    ]
    assert (found.action, found.resource) == (action, "group")
    assert found.changes == {"member": Change(old=None, new="CN=Smith,DC=contoso")}


def test_4738_tells_what_changed_and_leaves_out_what_did_not() -> None:
    found = event(
        4738,
        SUBJECT,
        {"TargetSid": ALICE, "TargetUserName": "ksmith", "TargetDomainName": "CONTOSO", "DisplayName": "-"},
        {"OldUacValue": "0x15", "NewUacValue": "0x211", "UserPrincipalName": "k@contoso.local"},
    )
    assert found.changes == {
        "UserAccountControl": Change(old="0x15", new="0x211"),
        "UserPrincipalName": Change(old=None, new="k@contoso.local"),
    }


def test_4657_a_registry_value_has_old_and_new() -> None:
    found = event(
        4657,
        SUBJECT,
        {"ObjectName": "\\REGISTRY\\MACHINE", "ObjectValueName": "Name_New", "OldValue": "-", "NewValue": "Andrei"},
    )
    assert found.changes == {"Name_New": Change(old=None, new="Andrei")}
    assert whom(found) == [("registry-key", "\\REGISTRY\\MACHINE", "Name_New")]


def test_4670_permissions_have_old_and_new() -> None:
    found = event(4670, SUBJECT, {"ObjectType": "File", "ObjectName": "C:\\a.txt", "OldSd": "D:A", "NewSd": "D:B"})
    assert found.changes == {"security descriptor": Change(old="D:A", new="D:B")}
    assert whom(found) == [("file", "C:\\a.txt", "")]


def test_4719_audit_policy() -> None:
    policy = {"SubcategoryGuid": "{0CCE9212}", "SubcategoryId": "%%12292", "AuditPolicyChanges": "%%8449, %%8451"}
    found = event(4719, SUBJECT, policy)
    assert whom(found) == [("audit-policy", "{0CCE9212}", "%%12292")]
    assert found.changes == {"audit policy": Change(old=None, new=["%%8449", "%%8451"])}


def test_4688_a_process_and_for_whom_it_runs() -> None:
    process = {"NewProcessName": "C:\\cmd.exe", "CommandLine": "cmd /c dir"}
    plain = event(4688, SUBJECT, process, {"TargetUserSid": "S-1-0-0", "TargetUserName": "-", "TargetDomainName": "-"})
    assert whom(plain) == [("process", "C:\\cmd.exe", "")]
    assert plain.details == "dadmin started cmd /c dir"
    assert plain.initiator is not None
    assert plain.initiator.acts_as is None
    other = event(
        4688, SUBJECT, process, {"TargetUserName": "rsmith", "TargetDomainName": "CONTOSO", "TargetUserSid": ALICE}
    )
    assert other.initiator is not None
    assert other.initiator.acts_as == Target(kind="user", id=ALICE, name="CONTOSO\\rsmith")


def test_5140_and_5145_shares_and_where_from() -> None:
    share = {"ShareName": "\\\\*\\Documents", "IpAddress": "10.0.0.100", "ObjectType": "File"}
    found = event(5145, SUBJECT, share, {"RelativeTargetName": "Bginfo.exe"}, ok=False)
    assert whom(found) == [("share", "\\\\*\\Documents", ""), ("file", "\\\\*\\Documents\\Bginfo.exe", "")]
    assert found.outcome == "denied"
    assert found.initiator is not None
    assert found.initiator.ip == "10.0.0.100"


def test_5156_a_program_reaches_out_and_the_other_side_comes_in() -> None:
    net = {"Application": "\\device\\harddiskvolume2\\dns.exe", "SourceAddress": "10.0.0.10", "SourcePort": "3333"}
    dest = {"DestAddress": "10.0.0.100", "DestPort": "53", "Protocol": "6"}
    out = event(5156, net, dest, {"Direction": "%%14593"})
    assert who(out) == ("\\device\\harddiskvolume2\\dns.exe", "dns.exe", "service")
    assert whom(out) == [("address", "10.0.0.100:53", "")]
    come = event(5156, net, dest, {"Direction": "%%14592"})
    assert who(come) == ("10.0.0.10", "10.0.0.10", "system")
    assert whom(come)[0] == ("program", "\\device\\harddiskvolume2\\dns.exe", "")
    assert event(5157, net, dest, ok=False).outcome == "denied"


def test_4769_the_account_asks_for_a_ticket_to_a_service() -> None:
    found = event(
        4769,
        {"TargetUserName": "dadmin@CONTOSO.LOCAL", "TargetDomainName": "CONTOSO.LOCAL", "ServiceName": "WIN2008R2$"},
        {"ServiceSid": ALICE, "IpAddress": "::ffff:10.0.0.12", "Status": "0x0"},
    )
    assert who(found) == ("dadmin@CONTOSO.LOCAL", "dadmin@CONTOSO.LOCAL", "user")
    assert whom(found) == [("service", ALICE, "WIN2008R2$")]
    assert found.initiator is not None
    assert found.initiator.ip == "::ffff:10.0.0.12"


def test_4776_refused_credentials_are_claimed() -> None:
    found = event(4776, {"TargetUserName": "dadmin", "Workstation": "WIN81", "Status": "0xc000006a"}, ok=False)
    assert found.initiator is not None
    assert not found.initiator.verified
    assert (found.outcome, found.reason) == ("failure", "wrong password")


def test_5136_a_value_is_added_or_deleted() -> None:
    entry = {"ObjectDN": "CN=Sergey", "ObjectGUID": "{1-2}", "ObjectClass": "user"}
    value = {"AttributeLDAPDisplayName": "userAccountControl", "AttributeValue": "512"}
    assert event(5136, SUBJECT, entry, value, {"OperationType": "%%14675"}).changes == {
        "userAccountControl": Change(old="512", new=None)
    }


def test_4697_the_command_of_a_service_may_be_longer_than_a_name() -> None:
    found = event(4697, SUBJECT, {"ServiceName": "Updater", "ServiceFileName": "powershell -enc " + "A" * 5000})
    assert whom(found) == [("service", "Updater", "powershell -enc " + "A" * 184)]


def test_1102_who_cleared_the_log_is_told_in_words_if_nowhere_else() -> None:
    found = WINDOWS.convert(
        {
            "SourceName": "Microsoft-Windows-Eventlog",
            "TimeCreated": "2020-10-18 10:56:05.751",
            "Hostname": "WORKSTATION5",
            "Channel": "Security",
            "Message": "The audit log was cleared.\r\nSubject:\r\n\tSecurity ID:\tS-1-5-21-1-2-3-500\r\n"
            "\tAccount Name:\twardog\r\n\tDomain Name:\tWORKSTATION5\r\n\tLogon ID:\t0xC61D9",
            "EventID": 1102,
        }
    )
    assert who(found) == ("S-1-5-21-1-2-3-500", "WORKSTATION5\\wardog", "user")
    assert whom(found) == [("audit-log", "Security", "")]


def test_events_that_no_rule_knows_are_kept_with_their_number() -> None:
    found = event(6145, SUBJECT, {"Category": "Other Policy Change Events"})
    assert (found.action, found.resource) == ("event 6145", "Other Policy Change Events")


@pytest.mark.parametrize(
    "shape",
    [
        {"EventID": 4634, "TimeCreated": "2020-10-18 10:56:18.799", "Hostname": "WS5", "Channel": "Security"},
        {"event_id": 4634, "@timestamp": "2020-10-18T10:56:18.799Z", "computer_name": "WS5", "log_name": "Security"},
        {"EventID": 4634, "TimeGenerated": "2020-10-18T10:56:18.799Z", "Computer": "WS5", "Channel": "Security"},
        {
            "EventID": 4634,
            "EventTime": "2020-10-18 06:56:16",
            "@timestamp": "2020-10-18T10:56:18.799Z",
            "Hostname": "WS5",
            "Channel": "security",
        },
    ],
)
@pytest.mark.parametrize("nesting", ["flat", "event_data", "xml"])
def test_every_shape_gives_the_same_event(shape: dict[str, Any], nesting: str) -> None:
    fields = {"TargetUserSid": ALICE, "TargetUserName": "ksmith", "TargetDomainName": "CONTOSO", "LogonType": "3"}
    if nesting == "flat":
        record = shape | fields
    elif nesting == "event_data":
        record = shape | {"event_data": fields}
    else:
        data = "".join(f'<Data Name="{key}">{value}</Data>\r\n' for key, value in fields.items())
        record = shape | {"EventData": f'<EventData xmlns="http://schemas.microsoft.com/win">{data}</EventData>'}
    found = WINDOWS.convert(record)
    assert who(found) == (ALICE, "CONTOSO\\ksmith", "user")
    assert whom(found) == [("computer", "WS5", "")]
    assert found.occurred_at == datetime(2020, 10, 18, 10, 56, 18, 799000, tzinfo=UTC)
    assert WINDOWS.detects(record)


def test_a_local_time_without_any_other_needs_a_zone() -> None:
    record = {"EventID": 4634, "EventTime": "2020-10-18 06:56:16", "Hostname": "WS5", "Channel": "Security"}
    with pytest.raises(BadEvent, match="carries no zone"):
        WINDOWS.convert(record)
    berlin = load_map("windows-security", "Europe/Berlin")
    assert berlin.convert(record).occurred_at == datetime(2020, 10, 18, 4, 56, 16, tzinfo=UTC)


def test_a_real_log_goes_in_whole_and_loses_nothing_that_its_records_hold(tmp_path: Path) -> None:
    """In the small size, the first records of each kind."""
    kinds: Counter[str] = Counter()
    lines = []
    with gzip.open(REAL, "rt") as file:
        for line in file:
            (kind,) = set(re.findall(r'"(?:EventID|event_id)": ?"?(\d+)', line))
            kinds[kind] += 1
            if FULL or kinds[kind] <= 100:
                lines.append(line)
    (log := tmp_path / "log.jsonl").write_text("".join(lines), "utf-8")
    assert (len(kinds), len(lines)) == (108, sized(3_841, 107_731))
    (found,) = coverage(str(log), WINDOWS).values()
    assert (found.events, found.refused, found.target) == (len(lines), 0, len(lines))
    held: dict[str, int] = {"initiator": 0, "ip": 0, "outcome": 0, "changes": 0}
    for line in lines:
        record = json.loads(line)
        flat = record.get("event_data", {}) | record
        text = flat.get("EventData") or ""

        def has(*names: str, flat: dict[str, Any] = flat, text: str = text) -> bool:
            return any(
                flat.get(name) not in (None, "", "-", "S-1-0-0", "0.0.0.0", "::") or f'"{name}">' in text
                for name in names
            )

        held["initiator"] += has("SubjectUserSid", "TargetUserName", "UserSid", "Application")
        held["ip"] += has("IpAddress", "SourceAddress", "ClientAddress")
        held["outcome"] += "Audit" in str(flat.get("keywords")) or "AUDIT" in str(flat.get("EventType"))
        held["changes"] += has("OldSd", "OldValue", "PreviousTime")
    for field, count in held.items():
        assert getattr(found, field) > 0.99 * count > 0, field
