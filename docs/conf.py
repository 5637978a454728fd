"""Sphinx set-up: MyST pages, the API from docstrings, furo."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "recall"
author = "the recall authors"
copyright = "2026, the recall authors"
release = installed_version("factual-recall")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "docstrings",
    "offline_mathematics",
    "stored_table",
    "theorem_pages",
]
exclude_patterns = [
    "examples",
    "extensions",
    "gallery/*.ipynb",
    "gallery/*.py",
    "results",
    "scripts",
]

myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_numpy_docstring = True
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = ["Shapes"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
# The navigation of every page has all headings: with every function it takes half of the build.
toc_object_entries = False

# Examples run in every build from scratch; one that fails ends it.
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "reset_modules": ("matplotlib", "gallery_style.house_style"),
    "within_subsection_order": "FileNameSortKey",
    "image_srcset": ["2x"],
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "remove_config_comments": True,
    # That page would load scripts from other hosts.
    "write_computation_times": False,
}

html_theme = "furo"
html_title = f"recall {release}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_js_files = ["reach.js"]
templates_path = ["_templates"]
