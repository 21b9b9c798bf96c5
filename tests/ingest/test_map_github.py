"""What GitHub's audit log means.

Fields and actions: https://docs.github.com/en/enterprise-cloud@latest/organizations/keeping-your-organization-secure/
managing-security-settings-for-your-organization/audit-log-events-for-your-organization (and the same page for
enterprises and for user accounts).
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

STREAMED: dict[str, Any] = {
    "@timestamp": 1623971719091,
    "_document_id": "bwgKqIyXp5Pdo5Fj3hsHbQ",
    "actor": "octo-admin",
    "actor_id": 7001,
    "actor_ip": "85.223.209.22",
    "actor_location": {"country_code": "UA"},
    "business": "octo-inc",
    "business_id": 31,
    "created_at": 1623971719091,
    "org": "octo-org",
    "org_id": 9001,
    "user_agent": "Mozilla/5.0",
    "request_id": "C0DE:1A2B:3C4D",
}
ADMIN = Initiator(id="7001", name="octo-admin", ip="85.223.209.22", user_agent="Mozilla/5.0")
COMMON = {
    "application": "github",
    "tenant": "octo-org",
    "initiator": ADMIN,
    "outcome": "success",
    "request_id": "C0DE:1A2B:3C4D",
}
AT = "2021-06-17T23:15:19.091+00:00"


def test_a_new_member_of_an_organization_has_user_role_and_tenant_as_targets() -> None:
    record = STREAMED | {"action": "org.add_member", "user": "hubot", "user_id": 7002, "permission": "admin"}
    assert mapped("github", record) == event(
        AT,
        "org",
        "org.add_member",
        targets=(
            Target(kind="user", id="7002", name="hubot"),
            Target(kind="role", id="admin"),
            Target(kind="tenant", id="octo-org"),
        ),
        **COMMON,
    )


def test_a_team_is_a_group_also_where_an_export_nests_it_in_data() -> None:
    record = {
        "actor": "octo-admin",
        "action": "team.add_member",
        "created_at": 1611618266125,
        "data": {"team": "octo-org/ops"},
        "org": "octo-org",
        "user": "hubot",
    }
    assert mapped("github", record) == event(
        "2021-01-25T23:44:26.125+00:00",
        "team",
        "team.add_member",
        application="github",
        tenant="octo-org",
        initiator=Initiator(id="octo-admin", name="octo-admin"),
        outcome="success",
        targets=(Target(kind="user", id="hubot", name="hubot"), Target(kind="group", id="octo-org/ops")),
    )


def test_a_changed_permission_has_the_old_and_the_new_role_as_targets_and_as_values() -> None:
    record = STREAMED | {
        "action": "repo.update_member",
        "repo": "octo-org/web",
        "repo_id": 55,
        "user": "hubot",
        "user_id": 7002,
        "old_repo_permission": "write",
        "new_repo_permission": "admin",
    }
    assert mapped("github", record) == event(
        AT,
        "repo",
        "repo.update_member",
        targets=(
            Target(kind="user", id="7002", name="hubot"),
            Target(kind="role", id="write"),
            Target(kind="role", id="admin"),
            Target(kind="repo", id="octo-org/web"),
        ),
        changes={"repo_permission": Change(old="write", new="admin")},
        **COMMON,
    )


def test_a_repository_made_public_shows_both_visibilities() -> None:
    record = STREAMED | {
        "action": "repo.access",
        "repo": "octo-org/web",
        "visibility": "public",
        "previous_visibility": "private",
    }
    assert mapped("github", record) == event(
        AT,
        "repo",
        "repo.access",
        targets=(Target(kind="repo", id="octo-org/web"),),
        changes={"visibility": Change(old="private", new="public")},
        **COMMON,
    )


def test_each_parameter_of_a_rule_that_changed_is_a_change() -> None:
    rule = {"id": 1, "type": "pull_request", "old_parameters": {"reviews": 1, "code_owner": False}}
    rules = [rule | {"parameters": {"reviews": 2, "code_owner": False}}]
    record = STREAMED | {
        "action": "repository_ruleset.update",
        "ruleset_id": "7",
        "ruleset_name": "main",
        "ruleset_old_enforcement": "evaluate",
        "ruleset_enforcement": "enabled",
        "ruleset_rules_updated": rules,
    }
    seen = mapped("github", record)
    assert seen.related == (Reference(kind="ruleset", id="7", name="main"),)
    assert seen.changes == {
        "ruleset_enforcement": Change(old="evaluate", new="enabled"),
        "ruleset_rules.pull_request.reviews": Change(old=1, new=2),
    }


def test_a_failed_sign_in_proves_no_identity_and_has_the_claimed_account_as_target() -> None:
    record = {
        "@timestamp": 1623971719091,
        "action": "user.failed_login",
        "actor": "hubot",
        "actor_id": 7002,
        "actor_location": {"country_name": "Ukraine", "ip": "85.223.209.22"},
    }
    assert mapped("github", record) == event(
        AT,
        "user",
        "user.failed_login",
        application="github",
        initiator=Initiator(id="7002", name="hubot", verified=False, ip="85.223.209.22"),
        outcome="failure",
        targets=(Target(kind="user", id="7002", name="hubot"),),
    )


def test_an_administrator_signed_in_as_a_user_acts_as_that_user() -> None:
    record = STREAMED | {"action": "staff.fake_login", "user": "hubot", "user_id": 7002}
    seen = mapped("github", record)
    assert seen.initiator == Initiator(
        id="7001",
        name="octo-admin",
        ip="85.223.209.22",
        user_agent="Mozilla/5.0",
        acts_as=Target(kind="user", id="7002", name="hubot"),
    )
    assert seen.targets == ()


def test_an_app_is_a_service_and_what_it_used_is_referred_to() -> None:
    record = {
        "@timestamp": 1623971719091,
        "action": "workflows.completed_workflow_run",
        "actor": "dependabot[bot]",
        "actor_is_bot": True,
        "conclusion": "failure",
        "repo": "octo-org/web",
        "workflow_run_id": 5555,
    }
    assert mapped("github", record) == event(
        AT,
        "workflows",
        "workflows.completed_workflow_run",
        application="github",
        tenant="octo-org",
        initiator=Initiator(id="dependabot[bot]", name="dependabot[bot]", type="service"),
        outcome="failure",
        reason="failure",
        targets=(Target(kind="repo", id="octo-org/web"),),
        related=(Reference(kind="workflow_run", id="5555"),),
    )


@pytest.mark.parametrize(
    ("action", "more", "outcome"),
    [
        ("protected_branch.rejected_ref_update", {}, "denied"),
        ("api.request", {"status_code": 403}, "denied"),
        ("api.request", {"status_code": 500}, "failure"),
        ("api.request", {"status_code": 200}, "success"),
        ("git.push", {}, "success"),
    ],
)
def test_what_was_refused_is_not_called_a_success(action: str, more: dict[str, Any], outcome: str) -> None:
    assert mapped("github", STREAMED | {"action": action} | more).outcome == outcome


def test_the_same_document_has_the_same_id_whatever_else_is_delivered_with_it() -> None:
    (one,) = load_map("github").events(STREAMED | {"action": "git.push"})
    (again,) = load_map("github").events(STREAMED | {"action": "git.push", "extra": 1})
    (other,) = load_map("github").events(STREAMED | {"action": "git.push", "_document_id": "another"})
    assert one.id == again.id != other.id


def test_a_record_without_a_time_or_an_action_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("github").events({"action": "git.push", "actor": "hubot"})
    with pytest.raises(BadEvent):
        load_map("github").events({"@timestamp": 1623971719091, "actor": "hubot"})
