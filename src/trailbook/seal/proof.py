"""Proofs over a Merkle tree and their verification, as in RFC 6962 and RFC 9162, sections 2.1.3 and 2.1.4.

An *inclusion proof* shows that an entry is in the tree of a given root; a *consistency proof* shows that a tree is an
earlier one with leaves appended. Both are lists of 32-byte hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import BadInput
from .tree import EMPTY_ROOT, HASH_SIZE, Frontier, node_hash

Leaves = Sequence[bytes] | Callable[[int, int], Iterable[bytes]]
"""Leaf hashes in order: all of them, or a function that gives those from a first index up to, not including, a last."""


def inclusion_proof(leaves: Leaves, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree of the first `size` leaves. Raises BadInput for no such leaf."""
    if not 0 <= index < size:
        raise BadInput(f"A tree of {size} leaves has no leaf {index}.", remedy="Leaves count from 0.")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_subtree(leaves, middle, end))
            end = middle
        else:
            proof.append(_subtree(leaves, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(leaves: Leaves, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `first` leaves is the beginning of that of `second`; empty if `first` is 0.

    Raises BadInput if `first` is larger.
    """
    if not 0 <= first <= second:
        raise BadInput(f"A tree of {second} leaves has no beginning of {first}.", remedy="Give the smaller size first.")
    if first == 0:
        return []
    proof: list[bytes] = []
    start, end, known = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(_subtree(leaves, middle, end))
            end = middle
        else:
            proof.append(_subtree(leaves, start, middle))
            start, known = middle, False
    if not known:
        proof.append(_subtree(leaves, start, end))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is at `index` in the tree of `size` leaves with this `root`.

    RFC 9162, section 2.1.3.2. Never raises: a malformed proof is simply none.
    """
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `second` leaves is that of `first` leaves with others appended.

    RFC 9162, section 2.1.4.2; every tree is consistent with the empty one. Never raises.
    """
    if not 0 <= first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if (first == 0 and first_root != EMPTY_ROOT) or (second == 0 and second_root != EMPTY_ROOT):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 6962 splits a tree of more than one leaf."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(leaves: Leaves, start: int, end: int) -> bytes:
    found = leaves(start, end) if callable(leaves) else leaves[start:end]
    frontier = Frontier().extend(found)
    if frontier.size != end - start:
        raise BadInput(
            f"Leaves {start} to {end - 1} are needed, and {frontier.size} of them were given.",
            remedy="Ask for a proof of a tree whose leaves are all there.",
        )
    return frontier.root()


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
