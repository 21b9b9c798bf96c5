"""What the audit log of a Kubernetes API server means.

Fields: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ (Event, EventList), identities:
https://kubernetes.io/docs/reference/access-authn-authz/authentication/
"""

import json
from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Belonging, Initiator, Target
from trailbook.ingest.mapping import load_map

BASE: dict[str, Any] = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "Metadata",
    "auditID": "e2626946-90e1-4d0c-829e-ad5a78572926",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/prod/secrets/db",
    "verb": "get",
    "user": {"username": "ann@acme.com", "uid": "u-1", "groups": ["ops", "system:authenticated"]},
    "sourceIPs": ["85.223.209.22", "10.0.0.1"],
    "userAgent": "kubectl/v1.28.0",
    "objectRef": {"resource": "secrets", "namespace": "prod", "name": "db", "apiVersion": "v1"},
    "responseStatus": {"metadata": {}, "code": 200},
    "requestReceivedTimestamp": "2022-11-29T22:40:02.903000Z",
    "stageTimestamp": "2022-11-29T22:40:02.918000Z",
    "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed"},
}
AT = "2022-11-29T22:40:02.903+00:00"
ANN = Initiator(
    id="ann@acme.com",
    name="ann@acme.com",
    ip="85.223.209.22",
    user_agent="kubectl/v1.28.0",
    groups=(Belonging(id="ops"), Belonging(id="system:authenticated")),
)
COMMON = {"application": "kubernetes", "request_id": "e2626946-90e1-4d0c-829e-ad5a78572926"}


def test_the_object_is_the_target_and_the_first_address_is_where_the_request_came_from() -> None:
    assert mapped("kubernetes", BASE) == event(
        AT,
        "secrets",
        "get",
        initiator=ANN,
        outcome="success",
        targets=(Target(kind="secrets", id="prod/db", name="db"),),
        **COMMON,
    )


def test_a_role_binding_has_its_role_and_all_its_subjects_as_targets() -> None:
    record = BASE | {
        "verb": "create",
        "objectRef": {
            "resource": "rolebindings",
            "namespace": "prod",
            "name": "debuggers",
            "apiGroup": "rbac.authorization.k8s.io",
        },
        "requestObject": {
            "kind": "RoleBinding",
            "metadata": {"name": "debuggers", "namespace": "prod"},
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [
                {"kind": "User", "name": "bob@acme.com"},
                {"kind": "Group", "name": "devs"},
                {"kind": "ServiceAccount", "name": "robot", "namespace": "ci"},
            ],
        },
        "responseStatus": {"code": 201},
    }
    assert mapped("kubernetes", record) == event(
        AT,
        "rolebindings",
        "create",
        initiator=ANN,
        outcome="success",
        targets=(
            Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
            Target(kind="group", id="devs", name="devs"),
            Target(kind="user", id="system:serviceaccount:ci:robot", name="robot"),
            Target(kind="role", id="cluster-admin", name="cluster-admin"),
            Target(kind="rolebindings", id="prod/debuggers", name="debuggers"),
        ),
        **COMMON,
    )


def test_who_impersonates_is_the_initiator_and_acts_as_the_other() -> None:
    record = BASE | {"impersonatedUser": {"username": "bob@acme.com", "groups": ["devs"]}}
    seen = mapped("kubernetes", record)
    assert seen.initiator == Initiator(
        id="ann@acme.com",
        name="ann@acme.com",
        ip="85.223.209.22",
        user_agent="kubectl/v1.28.0",
        groups=(Belonging(id="ops"), Belonging(id="system:authenticated")),
        acts_as=Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
    )


def test_a_service_account_is_a_service_and_as_an_object_the_same_user() -> None:
    record = BASE | {
        "user": {"username": "system:serviceaccount:kube-system:coredns"},
        "verb": "create",
        "objectRef": {"resource": "serviceaccounts", "subresource": "token", "namespace": "ci", "name": "robot"},
    }
    seen = mapped("kubernetes", record)
    assert seen.initiator is not None
    assert (seen.initiator.id, seen.initiator.type) == ("system:serviceaccount:kube-system:coredns", "service")
    assert seen.resource == "serviceaccounts/token"
    assert seen.targets == (Target(kind="user", id="system:serviceaccount:ci:robot", name="robot"),)


def test_an_anonymous_caller_is_not_verified_and_claims_to_be_nobody() -> None:
    record = {key: value for key, value in BASE.items() if key != "objectRef"} | {
        "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]},
        "requestURI": "/healthz?verbose=1",
        "responseStatus": {"code": 401, "reason": "Unauthorized", "message": "Unauthorized"},
    }
    assert mapped("kubernetes", record) == event(
        AT,
        "/healthz",
        "get",
        initiator=Initiator(
            id="system:anonymous",
            name="system:anonymous",
            type="system",
            verified=False,
            ip="85.223.209.22",
            user_agent="kubectl/v1.28.0",
            groups=(Belonging(id="system:unauthenticated"),),
        ),
        outcome="denied",
        reason="Unauthorized",
        **COMMON,
    )


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"responseStatus": {"code": 101}}, "success"),
        ({"responseStatus": {"code": 304}}, "success"),
        ({"responseStatus": {"code": 403}}, "denied"),
        ({"responseStatus": {"code": 404}}, "failure"),
        ({"responseStatus": {"code": 503}}, "failure"),
        ({"responseStatus": None, "annotations": {"authorization.k8s.io/decision": "forbid"}}, "denied"),
        ({"responseStatus": None, "stage": "RequestReceived", "annotations": None}, "unknown"),
    ],
)
def test_the_code_of_the_response_is_the_outcome(more: dict[str, Any], outcome: str) -> None:
    assert mapped("kubernetes", BASE | more).outcome == outcome


def test_the_stages_of_one_request_are_different_events() -> None:
    (received,) = load_map("kubernetes").events(BASE | {"stage": "RequestReceived"})
    (complete,) = load_map("kubernetes").events(BASE)
    assert received.id != complete.id
    assert received.request_id == complete.request_id


def test_an_event_list_holds_several_events() -> None:
    batch = {
        "kind": "EventList",
        "apiVersion": "audit.k8s.io/v1",
        "metadata": {},
        "items": [BASE, BASE | {"verb": "delete", "auditID": "c8c5bc49-cd5d-45d6-999c-b55783c7840f"}],
    }
    seen = load_map("kubernetes").events(batch)
    assert [one.action for one in seen] == ["get", "delete"]


@pytest.mark.parametrize(
    "wrapped",
    [
        {"logGroup": "/aws/eks/prod/cluster", "logEvents": [{"id": "1", "message": json.dumps(BASE)}]},
        {"category": "kube-audit", "properties": {"log": json.dumps(BASE), "pod": "kube-apiserver"}},
    ],
)
def test_managed_clusters_deliver_the_event_as_text(wrapped: dict[str, Any]) -> None:
    (plain,) = load_map("kubernetes").events(BASE)
    (seen,) = load_map("kubernetes").events(wrapped)
    assert (seen.id, seen.occurred_at, seen.initiator, seen.targets) == (
        plain.id,
        plain.occurred_at,
        plain.initiator,
        plain.targets,
    )


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent):
        load_map("kubernetes").events(
            {key: value for key, value in BASE.items() if not key.endswith("Timestamp")},
        )
