"""Canonical bytes as stores keep them: compressed with a dictionary that was trained on the store's own events."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec
import zstandard
from msgspec import Struct

from ..errors import Damaged
from ..event.canonical import decode
from ..event.model import Event

LOOK = "Run `trailbook verify` to see what is damaged, and restore it from a backup."
"""What to do about damage."""

LEVEL = 3
DICTIONARY_BYTES = 65_536
SAMPLES = 4_000
SEGMENT, KMER = 1_000, 8
"""The trainer's parameters k and d: found by its own search, which takes four times as long for as good a result."""
LEAST_SAMPLES = 200
WORSE = 1.3
"""A batch that compresses this much worse than the dictionary's own samples did is worth a new dictionary."""
MOST_DICTIONARIES = 100

S = TypeVar("S")


class Trained(Struct, frozen=True):
    """A compression dictionary: its number (which frames carry), its bytes, and packed/unpacked of its samples."""

    number: int
    bytes: bytes
    ratio: float


class Bodies(ABC, Generic[S]):
    """Compresses and restores canonical bytes; a frame (RFC 8878) names its dictionary. One per thread.

    `S` is what a store's dictionaries are read from: its connection.
    """

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._used: Trained | None = None
        self._newest = 0
        self._decompressors = {0: zstandard.ZstdDecompressor()}

    @abstractmethod
    def newest(self, source: S) -> int:
        """The id of the newest dictionary; 0 if there is none."""

    @abstractmethod
    def trained(self, source: S, id: int) -> Trained:
        """The dictionary of this id."""

    @abstractmethod
    def content(self, source: S, number: int) -> bytes | None:
        """The bytes of the dictionary that frames name by this number."""

    def use_newest(self, source: S) -> None:
        """Compress with the newest dictionary of the store from now on."""
        newest = self.newest(source)
        if newest != self._newest:
            self._use(self.trained(source, newest))
            self._newest = newest

    def compress(self, canonical: bytes) -> bytes:
        """The frame of canonical bytes."""
        return self._compressor.compress(canonical)

    def improve(self, source: S, frames: list[bytes], unpacked: int) -> Trained | None:
        """A new dictionary, if a batch of frames (of so many bytes unpacked) is worth one: it packs them anew.

        It must be kept with them.
        """
        if len(frames) < LEAST_SAMPLES or self._newest >= MOST_DICTIONARIES:
            return None
        if self._used is not None and sum(map(len, frames)) <= self._used.ratio * WORSE * unpacked:
            return None
        batch = [self.restore(source, frame) for frame in frames]
        trained = self._train(batch)
        if trained is not None:
            frames[:] = map(self.compress, batch)
        return trained

    def restore(self, source: S, frame: bytes) -> bytes:
        """The canonical bytes of a frame. Raises Damaged."""
        try:
            number = zstandard.get_frame_parameters(frame).dict_id
            decompressor = self._decompressors.get(number) or self._load(source, number)
            return decompressor.decompress(frame)
        except (zstandard.ZstdError, TypeError) as error:
            # A row that was garbled may have anything for a frame.
            raise Damaged(f"An event's bytes cannot be unpacked: {error}.", remedy=LOOK) from error

    def event(self, source: S, frame: bytes) -> Event:
        """The event of a frame. Raises Damaged."""
        return decoded(self.restore(source, frame))

    def _train(self, batch: Sequence[bytes]) -> Trained | None:
        samples: list[bytes | bytearray | memoryview] = list(batch[:: max(1, len(batch) // SAMPLES)])
        number = secrets.randbelow(2**31 - 2**16) + 2**15
        try:
            content = zstandard.train_dictionary(
                DICTIONARY_BYTES, samples, k=SEGMENT, d=KMER, dict_id=number, level=LEVEL
            ).as_bytes()
        except zstandard.ZstdError:
            return None
        self._use(Trained(number, content, 1.0))
        packed = sum(len(self._compressor.compress(one)) for one in samples)
        self._used = Trained(number, content, packed / sum(map(len, samples)))
        return self._used

    def _use(self, trained: Trained) -> None:
        data = zstandard.ZstdCompressionDict(trained.bytes)
        data.precompute_compress(level=LEVEL)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=data)
        self._decompressors[trained.number] = zstandard.ZstdDecompressor(dict_data=data)
        self._used = trained

    def _load(self, source: S, number: int) -> zstandard.ZstdDecompressor:
        content = self.content(source, number)
        if content is None:
            raise Damaged(f"The compression dictionary {number} is missing.", remedy=LOOK)
        self._decompressors[number] = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(content))
        return self._decompressors[number]


def decoded(canonical: bytes) -> Event:
    """The event of canonical bytes. Raises Damaged."""
    try:
        return decode(canonical)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"An event's bytes are not an event: {error}.", remedy=LOOK) from error
