"""Files are written whole or not at all."""

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from assoc import InputError
from tests.helpers.oracles import one_line
from theory.rendering import files
from theory.rendering.files import provenance, tool_version, write_whole


def complaint(path, content="new"):
    with pytest.raises(InputError) as caught:
        write_whole(path, content)
    text = one_line(caught.value)
    assert text.startswith(f"{path}: cannot be written (")
    return text


@pytest.mark.parametrize(
    ("content", "stored"), [("é\n", "é\n".encode()), (b"\x00\xff", b"\x00\xff"), ("", b"")]
)
def test_text_and_bytes_are_written(tmp_path, content, stored):
    write_whole(tmp_path / "f", content)
    assert (tmp_path / "f").read_bytes() == stored
    assert os.listdir(tmp_path) == ["f"]


def test_a_path_may_be_a_string_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_whole("f.txt", "text")
    assert Path("f.txt").read_text() == "text"


def test_an_old_file_is_replaced(tmp_path):
    (tmp_path / "f").write_text("old and longer")
    write_whole(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "new"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "f", "text")
        (tmp_path / "g").write_text("text")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "g").stat().st_mode


def test_a_missing_folder(tmp_path):
    assert "No such file or directory" in complaint(tmp_path / "none" / "f")
    assert os.listdir(tmp_path) == []


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "kept").touch()
    complaint(tmp_path / "f")
    assert os.listdir(tmp_path) == ["f"]


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "f").write_text("a file")
    assert "Not a directory" in complaint(tmp_path / "f" / "g")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "f").write_text("old")
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in complaint(tmp_path / "f")
        assert (tmp_path / "f").read_text() == "old"
    finally:
        tmp_path.chmod(0o700)


def failing(error):
    def operation(*arguments, **options):
        raise OSError(error, os.strerror(error))

    return operation


@pytest.mark.parametrize(
    ("where", "what", "error"),
    [
        (files.tempfile, "NamedTemporaryFile", errno.EACCES),
        (files.tempfile, "NamedTemporaryFile", errno.EROFS),
        (Path, "chmod", errno.EPERM),
        (Path, "replace", errno.EXDEV),
        (Path, "replace", errno.EIO),
    ],
)
def test_when_a_step_fails_the_old_file_is_left(monkeypatch, tmp_path, where, what, error):
    (tmp_path / "f").write_text("old")
    with monkeypatch.context() as broken:
        broken.setattr(where, what, failing(error))
        assert os.strerror(error) in complaint(tmp_path / "f")
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_when_the_disk_is_full_the_old_file_is_left(monkeypatch, tmp_path):
    """The error comes from the write itself, with half of the content out already."""
    (tmp_path / "f").write_text("old")
    genuine = files.tempfile.NamedTemporaryFile

    def full(**options):
        handle = genuine(**options)
        write = handle.file.write

        def half(data):
            write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        handle.write = half
        return handle

    with monkeypatch.context() as broken:
        broken.setattr(files.tempfile, "NamedTemporaryFile", full)
        assert "No space left" in complaint(tmp_path / "f", "x" * 100_000)
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_provenance_says_where_a_result_comes_from():
    origin = provenance(command="recall predict linear", seed=5)
    assert json.loads(json.dumps(origin)) == origin
    assert origin["command"] == "recall predict linear"
    assert origin["seed"] == 5
    assert origin["version"] == tool_version() != "unknown"
    assert {"system", "processor", "cores", "python"} == set(origin["machine"])


def test_a_checkout_says_its_commit_and_anything_else_says_none(monkeypatch):
    def answering(output, error=None):
        def run(*arguments, **options):
            if error is not None:
                raise error
            return subprocess.CompletedProcess(arguments, 0, output, "")

        return run

    for run, commit in (
        (answering("abc123-dirty\n"), "abc123-dirty"),
        (answering(""), None),
        (answering("", FileNotFoundError("no git")), None),
    ):
        files._commit.cache_clear()
        with monkeypatch.context() as patched:
            patched.setattr(files.subprocess, "run", run)
            assert provenance(command="", seed=None)["commit"] == commit
    files._commit.cache_clear()


def test_a_checkout_that_is_not_installed_has_no_version(monkeypatch):
    def missing(name):
        raise files.PackageNotFoundError(name)

    tool_version.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(files, "version", missing)
        assert tool_version() == "unknown"
    tool_version.cache_clear()
