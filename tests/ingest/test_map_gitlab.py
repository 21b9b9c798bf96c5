"""What GitLab's audit events mean.

Fields: https://docs.gitlab.com/user/compliance/audit_event_schema/ (streaming), https://docs.gitlab.com/api/audit_events/
(API) and https://docs.gitlab.com/administration/logs/#audit_jsonlog (audit_json.log of a self-managed instance).
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Target
from trailbook.ingest.mapping import load_map


def test_a_member_who_became_maintainer_has_user_roles_and_project_as_targets() -> None:
    record: dict[str, Any] = {
        "id": 1653461355,
        "author_id": 1,
        "author_name": "Administrator",
        "entity_id": 6,
        "entity_type": "Project",
        "entity_path": "flightjs/Flight",
        "created_at": "2022-05-25T06:49:15.213Z",
        "ip_address": "85.223.209.22",
        "event_type": "member_updated",
        "target_id": 5,
        "target_type": "User",
        "target_details": "Bob",
        "details": {
            "change": "access_level",
            "from": "Guest",
            "to": "Maintainer",
            "author_name": "Administrator",
            "custom_message": "Changed access level from Guest to Maintainer",
        },
    }
    assert mapped("gitlab", record) == event(
        "2022-05-25T06:49:15.213+00:00",
        "Project",
        "member_updated",
        application="gitlab",
        tenant="flightjs",
        initiator=Initiator(id="1", name="Administrator", ip="85.223.209.22"),
        outcome="success",
        details="Changed access level from Guest to Maintainer",
        targets=(
            Target(kind="user", id="5", name="Bob"),
            Target(kind="role", id="Guest"),
            Target(kind="role", id="Maintainer"),
            Target(kind="project", id="6", name="flightjs/Flight"),
        ),
        changes={"access_level": Change(old="Guest", new="Maintainer")},
    )


def test_a_user_added_to_a_group_has_user_role_and_group_as_targets() -> None:
    record: dict[str, Any] = {
        "id": 2,
        "author_id": 1,
        "entity_id": 60,
        "entity_type": "Group",
        "details": {
            "add": "user_access",
            "as": "Owner",
            "author_name": "Administrator",
            "target_id": 5,
            "target_type": "User",
            "target_details": "Bob",
            "ip_address": "85.223.209.22",
            "entity_path": "flightjs",
        },
        "created_at": "2019-08-30T07:00:41.885Z",
    }
    assert mapped("gitlab", record) == event(
        "2019-08-30T07:00:41.885+00:00",
        "Group",
        "add_user_access",
        application="gitlab",
        tenant="flightjs",
        initiator=Initiator(id="1", name="Administrator", ip="85.223.209.22"),
        outcome="success",
        targets=(
            Target(kind="user", id="5", name="Bob"),
            Target(kind="role", id="Owner"),
            Target(kind="group", id="60", name="flightjs"),
        ),
    )


def test_a_failed_sign_in_proves_no_identity() -> None:
    record: dict[str, Any] = {
        "id": 3,
        "author_id": -1,
        "author_name": "bob@acme.com",
        "entity_id": -1,
        "entity_type": "User",
        "created_at": "2023-01-05T10:00:00.000Z",
        "ip_address": "85.223.209.22",
        "target_details": "bob@acme.com",
        "details": {"failed_login": "STANDARD", "author_name": "bob@acme.com", "target_details": "bob@acme.com"},
    }
    assert mapped("gitlab", record) == event(
        "2023-01-05T10:00:00+00:00",
        "User",
        "failed_login",
        application="gitlab",
        initiator=Initiator(id="bob@acme.com", name="bob@acme.com", verified=False, ip="85.223.209.22"),
        outcome="failure",
        reason="STANDARD",
        targets=(Target(kind="user", id="bob@acme.com", name="bob@acme.com"),),
    )


def test_a_line_of_the_instances_log_has_its_details_at_the_top() -> None:
    record: dict[str, Any] = {
        "severity": "INFO",
        "time": "2018-10-17T17:38:22.523Z",
        "correlation_id": "01HXHSTQ5A02PJVVW2H8FZZ77A",
        "meta.remote_ip": "208.58.198.174",
        "meta.user": "root",
        "author_id": 3,
        "author_name": "John Doe4",
        "entity_id": 2,
        "entity_type": "Project",
        "change": "visibility",
        "from": "Private",
        "to": "Public",
        "target_id": 2,
        "target_type": "Project",
        "target_details": "namespace2/project2",
    }
    assert mapped("gitlab", record) == event(
        "2018-10-17T17:38:22.523+00:00",
        "Project",
        "change_visibility",
        application="gitlab",
        initiator=Initiator(id="3", name="John Doe4", ip="208.58.198.174"),
        outcome="success",
        targets=(Target(kind="project", id="2", name="namespace2/project2"),),
        request_id="01HXHSTQ5A02PJVVW2H8FZZ77A",
        changes={"visibility": Change(old="Private", new="Public")},
    )


def test_a_deploy_token_is_a_service_and_a_git_operation_says_what_was_run() -> None:
    record: dict[str, Any] = {
        "id": "7e9b1c9e-52c5-4f2a-a3c2-30ad5b4e9a11",
        "author_id": -2,
        "author_name": "deploy-token-ci",
        "entity_id": 6,
        "entity_type": "Project",
        "entity_path": "flightjs/Flight",
        "created_at": "2022-05-25T06:49:15.213Z",
        "event_type": "repository_git_operation",
        "target_id": 6,
        "target_type": "Project",
        "target_details": "Flight",
        "details": {"custom_message": {"protocol": "ssh", "action": "git-upload-pack"}},
    }
    (seen,) = load_map("gitlab").events(record)
    assert seen.id == "7e9b1c9e-52c5-4f2a-a3c2-30ad5b4e9a11"
    assert seen.initiator == Initiator(id="-2", name="deploy-token-ci", type="service")
    assert seen.details == "git-upload-pack over ssh"
    assert seen.targets == (Target(kind="project", id="6", name="Flight"),)


def test_who_impersonates_a_user_acts_as_that_user() -> None:
    record: dict[str, Any] = {
        "id": 9,
        "author_id": 1,
        "author_name": "Administrator",
        "entity_id": 5,
        "entity_type": "User",
        "entity_path": "bob",
        "created_at": "2022-05-25T06:49:15.213Z",
        "event_type": "user_impersonation",
        "target_id": 5,
        "target_type": "User",
        "target_details": "Bob",
        "details": {"custom_message": "Started Impersonation"},
    }
    seen = mapped("gitlab", record)
    assert seen.initiator == Initiator(id="1", name="Administrator", acts_as=Target(kind="user", id="5", name="Bob"))
    assert seen.targets == ()


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("gitlab").events({"author_id": 1, "entity_type": "User", "event_type": "x"})
