"""Kernels are compiled also where nothing can be kept."""

import errno

import pytest
from numba import TypingError
from numba.core import caching

from assoc.compiled import compiled


def twice(n):
    return 2 * n


def nowhere(monkeypatch):
    """No folder that Numba would keep code in can be written, as for a user without a home."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])


def full(monkeypatch):
    """The disk is full when the code is to be written."""

    def save(self, *args, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", save)


@pytest.mark.parametrize("trouble", [nowhere, full])
def test_what_cannot_be_kept_is_compiled_all_the_same(trouble, monkeypatch, tmp_path):
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    trouble(monkeypatch)
    made = compiled("i8(i8)")(twice)
    assert (made(4), made.signatures) == (8, [made.signatures[0]])
    assert not list(tmp_path.rglob("*.nbc"))


def test_what_can_be_kept_is(monkeypatch, tmp_path):
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    assert compiled("i8(i8)")(twice)(4) == 8
    assert list(tmp_path.rglob("*.nbc"))


def test_other_errors_of_the_compiler_are_not_hidden():
    with pytest.raises(TypingError):
        compiled("i8(i8)")(lambda n: n.no_such_thing)
