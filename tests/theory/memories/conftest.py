"""Fixtures for tests of predictions."""

import pytest

from theory.memories import recall


@pytest.fixture
def computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have predictions forget what they computed: for tests that change what they are made of."""
    monkeypatch.setattr(recall, "_remembered", recall._computed)
