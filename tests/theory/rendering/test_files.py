"""Files are written whole or not at all."""

import errno
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assoc import InputError
from tests.helpers.oracles import one_line
from theory.rendering import files
from theory.rendering.files import provenance, tool_version, write_whole

ROOT = Path(__file__).parents[3]


def complaint(path, content="new"):
    with pytest.raises(InputError) as caught:
        write_whole(path, content)
    text = one_line(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


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


@pytest.fixture(params=["nameless", "named"])
def way(request, monkeypatch):
    """Both ways of writing: where a file needs no name until it is whole, and where it does."""
    if request.param == "named":
        monkeypatch.setattr(files, "_nameless", lambda folder: None)
    elif files._nameless(Path.cwd()) is None:
        pytest.skip("this system has no files without a name")


def test_a_link_stays_a_link(tmp_path, way):
    (tmp_path / "f").write_text("old")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "link").symlink_to("../f")
    (tmp_path / "new").symlink_to("g")
    write_whole(tmp_path / "inner" / "link", "through a link")
    write_whole(tmp_path / "new", "made through a link")
    assert (tmp_path / "f").read_text() == "through a link"
    assert (tmp_path / "g").read_text() == "made through a link"
    assert (tmp_path / "inner" / "link").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["f", "g", "inner", "new"]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path, way):
    for content in ("new", "replaced"):
        write_whole(tmp_path / ("n" * 255), content)
        assert (tmp_path / ("n" * 255)).read_text() == content
    assert len(os.listdir(tmp_path)) == 1


def test_what_is_no_regular_file_is_refused(tmp_path):
    """A file in the place of a device would break the machine."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert complaint(tmp_path / "socket") == "a socket, not a regular file"
    assert complaint(tmp_path / "fifo") == "a FIFO, not a regular file"
    assert complaint(tmp_path / "link") == "a device, not a regular file"
    assert complaint(tmp_path) == "a folder, not a regular file"
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link", "socket"]
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


def test_a_missing_folder(tmp_path):
    assert complaint(tmp_path / "none" / "f") == f"no such folder {tmp_path / 'none'}"
    assert os.listdir(tmp_path) == []


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "f").write_text("a file")
    assert "Not a directory" in complaint(tmp_path / "f" / "g")


@pytest.mark.parametrize("ends", [KeyboardInterrupt, MemoryError])
def test_nothing_is_left_when_anything_ends_it(monkeypatch, tmp_path, way, ends):
    """As an interrupt does, or a signal that the command turns into an exception."""

    def ending(*arguments):
        raise ends

    (tmp_path / "f").write_text("old")
    monkeypatch.setattr(Path, "replace", ending)
    with pytest.raises(ends):
        write_whole(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_a_kill_leaves_nothing_of_a_file_that_is_not_whole(tmp_path):
    """The process is killed by what cannot be caught, with half of the content written."""
    if files._nameless(tmp_path) is None:
        pytest.skip("this system has no files without a name")
    code = (
        "import os, signal, sys\n"
        "from theory.rendering import files\n"
        "def killed(descriptor, place):\n"
        "    assert os.fstat(descriptor).st_size == 100_000\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "files._named = killed\n"
        "files.write_whole(sys.argv[1], bytes(100_000))\n"
    )
    (tmp_path / "f").write_text("old")
    for name in ("f", "g"):
        ran = subprocess.run([sys.executable, "-c", code, tmp_path / name], cwd=ROOT, check=False)
        assert ran.returncode == -signal.SIGKILL
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "f").write_text("old")
    tmp_path.chmod(0o500)
    try:
        assert complaint(tmp_path / "f") == f"the folder {tmp_path} cannot be written"
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
        (os, "open", errno.EACCES),
        (os, "open", errno.EROFS),
        (os, "link", errno.EPERM),
        (Path, "replace", errno.EXDEV),
        (Path, "replace", errno.EIO),
    ],
)
def test_when_a_step_fails_the_old_file_is_left(monkeypatch, tmp_path, where, what, error):
    if files._nameless(tmp_path) is None:
        pytest.skip("this system has no files without a name")
    (tmp_path / "f").write_text("old")
    with monkeypatch.context() as broken:
        broken.setattr(where, what, failing(error))
        assert complaint(tmp_path / "f") == f"cannot be written ({os.strerror(error)})"
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_when_the_disk_is_full_the_old_file_is_left(tmp_path, way):
    """The error comes from the write itself, with half of the content out already."""
    (tmp_path / "f").write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        said = complaint(tmp_path / "f", "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert said == "cannot be written (File too large)"
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_provenance_says_where_a_result_comes_from():
    origin = provenance(command="recall predict linear", seed=5)
    assert json.loads(json.dumps(origin)) == origin
    assert origin["command"] == "recall predict linear"
    assert origin["seed"] == 5
    assert origin["version"] == tool_version() != "unknown"
    assert {"system", "processor", "cores", "python"} == set(origin["machine"])


def test_a_checkout_says_its_commit_and_whether_its_code_was_changed(tmp_path):
    def git(*command):
        name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        run = subprocess.run(
            ["git", *name, *command], cwd=tmp_path, capture_output=True, check=True
        )
        return run.stdout.decode().strip()

    def commit():
        files._commit.cache_clear()
        return files._commit(tmp_path / "theory")

    for name in ("theory/law.py", "docs/results/law.json", "docs/law.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "law")
    clean = git("rev-parse", "HEAD")[:12]
    assert commit() == clean
    (tmp_path / "docs/results/law.json").write_text("2")
    (tmp_path / "build").write_text("not of the checkout")
    assert commit() == clean
    for name in ("docs/law.md", "theory/law.py"):
        (tmp_path / name).write_text("2")
        assert commit() == f"{clean}-dirty"
        (tmp_path / name).write_text("1")
    assert commit() == clean


def test_where_git_cannot_say_whether_code_was_changed_it_counts_as_changed(monkeypatch, tmp_path):
    def run(command, **options):
        failed = "status" in command
        return subprocess.CompletedProcess(command, 128 * failed, "" if failed else "abc123\n", "")

    monkeypatch.setattr(files.subprocess, "run", run)
    assert files._commit(tmp_path) == "abc123-dirty"


def test_outside_of_a_checkout_there_is_no_commit(monkeypatch, tmp_path):
    def missing(*arguments, **options):
        raise FileNotFoundError("no git")

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert files._commit(tmp_path) is None
    files._commit.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(files.subprocess, "run", missing)
        assert provenance(command="", seed=None)["commit"] is None
    files._commit.cache_clear()


def test_a_checkout_that_is_not_installed_has_no_version(monkeypatch):
    def missing(name):
        raise files.PackageNotFoundError(name)

    tool_version.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(files, "version", missing)
        assert tool_version() == "unknown"
    tool_version.cache_clear()
