"""The appendix as readers meet it: set by LaTeX, and shown by a browser.

Its points are not computed here: claims have the findings that the documentation shows, controls
have made-up ones, and exhibits are small.
"""

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from sims.sweeps.store import Point, Store
from sims.sweeps.tasks import Task
from tests.helpers import toys
from tests.helpers.extras import needs
from tests.helpers.in_browser import AXE, CONTRASTS, WIDE
from tests.helpers.small_exhibits import computed, small_exhibits, stored_findings
from theory.claims import Verdict
from theory.exhibit import Exhibit
from theory.extras import without
from theory.publishing.appendix import appendix, default_store
from theory.publishing.contents import all_tasks
from theory.registry import registered
from theory.rendering.files import tool_version
from theory.running import claim_tasks

# One process computes the small exhibits, for this file and for test_exhibits.py.
pytestmark = [pytest.mark.xdist_group("exhibits"), pytest.mark.slow]

PACKAGES = "adjustbox,amsmath,amssymb,array,booktabs,graphicx,siunitx"
"""What the head of the document says that a paper must load."""

NUMBERS = [1.0, -0.5, 1.234567e-17, 98765.4321, 3.2e300, 0.0, None, -7.5e-300, 123456789.0]
"""Measured and predicted by controls: of every magnitude, since a fault may do anything."""

SIZES = {"desktop": (1440, 900, False), "phone": (390, 844, True)}
"""Width and height of a screen, and whether it is a telephone's."""

ABSENT = Task("nothing computes this point whose key is as long as those of others are", "a:b", {})


def program(name):
    """Return the path of a program; without it the test is skipped, unless it must be run."""
    found = shutil.which(name)
    if found is None:
        say = pytest.fail if os.environ.get("RECALL_RENDER") == "1" else pytest.skip
        say(f"{name} is not installed")
    return found


def control(number):
    """A finding of a run in which the claim must fail."""
    return {
        "verdict": "violated",
        "quantity": "made up",
        "measured": NUMBERS[number % len(NUMBERS)],
        "interval": None,
        "predicted": NUMBERS[(number + 4) % len(NUMBERS)],
        "tolerance": 0.1,
        "conditions": [],
        "note": "",
        "table": [],
    }


def findings():
    """Values of every claim's points: stored ones, of which a few get the verdicts they lack."""
    found = {}
    for number, task in enumerate(claim_tasks(registered(), size="quick", seed=0)):
        stored = stored_findings().get(task.key)
        found[task.key] = control(number) if stored is None else dict(stored)
    quick = [key for key in found if key.endswith("/quick")]
    for key, verdict in zip(quick, Verdict, strict=False):
        found[key]["verdict"] = str(verdict)
    # And one control that is not caught.
    found[quick[-1].replace("/quick", "/fault")]["verdict"] = "holds"
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The appendix, drawn from a store that is filled here."""
    out = tmp_path_factory.mktemp("rendered") / "appendix"
    out.mkdir()
    lost = Exhibit(
        "lost", "linear-capacity", "Lost", "Lost.", lambda **_: [ABSENT], lambda *_: [], {}, {}, {}
    )
    shown = (*small_exhibits(), lost)
    values = findings()
    for exhibit in small_exhibits():
        _, _, own = computed(exhibit.name)
        values = {**own, **values}
    needed = {exhibit.name: exhibit.tasks(size="quick", seed=0) for exhibit in shown}
    tasks = all_tasks(registered(), needed, "quick", 0)
    request = {"sweep": "appendix", "size": "quick", "seed": "0", "version": tool_version(),
               "code": "none"}  # fmt: skip
    with Store(default_store(out, size="quick", seed=0), request) as store:
        for key, value in values.items():
            store.add(Point(key, tasks[key].text(), json.dumps(value), 1.0, 0.0))
    with pytest.MonkeyPatch.context() as patch:
        toys.register(patch, exhibits=shown)
        result = appendix(
            out, redraw=True,
            command="recall appendix --out ../somebody/papers/2026/memories/build/appendix "
            "--store /scratch/somebody/a_rather_long_name_of_a_file/appendix.sqlite --redraw",
        )  # fmt: skip
    assert list(result.missing) == ["lost"]
    assert result.verdicts.summary()["violated"] >= 1
    return out


@pytest.fixture
def paper(folder, tmp_path):
    """The appendix in a folder under a paper's."""
    copy = tmp_path / "paper" / "sub"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sqlite*", "*.html"))
    return copy.parent


