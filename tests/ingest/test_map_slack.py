"""What Slack's audit log means.

Fields, actions and entity types: https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

BASE: dict[str, Any] = {
    "id": "72cac009-9eb3-4dde-bac6-ee49a32a1789",
    "date_create": 1521214343,
    "actor": {
        "type": "user",
        "user": {"id": "W123AB456", "name": "Charlie Parker", "email": "bird@slack.com", "team": "T1701NCCA"},
    },
    "context": {
        "location": {"type": "enterprise", "id": "E1701NCCA", "name": "Birdland", "domain": "birdland"},
        "ua": "Mozilla/5.0",
        "ip_address": "81.2.69.143",
        "session_id": 847288190092,
    },
}
AT = "2018-03-16T15:32:23+00:00"
BIRD = Initiator(id="W123AB456", name="Charlie Parker", tenant="T1701NCCA", ip="81.2.69.143", user_agent="Mozilla/5.0")
COMMON = {
    "application": "slack",
    "tenant": "E1701NCCA",
    "initiator": BIRD,
    "outcome": "success",
    "related": (Reference(kind="session", id="847288190092"),),
}


def user(id: str, name: str) -> dict[str, Any]:
    return {"type": "user", "user": {"id": id, "name": name, "email": f"{name}@slack.com", "team": "T1701NCCA"}}


def test_a_user_made_an_admin_and_the_role_are_targets() -> None:
    record = BASE | {"action": "role_change_to_admin", "entity": user("W777", "miles")}
    assert mapped("slack", record) == event(
        AT,
        "user",
        "role_change_to_admin",
        targets=(
            Target(kind="user", id="W777", name="miles", tenant="T1701NCCA"),
            Target(kind="role", id="admin"),
        ),
        **COMMON,
    )


def test_a_file_is_a_target_and_its_kind_is_what_slack_calls_it() -> None:
    record = BASE | {
        "action": "file_downloaded",
        "entity": {
            "type": "file",
            "file": {"id": "F1", "name": "image.png", "title": "Image", "filetype": "image/png"},
        },
    }
    assert mapped("slack", record) == event(
        AT, "file", "file_downloaded", targets=(Target(kind="file", id="F1", name="image.png"),), **COMMON
    )


def test_a_workspace_is_a_tenant_and_a_usergroup_a_group() -> None:
    workspace = {"type": "workspace", "workspace": {"id": "T9", "name": "Village Vanguard", "domain": "vanguard"}}
    group = {"type": "usergroup", "usergroup": {"id": "S9", "name": "Trumpets"}}
    assert mapped("slack", BASE | {"action": "organization_created", "entity": workspace}).targets == (
        Target(kind="tenant", id="T9", name="Village Vanguard"),
    )
    assert mapped("slack", BASE | {"action": "usergroup_update", "entity": group}).targets == (
        Target(kind="group", id="S9", name="Trumpets"),
    )


def test_a_failed_sign_in_proves_no_identity() -> None:
    seen = mapped("slack", BASE | {"action": "user_login_failed", "entity": user("W123AB456", "bird")})
    assert seen.initiator is not None
    assert seen.initiator.verified is False
    assert seen.outcome == "failure"
    assert seen.targets == (Target(kind="user", id="W123AB456", name="bird", tenant="T1701NCCA"),)


def test_previous_and_new_details_are_changes() -> None:
    app = {"type": "app", "app": {"id": "A1", "name": "Notion", "scopes": ["chat:write"]}}
    scopes = {"previous_scopes": ["chat:write"], "new_scopes": ["chat:write", "users:read"]}
    setting = {"previous_value": {"type": ["none"]}, "new_value": {"type": ["everyone"]}}
    assert mapped("slack", BASE | {"action": "app_scopes_expanded", "entity": app, "details": scopes}).changes == {
        "scopes": Change(old=["chat:write"], new=["chat:write", "users:read"])
    }
    assert mapped("slack", BASE | {"action": "pref.who_can_at_everyone", "details": setting}).changes == {
        "pref.who_can_at_everyone": Change(old={"type": ["none"]}, new={"type": ["everyone"]})
    }


def test_what_slack_itself_did_is_done_by_the_system() -> None:
    actor = {"type": "user", "user": {"id": "USLACKUSER", "name": "slackbot"}}
    seen = mapped("slack", BASE | {"action": "user_session_invalidated", "actor": actor, "entity": user("W7", "miles")})
    assert seen.initiator is not None
    assert seen.initiator.type == "system"


def test_an_answer_of_the_api_holds_several_entries() -> None:
    answer = {
        "entries": [
            BASE | {"action": "user_login", "entity": user("W123AB456", "bird")},
            BASE | {"action": "user_logout", "id": "4c248a02-119c-4f76-ba5d-a96767d45be8"},
        ],
        "response_metadata": {"next_cursor": ""},
    }
    assert [(one.id, one.action, one.resource) for one in load_map("slack").events(answer)] == [
        ("72cac009-9eb3-4dde-bac6-ee49a32a1789", "user_login", "user"),
        ("4c248a02-119c-4f76-ba5d-a96767d45be8", "user_logout", "enterprise"),
    ]


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("slack").events({key: one for key, one in BASE.items() if key != "date_create"} | {"action": "x"})
