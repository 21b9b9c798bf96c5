"""Routes that take nothing they do not know: a parameter or field that is mistyped is refused, never left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from ..errors import BadInput, Unsupported
from ..query.excerpt import quoted, visible
from ..report.clock import suggestion
from .bodies import read_body

MOST_BYTES = 4 << 20
"""Of a body that is decoded as a whole; what is longer is sent to where batches are taken."""
_MOST_PARAMETERS = 100
_LONGEST_NAME = 100


class _AnyText(PathConvertor):
    """What `{id:any}` in a path stands for: all that follows, slashes and ends of lines included."""

    regex = r"[\s\S]*"


register_url_convertor("any", _AnyText())


class Strict(APIRoute):
    """A route whose path and parameters are UTF-8, each parameter known and there once, and whose body is I-JSON.

    I-JSON (RFC 7493): UTF-8, no key twice in an object, no half of a surrogate pair.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request, once it has been looked through."""
        handle = super().get_route_handler()
        elsewhere = (Path, Header, Cookie)
        known = frozenset(
            one.alias for one in get_flat_params(self.dependant) if not isinstance(one.field_info, elsewhere)
        )  # fmt: skip
        takes_json = self.body_field is not None

        async def strictly(request: Request) -> Response:
            check_parameters(request.scope, known)
            return await handle(await _decoded(request) if takes_json else request)

        return strictly


class _Decoded(Request):
    """A request whose body has been read and decoded."""

    raw: bytes
    value: Any

    async def body(self) -> bytes:
        return self.raw

    async def json(self) -> Any:
        return self.value


def check_parameters(scope: Scope, known: frozenset[str]) -> None:
    """Raises BadInput for a path or a parameter that cannot be read, is not known, or is there twice."""
    _utf8(unquote_to_bytes(scope.get("raw_path", b"")), "path")
    if not scope["query_string"]:
        return
    try:
        text = scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise _no_utf8("query") from None
    except ValueError:
        raise BadInput(f"There are more than {_MOST_PARAMETERS} parameters.", place="query") from None
    seen = set()
    for name, _ in pairs:
        if name not in known:
            takes = f"It takes {', '.join(sorted(known))}." if known else "It takes none."
            raise BadInput(
                "There is no such parameter here.",
                place=f"query.{visible(name[:_LONGEST_NAME])}",
                remedy=suggestion(name[:_LONGEST_NAME], known) or takes,
            )
        if name in seen:
            raise BadInput("The parameter is there twice.", place=f"query.{name}", remedy="Give it once.")
        seen.add(name)


def read_json(raw: bytes) -> Any:
    """The value of a JSON text. Raises BadInput for what is not JSON as in RFC 8259 and 7493, or nested too deeply."""
    try:
        value = json.loads(_utf8(raw, "body"), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\ud" in raw or b"\\uD" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _no_json(f"The body is not JSON: {error.msg} (character {error.pos}).") from None
    except UnicodeEncodeError:
        raise _no_json("A text holds half of a surrogate pair, which is no character.") from None
    except RecursionError:
        raise _no_json("The JSON is nested too deeply.") from None
    except ValueError:
        raise _no_json("A number has too many digits.") from None
    return value


async def _decoded(request: Request) -> Request:
    decoded = _Decoded(request.scope, request.receive)
    decoded.raw = raw = await read_body(request, MOST_BYTES)
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and type_ != "application/json":
        raise Unsupported("The body is not said to be JSON.", place="Content-Type", remedy="Send application/json.")
    if raw and request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Unsupported("Only batches may be packed.", place="Content-Encoding", remedy="Send the body as it is.")
    decoded.value = read_json(raw) if raw else None
    return decoded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, one in pairs:
        if key in value:
            raise _no_json(f"The key {quoted(key)} is there twice in one object.")
        value[key] = one
    return value


def _no_number(word: str) -> None:
    raise _no_json(f"{word} is no number in JSON.")


def _utf8(raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _no_utf8(place) from None


def _no_utf8(place: str) -> BadInput:
    remedy = "Send UTF-8." if place == "body" else "Write what is not ASCII as its bytes in UTF-8, each as %XX."
    return BadInput(f"The {place} is not UTF-8.", place=place, remedy=remedy)


def _no_json(problem: str) -> BadInput:
    return BadInput(problem, place="body", remedy="Send one JSON value, as in RFC 8259 and RFC 7493.")
