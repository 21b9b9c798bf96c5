"""What Auth0's tenant logs mean.

Fields per type: https://auth0.com/docs/tenant-logs (e.g. /management-success/sapi, /auth-login-fail/f), type codes:
https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes, streams: https://auth0.com/docs/customize/log-streams
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

AT = "2023-05-23T20:47:51.149+00:00"
BASE: dict[str, Any] = {
    "log_id": "90020230523204756343781000000000000001223372037583230452",
    "tenant_name": "acme-prod",
    "date": "2023-05-23T20:47:51.149Z",
    "ip": "85.223.209.22",
    "user_agent": "Chrome 114.0.0 / Mac OS X 10.15.7",
    "client_id": "1HXWWGKk1Zj3JF8GvMrnCSirccDs4qvr",
    "client_name": "Portal",
}
COMMON = {
    "application": "auth0",
    "tenant": "acme-prod",
    "related": (Reference(kind="client", id="1HXWWGKk1Zj3JF8GvMrnCSirccDs4qvr", name="Portal"),),
}
AGENT = {"ip": "85.223.209.22", "user_agent": "Chrome 114.0.0 / Mac OS X 10.15.7"}
ANN = Initiator(id="google-oauth2|105", name="Ann Admin", **AGENT)


def management(method: str, path: str, body: Any = None, status: int = 200, response: Any = None) -> dict[str, Any]:
    """A management log: who called the API, and what for."""
    request = {
        "method": method,
        "path": path,
        "body": body,
        "auth": {
            "strategy": "jwt",
            "user": {"user_id": "google-oauth2|105", "name": "Ann Admin", "email": "ann@acme.com"},
        },
    }
    details = {"request": request, "response": {"statusCode": status, "body": response}}
    return BASE | {"type": "sapi", "description": "A description", "user_id": "google-oauth2|105", "details": details}


def test_roles_given_to_a_user_are_targets_beside_the_user() -> None:
    record = management("post", "/api/v2/users/auth0%7C42/roles", {"roles": ["rol_1", "rol_2"]}, 204)
    assert mapped("auth0", record) == event(
        AT,
        "users",
        "sapi",
        initiator=ANN,
        outcome="success",
        details="A description",
        targets=(
            Target(kind="user", id="auth0|42"),
            Target(kind="role", id="rol_1"),
            Target(kind="role", id="rol_2"),
        ),
        **COMMON,
    )


def test_users_put_into_a_role_or_an_organization_are_targets_beside_it() -> None:
    role = management("post", "/api/v2/roles/rol_1/users", {"users": ["auth0|42"]})
    organization = management("post", "/v2/organizations/org_1/members", {"members": ["auth0|42"]})
    bob = Target(kind="user", id="auth0|42")
    assert mapped("auth0", role).targets == (bob, Target(kind="role", id="rol_1"))
    assert mapped("auth0", organization).targets == (bob, Target(kind="group", id="org_1"))


def test_a_created_user_is_the_target_by_the_id_that_the_answer_gave() -> None:
    record = management(
        "post", "/api/v2/users", {"email": "bob@acme.com"}, 201, {"user_id": "auth0|42", "email": "bob@acme.com"}
    )
    assert mapped("auth0", record).targets == (Target(kind="user", id="auth0|42", name="bob@acme.com"),)


def test_any_other_path_is_what_it_was_done_to() -> None:
    record = management("patch", "/api/v2/guardian/policies", ["all-applications"])
    assert mapped("auth0", record).targets == (Target(kind="guardian", id="guardian/policies"),)


def test_a_failed_sign_in_proves_no_identity_also_inside_a_streams_wrapper() -> None:
    inner = BASE | {
        "type": "fp",
        "description": "Wrong email or password.",
        "user_id": "auth0|42",
        "user_name": "bob@acme.com",
        "connection": "Username-Password-Authentication",
        "connection_id": "con_1",
    }
    assert mapped("auth0", {"log_id": BASE["log_id"], "data": inner}) == event(
        AT,
        "Username-Password-Authentication",
        "fp",
        initiator=Initiator(id="auth0|42", name="bob@acme.com", verified=False, **AGENT),
        outcome="failure",
        reason="Wrong email or password.",
        details="Wrong email or password.",
        targets=(Target(kind="user", id="auth0|42", name="bob@acme.com"),),
        application="auth0",
        tenant="acme-prod",
        related=(
            Reference(kind="client", id="1HXWWGKk1Zj3JF8GvMrnCSirccDs4qvr", name="Portal"),
            Reference(kind="connection", id="con_1", name="Username-Password-Authentication"),
        ),
    )


def test_an_account_that_does_not_exist_is_the_name_that_was_typed() -> None:
    record = BASE | {"type": "fu", "description": "Invalid email", "user_name": "nobody@acme.com", "user_id": ""}
    seen = mapped("auth0", record)
    assert seen.initiator == Initiator(id="nobody@acme.com", name="nobody@acme.com", verified=False, **AGENT)


def test_a_machine_is_a_service_by_its_client() -> None:
    seen = mapped(
        "auth0", BASE | {"type": "seccft", "description": "Client Credentials", "user_id": "", "user_name": ""}
    )
    assert seen.initiator == Initiator(id="1HXWWGKk1Zj3JF8GvMrnCSirccDs4qvr", name="Portal", type="service", **AGENT)


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        ({"type": "s"}, "success"),
        ({"type": "slo"}, "success"),
        ({"type": "f"}, "failure"),
        ({"type": "fapi"}, "failure"),
        ({"type": "gd_auth_failed"}, "failure"),
        ({"type": "gd_auth_succeed"}, "success"),
        ({"type": "limit_wc"}, "denied"),
        ({"type": "pwd_leak"}, "denied"),
        ({"type": "flows_execution_completed"}, "success"),
        ({"type": "flows_execution_failed"}, "failure"),
        ({"type": "w"}, "unknown"),
        ({"type": "sapi", "details": {"response": {"statusCode": 403}}}, "denied"),
        ({"type": "sapi", "details": {"response": {"statusCode": 500}}}, "failure"),
    ],
)
def test_the_status_or_else_the_type_is_the_outcome(record: dict[str, Any], outcome: str) -> None:
    assert mapped("auth0", BASE | {"user_id": "auth0|42"} | record).outcome == outcome


def test_the_same_log_has_the_same_id_from_the_api_and_from_a_stream() -> None:
    flat = BASE | {"type": "s", "user_id": "auth0|42", "_id": BASE["log_id"]}
    (one,) = load_map("auth0").events(flat)
    (same,) = load_map("auth0").events({"log_id": BASE["log_id"], "data": flat})
    assert one.id == same.id


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("auth0").events({key: one for key, one in BASE.items() if key != "date"} | {"type": "s"})
