"""Real vectors of six kinds: which hypotheses fail, how recall falls, and what mends it.

Recall is what ``recall measure linear --embeddings FILE --N N --preprocess HOW`` measures, with the
numbers of trials and the seed that it has where none is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from stored import draw, store

from assoc import example_path, load_vectors
from assoc.arrays import Floats
from assoc.embeddings import PREPROCESSING, normalise, sphere
from assoc.vectors.named import NamedVectors
from sims import measure
from sims.memories.construction import Construction
from theory import conditions
from theory.memories.hypotheses import Isotropy, isotropy
from theory.memories.recall import expected_recall
from theory.rendering.axes import legend_above
from theory.rendering.drawing import styled

SEED = 0
TRIALS = 20
LINEAR = Construction("linear")
SHORT = {
    "unit norm": "norm",
    "centred": "mean",
    "isotropic": "directions",
    "no near duplicates": "duplicates",
}


@dataclass(frozen=True)
class Kind:
    """Vectors of one kind.

    Parameters
    ----------
    file : of the example data.
    label : for figures.
    sizes : numbers of facts; at the one called ``N`` remedies are compared.
    """

    file: str
    label: str
    sizes: tuple[int, ...]
    N: int

    @cached_property
    def vectors(self) -> NamedVectors:
        """As they are in the file."""
        return load_vectors(example_path(self.file))

    @cached_property
    def found(self) -> dict[str, Isotropy]:
        """How far they are from uniform, after each preprocessing."""
        return {how: isotropy(self.vectors.prepared(how)) for how in PREPROCESSING}


KINDS = (
    Kind("minilm_tokens.npz", "MiniLM, tokens", (125, 250, 500, 1000, 1500, 2048), 1000),
    Kind("countries_minilm.npz", "MiniLM, sentences", (25, 50, 100, 200, 400, 772), 200),
    Kind("glove_words.npz", "GloVe, words", (12, 25, 50, 100, 200, 400, 1024), 100),
    Kind("territories_glove.npz", "GloVe, means of words", (12, 25, 50, 100, 265), 100),
    Kind("textgenrnn_inputs.npz", "character model, inputs", (15, 30, 60, 120, 232), 120),
    Kind("textgenrnn_outputs.npz", "character model, outputs", (15, 30, 60, 120, 232), 120),
)


def failing(kind: Kind) -> Iterator[tuple[str, str, str]]:
    """Yield each preprocessing with the hypotheses that fail after it, and the closest pair."""
    for case in conditions("linear-capacity", embeddings=kind.vectors).cases:
        named = {each.name: each for each in case.conditions if each.name in SHORT}
        lost = [SHORT[name] for name, each in named.items() if not each.holds]
        yield case.preprocess, ", ".join(lost) or "none", named["no near duplicates"].value


def store_hypotheses() -> None:
    """Store what is true of the vectors, and which hypotheses fail."""
    told, lost = [], []
    for kind in KINDS:
        given, centred, white = (kind.found[how] for how in ("none", "centre", "whiten"))
        fails = list(failing(kind))
        told.append(
            {
                "file": f"`{kind.file}`",
                "n": given.n,
                "d": given.d,
                "norms": f"{given.norms[0]:.3g} to {given.norms[2]:.3g}",
                "mean": given.mean_length,
                "uniform": 1 / np.sqrt(given.n),
                "c": given.interference,
                "c_centred": centred.interference,
                "c_white": white.interference,
                "alike": float(np.mean(cosines(kind.vectors.vectors) > 0.9 * np.sqrt(given.d))),
                "pair": fails[0][2].removeprefix("largest cosine "),
            }
        )
        lost.append({"file": f"`{kind.file}`", **{how: which for how, which, _ in fails}})
    columns = {
        "file": "file",
        "n": "$n$",
        "d": "$d$",
        "norms": "norms",
        "mean": "length of the mean direction",
        "uniform": "of uniform ones, about",
        "c": "$c$",
        "c_centred": "$c$, centred",
        "c_white": "$c$, whitened",
        "alike": "pairs with a cosine over 0.9",
        "pair": "largest cosine",
    }
    store("real-vectors", told, columns, seed=None)
    headings = {
        "none": "as they are",
        "normalise": "normalised",
        "centre": "centred",
        "whiten": "whitened",
    }
    store("real-vectors-fail", lost, {"file": "file", **headings}, seed=None)


def recalls(kind: Kind) -> list[dict[str, Any]]:
    """Recall at every size and after every preprocessing, with the laws for drawn vectors."""
    rows: list[dict[str, Any]] = [
        {"file": f"`{kind.file}`", "N": N, "error": 0.0} for N in kind.sizes
    ]
    for how in PREPROCESSING:
        result = measure(
            "linear", N=kind.sizes, embeddings=kind.vectors, preprocess=how, trials=TRIALS,
            seed=SEED,
        )  # fmt: skip
        for row, point in zip(rows, result.points, strict=True):
            row[how], row[f"{how}_error"] = point.recall, point.standard_error
            row[f"{how}_interval"] = list(point.interval())
            row["error"] = max(row["error"], point.standard_error)
    d, c = kind.found["none"].d, kind.found["centre"].interference
    for row in rows:
        row["law"] = expected_recall(LINEAR, d=d, N=row["N"])
        row["fewer"] = expected_recall(LINEAR, d=round(d / c), N=row["N"])
    return rows


def recall_axes(ax: Axes, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw recall against N for one kind of vectors."""
    N = [row["N"] for row in rows]
    marks = {"none": "o-", "normalise": "s-", "centre": "^-", "whiten": "D-"}
    colours = {"none": "C2", "normalise": "C5", "centre": "C1", "whiten": "C3"}
    names = {"none": "as they are", "normalise": "normalised", "centre": "centred"}
    for how, mark in marks.items():
        recall, error = ([row[key] for row in rows] for key in (how, f"{how}_error"))
        ax.errorbar(N, recall, yerr=error, fmt=mark, color=colours[how], markersize=3.5,
                    label=names.get(how, "whitened"))  # fmt: skip
    d = kind.found["none"].d
    grid = np.geomspace(N[0], N[-1], 60)
    law = [expected_recall(LINEAR, d=d, N=each) for each in grid]
    ax.plot(grid, law, "k--", label="drawn vectors, by the law")
    ax.set_xscale("log")
    ax.set_xticks(N, [f"{each}" for each in N], minor=False, rotation=45)
    ax.set_xticks([], minor=True)
    ax.set_ylim(-0.03, 1.05)
    ax.set_title(f"{kind.label}, $d = {d}$")


