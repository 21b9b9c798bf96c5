"""Mail servers of the tests, on the loopback address: a whole one (aiosmtpd), and one that does as it is told."""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "correct horse battery"


class Inbox:
    """What a whole server takes in; `answers` is what it says instead to RCPT or DATA."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.secret: list[bool] = []
        self.signed_in: list[bool] = []
        self.answers: dict[str, str] = {}

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.taken.append(envelope)
        self.secret.append(session.ssl is not None)
        self.signed_in.append(bool(session.authenticated))
        return "250 OK"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"trailbook", PASSWORD.encode())
    return AuthResult(success=known, handled=False)


class Whole(NamedTuple):
    """A whole server: its port, and what it took in."""

    port: int
    inbox: Inbox


@contextmanager
def whole(*, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Whole]:
    """A server that is there until the end of the test, with STARTTLS, or TLS from the start, or neither."""
    inbox = Inbox()

    def talk() -> SMTP:
        return SMTP(
            inbox,
            hostname="127.0.0.1",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=_authenticate,
            auth_require_tls=tls is None,  # aiosmtpd knows of its own STARTTLS alone
            data_size_limit=None,
        )

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(talk, "127.0.0.1", 0, ssl=tls))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Whole(server.sockets[0].getsockname()[1], inbox)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                loop.run_until_complete(task)
        loop.close()


class Scripted(socketserver.ThreadingTCPServer):
    """Answers each command with what `script` says, None: hangs up, an Event: says nothing until it is set.

    Keys are GREETING, commands, BODY (while the message comes in) and END (after its last dot). `said` is what it was
    told, `bodies` the messages that came in whole, each by the script of `scripts` at the same place.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = {"GREETING": "220 here", "EHLO": "250 here", "DATA": "354 go on", "END": "250 OK"} | script
        self.said: list[str] = []
        self.bodies: list[bytes] = []
        self.scripts: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Talk)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def next_script(self) -> dict[str, Any]:
        """What it does to the next who connects."""
        return self.script


class _Talk(socketserver.StreamRequestHandler):
    server: Scripted

    def handle(self) -> None:
        self.script = self.server.next_script()
        try:
            if not self.answer("GREETING"):
                return
            while line := self.rfile.readline().decode().strip():
                verb = line.split(" ")[0].upper()
                self.server.said.append(line)
                if verb == "DATA" and self.script["DATA"] == "354 go on":
                    if not self.answer("DATA") or not self.body() or not self.answer("END"):
                        return
                elif not self.answer(verb) or verb == "QUIT":
                    return
        except OSError:
            pass

    def body(self) -> bool:
        taken = b""
        while not taken.endswith(b"\r\n.\r\n"):
            if "BODY" in self.script and taken:
                return False
            taken += self.rfile.readline()
        self.server.bodies.append(taken)
        self.server.scripts.append(self.script)
        return True

    def answer(self, verb: str) -> bool:
        said = self.script.get(verb, "221 bye" if verb == "QUIT" else "250 OK")
        if isinstance(said, threading.Event):
            said.wait(20)
            return False
        if said is not None:
            self.wfile.write(f"{said}\r\n".encode())
        return said is not None


@contextmanager
def scripted(**script: Any) -> Iterator[Scripted]:
    """Such a server, until the end of the test."""
    with serving(Scripted(script)) as server:
        yield server


S = TypeVar("S", bound=Scripted)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """The server, at work until the end of the test."""
    with server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
