"""How things are trained: what is refused."""

import pytest

from assoc.errors import InputError
from sims.training.recipe import Training
from tests.helpers.oracles import one_line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"steps": 0}, "steps = 0"),
        ({"steps": 1.5}, "steps = 1.5"),
        ({"learning_rates": ()}, "learning_rates"),
        ({"learning_rates": 1.0}, "learning_rates"),
        ({"learning_rates": (1.0, -1.0)}, "learning rate -1"),
        ({"learning_rates": (float("nan"),)}, "learning rate nan"),
        ({"learning_rates": ("fast",)}, "learning rate 'fast'"),
        ({"optimiser": "sgd"}, "optimiser 'sgd'"),
        ({"schedule": "linear"}, "schedule 'linear'"),
        ({"weight_decay": -0.1}, "weight_decay -0.1"),
        ({"wanted": 0.0}, "wanted margin 0"),
    ],
)
def test_bad_training_is_named(arguments, said):
    with pytest.raises(InputError, match=said) as caught:
        Training(**arguments)
    one_line(caught.value)
