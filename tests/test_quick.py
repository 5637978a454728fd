"""Which tests ``make quick AT=...`` runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.at import LAYERS, ROOT, PlaceError, paths_at

HOUSE = [
    "assoc/gradient_flow/limits.py",
    "sims/gradient_flow/reduced.py",
    "sims/gradient_flow/integration.py",
    "sims/memories/capacity.py",
    "theory/memories/capacity.py",
    "theory/catalogue.py",
    "tests/assoc/gradient_flow/test_limits.py",
    "tests/sims/gradient_flow/test_reduced.py",
    "tests/sims/gradient_flow/test_reduced_late.py",
    "tests/sims/memories/test_capacity.py",
    "tests/sims/memories/test_capacity_search.py",
    "tests/test_house.py",
]


@pytest.fixture
def house(tmp_path):
    """A small house with rooms of the same name in two packages."""
    for name in HOUSE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        (
            "gradient_flow",
            "assoc/gradient_flow tests/assoc/gradient_flow "
            "sims/gradient_flow tests/sims/gradient_flow",
        ),
        ("sims/gradient_flow", "sims/gradient_flow tests/sims/gradient_flow"),
        ("./sims/gradient_flow/", "sims/gradient_flow tests/sims/gradient_flow"),
        ("sims.gradient_flow", "sims/gradient_flow tests/sims/gradient_flow"),
        ("sims", "sims tests/sims"),
        ("tests/sims/gradient_flow", "sims/gradient_flow tests/sims/gradient_flow"),
        (
            "reduced",
            "sims/gradient_flow/reduced.py tests/sims/gradient_flow/test_reduced.py "
            "tests/sims/gradient_flow/test_reduced_late.py",
        ),
        (
            "gradient_flow/reduced.py",
            "sims/gradient_flow/reduced.py tests/sims/gradient_flow/test_reduced.py "
            "tests/sims/gradient_flow/test_reduced_late.py",
        ),
        (
            "capacity",
            "sims/memories/capacity.py tests/sims/memories/test_capacity.py "
            "tests/sims/memories/test_capacity_search.py theory/memories/capacity.py",
        ),
        ("sims.gradient_flow.integration",
         "sims/gradient_flow/integration.py tests/sims/gradient_flow"),
        ("tests/sims/gradient_flow/test_reduced.py",
         "sims/gradient_flow/reduced.py tests/sims/gradient_flow/test_reduced.py"),
        ("tests/sims/gradient_flow/test_reduced_late.py",
         "tests/sims/gradient_flow/test_reduced_late.py"),
        ("tests/test_house.py", "tests/test_house.py"),
    ],
)  # fmt: skip
def test_a_place_has_its_doctests_and_the_tests_that_mirror_it(house, name, paths):
    assert paths_at(name, house) == paths.split()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "AT names no place: make quick AT=gradient_flow"),
        ("gradiant_flow", "AT=gradiant_flow: no room, module or path with tests; did you mean "
         "'gradient_flow'?"),
        ("sims/reduced", "AT=sims/reduced: no room, module or path with tests; "),
        ("../elsewhere", "AT=../elsewhere: no room, module or path with tests; "),
        ("docs", "AT=docs: no room, module or path with tests; rooms: gradient_flow, memories"),
        ("reduced gradient_flow", "AT=reduced gradient_flow: no room, module or path with tests; "),
    ],
)  # fmt: skip
def test_what_is_no_place_is_told(house, name, said):
    with pytest.raises(PlaceError) as caught:
        paths_at(name, house)
    assert str(caught.value).startswith(said)


def test_every_room_of_the_house_has_paths_that_exist():
    rooms = [
        path
        for layer in LAYERS
        for path in (ROOT / layer).iterdir()
        if (path / "__init__.py").exists()
    ]
    assert rooms
    for room in rooms:
        paths = paths_at(room.name)
        assert str(room.relative_to(ROOT)) in paths
        assert all((ROOT / path).exists() for path in paths)


def test_the_command_ends_with_one_line_and_status_2():
    command = [sys.executable, "-m", "tests.helpers.at"]
    ran = subprocess.run(
        [*command, "nonesuch"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("AT=nonesuch: no room")
    assert ran.stderr.count("\n") == 1
    ran = subprocess.run(
        [*command, "sims/sweeps"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(Path(ROOT / path).is_dir() for path in ran.stdout.split())