def pdflatex(folder, name, times=2):
    """Set a document, as a rule twice for its references, and return the last log."""
    for _ in range(times):
        done = subprocess.run(
            [program("pdflatex"), "-interaction=nonstopmode", "-no-shell-escape", name],
            cwd=folder, env={**os.environ, "max_print_line": "10000"}, check=False, timeout=300,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        log = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        errors = re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE)
        assert not errors, errors[:3]
        assert done.returncode == 0, log[-2000:]
    return log


def labels(folder, name):
    """Return the labels that a document defined, without what hyperref adds."""
    aux = (folder / f"{name}.aux").read_text(encoding="utf-8")
    return set(re.findall(r"\\newlabel\{((?:tab|fig|sec):recall-[^}]*)\}", aux))


def warned(log):
    """Return what LaTeX and its packages warned of, and every box that is too wide."""
    return re.findall(
        r"^(?:Overfull \\hbox.*(?:\n.*){2}|.*[Uu]ndefined.*|.*multiply.defined.*"
        r"|.*Warning: Float too large.*|Missing character.*|Package siunitx.*)",
        log, re.MULTILINE,
    )  # fmt: skip


def pictured():
    """Theorems with a figure: without its extra a theorem has nothing to show."""
    return [theorem for theorem in registered() if not without(theorem.extra)]


def test_the_document_is_set_without_a_complaint(paper):
    log = pdflatex(paper / "sub", "appendix")
    assert warned(log) == []
    found = labels(paper / "sub", "appendix")
    for theorem in registered():
        assert {f"{kind}:recall-{theorem.name}" for kind in ("tab", "sec")} <= found
        assert (f"fig:recall-{theorem.name}" in found) == (theorem in pictured())
    for exhibit in small_exhibits():
        assert (f"tab:recall-{exhibit.name}" in found) == exhibit.printed
        assert (f"fig:recall-{exhibit.name}" in found) == (exhibit.figure is not None)


@pytest.mark.parametrize("options", ["", "twocolumn"])
def test_a_paper_reads_the_document_in(paper, options):
    text = rf"""\documentclass[{options}]{{article}}
\usepackage{{{PACKAGES}}}
\begin{{document}}
\section{{Results}}
See Table~\ref{{tab:recall-linear-capacity}}, Figure~\ref{{fig:recall-nlb-figure-1}} and
Section~\ref{{sec:recall-attention-only}}.
\input{{sub/appendix}}
\section{{After}}
\label{{after}}
The paper goes on, as Section~\ref{{after}} shows.
\end{{document}}
"""
    (paper / "paper.tex").write_text(text, encoding="utf-8")
    log = pdflatex(paper, "paper")
    assert warned(log) == []
    aux = (paper / "paper.aux").read_text(encoding="utf-8")
    (number,) = re.findall(r"\\newlabel\{tab:recall-linear-capacity\}\{\{(\d+)\}", aux)
    assert int(number) >= 1
    assert r"\newlabel{after}" in aux
    assert labels(paper, "paper")


def test_a_paper_may_say_where_the_document_lies(paper):
    text = rf"""\documentclass{{article}}
\usepackage{{{PACKAGES}}}
\begin{{document}}
\newcommand\recallpath{{sub/}}
\input{{sub/appendix.tex}}
\end{{document}}
"""
    (paper / "paper.tex").write_text(text, encoding="utf-8")
    pdflatex(paper, "paper", times=1)
    assert "tab:recall-linear-capacity" in labels(paper, "paper")


