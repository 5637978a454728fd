"""Mathematics that needs no network: MathJax, one file, is copied from a package into the pages.

The file is checked against its checksum, and it has every extension of TeX and the fonts, as
outlines, in it: a page that was downloaded once asks no other host for anything.
"""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ConfigError

SOURCE = files("sphinx-mathjax-offline") / "static" / "mathjax" / "tex-svg-full.js"
CHECKSUM = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"
"""SHA-256 of MathJax 3.2.2 with all of TeX and output as SVG."""

FILE = "mathjax.js"


def copy(app: Sphinx, failure: Exception | None) -> None:
    """Put MathJax where the pages look for it.

    Raises
    ------
    ConfigError
        If the package holds another file than the one that was looked at.
    """
    if failure is not None or app.builder.format != "html":
        return
    content = SOURCE.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != CHECKSUM:
        raise ConfigError(f"MathJax has the checksum {found}, not {CHECKSUM}")
    (Path(app.outdir) / "_static" / FILE).write_bytes(content)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have pages load the copy, without its menu, parts of which would be fetched when used."""
    app.config.mathjax_path = FILE
    app.config.mathjax3_config = {"options": {"enableMenu": False}}
    app.connect("build-finished", copy)
    return {"version": "1", "parallel_read_safe": True}
