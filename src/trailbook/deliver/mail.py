"""Mail: one message to one recipient over SMTP, and what each answer of the server means for it.

RFC 5321, section 4.2: 5yz is for good, 4yz for now. Between the end of the message and the answer to it, nobody knows.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from ..errors import BadInput
from ..settings import Settings
from .channel import Channel, Failed, Message, Refused, Uncertain, Undelivered
from .clean import told
from .mime import POLICY, compose, party, recipient

_SLOWEST = 8 << 10
"""Bytes a second that a server has to take at least."""
_SIGN_IN_FIRST = (530, 534, 535, 538)
"""Answers that are not about the message, but about signing in (RFC 4954, section 6)."""


def mail_channel(settings: Settings, clock: Callable[[], datetime]) -> Channel:
    """The way out by mail that the settings describe. Raises BadInput if they do not fit together."""
    sender = party(settings.mail_from)
    reply_to = party(settings.mail_reply_to) if settings.mail_reply_to else None
    if settings.mail_user and settings.mail_security == "none" and not _is_here(settings.mail_host):
        raise BadInput(
            "A password is not sent over a connection that others can listen to.",
            place="mail_security",
            remedy="Set it to starttls or tls.",
        )
    try:
        context = ssl.create_default_context(cafile=settings.mail_ca or None)
    except OSError as error:
        raise BadInput(
            f"The authorities cannot be read: {error.strerror or error}.", place="mail_ca", remedy="Give a PEM file."
        ) from error

    def send(message: Message) -> None:
        mail = compose(message, sender, reply_to, clock(), settings.mail_attach_bytes)
        client = _client(settings, context, sender.domain)
        asyncio.run(_send(client, sender.addr_spec, recipient(message).addr_spec, mail.as_bytes(policy=POLICY)))

    return send


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _client(settings: Settings, context: ssl.SSLContext, domain: str) -> SMTP:
    return SMTP(
        hostname=settings.mail_host,
        port=settings.mail_port,
        username=settings.mail_user or None,
        password=settings.mail_password.get_secret_value() if settings.mail_user else None,
        local_hostname=domain,
        timeout=settings.send_seconds,
        use_tls=settings.mail_security == "tls",
        start_tls=settings.mail_security == "starttls",
        tls_context=context,
    )


async def _send(client: SMTP, sender: str, to: str, content: bytes) -> None:
    try:
        async with client:
            await client.ehlo()
            await client.mail(sender, options=[f"size={len(content)}"] if client.supports_extension("size") else [])
            await client.rcpt(to)
            await _hand_over(client, content)
    except Undelivered:
        raise
    except (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError) as error:
        raise _answered(error) from error
    except SMTPAuthenticationError as error:
        raise Failed(
            f"The mail server does not let Trailbook sign in: {error.code} {told(error.message)}",
            place="mail_user",
            remedy="Check mail_user and mail_password.",
        ) from error
    except ssl.SSLError as error:
        raise _unreached(error) from error
    except (SMTPException, OSError, ValueError) as error:
        raise _unreached(error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error) from error


async def _hand_over(client: SMTP, content: bytes) -> None:
    """DATA, in the steps that tell whether the server can have the whole message: only then its end is written."""
    begun = await client.execute_command(b"DATA")
    if begun.code != 354:
        raise SMTPDataError(begun.code, begun.message)
    protocol, transport = client.protocol, cast("asyncio.WriteTransport | None", client.transport)
    if protocol is None or transport is None:
        raise SMTPServerDisconnected("Connection lost")
    seconds = client.timeout or 0
    protocol.write(re.sub(rb"(?m)^\.", b"..", content))
    async with asyncio.timeout(seconds + len(content) / _SLOWEST):
        while transport.get_write_buffer_size():
            await asyncio.sleep(0.005)
    protocol.write(b".\r\n")
    try:
        answer = await protocol.read_response(timeout=seconds)
        if not 200 <= answer.code < 600:
            raise SMTPServerDisconnected(answer.message)
    except (SMTPException, OSError) as error:
        if isinstance(error, SMTPResponseException) and error.code > 0:
            raise
        client.close()
        raise Uncertain(
            "The mail was sent, and the server's answer to it was lost.",
            place="mail_host",
            remedy="It may have been delivered: look before you send it again.",
        ) from error
    if answer.code >= 300:
        raise SMTPDataError(answer.code, answer.message)


def _answered(error: SMTPResponseException) -> Undelivered:
    kind = Refused if 500 <= error.code < 600 and error.code not in _SIGN_IN_FIRST else Failed
    what = {SMTPSenderRefused: "sender", SMTPRecipientRefused: "recipient"}.get(type(error), "message")
    verb = "refused" if kind is Refused else "did not take"
    return kind(f"The mail server {verb} the {what}: {error.code} {told(error.message)}", place="mail_host")


def _unreached(error: BaseException) -> Failed:
    if isinstance(error, ssl.SSLError):
        return Failed(
            f"The mail server does not prove that it is the one: {told(str(error))}",
            place="mail_host",
            remedy="Check mail_host and mail_security; if its certificate is of your own authority, set mail_ca.",
        )
    said = told(str(error)).rstrip(".") or "it took too long"
    return Failed(f"The mail server cannot be used: {said}.", place="mail_host", remedy="Check the mail_ settings.")
