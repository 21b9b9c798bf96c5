"""What the activities of Google Workspace's Reports API mean.

Shape: https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list, events and parameters:
https://developers.google.com/workspace/admin/reports/v1/appendix/activity/admin-delegated-admin-settings (and the pages
beside it: admin-group-settings, admin-user-settings, drive, login, token).
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Target
from trailbook.ingest.mapping import load_map

AT = "2020-10-02T15:00:00+00:00"


def activity(application: str, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An activity as the API delivers it."""
    return {
        "kind": "admin#reports#activity",
        "id": {
            "time": "2020-10-02T15:00:00.000Z",
            "uniqueQualifier": "-8614641986436885296",
            "applicationName": application,
            "customerId": "C01abc123",
        },
        "actor": {"callerType": "USER", "email": "ann@acme.com", "profileId": "110555"},
        "ownerDomain": "acme.com",
        "ipAddress": "85.223.209.22",
        "events": list(events),
    } | more


def parameters(**values: Any) -> list[dict[str, Any]]:
    """Parameters as the API delivers them: each value under a key that names its type."""
    keys = {bool: "boolValue", int: "intValue", list: "multiValue"}
    return [{"name": name, keys.get(type(value), "value"): value} for name, value in values.items()]


def one(record: dict[str, Any]) -> Any:
    """The event of an activity that holds one."""
    return mapped("google-workspace", record, split="events")


ANN = Initiator(id="ann@acme.com", name="ann@acme.com", ip="85.223.209.22")
COMMON = {"application": "google-workspace", "tenant": "C01abc123", "initiator": ANN, "outcome": "success"}


def test_an_administrators_role_and_the_user_who_got_it_are_targets() -> None:
    values = parameters(ROLE_NAME="Groups Admin", ROLE_ID="567", USER_EMAIL="bob@acme.com", ORG_UNIT_NAME="ALL")
    record = activity("admin", {"type": "DELEGATED_ADMIN_SETTINGS", "name": "ASSIGN_ROLE", "parameters": values})
    assert one(record) == event(
        AT,
        "admin",
        "ASSIGN_ROLE",
        targets=(
            Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
            Target(kind="role", id="567", name="Groups Admin"),
            Target(kind="org_unit", id="ALL"),
        ),
        **COMMON,
    )


def test_a_member_added_to_a_group_and_the_group_are_targets() -> None:
    values = parameters(GROUP_EMAIL="ops@acme.com", USER_EMAIL="bob@acme.com")
    record = activity("admin", {"type": "GROUP_SETTINGS", "name": "ADD_GROUP_MEMBER", "parameters": values})
    assert one(record).targets == (
        Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
        Target(kind="group", id="ops@acme.com", name="ops@acme.com"),
    )


def test_a_setting_has_its_name_as_the_field_that_changed() -> None:
    values = parameters(
        APPLICATION_NAME="Security", SETTING_NAME="Enforce strong password", OLD_VALUE="on", NEW_VALUE="off"
    )
    record = activity(
        "admin", {"type": "APPLICATION_SETTINGS", "name": "CHANGE_APPLICATION_SETTING", "parameters": values}
    )
    seen = one(record)
    assert seen.changes == {"Enforce strong password": Change(old="on", new="off")}
    assert seen.targets == (Target(kind="application", id="Security", name="Security"),)


def test_a_document_shared_with_a_user_has_both_as_targets_and_the_access_as_change() -> None:
    values = parameters(
        primary_event=True,
        doc_id="1GG",
        doc_title="Wages",
        owner="ann@acme.com",
        target_user="eve@other.com",
        old_value=["none"],
        new_value=["can_view"],
        old_visibility="private",
        visibility="shared_externally",
    )
    record = activity("drive", {"type": "acl_change", "name": "change_user_access", "parameters": values})
    assert one(record) == event(
        AT,
        "drive",
        "change_user_access",
        targets=(
            Target(kind="user", id="eve@other.com", name="eve@other.com"),
            Target(kind="document", id="1GG", name="Wages"),
        ),
        changes={
            "user_access": Change(old=["none"], new=["can_view"]),
            "visibility": Change(old="private", new="shared_externally"),
        },
        **COMMON,
    )


