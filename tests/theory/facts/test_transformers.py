"""A table's transformers: what is advised of the user's vectors."""

import pytest

from theory.claims import Condition
from theory.facts import transformers


@pytest.mark.parametrize(
    ("remedy", "done", "left"),
    [
        ("whiten", "none", "whiten"), ("whiten", "whiten", ""), ("centre", "whiten", ""),
        ("whiten", "centre", "whiten"), ("raise d", "whiten", "raise d"),
    ],
)  # fmt: skip
def test_a_remedy_that_was_applied_is_not_advised(remedy, done, left):
    found = Condition("isotropic", False, "value", "required", remedy)
    assert transformers._not_again(found, done).remedy == left