def store_recall() -> None:
    """Measure, store and draw recall against N."""
    found = {kind: recalls(kind) for kind in KINDS}
    columns = {
        "file": "file",
        "N": "$N$",
        "none": "as they are",
        "normalise": "normalised",
        "centre": "centred",
        "whiten": "whitened",
        "error": "s.e., at most",
        "law": "drawn, law",
        "fewer": "law at $d/c$, centred",
    }
    rows = [row for each in found.values() for row in each]
    store("real-vectors-recall", rows, columns, seed=SEED)
    with styled():
        draw("real-vectors-recall", recall_figure(rows), seed=SEED)


def recall_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw recall against N, a panel for each set of vectors."""
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    axes = figure.subplots(2, 3, sharey=True)
    for ax, kind in zip(axes.flat, KINDS, strict=True):
        recall_axes(ax, kind, [row for row in rows if row["file"] == f"`{kind.file}`"])
    for ax in axes[:, 0]:
        ax.set_ylabel("recall")
    for ax in axes[1]:
        ax.set_xlabel("facts $N$")
    legend_above(figure, ncols=5)
    return figure


def store_remedies() -> None:
    """Measure and store what other memories recall of the same facts."""
    ways = {
        "linear": ("linear", "none", None),
        "linear_white": ("linear", "whiten", None),
        "inputs": ("dual-inputs", "none", None),
        "outputs": ("dual-outputs", "none", None),
        "both": ("dual-both", "none", None),
        "both_bits": ("dual-both", "none", 8),
        "both_white": ("dual-both", "whiten", None),
        "white_bits": ("linear", "whiten", 8),
    }
    rows = []
    for kind in KINDS:
        row: dict[str, Any] = {"file": f"`{kind.file}`", "N": kind.N, "error": 0.0}
        for key, (memory, how, bits) in ways.items():
            (point,) = measure(
                memory, N=kind.N, embeddings=kind.vectors, preprocess=how, bits=bits,
                trials=TRIALS, seed=SEED,
            ).points  # fmt: skip
            row[key], row[f"{key}_interval"] = point.recall, list(point.interval())
            row["error"] = max(row["error"], point.standard_error)
        rows.append(row)
    columns = {
        "file": "file",
        "N": "$N$",
        "linear": "`linear`",
        "inputs": "`dual-inputs`",
        "outputs": "`dual-outputs`",
        "both": "`dual-both`",
        "both_bits": "`dual-both`, 8 bits",
        "linear_white": "`linear`, whitened",
        "white_bits": "whitened, 8 bits",
        "both_white": "`dual-both`, whitened",
        "error": "s.e., at most",
    }
    store("real-vectors-remedies", rows, columns, seed=SEED)


def spectrum(E: Floats) -> Floats:
    """Shares of the d directions in the second moment of unit vectors, times d."""
    values = np.linalg.svd(normalise(np.asarray(E, np.float64)), compute_uv=False) ** 2
    return np.asarray(values / len(E) * E.shape[1])


def cosines(E: Floats) -> Floats:
    """Cosines of all pairs, times the square root of d."""
    E = normalise(np.asarray(E, np.float64))
    rows, columns = np.triu_indices(len(E), 1)
    return np.asarray((E @ E.T)[rows, columns] * np.sqrt(E.shape[1]))


def draw_spectra() -> None:
    """Draw spectra, and histograms of cosines as they are and whitened."""
    with styled():
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        drawn = sphere(2048, 100, rng=np.random.default_rng(SEED))
        bins = np.linspace(-6, 20, 131)
        centres = (bins[1:] + bins[:-1]) / 2
        sets = [*((kind.label, kind.vectors) for kind in KINDS), ("drawn, $d = 100$", None)]
        colours = ("C1", "C2", "C3", "C4", "C5", "C6", "C0")
        for (label, vectors), colour in zip(sets, colours, strict=True):
            given = drawn if vectors is None else vectors.vectors
            white = drawn if vectors is None else vectors.prepared("whiten")
            style = {"color": colour, "ls": "--" if vectors is None else "-"}
            values = spectrum(given)
            left.plot(np.arange(1, len(values) + 1) / given.shape[1], values, label=label, **style)
            for ax, E in ((middle, given), (right, white)):
                density, _ = np.histogram(cosines(E), bins, density=True)
                ax.plot(centres, np.where(density > 0, density, np.nan), **style)
        left.set(xscale="log", yscale="log", ylim=(1e-3, 500), title="directions, as they are",
                 xlabel="rank of a direction, over $d$",
                 ylabel="mean square along it, times $d$")  # fmt: skip
        for ax, title in ((middle, "cosines, as they are"), (right, "cosines, whitened")):
            ax.set(yscale="log", ylim=(1e-5, 3), xlabel=r"cosine of two vectors, times $\sqrt{d}$",
                   title=title)  # fmt: skip
        middle.set_ylabel("density")
        legend_above(figure, ncols=4)
        draw("real-vectors-spectra", figure, seed=SEED)


def main() -> None:
    """Measure, store and draw."""
    store_hypotheses()
    draw_spectra()
    store_recall()
    store_remedies()


if __name__ == "__main__":
    main()
