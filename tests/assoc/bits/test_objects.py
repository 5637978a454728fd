"""Weights of few bits for memories of classes that nobody told us of."""

from dataclasses import dataclass

import numpy as np
import pytest

from assoc import InputError
from assoc.bits.codes import coded, in_bits
from assoc.bits.levels import quantise, weights_of
from assoc.bits.objects import rounded
from assoc.memories.linear import hebbian
from tests.helpers.oracles import one_line

RNG = np.random.default_rng(5)
W, V, B = RNG.standard_normal((4, 6)), RNG.standard_normal((6, 4)), RNG.standard_normal(4)


@dataclass(frozen=True, eq=False)
class Net:
    W: np.ndarray
    V: np.ndarray
    b: np.ndarray
    name: str = "net"
    table: tuple[int, ...] = (1, 2)

    @property
    def parameters(self):
        return self.W.size + self.V.size + self.b.size

    def __call__(self, E):
        return np.tanh(E @ self.W.T + self.b) @ self.V.T


@pytest.mark.parametrize("bits", [1, 2, 5, 16])
def test_every_array_is_rounded_to_the_levels_of_its_own_scale(bits):
    net = Net(W, V, B)
    found = rounded(net, bits)
    for array, after in ((W, found.memory.W), (V, found.memory.V), (B[:, None], found.memory.b)):
        levels, step = quantise(array, bits)
        wanted = weights_of(levels, step, bits).reshape(after.shape)
        np.testing.assert_allclose(after, wanted, rtol=1e-6)
        assert len(np.unique(after)) <= 2**bits
    assert found.bits == bits * net.parameters + 3 * 32
    assert found.parameters == net.parameters


def test_the_memory_itself_stays_as_it_was():
    net = Net(W.copy(), V.copy(), B.copy())
    found = rounded(net, 1)
    np.testing.assert_array_equal(net.W, W)
    assert found.memory is not net
    assert (found.memory.name, found.memory.table) == ("net", (1, 2))
    E = RNG.standard_normal((3, 6))
    np.testing.assert_array_equal(found(E), found.memory(E))


def test_with_many_bits_outputs_are_nearly_the_same():
    E = RNG.standard_normal((50, 6))
    net = Net(W, V, B)
    assert np.abs(rounded(net, 16)(E) - net(E)).max() < 1e-3
    assert np.abs(rounded(net, 2)(E) - net(E)).max() > 1e-2


def test_single_precision_stays_single():
    net = Net(W.astype(np.float32), V.astype(np.float32), B.astype(np.float32))
    assert rounded(net, 4).memory.W.dtype == np.float32


def test_builds_of_such_memories_take_bits():
    def build(E, U, f, *, rng):
        return Net(W, V, B)

    made = coded(build, 3)(np.eye(6), np.eye(6), np.arange(6), rng=np.random.default_rng(0))
    assert made.bits == 3 * (24 + 24 + 4) + 96


def test_known_classes_are_written_down_as_before():
    built = hebbian(np.eye(4), np.eye(4), np.arange(4), rng=RNG)
    assert in_bits(built, 2, rng=RNG).bits == 32


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (lambda E: E, "function cannot be stored in bits per weight: its attributes hold 0 "),
        (Net(W, V, np.arange(4)), "Net cannot be stored in bits per weight: its attributes hold"),
    ],
)
def test_what_does_not_say_where_its_weights_are_is_refused(memory, said):
    if not hasattr(memory, "parameters"):
        memory.parameters = 3
    with pytest.raises(InputError) as caught:
        rounded(memory, 2)
    assert one_line(caught.value).startswith(said)
    assert "parameters" in str(caught.value)
