"""Sending events to a Trailbook server over HTTP, on one connection that is kept open."""

from __future__ import annotations

import http.client
import logging
import os
import ssl
import zlib
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from .. import __version__
from ..errors import BadInput
from .sink import Away, Result, Status, TooManyAtOnce, TurnedAway

PATH = "/api/v1/events"
LARGEST_ANSWER = 64 << 20
_WORTH_PACKING = 1 << 10

log = logging.getLogger("trailbook.capture")


class _One(Struct):
    status: Status
    field: str = ""
    reason: str = ""
    remedy: str = ""


class _Answer(Struct):
    results: list[_One]


_answer = msgspec.json.Decoder(_Answer)


class HttpSink:
    """Sends to the server at `url`, with an API key that may ingest. Used by one thread at a time.

    `timeout` bounds connecting and each wait for the server, in seconds. `tls` replaces the system's certificates.
    `pack`: bodies are compressed with gzip, which makes them a fifth for 13 µs of CPU an event; None: unless the
    server is on this machine. Raises BadInput for a URL or key that cannot be one.
    """

    def __init__(
        self, url: str, key: str, *, timeout: float = 10.0, tls: ssl.SSLContext | None = None, pack: bool | None = None
    ) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            raise BadInput(
                "This is not the address of a server.",
                place="url",
                remedy="Give one such as https://trailbook.example.com.",
            )
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise BadInput("This is not an API key.", place="key", remedy="Give one that may ingest: tb_...")
        is_here = _is_here(parts.hostname)
        if parts.scheme == "http" and not is_here:
            log.warning("%s is not encrypted: who listens on the way reads the key and the events", parts.netloc)
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._path = parts.path.rstrip("/") + PATH
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-ndjson",
            "Accept": "application/json",
            "User-Agent": f"trailbook-recorder/{__version__}",
        }
        self._timeout = timeout
        self._tls = tls
        self._pack = not is_here if pack is None else pack
        self._connection: http.client.HTTPConnection | None = None
        self._process = os.getpid()

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        """See Sink."""
        body = b"\n".join(lines) + b"\n"
        headers = self._headers
        if self._pack and len(body) > _WORTH_PACKING:
            engine = zlib.compressobj(1, wbits=31)
            body = engine.compress(body) + engine.flush()
            headers = {**headers, "Content-Encoding": "gzip"}
        status, told, answer = self._exchange(body, headers)
        if status not in (200, 201, 202, 207):
            _refuse(status, told, answer)
        try:
            results = _answer.decode(answer).results
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Away("the answer is not one of a Trailbook server") from None
        if len(results) != len(lines):
            raise Away(f"the answer tells of {len(results)} events, not {len(lines)}")
        return [Result(one.status, one.field, one.reason, one.remedy) for one in results]

    def close(self) -> None:
        """See Sink."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of the answer. Raises Away."""
        if self._process != os.getpid():  # the connection is the parent's
            self._process, self._connection = os.getpid(), None
        # A connection that was kept open may have been closed meanwhile; sending twice changes nothing.
        for is_last in (True,) if self._connection is None else (False, True):
            try:
                return self._once(body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_last or isinstance(error, TimeoutError):
                    raise Away(_in_words(error)) from error
        raise AssertionError("one of them was the last")

    def _once(self, body: bytes, headers: dict[str, str]) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        answer = response.read(LARGEST_ANSWER)
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, response.headers, answer

    def _connect(self) -> http.client.HTTPConnection:
        if self._https:
            context = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _refuse(status: int, headers: http.client.HTTPMessage, answer: bytes) -> None:
    """Raise what this status means."""
    said = _detail(answer)
    reason = f"{status} {http.client.responses.get(status, '')}".strip() + (f": {said}" if said else "")
    if status in (400, 413, 422):
        raise TooManyAtOnce(reason)
    if status in (408, 425, 429) or status >= 500:
        raise Away(reason, _seconds(headers))
    raise TurnedAway(reason)


def _detail(answer: bytes) -> str:
    """What problem details (RFC 9457) say, in print."""
    try:
        details: Any = msgspec.json.decode(answer[: 64 << 10])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(details, dict):
        return ""
    words = " ".join(str(details[key]) for key in ("detail", "remedy") if details.get(key))
    return "".join(one if one.isprintable() else "?" for one in words[:500])


def _seconds(headers: http.client.HTTPMessage) -> float | None:
    """Retry-After (RFC 9110, section 10.2.3): seconds, or a date, read against the answer's own."""
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        return max(0.0, (parsedate_to_datetime(given) - parsedate_to_datetime(headers["Date"])).total_seconds())
    except (TypeError, ValueError):
        return None


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
