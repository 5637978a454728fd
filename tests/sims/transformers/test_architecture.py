"""Tables of a shape, and architectures with their sizes."""

import numpy as np

from sims.transformers.architecture import Architecture, GaussianShape, Shape, table_source

SMALL = Shape(6, 4, 3, noise=5)
ONLY = Architecture("attention-only", 12)


def test_a_shape_draws_its_own_table_each_trial():
    source = table_source(SMALL, 0, "test")
    (one, Phi), (again, same), (other, _) = (SMALL.draw(10, source, k) for k in (0, 0, 1))
    assert SMALL.facts == len(one) == 24
    assert (one.facts == again.facts).all()
    assert (Phi == same).all()
    assert (one.facts != other.facts).any()
    assert Phi.shape == (one.vocabulary, 10)
    np.testing.assert_allclose(np.linalg.norm(Phi, axis=1), 1, atol=1e-6)


def test_a_gaussian_shape_draws_the_same_table_with_other_embeddings():
    source = table_source(SMALL, 0, "test")
    (task, Phi), (same, normal) = (
        kind(6, 4, 3, noise=5).draw(400, source, 0) for kind in (Shape, GaussianShape)
    )
    assert (task.facts == same.facts).all()
    assert Phi.shape == normal.shape
    length = np.linalg.norm(normal, axis=1)
    assert 0.8 < length.min() < 0.99
    assert 1.01 < length.max() < 1.2


def test_an_architecture_knows_its_sizes():
    base = Architecture("attention-mlp", 16, head_dim=2)
    assert base.lacks_width
    sized = base.resized("width", 9)
    assert (sized.width, sized.d, sized.head_dim, sized.lacks_width) == (9, 16, 2, False)
    assert base.resized("d", 4).d == 4
    assert sized.label() == "attention-mlp d_h=2 m=9"
    assert not ONLY.lacks_width
