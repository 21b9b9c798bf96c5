"""Exports: a report written in a thread, sent as it is written, in bounded memory, and never cut without it showing."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager
from typing import BinaryIO

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ..errors import TooMuch
from .logs import log, where

CHUNK = 64 * 1024
"""Bytes that are sent at once."""
CHUNKS_AHEAD = 2
"""Chunks that may wait for the network; then the writing waits."""
PATIENCE_SECONDS = 60.0
"""How long a client may take for a chunk before it is given up."""


class _Gone(Exception):
    """Nobody takes what is written any more."""


class Streams:
    """The threads in which exports are written; no more run at a time than there are threads."""

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self.most = most
        self.patience = patience
        self._running = 0
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="export")

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those that run; to be called in the event loop alone. Raises TooMuch."""
        if self._running >= self.most:
            raise TooMuch(
                f"{self.most} exports are running, which is the most.",
                retry_after=5,
                remedy="Wait until one of them is done.",
            )
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def start(self, write: Callable[[BinaryIO], object]) -> _Written:
        """Start writing; to be called in the event loop."""
        written = _Written(asyncio.get_running_loop(), self.patience)
        self._threads.submit(written.run, write)
        return written

    def close(self) -> None:
        """Let what is running come to its end, and begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Written(io.BufferedIOBase):
    """What a thread writes and the event loop reads: bytes in, chunks out."""

    def __init__(self, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        self._loop = loop
        self._patience = patience
        self._chunks: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(CHUNKS_AHEAD)
        self._pending = bytearray()
        self._gone = False

    def run(self, write: Callable[[BinaryIO], object]) -> None:
        """In the thread: write all, then tell that it is the end, or what went wrong."""
        try:
            write(self)  # type: ignore[arg-type]
            self._send()
            self._put(None)
        except _Gone:
            pass
        except BaseException as error:
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        try:
            self._put(error)
        except _Gone:
            log().warning("export failed", error=where(error))

    def writable(self) -> bool:
        """It can be written to, and nothing else."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """In the thread. Raises _Gone when nobody takes it any more."""
        before = len(self._pending)
        self._pending += data
        length = len(self._pending) - before
        while len(self._pending) >= CHUNK:
            self._put(bytes(self._pending[:CHUNK]))
            del self._pending[:CHUNK]
        return length

    def _send(self) -> None:
        if self._pending:
            self._put(bytes(self._pending))

    def _put(self, item: bytes | BaseException | None) -> None:
        if self._gone:
            raise _Gone
        try:
            waiting = asyncio.run_coroutine_threadsafe(self._chunks.put(item), self._loop)
        except RuntimeError as error:  # the loop is closed
            raise _Gone from error
        try:
            waiting.result(self._patience)
        except (TookTooLong, CancelledError) as error:
            waiting.cancel()
            raise _Gone from error

    async def next(self) -> bytes | None:
        """In the event loop: the next chunk, None at the end. Raises what the writing raised."""
        item = await self._chunks.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def leave(self) -> None:
        """In the event loop: nobody takes it any more. What waits to be taken is let go, so that the thread goes on."""
        self._gone = True
        while not self._chunks.empty():
            self._chunks.get_nowait()


class Export(StreamingResponse):
    """A download. An error before its first bytes is answered as any other; one after them breaks the connection."""

    def __init__(
        self, streams: Streams, write: Callable[[BinaryIO], object], media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(iter(()), 200, headers, media_type)
        self._streams = streams
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        with self._streams.place():
            written = self._streams.start(self._write)
            try:
                first = await written.next()
                self.body_iterator = self._chunks(first, written)
                await super().__call__(scope, receive, send)
            finally:
                written.leave()

    async def _chunks(self, chunk: bytes | None, written: _Written) -> AsyncIterator[bytes]:
        while chunk is not None:
            yield chunk
            chunk = await written.next()
