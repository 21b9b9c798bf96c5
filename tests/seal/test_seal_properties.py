"""The Merkle tree against a plain recursive reading of RFC 6962, and proofs against every kind of tampering."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.errors import BadInput, Damaged
from trailbook.seal.proof import consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from trailbook.seal.tree import EMPTY_ROOT, Frontier, leaf_hash

ENTRIES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def mth(entries):
    """MTH(D[n]) of RFC 6962, section 2.1, word for word."""
    n = len(entries)
    if n == 0:
        return sha256().digest()
    if n == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < n:
        k *= 2
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def flipped(data, bit):
    bit %= len(data) * 8
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


@given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
def test_the_frontier_has_the_root_of_the_definition_however_it_was_filled(entries, cut):
    hashes = [leaf_hash(entry) for entry in entries]
    frontier = Frontier().extend(hashes[:cut])
    for leaf in hashes[cut:]:
        frontier = frontier.append(leaf)
    assert frontier == Frontier().extend(hashes)
    assert frontier.size == len(entries)
    assert frontier.root() == mth(entries)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_frontier_survives_being_written_down(entries):
    frontier = Frontier().extend(leaf_hash(entry) for entry in entries)
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@pytest.mark.parametrize(
    "data", [b"", b"1234567", b"\0" * 9, (1).to_bytes(8, "big"), (3).to_bytes(8, "big") + b"x" * 63]
)
def test_bytes_that_are_no_frontier_are_damage(data):
    with pytest.raises(Damaged, match="not the frontier"):
        Frontier.from_bytes(data)


@given(ENTRIES, st.data())
def test_every_inclusion_proof_verifies_and_no_changed_one_does(entries, data):
    hashes = [leaf_hash(entry) for entry in entries]
    size = data.draw(st.integers(1, len(hashes)))
    index = data.draw(st.integers(0, size - 1))
    bit = data.draw(st.integers(0, 10_000))
    root = mth(entries[:size])
    proof = inclusion_proof(hashes, index, size)
    assert verify_inclusion(hashes[index], index, size, proof, root)
    assert not verify_inclusion(flipped(hashes[index], bit), index, size, proof, root)
    assert not verify_inclusion(hashes[index], index, size, proof, flipped(root, bit))
    assert not verify_inclusion(hashes[index], index, size, [*proof, root], root)
    assert not verify_inclusion(hashes[index], index, size, [root, *proof], root)
    assert not verify_inclusion(hashes[index], index, size, [*proof, b""], root)
    if proof:
        at = bit % len(proof)
        changed = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_inclusion(hashes[index], index, size, changed, root)
        assert not verify_inclusion(hashes[index], index, size, proof[:-1], root)


@given(ENTRIES, st.data())
def test_every_consistency_proof_verifies_and_no_changed_one_does(entries, data):
    hashes = [leaf_hash(entry) for entry in entries]
    second = data.draw(st.integers(1, len(hashes)))
    first = data.draw(st.integers(1, second))
    bit = data.draw(st.integers(0, 10_000))
    old, new = mth(entries[:first]), mth(entries[:second])
    proof = consistency_proof(hashes, first, second)
    assert verify_consistency(first, second, old, new, proof)
    assert not verify_consistency(first, second, flipped(old, bit), new, proof)
    assert not verify_consistency(first, second, old, flipped(new, bit), proof)
    assert not verify_consistency(first, second, old, new, [*proof, new])
    assert not verify_consistency(first, second, old, new, [new, *proof])
    if proof:
        at = bit % len(proof)
        changed = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_consistency(first, second, old, new, changed)
        assert not verify_consistency(first, second, old, new, proof[:-1])
        assert not verify_consistency(first, second, old, new, [])


def test_all_proofs_of_all_small_trees_verify_and_none_with_more_or_less():
    entries = [bytes([i]) for i in range(20)]
    hashes = [leaf_hash(entry) for entry in entries]
    roots = [mth(entries[:size]) for size in range(21)]
    for size in range(1, 21):
        for index in range(size):
            proof = inclusion_proof(hashes, index, size)
            assert verify_inclusion(hashes[index], index, size, proof, roots[size])
            assert not verify_inclusion(hashes[index], index, size, [*proof, hashes[0]], roots[size])
        for first in range(1, size):
            proof = consistency_proof(hashes, first, size)
            assert verify_consistency(first, size, roots[first], roots[size], proof)
            assert not verify_consistency(first, size, roots[first], roots[size], [*proof, hashes[0]])
            assert not verify_consistency(first, size, roots[first], roots[size], proof[:-1])


def test_a_proof_from_the_empty_tree_is_empty():
    assert consistency_proof([leaf_hash(b"a")], 0, 1) == []


def test_a_wrong_index_or_size_does_not_verify():
    hashes = [leaf_hash(bytes([i])) for i in range(7)]
    root = Frontier().extend(hashes).root()
    proof = inclusion_proof(hashes, 3, 7)
    for index, size in [(2, 7), (4, 7), (1, 7), (3, 14), (3, 3), (3, 4), (-1, 7), (7, 7), (0, 0)]:
        assert not verify_inclusion(hashes[3], index, size, proof, root)


def test_every_tree_is_consistent_with_the_empty_one_and_none_with_a_later_one():
    leaf = leaf_hash(b"a")
    assert verify_consistency(0, 1, EMPTY_ROOT, leaf, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 1, leaf, leaf, [])
    assert not verify_consistency(0, 1, EMPTY_ROOT, leaf, [leaf])
    assert not verify_consistency(0, 0, leaf, leaf, [])
    assert not verify_consistency(1, 0, leaf, EMPTY_ROOT, [])
    assert not verify_consistency(1, 1, leaf, leaf, [leaf])
    assert not verify_consistency(1, 2, leaf, leaf_hash(b"b"), [])


def test_leaves_may_be_read_as_they_are_needed():
    hashes = [leaf_hash(bytes([i])) for i in range(100)]
    asked = []

    def read(start, end):
        asked.append((start, end))
        return iter(hashes[start:end])

    assert inclusion_proof(read, 5, 100) == inclusion_proof(hashes, 5, 100)
    assert consistency_proof(read, 64, 100) == [Frontier().extend(hashes[64:]).root()]
    assert asked[-1] == (64, 100)


def test_asking_for_what_the_tree_does_not_hold_says_so():
    hashes = [leaf_hash(b"a")] * 3
    with pytest.raises(BadInput, match="no leaf 3"):
        inclusion_proof(hashes, 3, 3)
    with pytest.raises(BadInput, match="no beginning of 4"):
        consistency_proof(hashes, 4, 3)
    with pytest.raises(BadInput, match="Leaves 4 to 4 are needed, and 0 of them"):
        consistency_proof(hashes, 2, 5)
