"""The description of the API is true: it is OpenAPI 3.1, and requests made from it are answered as it says."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from asked import EVENTS
from hypothesis import HealthCheck, Phase, settings
from robust.malformed import API, Askers, Resting
from schemathesis import checks
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from size import FULL, sized

from trailbook.render import DOWNLOADS

ASKERS = Askers(export_folder=tempfile.mkdtemp(prefix="trailbook-exports-"), exports_waiting=1_000)
SCHEMA, ROUGHLY = (schemathesis.openapi.from_asgi("/api/openapi.json", Resting(ASKERS.app)) for _ in range(2))
if not FULL:
    # The edges of all that is described are some 70 cases for each operation, which one asker goes through.
    ROUGHLY.config.phases.update(phases=["examples", "fuzzing"])
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
"""No 5xx; status, type, headers and body are as described; what is not as described is refused."""
atexit.register(shutil.rmtree, ASKERS.served.settings.export_folder, ignore_errors=True)
FEW = settings(
    max_examples=sized(4, 400),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


UNLIKE = {
    # Whatever stands behind /directory/ is read as a kind, of which it is none.
    "/api/v1/directory/memberships": [checks.unsupported_method],
    "/api/v1/directory/import": [checks.unsupported_method],
    # Of a batch, what is not as described is refused event by event.
    "/api/v1/events": [checks.negative_data_rejection],
}
"""What is left out, and why."""


def checked(case: schemathesis.Case, headers: dict[str, str]) -> None:
    unlike = UNLIKE.get(case.operation.path, [])
    # An empty list or object has no place in a URL: what makes such a query unlike its description is never sent.
    unsent = [checks.negative_data_rejection] if any(one in ([], {}) for one in (case.query or {}).values()) else []
    case.call_and_validate(headers=headers, checks=CHECKS, excluded_checks=[*unlike, *unsent])


@SCHEMA.parametrize()
@FEW
def test_root_is_answered_as_described(case: schemathesis.Case) -> None:
    checked(case, ASKERS.signed_in())


@ROUGHLY.parametrize()
@FEW
def test_a_key_is_answered_as_described(case: schemathesis.Case) -> None:
    checked(case, ASKERS.key)


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The id of one thing of each kind, by the path under which it is found."""
    forms: dict[str, dict[str, Any]] = {
        "accounts": {"name": "bea", "role": "reader", "scope": {"type": "self", "tenant": "acme", "user": "bea"}},
        "access-roles": {"name": "Readers", "rights": ["view"], "hidden": ["ip"]},
        "keys": {"name": "web", "tenant": "acme", "uses": ["read"], "expires_at": "2022-01-01T00:00:00Z"},
        "seats": {"name": "c", "tenant": "acme", "until": "2021-01-01T00:00:00Z", "expires_at": "2022-01-01T00:00:00Z"},
        "reports": {"title": "Logins", "definition": {"query": "action:login"}, "sharing": [{"kind": "tenant"}]},
    }  # fmt: skip
    forms["exports"] = {"definition": {"query": "app:web"}, "format": "csv"}
    folder = [{"kind": "folder", "to": "made"}]
    forms["alerts"] = {"title": "Logins", "query": "action:login", "recipients": folder}
    ids = {kind: ASKERS.ask(f"POST {API}/{kind}", form).json()["id"] for kind, form in forms.items()}
    schedule = {"title": "Daily", "report": ids["reports"], "timing": {"every": "day"}, "zone": "UTC"}
    ids["schedules"] = ASKERS.ask(f"POST {API}/schedules", {**schedule, "recipients": folder}).json()["id"]
    run = ASKERS.ask(f"POST {API}/schedules/{ids['schedules']}/test").json()
    ids["deliveries"] = run["deliveries"][0]["id"]
    ASKERS.served.worker.run_due()
    ASKERS.ask(f"PUT {API}/directory/groups/g1", {"name": "Support"})
    ASKERS.ask(f"PUT {API}/directory/users/u1", {"name": "Ann", "groups": ["g1"]})
    return {**ids, "events": EVENTS[0].id, "directory/users": "u1", "directory/groups": "g1", "formats": "okta"}


FOUND = [
    "accounts/{id}", "access-roles/{id}", "keys/{id}", "seats/{id}", "reports/{id}", "reports/{id}/rows",
    *(f"reports/{{id}}/{format}" for format in DOWNLOADS), "events/{id}", "directory/users/{id}",
    "directory/groups/{id}", "formats/{id}", "accounts", "access-roles", "keys", "seats", "reports", "sessions",
    "session", "events", "events/count", "events/summary?by=action,day", "events/facets?field=user",
    *(f"events.{format}" for format in DOWNLOADS), "columns",
    "formats", "heads", "directory/users", "directory/tenants", "exports", "exports/{id}", "exports/{id}/file",
    "exports/{id}/manifest", "schedules", "schedules/{id}", "schedules/{id}/runs", "deliveries", "deliveries/{id}",
    "alerts", "alerts/{id}", "alerts/{id}/occurrences", "domains?tenant=acme",
]  # fmt: skip


@pytest.mark.parametrize("path", FOUND)
def test_what_is_there_is_answered_as_described(made: dict[str, str], path: str) -> None:
    url = f"{API}/{path}".replace("{id}", made.get(path.partition("/{")[0], ""))
    operation = SCHEMA.find_operation_by_path("GET", url.partition("?")[0])
    answer = ASKERS.ask(f"GET {url}")
    assert answer.content
    operation.validate_response(answer)


def test_the_description_is_openapi_3_1() -> None:
    described = ASKERS.app.openapi()
    assert described["openapi"].startswith("3.1.")
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(described)] == []
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_each_operation_is_named_and_says_what_it_does() -> None:
    operations = [
        operation for methods in ASKERS.app.openapi()["paths"].values() for operation in methods.values()
    ]  # fmt: skip
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) > 50
    assert all(re.fullmatch("[a-z_]+", id) for id in ids)
    assert all(operation["summary"] and operation["description"].endswith(".") for operation in operations)
