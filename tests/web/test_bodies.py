"""Bodies: bounded as sent and unpacked, split without being decoded, and bombs that never go off."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable

import anyio
import pytest
import zstandard
from starlette.requests import ClientDisconnect, Request

from trailbook.errors import BadInput, TooLarge, TrailbookError, Unsupported
from trailbook.web.bodies import Batch, read_body, split, unnoted, unpack

MIB = 1 << 20


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


def request(pieces: list[bytes], *, cut: bool = False, **headers: str) -> Request:
    """A request whose body comes in these pieces; with `cut`, the connection ends after them."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if cut else {"type": "http.request", "body": b""})

    async def sent() -> AsyncIterator[dict[str, object]]:
        for message in messages:
            yield message

    stream = sent()
    return Request(scope, receive=stream.__anext__)  # type: ignore[arg-type]


def read(asked: Request, most: int, note: Callable[[int], None] = unnoted) -> bytes:
    return anyio.run(read_body, asked, most, note)


def test_a_body_is_read_piece_by_piece_and_each_is_noted() -> None:
    noted: list[int] = []
    assert read(request([b"ab", b"c"]), 3, noted.append) == b"abc"
    assert [count for count in noted if count] == [2, 1]


def test_a_body_declared_too_long_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="longer than 3 bytes as sent"):
        read(request([], content_length="4"), 3)


def test_a_body_that_turns_out_too_long_is_refused_where_it_does() -> None:
    with pytest.raises(TooLarge, match="longer than 3 bytes as sent"):
        read(request([b"ab", b"cd", b"ef"]), 3)


def test_a_body_that_was_cut_off_is_not_taken_for_a_whole_one() -> None:
    with pytest.raises(ClientDisconnect):
        read(request([b"ab"], cut=True), 3)


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("ZSTD", zstd)])
def test_gzip_and_zstd_are_unpacked(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    noted: list[int] = []
    assert unpack(packed(b'{"a":1}'), encoding, 100, noted.append) == b'{"a":1}'
    assert noted == [7]


def test_a_body_in_two_gzip_members_is_one_body() -> None:
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"cd"), "gzip", 100, unnoted) == b"abcd"


@pytest.mark.parametrize("encoding", ["br", "gzip, zstd", "gzip,gzip", "deflate"])
def test_other_encodings_and_several_at_once_are_not_understood(encoding: str) -> None:
    with pytest.raises(Unsupported) as caught:
        unpack(b"{}", encoding, 100, unnoted)
    assert caught.value.place == "Content-Encoding"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"{}"),
        ("zstd", gzip.compress(b"{}", mtime=0)),
        ("gzip", gzip.compress(b"{}" * 999, mtime=0)[:-9]),
        ("zstd", zstd(b"{}" * 999)[:-3]),
        ("gzip", gzip.compress(b"{}" * 999, mtime=0)[:-4] + b"\0\0\0\0"),
        ("gzip", b"\x1f\x8b" + b"\0" * 99),
        ("zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 99),
    ],
)
def test_damaged_or_cut_packing_is_one_problem(encoding: str, body: bytes) -> None:
    with pytest.raises(BadInput, match=f"is not {encoding}, is damaged or was cut off"):
        unpack(body, encoding, MIB, unnoted)


@pytest.mark.parametrize(("encoding", "packed"), [("identity", bytes), ("gzip", gzip.compress), ("zstd", zstd)])
def test_a_body_too_long_once_unpacked_is_refused(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge, match="longer than 10 bytes unpacked"):
        unpack(packed(b"0123456789a"), encoding, 10, unnoted)


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_a_bomb_is_refused_before_it_has_grown(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    bomb = packed(b" " * (256 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="more than 200 times its size"):
            unpack(bomb, encoding, 512 * MIB, unnoted)
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


def test_what_is_noted_may_refuse_an_unpacked_body_before_its_end() -> None:
    def full(count: int) -> None:
        raise BadInput("full")

    with pytest.raises(BadInput, match="full"):
        unpack(gzip.compress(b"abc"), "gzip", 100, full)


@pytest.mark.parametrize(
    ("body", "type_", "items", "alone"),
    [
        (b' {"a": 1}\n', "application/json", [b'{"a": 1}'], True),
        (b'\xef\xbb\xbf{"a":1}', "", [b'{"a":1}'], True),
        (b'{\n"a":\n1}', "text/plain", [b'{\n"a":\n1}'], True),
        (b'{"a":1}\n{"b":2}', "application/json", [b'{"a":1}\n{"b":2}'], True),
        (b'[{"a":1}, {"b":"[,]"}]', "application/json; charset=utf-8", [b'{"a":1}', b'{"b":"[,]"}'], False),
        (b"[ ]", "application/json", [], False),
        (b"[1]", "", [b"1"], False),
        (b'{"a":1}\r\n\n {"b":2}\n', "Application/X-NDJSON", [b'{"a":1}', b'{"b":2}'], False),
        (b'{"a":1}', "application/jsonl", [b'{"a":1}'], False),
        (b"[1]\n{", "application/jsonl", [b"[1]", b"{"], False),
        (b'{"a":1}\n{"b":2}', "application/x-www-form-urlencoded", [b'{"a":1}', b'{"b":2}'], False),
    ],
)
def test_the_type_or_the_beginning_says_what_a_body_is(
    body: bytes, type_: str, items: list[bytes], alone: bool
) -> None:
    assert split(body, type_, 10) == Batch(items if not alone else tuple(items), alone)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b" \n", BadInput, "empty"),
        (b"hello", BadInput, "begins neither"),
        ('{"ä":1}'.encode("utf-16"), BadInput, "begins neither"),
        (b'[{"a":1},', BadInput, "not JSON"),
        (b'[{"a":1}] x', BadInput, "not JSON"),
        (b'[{"a":}]', BadInput, "not JSON"),
        (b"[" * 100_000, BadInput, "nested too deeply"),
        (b"[1,2,3,4]", TooLarge, "more than 3 events"),
    ],
)
def test_a_broken_body_is_one_problem(body: bytes, error: type[TrailbookError], words: str) -> None:
    with pytest.raises(error, match=words):
        split(body, "application/json", 3)


def test_lines_are_bounded_blank_ones_too() -> None:
    assert split(b"1\n\n3\n", "application/jsonl", 3).items == [b"1", b"3"]
    with pytest.raises(TooLarge, match="more than 3 lines"):
        split(b"1\n\n\n4", "application/jsonl", 3)


@pytest.mark.parametrize(
    ("body", "type_"), [(b"[" + b"1," * 4_000_000 + b"1]", ""), (b"1" + b"\n1" * 8_000_000, "application/jsonl")]
)
def test_millions_of_tiny_events_are_refused_in_little_memory(body: bytes, type_: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            split(body, type_, 10_000)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(body) + 8 * MIB
    finally:
        tracemalloc.stop()
