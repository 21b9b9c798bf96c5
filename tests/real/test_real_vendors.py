"""Records of 42 products in one file: one command takes in what it has maps for and names the rest.

What a record holds is looked up here by the vendors' names for it, not by the maps: where it holds an initiator, an
address, an outcome or a target, the event may lack it in less than one case of a hundred.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from trailbook.cli import run
from trailbook.errors import BadEvent
from trailbook.event.wording import counted
from trailbook.ingest.mapping import load_map

LOG = Path("../shared/data/vendors.jsonl.gz")
NO_MAP = {
    "Anthropic.Activity": 38, "Asana.Audit": 21, "Atlassian.Audit": 2, "Box.Event": 23, "Dropbox.TeamEvent": 14,
    "Duo.Administrator": 25, "Duo.Authentication": 10, "MicrosoftIntune.AuditLogs": 4, "MongoDB.OrganizationEvent": 18,
    "Netskope.Audit": 6, "Notion.AuditLogs": 25, "OneLogin.Events": 29, "OpenAI.Audit": 29, "Panther.Audit": 13,
    "Salesforce.Login": 5, "Salesforce.LoginAs": 1, "Snowflake.LoginHistory": 12, "Snyk.GroupAudit+Snyk.OrgAudit": 28,
    "Tailscale.Audit": 3, "Tines.Audit": 13, "Wiz.Audit": 32, "Zendesk.Audit": 21, "Zscaler.ZIA.AdminAuditLog": 28,
}  # fmt: skip

GOOGLE = "protoPayload.requestMetadata"
HELD = {
    "AWS.CloudTrail": {"initiator": "userIdentity.arn", "ip": "sourceIPAddress", "target": "resources"},
    "Amazon.EKS.Audit": {
        "initiator": "user.username", "ip": "sourceIPs.0", "outcome": "responseStatus.code", "target": "objectRef.name",
    },
    "Auth0.Events": {"initiator": "data.user_name", "ip": "data.ip"},
    "Azure.Audit": {"initiator": "properties.initiatedBy.user.id", "ip": "callerIpAddress",
                    "outcome": "properties.result",
                    "target": "properties.targetResources",
                    "changes": "properties.targetResources.0.modifiedProperties.0.newValue"},
    "Azure.MonitorActivity": {"ip": "callerIpAddress", "outcome": "resultType", "target": "resourceId"},
    "Databricks.Audit": {"initiator": "userIdentity.email", "ip": "sourceIPAddress", "outcome": "response.statusCode"},
    "GCP.AuditLog": {"initiator": "protoPayload.authenticationInfo.principalEmail", "ip": f"{GOOGLE}.callerIP",
                     "outcome": "protoPayload.status.code", "target": "protoPayload.resourceName"},
    "GSuite.ActivityEvent": {"initiator": "actor.email", "ip": "ipAddress"},
    "GitHub.Audit": {"initiator": "actor", "ip": "actor_ip", "target": "repo"},
    "Gravitational.TeleportAudit": {"initiator": "user"},
    "Microsoft365.Audit.AzureActiveDirectory": {"initiator": "UserId", "ip": "ClientIP", "outcome": "ResultStatus"},
    "Microsoft365.Audit.Exchange": {"initiator": "userid", "ip": "clientip"},
    "Microsoft365.Audit.SharePoint": {"initiator": "UserId", "ip": "ClientIP", "target": "ObjectId"},
    "Okta.SystemLog": {"initiator": "actor.id", "ip": "client.ipAddress", "target": "target"},
    "OnePassword.ItemUsage": {"initiator": "user.uuid", "ip": "client.ip_address", "target": "item_uuid"},
    "OnePassword.SignInAttempt": {"initiator": "target_user.uuid", "ip": "client.ip_address", "outcome": "category"},
    "Slack.AuditLogs": {"initiator": "actor.user.id", "ip": "context.ip_address", "target": "entity.type"},
    "Zoom.Operation": {"initiator": "operator"},
}  # fmt: skip


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with gzip.open(LOG, "rt") as lines:
        return [json.loads(line) for line in lines]


def test_one_command_takes_in_the_mixed_file(
    tmp_path: Path, records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--store", str(tmp_path / "trail.db"), "import", str(LOG)]) == 0
    said = capsys.readouterr().out
    assert "2,157 read" in said
    types = Counter(record["log_type"] for record in records)
    for type, count in NO_MAP.items():
        assert types[type] == count
        assert f"no map for type {type}: {counted(count, 'record')}" in said
    assert said.count("no map for type") == len(NO_MAP)
    rejects = [json.loads(line) for line in (tmp_path / f"{LOG.name}.rejects.jsonl").read_text().splitlines()]
    assert sum("No map is named" in one["reason"] for one in rejects) == sum(NO_MAP.values())
    explained = {one["line"] for one in rejects}
    stored = int(said.split(" stored")[0].rpartition(" ")[2].replace(",", ""))
    assert stored >= 2157 - len(explained) > 0


def held(record: Any, path: str) -> Any:
    for key in path.split("."):
        if isinstance(record, list):
            record = record[int(key)] if len(record) > int(key) else None
        else:
            record = record.get(key) if isinstance(record, dict) else None
    return record


def is_held(field: str, value: Any) -> bool:
    if field != "ip":
        return value not in (None, "", "-", [], {})
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("type", HELD)
def test_what_a_record_holds_is_in_its_event(type: str, records: list[dict[str, Any]]) -> None:
    mapping = load_map("log-type")
    there, lost = Counter[str](), []
    for record in records:
        inner = record["event"]
        if record["log_type"] == type:
            timed = record | {"event": inner | {"p_event_time": inner.get("p_event_time") or "2020-01-01 00:00:00"}}
            try:
                events = mapping.events(timed)
            except BadEvent:
                continue
            for event in events:
                found = {
                    "initiator": event.initiator is not None,
                    "ip": event.initiator is not None and bool(event.initiator.ip),
                    "outcome": event.outcome != "unknown",
                    "target": bool(event.targets),
                    "changes": bool(event.changes),
                }
                for field, path in HELD[type].items():
                    if is_held(field, held(inner, path)):
                        there[field] += 1
                        if not found[field]:
                            lost.append((field, event.action, held(inner, path)))
    assert there.keys() == HELD[type].keys()
    assert len(lost) < sum(there.values()) / 100, lost
