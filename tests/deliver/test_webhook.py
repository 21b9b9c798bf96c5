"""Webhooks: signed, to real receivers on the loopback address, and never where they may not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Any

import pytest
from authorities import Authority
from hypothesis import given
from hypothesis import strategies as st

from trailbook.deliver.channel import Attachment, Channel, Failed, Message, Refused, Uncertain, Undelivered
from trailbook.deliver.webhook import check_url, is_outside, key_of, key_text, webhook_channel
from trailbook.errors import BadInput
from trailbook.settings import Settings

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET = "a secret of thirty-two characters"
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Receiver(http.server.ThreadingHTTPServer):
    """Takes webhooks, and answers with `status`, or as `behave` says."""

    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 204
        self.behave: Callable[[Any], None] | None = None
        super().__init__(("127.0.0.1", 0), _Receiving)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Receiving(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.server.behave:
            self.close_connection = True
            self.server.behave(self)
            return
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    server = Receiver()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def channel(resolve: Callable[[str, int], list[str]], networks: Any = LOOPBACK, **more: Any) -> Channel:
    settings = Settings(webhook_secret=SECRET, webhook_networks=networks, send_seconds=more.pop("seconds", 5))
    return webhook_channel(settings, lambda: AT, resolve=resolve, **more)


def here(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def to(server: Receiver, path: str = "/hook?a=1", scheme: str = "http") -> Message:
    return Message("run-7", f"{scheme}://hooks.example.com:{server.port}{path}", "Logins\r\nX: y", "There were 5.")


def test_a_webhook_is_signed_and_says_what_the_message_is(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"a,b\n")
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    with receiver() as server:
        files = tuple(Attachment(f"{name}.csv", "text/csv", tmp_path / name) for name in ("small", "large"))
        message = to(server)
        message = Message(message.id, message.to, message.subject, message.text, attachments=files, data={"n": 5})
        channel(here)(message)
        ((path, headers, body),) = server.taken
    assert path == "/hook?a=1"
    assert headers["host"] == f"hooks.example.com:{server.port}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("run-7", str(int(AT.timestamp())))
    # As a receiver would, from the text of the key alone.
    key = base64.b64decode(key_text(key_of(SECRET, message.to)).removeprefix("whsec_"))
    signed = hmac.new(key, f"run-7.{int(AT.timestamp())}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
    said = json.loads(body)
    assert (said["type"], said["timestamp"]) == ("trailbook.message", "2026-11-23T08:00:00Z")
    data = said["data"]
    assert (data["id"], data["subject"], data["text"], data["content"]) == (
        "run-7", "Logins X: y", "There were 5.", {"n": 5},
    )  # fmt: skip
    small, large = data["files"]
    assert base64.b64decode(small["base64"]) == b"a,b\n"
    assert "base64" not in large
    assert (large["name"], large["bytes"], len(large["sha256"])) == ("large.csv", 1 << 20, 64)


def test_each_address_has_a_key_of_its_own() -> None:
    assert key_of(SECRET, "https://a.example/") != key_of(SECRET, "https://b.example/")
    with pytest.raises(BadInput, match="too short"):
        webhook_channel(Settings(webhook_secret="short"), lambda: AT)


def test_over_tls_the_certificate_is_checked_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority.file))
    with receiver(authority.server("hooks.example.com")) as server:
        channel(here, context=trusted)(to(server, scheme="https"))
        assert len(server.taken) == 1
        with pytest.raises(Failed, match="cannot be reached"):
            channel(here)(to(server, scheme="https"))
    for names in (["127.0.0.1"], ["other.example.com"]):
        with receiver(authority.server(*names)) as server:
            with pytest.raises(Failed, match="cannot be reached"):
                channel(here, context=trusted)(to(server, scheme="https"))
            assert server.taken == []


def test_a_name_that_leads_elsewhere_a_moment_later_is_not_looked_up_again() -> None:
    asked = []

    def changing(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with receiver() as server:
        channel(changing, [ip_network("127.0.0.1/32")])(to(server))
        assert len(server.taken) == 1
        assert asked == ["hooks.example.com"]
        with pytest.raises(Refused, match="may not go to"):
            channel(changing, [ip_network("127.0.0.1/32")])(to(server))
        assert len(server.taken) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
        "2001:0:53aa:64c:0:fbff:80ff:fffe", "2001:db8::1",
    ],
)  # fmt: skip
def test_a_webhook_does_not_go_into_the_house(address: str) -> None:
    for found in ([address], ["93.184.216.34", address]):
        send = channel(partial(lambda found, name, port: found, found), ())
        with pytest.raises(Refused, match="may not go to"):
            send(Message("run-7", "http://hooks.example.com/", "S", "T"))


def test_an_address_in_place_of_a_name_is_looked_at_like_one() -> None:
    with receiver() as server:
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost", "127.1"):
            with pytest.raises(Undelivered):
                webhook_channel(Settings(webhook_secret=SECRET), lambda: AT)(
                    Message("run-7", f"http://{host}:{server.port}/", "S", "T")
                )
        assert server.taken == []


@given(address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_only_public_addresses_are_outside(address: IPv4Address | IPv6Address) -> None:
    if is_outside(str(address), ()):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private
    assert is_outside(str(address), (ip_network("0.0.0.0/0"), ip_network("::/0")))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com", "//example.com", "example.com", "",
        "http://user:password@example.com/", "http://example.com/#part", "http://", "http://exa mple.com/",
        "http://example.com/\r\nX: y", "https://example.com/" + "a" * 2000, "javascript:alert(1)", "http://[::1",
    ],
)  # fmt: skip
def test_what_is_not_the_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="not the address"):
        check_url(url)


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, None), (202, None), (301, Refused), (307, Refused), (400, Refused), (404, Refused), (410, Refused),
        (408, Failed), (425, Failed), (429, Failed), (500, Failed), (503, Failed),
    ],
)  # fmt: skip
def test_each_answer_is_for_good_or_for_now_and_no_redirect_is_followed(status: int, means: Any) -> None:
    with receiver() as server:
        server.status = status
        if means is None:
            channel(here)(to(server))
        else:
            with pytest.raises(Undelivered, match=str(status)) as told:
                channel(here)(to(server))
            assert type(told.value) is means
        assert len(server.taken) == 1


def _hang_up(talk: Any) -> None:
    talk.connection.close()


def _drip(talk: Any) -> None:
    for _ in range(100):
        talk.wfile.write(b"H")
        time.sleep(0.05)


def _babble(talk: Any) -> None:
    talk.wfile.write(b"nonsense\r\n\r\n")


def _flood(talk: Any) -> None:
    talk.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1000):
        talk.wfile.write(b"x" * 65_536)


@pytest.mark.parametrize(
    ("behave", "means"), [(_hang_up, Uncertain), (_drip, Uncertain), (_babble, Uncertain), (_flood, None)]
)
def test_a_receiver_that_misbehaves_costs_little_time_and_memory(behave: Callable[[Any], None], means: Any) -> None:
    with receiver() as server:
        server.behave = behave
        begun = time.monotonic()
        if means is None:
            channel(here, seconds=0.3)(to(server))
        else:
            with pytest.raises(Undelivered) as told:
                channel(here, seconds=0.3)(to(server))
            assert type(told.value) is means
        assert time.monotonic() - begun < 10
        server.behave = None


def test_no_receiver_and_no_name_are_failures_that_may_pass() -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with receiver() as server:
        message = to(server)
    for resolve in (here, unknown):
        with pytest.raises(Undelivered) as told:
            channel(resolve)(message)
        assert type(told.value) is Failed


def test_a_proxy_that_the_environment_names_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        channel(here)(to(server))
        assert (len(proxy.taken), len(server.taken)) == (0, 1)


def test_the_second_address_is_tried_if_the_first_takes_no_connection() -> None:
    with receiver() as server:
        channel(lambda name, port: ["127.0.0.3", "127.0.0.1"])(to(server))
        assert len(server.taken) == 1
