"""Figures as files: one style, the same bytes, and their origin inside."""

import json
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from theory.rendering.drawing import FORMATS, STYLE, drawn, styled

ORIGIN = {"command": 'recall appendix --out "a & b" <c>', "seed": 3, "é": "ü"}


def toy(label="measured, $d^2$"):
    with styled():
        figure = Figure(figsize=(2.0, 1.5))
        ax = figure.subplots()
        ax.plot([1, 2, 3], [1, 4, 9], label=label)
        ax.errorbar([1, 2], [2, 3], yerr=[[0.1, 0.2], [0.3, 0.4]], fmt="o")
        ax.set_xlabel("dimension $d$")
        ax.legend()
    return figure


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_figure_is_the_same_file(suffix):
    figure = toy()
    first = drawn(figure, suffix, ORIGIN)
    assert drawn(figure, suffix, ORIGIN) == first
    assert drawn(toy(), suffix, ORIGIN) == first
    assert drawn(toy("another"), suffix, ORIGIN) != first


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG\r\n"), ("svg", b"<?xml"), ("pdf", b"%PDF-")]
)
def test_a_file_is_of_its_format(suffix, start):
    assert drawn(toy(), suffix, ORIGIN).startswith(start)


def test_an_svg_says_where_it_comes_from_and_needs_no_font():
    data = drawn(toy(), "svg", ORIGIN)
    root = ElementTree.fromstring(data)
    dc = "{http://purl.org/dc/elements/1.1/}"
    (described,) = root.iter(f"{dc}description")
    assert json.loads(described.text) == ORIGIN
    assert not list(root.iter(f"{dc}date"))
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))
    # Nothing is asked for from elsewhere.
    assert not re.findall(rb'href="(?!#|data:|http://purl\.org|https?://matplotlib)[^"]*"', data)


def test_a_png_says_where_it_comes_from():
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(drawn(toy(), "png", ORIGIN))) as image:
        assert json.loads(image.info["Description"]) == ORIGIN
        assert image.size == (300, 225)


def test_a_pdf_says_where_it_comes_from_and_keeps_its_text():
    plain = {"command": "recall appendix", "seed": 3}
    data = drawn(toy(), "pdf", plain)
    assert b"/CreationDate" not in data
    assert b"recall appendix" in data
    # TrueType, which can be searched and which journals take; not drawn letter by letter.
    assert b"/Subtype /Type3" not in data
    assert b"/FontFile2" in data


def test_other_origins_are_other_files_of_the_same_picture():
    one, two = (drawn(toy(), "svg", {"seed": seed}) for seed in (1, 2))
    assert one != two
    without = [re.sub(rb"<dc:description>.*?</dc:description>", b"", data) for data in (one, two)]
    assert without[0] == without[1]


def test_the_style_ends_with_its_context():
    before = dict(mpl.rcParams)
    with styled():
        inside = dict(mpl.rcParams)
    assert dict(mpl.rcParams) == before
    assert inside != before
    assert STYLE.is_file()


def test_the_style_ends_also_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="broken"), styled():
        raise ValueError("broken")
    assert dict(mpl.rcParams) == before


def test_colours_of_the_cycle_differ_in_lightness_or_hue():
    with styled():
        colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert len(set(colours)) == len(colours) >= 7
    shades = np.array([mpl.colors.to_rgb(colour) for colour in colours])
    apart = np.abs(shades[:, None] - shades[None]).sum(axis=2) + 9 * np.eye(len(shades))
    assert apart.min() > 0.3
    # Each is seen on white.
    assert (shades @ [0.2126, 0.7152, 0.0722]).max() < 0.8


def test_an_unknown_format_is_refused():
    with pytest.raises(KeyError):
        drawn(toy(), "bmp", ORIGIN)
