"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may take: connections, time and length of a head."""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle, Transport
from typing import cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .problems import MEDIA_TYPE, details

MOST_CONNECTIONS = 900
"""Connections of each process; below the 1,024 files that a process may usually have open."""
HEAD_SECONDS = 15.0
"""A request's line and headers must have arrived within this time, and an answer be read on."""
MOST_HEAD_BYTES = 64 << 10
_TOO_LONG = "The head of the request is too long."


class BoundedProtocol(HttpToolsProtocol):
    """A connection: closed when its client dawdles, and refused when there are too many."""

    _timer: TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Take a connection, if there are not too many already."""
        super().connection_made(cast(Transport, transport))
        if len(self.connections) > MOST_CONNECTIONS:
            self.transport.abort()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request. Between two requests, and within a head, only so many may be waiting."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response(_TOO_LONG)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """The head has arrived; how long the body may take is the application's to say."""
        self._in_head = False
        self._wait_no_longer()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MOST_HEAD_BYTES:
            # It arrived all at once, so that there was no moment to count it by.
            self.send_400_response(_TOO_LONG)
            raise ValueError(_TOO_LONG)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has arrived."""
        super().on_message_complete()
        self._wait_no_longer()

    def on_response_complete(self) -> None:
        """The answer is written; a body that nobody waited for may only come for so long."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._wait()

    def pause_writing(self) -> None:
        """The client reads more slowly than we answer."""
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        """The client has read on."""
        self._wait_no_longer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP, as problem details; the last on its connection."""
        if self.transport.is_closing():
            return
        told = details(400, "bad-http", "This is not a request", msg, remedy="Send HTTP/1.1 as in RFC 9112.")
        body = msgspec.json.encode(told)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()

    def _wait(self) -> None:
        self._wait_no_longer()
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
