"""Formulas in plain text, as TeX."""

import re

import pytest

from sims.engine.formulas import typeset
from theory.registry import registered
from theory.rendering.markdown import html_inline, latex


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("N log N / d^2", r"$N \log N / d^2$"),
        ("S >= 8 R sqrt(2 D)", r"$S \ge 8 R \sqrt{2 D}$"),
        ("d^-(a-1)/(2a).", "$d^{-(a-1)}/(2 a)$."),
        ("of 2(a-1) it", "of $2 (a-1)$ it"),
        ("p(a | r) at t = 1e8", r"$p(a \mid r)$ at $t = 10^8$"),
        ("<e, e'>^(k+1)", r"$\langle e, e' \rangle^{k+1}$"),
        ("f* is on S x R", r"$f^*$ is on $S \times R$"),
        ("n = 5.6 x 10^6 on", r"$n = 5.6 \times 10^6$ on"),
        ("4,096 of 32,768 S R", r"4,096 of $32{,}768 S R$"),
        ("d in {32, 64}", r"$d$ in $\{32, 64\}$"),
        ("V^T sigma(W e) of kappa_1 = 2/pi", r"$V^T \sigma(W e)$ of $\kappa_1 = 2/\pi$"),
        ("N_all and t_relation", r"$N_{\mathrm{all}}$ and $t_{\mathrm{relation}}$"),
        ("y' = -c y^2 (1 - y)", r"$y' = -c y^2 (1 - y)$"),
        ("w^2 - sum V^2", r"$w^2 - \sum V^2$"),
        ("to 1e-9 (alpha = 1e-30)", r"to $10^{-9}$ ($\alpha = 10^{-30}$)"),
        ("log(A K) of sqrt(k!)", r"$\log(A K)$ of $\sqrt{k!}$"),
        ("rank-m, b-bit, log log d / log d", r"rank-$m$, $b$-bit, $\log \log d / \log d$"),
        ("a probability >= 1/2", r"a probability $\ge$ $1/2$"),
        ("10 % of 1 and -1", "10% of 1 and -1"),
    ],
)
def test_what_people_read_as_a_formula_is_one(text, found):
    assert typeset(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "A plan, i.e. a good one, is what I think of: e.g. 3.4.5.",
        "On 2026-11-30 a GPT-2 of 12 layers (see Theorem 2, D.1).",
        "-log of the probability",
        "the subject's own answer",
    ],
)
def test_words_and_numbers_stay_text(text):
    assert "$" not in typeset(text)


def test_code_and_tex_stay_and_markup_is_text():
    assert typeset("`a^2 _b_` and $x^2$") == "`a^2 _b_` and $x^2$"
    shown = str(html_inline(typeset("<b> *not bold* [x](y) 5 | 6")))
    assert "&lt;" in shown
    assert "<em>" not in shown
    assert "<a" not in shown


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_every_statement_is_read_by_browser_and_latex(theorem):
    texts = [hypothesis.text for hypothesis in theorem.hypotheses]
    for claim in theorem.claims:
        texts += [claim.statement, *map(claim.control_text, claim.controls)]
    for text in texts:
        shown = typeset(text)
        html_inline(shown)
        latex(shown)
        left = re.sub(r"\$[^$]*\$|`[^`]*`", "", shown)
        # No power, index or comparison of a formula is left as letters, nor a function of one.
        assert not re.search(r"\w\^|[A-Za-z]_\w|\blog (?!of)|\bsqrt\b|[<>]=", left), shown
        # A dollar always closes, and the words are those that were there.
        assert shown.count("$") % 2 == 0
        for word in re.findall(r"[A-Za-z]{4,}", left):
            assert word in text
