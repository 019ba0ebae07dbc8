"""Merkle tree over the entries of a run, after RFC 6962 section 2.1: what was stored can be shown unchanged.

A leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right); an odd node is promoted unchanged, which gives
the same tree as splitting at the largest power of two. The root of no entries is SHA-256 of nothing.
"""

import hashlib
from collections.abc import Sequence


def leaf_digest(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf digests in their order, 32 bytes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _raise_level(level)
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Sibling digests from leaf `index` up to the root; raises IndexError where there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    proof = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level, index = _raise_level(level), index // 2
    return tuple(proof)


def proves(leaf: bytes, index: int, count: int, proof: Sequence[bytes], root: bytes) -> bool:
    """True where `proof` leads from `leaf`, the one at `index` of `count`, to `root`."""
    steps = list(proof)
    digest, last = leaf, count - 1
    while last > 0:
        if index % 2 or index < last:
            if not steps:
                return False
            sibling = steps.pop(0)
            digest = _node(sibling, digest) if index % 2 else _node(digest, sibling)
        index, last = index // 2, last // 2
    return not steps and digest == root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _raise_level(level: list[bytes]) -> list[bytes]:
    pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + level[-1:] if len(level) % 2 else pairs
