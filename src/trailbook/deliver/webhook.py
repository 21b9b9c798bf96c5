"""Webhooks: a signed POST to an address that somebody gave, which is never one of this house (SSRF).

Signed as https://www.standardwebhooks.com says: HMAC-SHA256 over `id.timestamp.body`, with a key for each address.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpx
import msgspec

from ..errors import BadInput
from ..settings import Settings
from .channel import Attachment, Channel, Failed, Message, Refused, Uncertain, Undelivered, check_id
from .clean import file_name, lines, one_line

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name (and port), each as text. Raises OSError."""
Networks = Sequence[IPv4Network | IPv6Network]

LONGEST_ANSWER = 64 << 10
MOST_FILES = 1 << 20
"""Bytes of files that go along; larger ones are named, and are to be fetched."""
SHORTEST_SECRET = 32
_LATER = (408, 425, 429)
_MOST_ADDRESSES = 4


def resolve(name: str, port: int) -> list[str]:
    """The addresses of a name, as this machine knows them."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def key_of(secret: str, url: str) -> bytes:
    """The key that webhooks to this address are signed with, 32 bytes: who knows one does not know another."""
    return hmac.digest(secret.encode(), b"trailbook webhook\0" + url.encode(), "sha256")


def key_text(key: bytes) -> str:
    """A key as receivers' libraries take it."""
    return "whsec_" + base64.b64encode(key).decode()


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """The value of the header `webhook-signature`."""
    signed = hmac.digest(key, b"%s.%d.%s" % (id.encode(), timestamp, body), "sha256")
    return "v1," + base64.b64encode(signed).decode()


def check_url(url: str) -> httpx.URL:
    """The address, if it is one that a webhook could be at. Raises Refused."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    plain = (
        len(url) <= 2_000 and url.isprintable() and " " not in url and (parsed.port is None or 0 < parsed.port < 65_536)
    )
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.fragment or not plain:
        raise Refused(
            "This is not the address of a webhook.",
            place="to",
            remedy="Write it as https://example.com/hook, without a name or password in it.",
        )
    return parsed


def is_outside(address: str, allowed: Networks) -> bool:
    """Whether it is a public address, or in one of the allowed networks; IPv4 within IPv6 counts as IPv4."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in network for network in allowed):
        return True
    if isinstance(ip, IPv6Address) and (ip.sixtofour is not None or ip.teredo is not None or ip.is_site_local):
        return False  # tunnels, whose other end may be anywhere
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local)


def webhook_channel(
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    resolve: Resolve = resolve,
    context: ssl.SSLContext | None = None,
) -> Channel:
    """The way out to webhooks. `context` says whose certificates are believed. Raises BadInput for a short secret."""
    secret = settings.webhook_secret.get_secret_value()
    if len(secret) < SHORTEST_SECRET:
        raise BadInput(
            "The secret of webhooks is too short.", place="webhook_secret", remedy="Give 32 random characters or more."
        )
    verify = context or ssl.create_default_context()

    def send(message: Message) -> None:
        id, url, at = check_id(message), check_url(message.to), clock()
        body = _body(message, at)
        stamp = int(at.timestamp())
        headers = {
            "Host": url.netloc.decode(),
            "Content-Type": "application/json",
            "User-Agent": "Trailbook",
            "webhook-id": id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(key_of(secret, message.to), id, stamp, body),
        }
        addresses = _addresses(url, resolve, settings.webhook_networks)
        asyncio.run(_send(url, addresses, headers, body, settings.send_seconds, verify))

    return send


def _body(message: Message, at: datetime) -> bytes:
    """What is sent, in JSON: the message, and its files as far as there is room for them."""
    left = MOST_FILES
    files: list[dict[str, Any]] = []
    for one in message.attachments:
        file, content = _read_file(one, left)
        if content is not None:
            left -= len(content)
            file["base64"] = base64.b64encode(content).decode()
        files.append(file)
    data = {"id": message.id, "subject": one_line(message.subject), "text": lines(message.text)}
    return msgspec.json.encode(
        {
            "type": "trailbook.message",
            "timestamp": at,
            "data": {**data, "files": files, "content": message.data},
        }
    )


def _read_file(one: Attachment, most: int) -> tuple[dict[str, Any], bytes | None]:
    """What is said of a file, and what is in it, None if that is more than `most` bytes. Raises Failed."""
    try:
        with one.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            content = file.read() if size <= most else None
    except OSError as error:
        raise Failed(f"The file cannot be read: {error.strerror}.", place=one.name) from error
    name, media_type = file_name(one.name), one_line(one.media_type)
    return {"name": name, "media_type": media_type, "bytes": size, "sha256": digest}, content


def host_of(url: httpx.URL) -> str:
    """The name of the machine as it is looked up and proven, in ASCII."""
    return url.raw_host.decode("ascii")


def _addresses(url: httpx.URL, resolve: Resolve, allowed: Networks) -> list[str]:
    """Where the name leads, all of it outside. Raises Refused and Failed."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = resolve(host_of(url), port)
    except (OSError, UnicodeError) as error:
        raise Failed("The webhook's name is not known.", place=url.host, remedy="Check its address.") from error
    if not found or not all(is_outside(address, allowed) for address in found):
        raise Refused(
            "The webhook is at an address that webhooks may not go to.",
            place=url.host,
            remedy="If it is meant to be within your network, the setting `webhook_networks` allows it.",
        )
    return list(found)[:_MOST_ADDRESSES]


async def _send(
    url: httpx.URL,
    addresses: Iterable[str],
    headers: dict[str, str],
    body: bytes,
    seconds: float,
    verify: ssl.SSLContext,
) -> None:
    """To the first address that takes a connection; the name is not looked up again, so it is one that was checked."""
    last: Undelivered | None = None
    for address in addresses:
        # The name stays in the Host header and in TLS, whose certificate is checked for it.
        request = httpx.Request(
            "POST",
            url.copy_with(host=address),
            headers=headers,
            content=body,
            extensions={"sni_hostname": host_of(url), "timeout": httpx.Timeout(seconds).as_dict()},
        )
        try:
            async with (
                asyncio.timeout(4 * seconds),
                httpx.AsyncClient(verify=verify, trust_env=False, follow_redirects=False) as client,
            ):
                response = await client.send(request, stream=True)
                await _read(response)
            return _judge(response.status_code, url.host)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            last = Failed(f"The webhook cannot be reached: {one_line(str(error))}.", place=url.host)
        except (httpx.WriteError, httpx.WriteTimeout) as error:
            raise Failed("The webhook did not take the whole message.", place=url.host) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Uncertain("The webhook was sent the message, and its answer was lost.", place=url.host) from error
    assert last is not None
    raise last


async def _read(response: httpx.Response) -> None:
    """As much of the answer as is needed to have been polite; what it says is nobody's concern."""
    taken = 0
    async for part in response.aiter_raw():
        taken += len(part)
        if taken > LONGEST_ANSWER:
            break
    await response.aclose()


def _judge(status: int, host: str) -> None:
    if 200 <= status < 300:
        return
    said = f"The webhook answered {status}."
    if status in _LATER or status >= 500:
        raise Failed(said, place=host)
    remedy = "Webhooks do not follow redirects: give the address that it leads to." if 300 <= status < 400 else ""
    raise Refused(said, place=host, remedy=remedy)
