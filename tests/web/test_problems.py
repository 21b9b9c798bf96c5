"""Errors: whatever goes wrong is answered with RFC 9457 problem details, and nothing is given away."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import Query
from pydantic import BaseModel
from served import client, service
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from trailbook.errors import BadQuery, Busy, NotSignedIn, Overloaded, TooMuch, TooSlow
from trailbook.web.app import make_app

pytestmark = pytest.mark.usefixtures("every_store")


class Thing(BaseModel):
    """What an endpoint of these tests takes."""

    name: str
    numbers: list[int]


@pytest.fixture
def asked() -> TestClient:
    """A client of an application with endpoints that go wrong."""
    made = client(service())
    app = made.app

    @app.post("/things")  # type: ignore[attr-defined]
    def things(thing: Thing, limit: Annotated[int, Query(le=5)] = 1) -> None: ...

    @app.get("/wrong/{how}")  # type: ignore[attr-defined]
    def wrong(how: str) -> None:
        raise {
            "query": BadQuery("It ends too soon.", text="user:", at=5, remedy="Say which user."),
            "signed": NotSignedIn("Who are you?"),
            "much": TooMuch("Too much.", retry_after=2.2),
            "over": Overloaded("Full.", retry_after=0.1),
            "busy": Busy("Others write."),
            "slow": TooSlow("It takes too long.", place="/srv/secret/trailbook.db"),
        }.get(how, RuntimeError("the password is hunter2"))

    return made


def test_a_path_that_is_none(asked: TestClient) -> None:
    told = asked.get("/api/v1/nothing?q=secret")
    assert told.headers["content-type"] == "application/problem+json"
    assert (told.status_code, told.json()) == (
        404,
        {
            "type": "urn:trailbook:problem:not-there",
            "title": "There is nothing here",
            "status": 404,
            "detail": "Nothing answers at this path.",
            "remedy": "See /api/openapi.json.",
            "request_id": "r-1",
        },
    )


def test_a_method_that_is_not_for_the_path(asked: TestClient) -> None:
    told = asked.delete("/things")
    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert told.json()["type"] == "urn:trailbook:problem:not-this-method"


def test_a_request_of_another_form_names_the_places_and_tells_no_values(asked: TestClient) -> None:
    told = asked.post("/things?limit=9", json={"numbers": [1, "hunter2"]})
    assert told.status_code == 422
    problem = told.json()
    assert problem["type"] == "urn:trailbook:problem:invalid"
    assert (problem["place"], problem["detail"]) == ("query.limit", "Input should be less than or equal to 5.")
    assert [one["place"] for one in problem["errors"]] == ["query.limit", "body.name", "body.numbers[1]"]
    assert "hunter2" not in told.text


def test_many_errors_of_form_are_not_all_told(asked: TestClient) -> None:
    told = asked.post("/things", json={"name": "a", "numbers": ["x"] * 10_000})
    assert len(told.json()["errors"]) == 20


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"\xff", b"[" * 100_000, b'{"name":' * 100_000, b'{"name": "a", "numbers": ' + b"[" * 100_000],
    ids=["cut", "empty", "bytes", "deep list", "deep object", "deep value"],
)
def test_a_body_that_is_no_json_or_nested_too_deeply(asked: TestClient, body: bytes) -> None:
    told = asked.post("/things", content=body, headers={"Content-Type": "application/json"})
    assert told.status_code in (400, 422)
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["remedy"]


@pytest.mark.parametrize(
    ("how", "status", "type_", "header"),
    [
        ("query", 400, "bad-query", None),
        ("signed", 401, "not-signed-in", ("www-authenticate", 'Bearer realm="trailbook"')),
        ("much", 429, "too-much", ("retry-after", "3")),
        ("over", 503, "overloaded", ("retry-after", "1")),
        ("busy", 503, "busy", ("retry-after", "1")),
        ("slow", 503, "too-slow", None),
    ],
)
def test_our_errors(asked: TestClient, how: str, status: int, type_: str, header: tuple[str, str] | None) -> None:
    told = asked.get(f"/wrong/{how}")
    assert (told.status_code, told.json()["status"]) == (status, status)
    assert told.json()["type"] == f"urn:trailbook:problem:{type_}"
    assert header is None or told.headers[header[0]] == header[1]


def test_where_the_store_is_stays_in_the_log(asked: TestClient) -> None:
    with capture_logs() as lines:
        assert "place" not in asked.get("/wrong/slow").json()
    assert ("too-slow", "/srv/secret/trailbook.db") in [(line.get("problem"), line.get("place")) for line in lines]


def test_a_bad_query_says_at_which_character(asked: TestClient) -> None:
    problem = asked.get("/wrong/query").json()
    assert (problem["at"], problem["place"], problem["remedy"]) == (5, "query, character 6", "Say which user.")


def test_what_nobody_expected_gives_nothing_away(asked: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    told = asked.get("/wrong/entirely")
    assert told.status_code == 500
    assert told.json() == {
        "type": "urn:trailbook:problem:error",
        "title": "Something went wrong",
        "status": 500,
        "detail": "Something went wrong inside Trailbook.",
        "remedy": "Tell who runs it the request_id: their log says where.",
        "request_id": "r-1",
    }
    assert told.headers["x-content-type-options"] == "nosniff"


def test_the_description_says_what_problems_look_like() -> None:
    described = make_app(service()).openapi()
    assert described["openapi"] == "3.1.0"
    assert set(described["components"]["securitySchemes"]) == {"key", "session"}
    assert "HTTPValidationError" not in described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            assert {"400", "421", "422", "500", "503"} <= set(responses), (method, path)
            for status, response in responses.items():
                if status >= "400" and (path, status) != ("/readyz", "503"):
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)
    assert described["paths"]["/healthz"]["get"]["security"] == []
