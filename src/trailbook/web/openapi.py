"""The API's description (OpenAPI 3.1): what FastAPI makes of the routes, and what is true of all of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .callers import COOKIE, CSRF_HEADER
from .problems import MEDIA_TYPE, answers

PATH = "/api/openapi.json"

ANYBODY: dict[str, Any] = {"security": []}
"""What is said of endpoints that ask for neither key nor session, for `openapi_extra=`."""
_EVERYWHERE = (400, 421, 422, 500, 503)
"""What every endpoint may answer with."""
_TAKING_A_BODY = (408, 413, 415)
_CHANGING = (409, 507)
"""What may be answered besides where a body is taken, and where something is changed."""

_TEXT = {"type": "string"}
_PROBLEM: dict[str, Any] = {
    "description": "Problem details (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {**_TEXT, "description": "What kind of problem it is: urn:trailbook:problem:..."},
        "title": {**_TEXT, "description": "The kind in words."},
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "What is wrong this time."},
        "place": {**_TEXT, "description": "Where: a field, a parameter, a header."},
        "remedy": {**_TEXT, "description": "What to do about it."},
        "request_id": {**_TEXT, "description": "What the request is called in the logs."},
        "at": {"type": "integer", "description": "In a query: the offset of the character that is wrong."},
        "errors": {
            "type": "array",
            "description": "All that does not have the documented form.",
            "items": {"type": "object", "properties": {"place": _TEXT, "detail": _TEXT}},
        },
    },
}
_SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: tb_..."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"A session; what changes anything sends its token in {CSRF_HEADER} too.",
    },
}
_METHODS = ("get", "put", "post", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = _SECURITY
    made["security"] = [{"key": []}, {"session": []}]
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in made.get("paths", {}).values():
        for method in _METHODS:
            if method in methods:
                more = (
                    *(_TAKING_A_BODY if "requestBody" in methods[method] else ()),
                    *(_CHANGING if method != "get" else ()),
                )
                _complete(methods[method], (*_EVERYWHERE, *more), problem)
    return made


def _complete(operation: dict[str, Any], statuses: tuple[int, ...], problem: dict[str, Any]) -> None:
    """Name the problems that such an endpoint may answer with, and say what every problem looks like."""
    responses = operation["responses"]
    for status, described in answers(*statuses).items():
        responses.setdefault(str(status), described)
    for status, response in responses.items():
        if status >= "400" and "application/json" not in _own(response):
            response["content"] = problem


def _own(response: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint itself says of its answer; FastAPI's validation errors are never sent."""
    content: dict[str, Any] = response.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    never_sent = schema.get("$ref", "").endswith(("/HTTPValidationError", "/Problem"))
    return {} if never_sent or MEDIA_TYPE in content else content
