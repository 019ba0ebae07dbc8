import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.evidence.merkle import inclusion_proof, leaf_digest, merkle_root, proves

# The tree of the reference implementation of Certificate Transparency (RFC 6962): inputs, and roots of 0 to 8 of them.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_digest(bytes.fromhex(text)) for text in INPUTS]


@pytest.mark.parametrize("count", range(9))
def test_roots_are_those_of_rfc_6962(count: int) -> None:
    assert merkle_root(LEAVES[:count]).hex() == ROOTS[count]


@given(st.integers(1, 40), st.data())
def test_every_leaf_is_proved_and_no_other(count: int, data: st.DataObject) -> None:
    leaves = [leaf_digest(bytes([n])) for n in range(count)]
    index = data.draw(st.integers(0, count - 1))
    proof, root = inclusion_proof(leaves, index), merkle_root(leaves)
    assert proves(leaves[index], index, count, proof, root)
    assert not proves(leaf_digest(b"other"), index, count, proof, root)
    if count > 1:
        assert not proves(leaves[index], (index + 1) % count, count, proof, root)
        assert not proves(leaves[index], index, count, proof[:-1], root)


def test_a_proof_has_one_digest_a_level() -> None:
    assert len(inclusion_proof([bytes(32)] * (1 << 12), 4095)) == 12
