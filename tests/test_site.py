"""The documentation as ``make docs`` left it: formulas are drawn, and no page needs a network."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from tests.helpers.extras import needs
from tests.helpers.in_browser import AXE

SITE = Path(__file__).parents[1] / "build" / "docs"
FORMULA = re.compile(r'<(span|div) class="math notranslate nohighlight"[^>]*>.*?</\1>', re.DOTALL)
ELSEWHERE = re.compile(r"(?:https?:)?//")

WIDTHS = {1440: 900, 390: 844}
"""Heights of two screens, a desktop's and a telephone's, by their widths."""

pytestmark = [
    pytest.mark.skipif(not (SITE / "index.html").exists(), reason="make docs has not been run"),
    pytest.mark.slow,
    pytest.mark.xdist_group("site"),
]


class Loaded(HTMLParser):
    """Addresses that a page loads by itself, links that are followed aside."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "link" and found.get("rel") not in ("stylesheet", "icon", "preload", "prefetch"):
            return
        if tag != "a":
            self.addresses += [found[key] for key in ("src", "href", "data") if found.get(key)]


def pages():
    """Text of every page of the site, by its path."""
    return {
        str(path.relative_to(SITE)): path.read_text(encoding="utf-8")
        for path in sorted(SITE.rglob("*.html"))
        if "_static" not in path.parts
    }


def test_no_page_loads_anything_from_another_host():
    found = pages()
    assert len(found) > 60
    for name, text in found.items():
        loaded = Loaded()
        loaded.feed(text)
        assert loaded.addresses, name
        assert not [each for each in loaded.addresses if ELSEWHERE.match(each)], name


def test_no_style_sheet_loads_anything_from_another_host():
    sheets = [path.read_text(encoding="utf-8") for path in SITE.rglob("*.css")]
    assert len(sheets) > 3
    loaded = [each for text in sheets for each in re.findall(r"url\(['\"]?([^'\")]+)", text)]
    loaded += [each for text in sheets for each in re.findall(r"@import\s+['\"]([^'\"]+)", text)]
    assert not [each for each in loaded if ELSEWHERE.match(each)]


@pytest.fixture(scope="module")
def browser():
    needs("test")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        say = pytest.fail if os.environ.get("RECALL_RENDER") == "1" else pytest.skip
        say("chromium or chromedriver is not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    started = webdriver.Chrome(service=webdriver.ChromeService(programs[1]), options=options)
    started.set_script_timeout(300)
    started.set_page_load_timeout(300)
    yield started
    started.quit()


def drawn(browser, path):
    """Open a page; return its formulas, its errors, and the addresses that it asked for."""
    browser.get_log("performance")
    browser.get(path.as_uri())
    counts = browser.execute_async_script(
        "const done = arguments[0];"
        "const wait = () => window.MathJax?.startup?.promise"
        " ? MathJax.startup.promise.then(() => done(["
        "     document.querySelectorAll('mjx-container').length,"
        "     [...document.querySelectorAll('[data-mjx-error]')].map("
        "         each => each.dataset.mjxError)]))"
        " : setTimeout(wait, 50);"
        "wait();"
    )
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return *counts, asked


def test_every_formula_of_the_site_is_drawn_offline(browser, tmp_path):
    """All on one page, each once: MathJax starts once."""
    formulas = sorted({match[0] for text in pages().values() for match in FORMULA.finditer(text)})
    assert len(formulas) > 500
    page = tmp_path / "formulas.html"
    script = (SITE / "_static" / "mathjax.js").as_uri()
    page.write_text(
        "<!doctype html><meta charset='utf-8'>"
        '<script>window.MathJax = {"options": {"enableMenu": false}}</script>'
        f"<script defer src='{script}'></script><p>" + "<p>".join(formulas),
        encoding="utf-8",
    )
    number, errors, asked = drawn(browser, page)
    assert errors == []
    assert number >= len(formulas)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("name", ["index", "derivations", "gallery/plot_06_mlp_past_d_squared"])
def test_a_page_asks_no_other_host_for_anything(browser, name):
    _, errors, asked = drawn(browser, SITE / f"{name}.html")
    assert errors == []
    assert any("/_static/mathjax.js" in url for url in asked)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    "name",
    [
        "index", "first-memory", "gallery/index", "gallery/plot_06_mlp_past_d_squared",
        "theorems/linear-capacity", "commands",
    ],
)  # fmt: skip
def test_axe_finds_nothing_to_complain_of(browser, name):
    """On a desktop and on a telephone, with what is folded unfolded."""
    for width, height in WIDTHS.items():
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 1000},
        )
        browser.get((SITE / f"{name}.html").as_uri())
        # Formulas, where there are any, are drawn, and what was unfolded is noticed.
        browser.execute_async_script(
            "const done = arguments[0];"
            "document.querySelectorAll('details').forEach(e => e.open = true);"
            "Promise.resolve(window.MathJax?.startup?.promise).then(() => setTimeout(done, 200));"
        )
        browser.execute_script((files("axe_core_python") / "axe.min.js").read_text("utf-8"))
        assert browser.execute_async_script(AXE, ["html"], []) == [[], "4.4.3"], width
