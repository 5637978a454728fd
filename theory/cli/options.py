"""Options that several commands share, each worded once."""

import typer

__all__ = [
    "BITS",
    "DEGREE",
    "EMBEDDINGS",
    "FACTS",
    "FEWEST_BITS_OF_ATTENTION",
    "GATES",
    "HEADS",
    "HEAD_DIM",
    "JSON",
    "LIMIT",
    "MEMORY",
    "OMEGA",
    "OUTPUTS",
    "OUTPUTS_OR_FILE",
    "PLOT",
    "PREPROCESS",
    "RANK",
    "ROUNDING",
    "SEED",
    "SEVERAL",
    "TABLE_COLUMNS",
    "TABLE_HEADER",
    "THEOREMS",
    "THREADS",
    "WIDTH",
    "WORKERS",
]

SEED = typer.Option(0, min=0, help="Seed of every random number.")
"""Option for the seed."""

JSON = typer.Option(False, "--json", help="Print one JSON document on stdout, and nothing else.")
"""Switch for the machine-readable output."""

PLOT = typer.Option(None, help="Draw the result to this file (.png, .svg or .pdf).")
"""Option for a figure."""

RANK = typer.Option(None, help="Rank m of a low-rank memory: an integer, or a fraction: d/2.")
"""Option for the rank of a memory."""

BITS = typer.Option(None, help="Bits per weight, 1 to 16, for every memory and model.")
"""Option for the width of stored weights."""

FEWEST_BITS_OF_ATTENTION = typer.Option(
    False,
    "--fewest-bits",
    help="Fit attention-only, or heads and an MLP with --model attention-mlp, in few bits per "
    "weight (--bits, 1 if not given): as few as hold every fact.",
)
"""Option for a fit of a transformer in bits."""

ROUNDING = typer.Option(None, help="How weights are rounded to --bits: nearest or stochastic.")
"""Option for how weights are rounded."""

WIDTH = typer.Option(None, help="Width m of a network: an integer, or a multiple: 16d.")
"""Option for the number of hidden neurons."""

DEGREE = typer.Option(None, help="Degree k of a network's Hermite polynomials, 1 to 6.")
"""Option for the degree of activations."""

GATES = typer.Option(None, help="Gates of a sign-gated network: sign, two-signs or square.")
"""Option for the kind of gates."""

OMEGA = typer.Option(None, help="Frequency of square-wave gates.")
"""Option for the frequency of gates."""

HEADS = typer.Option(None, help="Number of heads H of a transformer.")
"""Option for the number of heads."""

HEAD_DIM = typer.Option(None, help="Dimension d_h of a head.")
"""Option for the dimension of heads."""

WORKERS = typer.Option(
    None, min=1, envvar="RECALL_WORKERS", help="Workers on this machine; default: one per core."
)
"""Option for the number of workers."""

MEMORY = typer.Argument(
    help="linear, low-rank, low-rank-gaussian, low-rank-svd, sign, dual-inputs, "
    "dual-outputs, dual-both, mlp, gated-mlp, sign-mlp, sign-gated, whitened-mlp, bilinear, "
    "bilinear-ridge, bilinear-als, bilinear-margin, optimal-linear, optimal-low-rank, optimal-mlp, "
    "optimal-bilinear, optimal-bilinear-fit, or your own package.module:function."
)
"""Argument for the memory."""

FACTS = typer.Option("identity", help="Fact map: identity, permutation, random, balanced or zipf.")
"""Option for the law of the fact map."""

OUTPUTS = typer.Option(None, "--outputs", "-M", help="Number of outputs M; N if not given.")
"""Option for the number of outputs."""

OUTPUTS_OR_FILE = typer.Option(
    None,
    "--outputs",
    "-M",
    help="Number of outputs M; N if not given. With a file of --embeddings also FILE[:NAME], the "
    "outputs' own vectors; for both give it twice.",
)
"""Option for the number of outputs, and for a file of their vectors."""

EMBEDDINGS = typer.Option(
    "sphere",
    help="sphere, gaussian, rademacher, orthonormal, or FILE[:NAME] of vectors: .npy, .npz, "
    "safetensors, word2vec, GloVe.",
)
"""Option for the law of the embeddings, or a file of them."""

LIMIT = typer.Option(None, min=1, help="Read only this many vectors, the first of a file.")
"""Option for the part of a file of vectors that is read."""

PREPROCESS = typer.Option("none", help="For a file: none, normalise, centre or whiten.")
"""Option for what is done to vectors of a file first."""

THEOREMS = typer.Option(
    None,
    help="Module, file or folder with theorems of your own; may be repeated.",
)
"""Option for sources of theorems and exhibits."""

TABLE_COLUMNS = typer.Option(
    None,
    "--columns",
    help="Columns of the table for subject, relation and answer: head,relation,tail; without a "
    "header their places: 1,2,3.",
)
"""Option for the columns of a table of facts."""

TABLE_HEADER = typer.Option(
    True, "--header/--no-header", help="Whether the table's first line names its columns."
)
"""Option for a table of facts without a header."""

SEVERAL = typer.Option(
    "refuse",
    "--several",
    help="Pairs (subject, relation) with several answers: refuse, keep the first, drop, or let any "
    "of them be right.",
)
"""Option for pairs that have several answers."""

THREADS = typer.Option(None, min=1, help="Threads; all cores if not given. Never changes a result.")
"""Option for the number of threads."""
