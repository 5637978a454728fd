"""Builds the source archive and the wheel, and checks what is in them: ``make dist``.

The archive holds every file of the repository, the wheel every file of the packages and nothing
else. The wheel is installed where the checkout cannot be seen, and its command run there.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = ("assoc", "sims", "theory")

RELATIVE = re.compile(r"\]\((?!https?://|#)[^)]*\)")
"""End of a Markdown link or image whose address means something in a checkout only."""

COMMANDS = (
    ("--version",),
    ("list",),
    ("facts", "countries.csv", "--memory", "linear", "--d", "64"),
    ("new-construction", "ridge"),
    ("measure", "ridge:build", "--d", "32", "--N", "40"),
    ("new-theorem", "mine"),
    ("appendix", "--theorems", "mine.py", "--out", "appendix"),
)
"""Run by the installed wheel in an empty folder: they need data, style and templates."""


def tracked() -> set[str]:
    """Paths of the files that git has."""
    if not (ROOT / ".git").exists():
        sys.exit(f"{ROOT} is no git checkout, and what belongs in the archive is what git has")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.splitlines())


def build(folder: Path) -> tuple[Path, Path]:
    """Build both into a folder, and return the archive and the wheel; a warning is an error."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    built = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    if built.returncode or re.search(r"warning|deprecat", built.stdout, re.IGNORECASE):
        sys.exit(f"{built.stdout}\nThe build failed, or warned.")
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


def archive_problems(path: Path, files: set[str]) -> list[str]:
    """Say what the source archive lacks, and what it should not have."""
    with tarfile.open(path) as archive:
        found = {member.name.partition("/")[2] for member in archive if member.isfile()}
    made = {name for name in found if name.startswith("factual_recall.egg-info/")}
    made |= {"PKG-INFO", "setup.cfg"}
    return [
        *(f"{path.name} lacks {name}" for name in sorted(files - found)),
        *(f"{path.name} has {name}" for name in sorted(found - files - made)),
    ]


def wheel_problems(path: Path, files: set[str]) -> list[str]:
    """Say what the wheel lacks, what it should not have, and which links lead nowhere."""
    with zipfile.ZipFile(path) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        page = wheel.read(metadata).decode()
    wanted = {name for name in files if name.partition("/")[0] in PACKAGES}
    return [
        *(f"{path.name} lacks {name}" for name in sorted(wanted - found)),
        *(f"{path.name} has {name}" for name in sorted(found - wanted)),
        *(f"the package's page has a link to {link[2:-1]}" for link in RELATIVE.findall(page)),
    ]


def run_installed(wheel: Path, folder: Path) -> None:
    """Install the wheel in an environment that sees our libraries but not our checkout; run it."""
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    Path(site, "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True)
    empty = folder / "empty"
    empty.mkdir()
    where = subprocess.run(
        [python, "-c", "import assoc; print(assoc.__file__)"],
        cwd=empty, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if not Path(where).is_relative_to(folder):
        sys.exit(f"the wheel was to be tried, and {where.strip()} was")
    for arguments in COMMANDS:
        subprocess.run(
            [python.with_name("recall"), *arguments], cwd=empty, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


def main() -> None:
    """Build into ``dist``, check, and say what is wrong."""
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    archive, wheel = build(folder)
    files = tracked()
    problems = archive_problems(archive, files) + wheel_problems(wheel, files)
    if problems:
        sys.exit("\n".join(problems))
    check = [sys.executable, "-m", "twine", "check", "--strict", archive, wheel]
    subprocess.run(check, check=True)
    with tempfile.TemporaryDirectory() as temporary:
        run_installed(wheel.resolve(), Path(temporary).resolve())
    print(f"{archive.name} and {wheel.name}: complete, and the wheel runs")


if __name__ == "__main__":
    main()