def test_a_failed_sign_in_proves_no_identity() -> None:
    values = parameters(login_type="google_password", login_failure_type="login_failure_invalid_password")
    record = activity("login", {"type": "login", "name": "login_failure", "parameters": values})
    assert one(record) == event(
        AT,
        "login",
        "login_failure",
        application="google-workspace",
        tenant="C01abc123",
        initiator=Initiator(id="ann@acme.com", name="ann@acme.com", verified=False, ip="85.223.209.22"),
        outcome="failure",
        reason="login_failure_invalid_password",
        targets=(Target(kind="user", id="ann@acme.com", name="ann@acme.com"),),
    )


def test_a_disabled_account_is_what_google_did_it_to() -> None:
    values = parameters(affected_email_address="bob@acme.com")
    record = activity(
        "login",
        {"type": "account_warning", "name": "account_disabled_hijacked", "parameters": values},
        actor={"profileId": ""},
        ipAddress="",
    )
    seen = one(record)
    assert seen.initiator is None
    assert seen.targets == (Target(kind="user", id="bob@acme.com", name="bob@acme.com"),)


def test_an_address_without_an_actor_is_someone_unproven() -> None:
    record = activity("login", {"type": "login", "name": "login_success"}, actor={})
    seen = one(record)
    assert seen.initiator == Initiator(id="anonymous", verified=False, ip="85.223.209.22")
    assert seen.targets == ()


def test_an_application_with_a_key_is_a_service() -> None:
    record = activity("admin", {"name": "CREATE_USER"}, actor={"callerType": "KEY", "key": "robot-7"})
    assert one(record).initiator == Initiator(id="robot-7", type="service", ip="85.223.209.22")


def test_an_authorized_app_is_a_target() -> None:
    values = parameters(client_id="123.apps.googleusercontent.com", app_name="Calendar+", scope=["calendar"])
    record = activity("token", {"type": "auth", "name": "authorize", "parameters": values})
    assert one(record).targets == (Target(kind="app", id="123.apps.googleusercontent.com", name="Calendar+"),)


def test_each_event_of_an_activity_is_an_event_of_its_own() -> None:
    record = activity("admin", {"name": "CREATE_USER"}, {"name": "ADD_GROUP_MEMBER"}, {"name": "ADD_GROUP_MEMBER"})
    seen = load_map("google-workspace").events(record)
    assert [one.action for one in seen] == ["CREATE_USER", "ADD_GROUP_MEMBER", "ADD_GROUP_MEMBER"]
    assert len({one.id for one in seen}) == 3
    assert [one.id for one in seen] == [one.id for one in load_map("google-workspace").events(record | {"etag": "new"})]


def test_an_answer_of_the_api_holds_several_activities() -> None:
    answer = {
        "kind": "admin#reports#activities",
        "etag": "x",
        "items": [
            activity("login", {"name": "logout"}, {"name": "login_success"}),
            activity("drive", {"name": "view"}),
        ],
    }
    seen = load_map("google-workspace").events(answer)
    assert [(one.resource, one.action) for one in seen] == [
        ("login", "logout"),
        ("login", "login_success"),
        ("drive", "view"),
    ]


def test_an_activity_that_a_collector_flattened_is_the_same() -> None:
    flat = {key: value for key, value in activity("admin").items() if key != "events"} | {
        "type": "DELEGATED_ADMIN_SETTINGS",
        "name": "ASSIGN_ROLE",
        "parameters": {
            "ROLE_NAME": "Groups Admin",
            "ROLE_ID": "567",
            "USER_EMAIL": "bob@acme.com",
            "ORG_UNIT_NAME": "ALL",
        },
    }
    values = parameters(ROLE_NAME="Groups Admin", ROLE_ID="567", USER_EMAIL="bob@acme.com", ORG_UNIT_NAME="ALL")
    whole = activity("admin", {"type": "DELEGATED_ADMIN_SETTINGS", "name": "ASSIGN_ROLE", "parameters": values})
    assert mapped("google-workspace", flat) == one(whole)


def test_an_activity_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("google-workspace").events(activity("login", {"name": "logout"}, id={"applicationName": "login"}))
