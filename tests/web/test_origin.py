"""Where a request came from: what proxies say is believed only of those that are trusted, and only so far."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from served import service
from starlette.requests import Request
from starlette.testclient import TestClient

from trailbook.access.model import Origin
from trailbook.web.app import make_app
from trailbook.web.origin import MOST_HOPS, address_of, is_local, origin_address, usable_request_id
from trailbook.web.service import origin_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "x_forwarded_for", "origin"),
    [
        # Nobody is trusted but the proxies: who connects directly is who they are, whatever they claim.
        ("192.0.2.9", "", "192.0.2.9"),
        ("192.0.2.9", "203.0.113.7", "192.0.2.9"),
        ("192.0.2.9", "10.0.0.1", "192.0.2.9"),
        # Behind a proxy: the rightmost address that is no proxy's; what stands before it may be forged.
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2,10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # What is no address ends the search at the proxy that passed it on.
        ("10.0.0.1", "203.0.113.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, <script>, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "203.0.113.7,", "10.0.0.1"),
        ("10.0.0.1", ",,,,", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, 999.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "127.1", "10.0.0.1"),
        # Forms
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("fd00::1", "2001:db8::7, fd00::2", "2001:db8::7"),
        ("10.0.0.1", "fe80::1%eth0", "10.0.0.1"),
        # No peer that has an address: a socket file, a test.
        ("", "203.0.113.7", ""),
        ("testclient", "203.0.113.7", ""),
    ],
)
def test_the_rightmost_untrusted_address_is_the_origin(peer: str, x_forwarded_for: str, origin: str) -> None:
    assert origin_address(peer, x_forwarded_for, "", TRUSTED) == origin


@pytest.mark.parametrize(
    ("forwarded", "origin"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('for=1.1.1.1, For="[2001:db8::7]:4711";proto=https, for=10.0.0.2', "2001:db8::7"),
        ("proto=https;for=203.0.113.7;by=10.0.0.1", "203.0.113.7"),
        ("for=_hidden", "10.0.0.1"),
        ("for=203.0.113.7, proto=https", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ("xfor=203.0.113.7", "10.0.0.1"),
    ],
)
def test_the_header_of_rfc_7239_is_read_as_well(forwarded: str, origin: str) -> None:
    assert origin_address("10.0.0.1", "", forwarded, TRUSTED) == origin


def test_two_headers_that_disagree_are_both_not_believed() -> None:
    assert origin_address("10.0.0.1", "203.0.113.7", "for=203.0.113.7", TRUSTED) == "203.0.113.7"
    assert origin_address("10.0.0.1", "203.0.113.7", "for=198.51.100.1", TRUSTED) == "10.0.0.1"


def test_only_so_many_hops_are_looked_at() -> None:
    many = ", ".join(["203.0.113.7", *["10.0.0.2"] * MOST_HOPS])
    assert origin_address("10.0.0.1", many, "", TRUSTED) == "10.0.0.2"
    assert origin_address("10.0.0.1", "203.0.113.7, " * 100_000 + "203.0.113.8", "", TRUSTED) == "203.0.113.8"


@pytest.mark.parametrize("text", ["1" * 10_000, "[" * 50, "1.2.3.4.5", "01.2.3.4", "0x7f.1", "::1::", "[::1", "\x00"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


def test_local_is_only_what_no_proxy_handed_on() -> None:
    assert is_local("127.0.0.1", [(b"host", b"x")])
    assert is_local("::1", [])
    assert not is_local("192.0.2.1", [])
    assert not is_local("", [])
    for name in (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host"):
        assert not is_local("127.0.0.1", [(name, b"")])


def test_a_request_id_is_short_and_harmless() -> None:
    assert usable_request_id("req-1.2:3/4=@_+")
    assert usable_request_id("a" * 128)
    assert [usable_request_id(one) for one in ("", "a" * 129, "a b", "a\n", "é", "<a>", '"')] == [False] * 7


def test_several_headers_of_one_name_are_one_list() -> None:
    served = service(trusted_proxies=["10.0.0.0/8"])
    seen: list[Origin] = []
    app = make_app(served)

    @app.get("/whence")
    def whence(request: Request) -> None:
        seen.append(origin_of(request))

    asked = TestClient(app, client=("10.0.0.1", 1))
    asked.get(
        "/whence",
        headers=[
            ("X-Forwarded-For", "198.51.100.1, 203.0.113.7"),
            ("X-Forwarded-For", "10.0.0.2"),
            ("User-Agent", "evil\x7f" + "a" * 600),
            ("X-Request-ID", "mine"),
        ],
    )
    assert seen == [Origin("203.0.113.7", "evil\ufffd" + "a" * 507, "mine")]
