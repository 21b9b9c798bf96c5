"""The Merkle tree of RFC 6962, section 2.1: leaf and node hashes, and the frontier that appending needs."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct

from ..errors import Damaged

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry: SHA-256(0x00 ‖ data), 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side: SHA-256(0x01 ‖ left ‖ right), 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


class Frontier(Struct, frozen=True):
    """All that must be kept of a tree to append to it and to tell its root.

    `hashes` are the roots of the complete subtrees that `size` leaves fall into, left to right: one for each bit that
    is set in `size`, the largest subtree first.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """The frontier with one more leaf, given as its leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier with more leaves, given as their leaf hashes, in order."""
        size, hashes = self.size, list(self.hashes)
        push, pop = hashes.append, hashes.pop
        for leaf in leaves:
            # Each trailing one bit of the size is a complete subtree that the new one completes a larger one with.
            ones = size
            while ones & 1:
                leaf = sha256(b"\x01" + pop() + leaf).digest()
                ones >>= 1
            push(leaf)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """The tree's root, 32 bytes."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The size in 8 bytes, big-endian, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """The frontier of its bytes. Raises Damaged if they are not those of a frontier."""
        size, rest = int.from_bytes(data[:8], "big"), data[8:]
        if len(data) < 8 or len(rest) != size.bit_count() * HASH_SIZE:
            raise Damaged(
                f"These {len(data)} bytes are not the frontier of a tree.",
                remedy="Recompute the tree from the events and compare it with a head that was noted elsewhere.",
            )
        return cls(size, tuple(rest[at : at + HASH_SIZE] for at in range(0, len(rest), HASH_SIZE)))
