"""Only regular files are read or replaced; everything else is refused before it is opened."""

import os
import socket

import pytest

from assoc.errors import InputError
from assoc.facts.tables import read_facts
from assoc.files import content_of, opened, place_of, size_of, there
from assoc.vectors.files import load_vectors
from sims.sweeps.store import Store, stored_points, stored_request
from tests.helpers.oracles import complaint
from theory.facts.model_files import load_model

READERS = [content_of, opened, size_of, read_facts, load_vectors, load_model, stored_points,
           stored_request]  # fmt: skip


@pytest.fixture
def odd(tmp_path):
    """What is no regular file, by what is said of it."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("fifo")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    yield {
        tmp_path / "fifo": "a FIFO, not a regular file",
        tmp_path / "link": "a FIFO, not a regular file",
        tmp_path / "folder": "a folder, not a regular file",
        tmp_path / "socket": "a socket, not a regular file",
        tmp_path / "loop": "Too many levels of symbolic links",
        tmp_path / ("n" * 256): "File name too long",
        "/dev/null": "a device, not a regular file",
    }
    listening.close()


def entered(path):
    with Store(path, {"sweep": "a"}):
        pass


@pytest.mark.parametrize("reads", [*READERS, place_of, entered])
def test_what_is_no_regular_file_is_refused(odd, reads):
    """A FIFO that nobody writes to would be waited for without end."""
    for path, said in odd.items():
        assert complaint(reads, path) == f"{path}: {said}"


@pytest.mark.parametrize("reads", READERS)
def test_what_is_missing_is_named(tmp_path, reads):
    assert complaint(reads, tmp_path / "none") == f"{tmp_path / 'none'}: no such file"


def test_a_link_leads_to_what_is_read_and_written(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "new").symlink_to("made")
    assert content_of(tmp_path / "link") == b"abc"
    assert size_of(tmp_path / "link") == 3
    assert place_of(tmp_path / "link") == (tmp_path / "file").resolve()
    assert place_of(tmp_path / "new") == (tmp_path / "made").resolve()


def test_a_place_needs_its_folder(tmp_path):
    (tmp_path / "link").symlink_to("far/file")
    assert complaint(place_of, tmp_path / "far" / "file").endswith(f"no such folder {tmp_path}/far")
    assert complaint(place_of, tmp_path / "link").endswith(f"no such folder {tmp_path}/far")


def test_a_name_that_no_file_can_have_is_named():
    with pytest.raises(InputError, match="embedded null byte"):
        content_of("a\0b")


def test_bytes_that_are_no_text_are_a_name(tmp_path):
    """As the system gives them: each byte that is no UTF-8 a surrogate."""
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_bytes(b"abc")
    assert content_of(path) == b"abc"
    assert place_of(path) == path.resolve()


@pytest.mark.parametrize(
    ("name", "found"), [("none", False), ("none/x", False), ("n" * 256, True), (".", True)]
)
def test_what_cannot_be_looked_at_is_there(tmp_path, name, found):
    assert there(tmp_path / name) is found
