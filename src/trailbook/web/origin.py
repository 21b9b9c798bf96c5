"""Where a request came from: the address that nobody but a trusted proxy can have made up, and the request's id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_HOPS = 32
"""Proxies that are looked back through; what stands before them is not read."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^";]*)"?', re.IGNORECASE)
_LONGEST = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
_PORT = re.compile(r"(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?")


def address_of(text: str) -> Address | None:
    """The address in a text, or None: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.

    An IPv4 address mapped into IPv6 is the IPv4 address. One with a zone (`fe80::1%eth0`) is none of anybody else's.
    """
    text = text.strip()
    return _read(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1_024)
def _read(text: str) -> Address | None:
    shape = _PORT.fullmatch(text)
    if shape is not None:
        text = shape[1] or shape[2] or ""
    if len(text) > 45 or "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def origin_address(peer: str, x_forwarded_for: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The address that a request came from; empty if the peer has none.

    That is the peer, unless it is a trusted proxy: then the last address on its list that is no trusted proxy's. An
    entry that is no address ends the search at the proxy that wrote it. The list is X-Forwarded-For, or Forwarded
    (RFC 7239, section 5.2); if both are there and lead to different addresses, a client may have forged the one that
    the proxy leaves alone, and neither is believed.
    """
    address = address_of(peer)
    if address is None:
        return ""
    found = {
        _furthest(address, hops, trusted) for hops in (_listed(x_forwarded_for), _elements(forwarded)) if hops
    }  # fmt: skip
    return str(found.pop() if len(found) == 1 else address)


def is_local(peer: str, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a request was made on this machine, and not handed on by a proxy on it."""
    address = address_of(peer)
    return (
        address is not None
        and address.is_loopback
        and not any(name in (b"forwarded", b"via") or name.startswith(b"x-forwarded-") for name, _ in headers)
    )


def usable_request_id(given: str) -> bool:
    """Whether an id that a request brought along is short and harmless enough to be told in answers and logs."""
    return _REQUEST_ID.fullmatch(given) is not None


def _listed(header: str) -> list[str]:
    return header.rsplit(",", MOST_HOPS)[-MOST_HOPS:] if header else []


def _elements(header: str) -> list[str]:
    """The `for` of each element; empty where there is none."""
    return [found[1] if (found := _FOR.search(one)) else "" for one in _listed(header)]


def _furthest(peer: Address, hops: Sequence[str], trusted: Sequence[Network]) -> Address:
    address = peer
    for hop in reversed(hops):
        if not any(address in network for network in trusted):
            break
        before = address_of(hop)
        if before is None:
            break
        address = before
    return address