@pytest.mark.parametrize("place", ["sub", "."])
def test_a_table_may_be_read_in_alone(paper, place):
    text = rf"""\documentclass{{article}}
\usepackage{{{PACKAGES}}}
\begin{{document}}
\input{{{place}/tables/linear-capacity}}
Table~\ref{{tab:recall-linear-capacity}}.
\end{{document}}
"""
    where = paper if place == "sub" else paper / "sub"
    (where / "paper.tex").write_text(text, encoding="utf-8")
    assert warned(pdflatex(where, "paper")) == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser without a window."""
    binary, driver = program("chromium"), program("chromedriver")
    needs("test")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(service=webdriver.ChromeService(driver), options=options)
    yield started
    started.quit()


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")],
                ids=lambda found: "-".join(found), scope="module")  # fmt: skip
def page(request, browser, folder):
    """The page, as it is shown on a screen in a scheme of colours; loaded once for all tests.

    Tests may unfold what is folded, and leave all else as it is.
    """
    size, scheme = request.param
    width, height, mobile = SIZES[size]
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    # A new tab asks for pages of the browser's own.
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get((folder / "report.html").as_uri())
    assert browser.execute_script("return document.documentElement.clientWidth") <= width
    dark = browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    return browser


def test_the_page_is_shown_without_a_complaint(page):
    said = [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert said == []


def test_the_page_asks_for_itself_alone(page, folder):
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert (folder / "report.html").as_uri() in asked
    for url in asked:
        assert url.startswith("data:") or url == (folder / "report.html").as_uri(), url[:200]
    assert not [event for event in events if event["method"] == "Network.loadingFailed"]


def test_every_picture_is_shown_and_told(page):
    pictures = page.execute_script(
        "return [...document.images].map(i => [i.alt, i.naturalWidth, i.complete, i.clientWidth])"
    )
    drawn = [exhibit for exhibit in small_exhibits() if exhibit.figure is not None]
    assert len(pictures) == len(pictured()) + len(drawn)
    limit = page.execute_script("return document.documentElement.clientWidth")
    for told, natural, complete, shown in pictures:
        assert told.strip()
        assert complete
        assert natural > 0
        assert 0 < shown <= limit


def test_the_page_does_not_scroll_sideways(page):
    wide, limit = page.execute_script(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert wide <= limit, page.execute_script(WIDE)[:5]
    # Nor when everything is unfolded.
    page.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    wide = page.execute_script("return document.documentElement.scrollWidth")
    assert wide <= limit, page.execute_script(WIDE)[:5]


def test_no_table_is_clipped_on_a_desktop(page):
    if page.execute_script("return document.documentElement.clientWidth") < 1000:
        pytest.skip("on a telephone wide tables scroll")
    page.execute_script("document.querySelectorAll('main details').forEach(e => e.open = true)")
    clipped = page.execute_script(
        "return [...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth)"
        ".map(e => [e.getAttribute('aria-label'), e.scrollWidth, e.clientWidth])"
    )
    assert clipped == []


def test_axe_finds_nothing_to_complain_of(page):
    """Contrasts apart, which have a test of their own; on the board and on two theorems."""
    if page.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches"):
        pytest.skip("what axe looks at does not depend on colours")
    page.execute_script("document.querySelectorAll('main details').forEach(e => e.open = true)")
    page.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    parts = ["nav", "header", "footer", "#board", "#words", "#linear-capacity",
             "#knowledge-acquisition"]  # fmt: skip
    found = page.execute_async_script(AXE, parts, ["color-contrast"])
    assert found == [[], "4.4.3"]


@pytest.mark.parametrize(
    "selector",
    [
        ".holds", ".violated", ".inconclusive", ".not_applicable", ".soft", "a", "figcaption",
        "td", "caption", "summary", "pre",
    ],
)  # fmt: skip
def test_text_stands_out_from_what_is_behind_it(page, selector):
    found = page.execute_script(CONTRASTS, selector)
    assert found
    assert min(found) >= 4.5


def test_every_link_leads_somewhere(page):
    links = page.execute_script(
        "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    )
    places = page.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(places)) == len(places)
    assert links
    for link in links:
        assert link[0] == "#"
        assert link[1:] in places
    for theorem in registered():
        assert f"#{theorem.name}" in links
        assert all(f"#{theorem.name}-{claim.name}" in links for claim in theorem.claims)


def test_formulas_are_drawn(page):
    found = page.execute_script(
        "return [...document.querySelectorAll('math')]"
        ".map(m => [m.textContent.trim(), m.getBoundingClientRect().height])"
    )
    assert len(found) > 20
    assert all(height > 0 for text, height in found if text)
    shown = page.execute_script("return document.body.innerText")
    assert not re.findall(r"\$[^$\n]{1,60}\$|\\(?:frac|sqrt|log|max|times|top)\b", shown)


def test_verdicts_and_what_is_missing_are_told(page):
    shown = page.execute_script("return document.body.innerText")
    for verdict in Verdict:
        assert str(verdict).replace("_", " ") in shown
    assert "MISSED" in shown
    assert f"lost: no data for {ABSENT.key}" in " ".join(shown.split())


def test_what_is_skipped_here_fails_where_it_must_run(monkeypatch):
    monkeypatch.delenv("RECALL_RENDER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        program("no-such-program")
    monkeypatch.setenv("RECALL_RENDER", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        program("no-such-program")
    assert Path(program("sh")).exists()
