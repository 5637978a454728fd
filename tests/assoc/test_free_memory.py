"""Free memory: that of the machine, or what a container's limit leaves."""

from types import SimpleNamespace

import psutil
import pytest

from assoc import free_memory as module
from assoc.free_memory import free_memory


def group(path, limit, used, kept=0):
    path.mkdir(parents=True, exist_ok=True)
    (path / "memory.max").write_text(f"{limit}\n")
    (path / "memory.current").write_text(f"{used}\n")
    (path / "memory.stat").write_text(f"anon 5\ninactive_file {kept}\nactive_file 3\n")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A machine with 1,000 bytes available, and a process in the group a/b."""
    available = SimpleNamespace(available=1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)
    monkeypatch.setattr(module, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(module, "MEMBERSHIP", tmp_path / "membership")
    module.MEMBERSHIP.write_text("0::/a/b\n")
    return module.GROUPS


def test_without_groups_it_is_what_the_machine_has(groups):
    assert free_memory() == 1000
    group(groups / "a" / "b", "max", 70)
    assert free_memory() == 1000


def test_a_group_leaves_what_its_limit_leaves_and_files_that_were_read_are_given_up(groups):
    group(groups / "a" / "b", 300, 200, kept=40)
    assert free_memory() == 140


def test_the_group_around_it_counts_too_and_other_groups_do_not(groups):
    group(groups / "a" / "b", 900, 0)
    group(groups / "a" / "c", 10, 10)
    group(groups / "a", 500, 100)
    assert free_memory() == 400


def test_a_group_beyond_its_limit_leaves_nothing(groups):
    group(groups / "a" / "b", 100, 150)
    assert free_memory() == 0


def test_where_there_is_no_such_system_the_machine_counts(groups):
    module.MEMBERSHIP.unlink()
    group(groups / "a" / "b", 300, 200)
    assert free_memory() == 1000
