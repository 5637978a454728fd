"""The page of the package: README.md without what only a checkout can show.

A link or an image with a relative address leads nowhere from there. Images go, and the text of a
link stays. All else about the package is in pyproject.toml.
"""

import re
from pathlib import Path

from setuptools import setup

ADDRESS = r"\((?!https?://|#)[^)\s]+\)"


def page(readme: str) -> str:
    """Return the README without images and links that have a relative address."""
    without = re.sub(rf"^!\[[^\]]*\]{ADDRESS}\n+", "", readme, flags=re.MULTILINE)
    return re.sub(rf"\[([^\]]*)\]{ADDRESS}", r"\1", without)


setup(
    long_description=page(Path(__file__).with_name("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
