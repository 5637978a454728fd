"""Checks of transformers that are fitted in few bits: how many of these they turn into facts."""

from dataclasses import replace
from typing import Any

from assoc.bits.attention_fit import fit_attention
from assoc.bits.codes import encode
from assoc.transformers.attention_only import attention_only
from assoc.transformers.certificates import certify
from sims.engine.randomness import MEMORY
from sims.transformers.architecture import LENGTH, Shape, table_source
from theory.bounds.table_bits import table_bits
from theory.claims import Finding
from theory.judging import judge_arms, judge_guarantee, judge_largest

__all__ = ["check_fitted_attention"]

FILL = 21
"""Most bits that fill up the three parts of a row of bytes."""


def check_fitted_attention(
    *,
    seed: int,
    shape: Shape,
    d: int,
    value_dims: tuple[int, int],
    efficiency: float,
    draws: int,
    delta: float,
    steps: int,
    bits: int = 1,
    width: int = 0,
    rounded: bool = False,
    forgotten: int = 0,
    declared: float = 1.0,
    repeated: int = 1,
) -> Finding:
    """Count the tables that attention of few bits stores whole, and those in a share of its bits.

    They are judged apart: a control that spends more bits than are allowed need not lose facts.

    Parameters
    ----------
    seed : of all draws.
    shape : of the tables.
    d, value_dims, steps, bits, width : as for :func:`assoc.bits.attention_fit.fit_attention`.
    efficiency : bits that a table takes over bits spent, at least.
    draws : tables.
    delta : chance of failing that is claimed, at most.
    rounded : whether a model is built of exact weights and rounded, instead.
    forgotten : facts that are left out of the fit.
    declared : share of its bits that a model owns up to.
    repeated : times that each table is counted.
    """
    needed = (
        repeated
        * table_bits(
            shape.subjects, shape.relations, shape.answers, shape.relations * shape.answers
        ).low
    )
    source = table_source(shape, seed, "fitted-attention")
    held, small, rows = 0, 0, []
    for draw in range(draws):
        task, Phi = shape.draw(d, source, draw)
        taught = replace(task, facts=task.facts[: len(task) - forgotten])
        rng = source.generator(draw, MEMORY)
        code: Any
        if rounded:
            code = encode(attention_only(taught, Phi, rng=rng), bits)
        else:
            code = fit_attention(
                taught, Phi, rng=rng, value_dims=value_dims, bits=bits, width=width, steps=steps
            ).code
        spent, row = round(declared * code.bits), 8 * len(code.data) - FILL
        whole = bool(certify(code.decode(Phi), task, length=LENGTH).certified.all())
        held += whole
        small += needed >= efficiency * max(spent, row)
        rows.append({
            "draw": draw, "spent": spent, "row": row, "needed": needed, "whole": int(whole),
            "stored per bit": whole * needed / spent, "understated": int(spent < row),
        })  # fmt: skip
    counted = {"S": shape.subjects, "R": shape.relations, "D": shape.answers, "d": d, "bits": bits,
               "trials": draws}  # fmt: skip
    return judge_arms({
        "whole": judge_guarantee(
            "probability that all is certified", [{**counted, "successes": held}], delta=delta
        ),
        "in few": judge_guarantee(
            "probability that the model is as small as claimed", [{**counted, "successes": small}],
            delta=delta,
        ),
        "stored": judge_largest(
            "bits stored per bit spent", rows, "stored per bit", tolerance=0.0, predicted=1.0,
            note=f"largest of {draws} efficiencies",
        ),
        "declared": judge_largest(
            "models that declare fewer bits than their bytes have", rows, "understated",
            tolerance=0.0, note="a row of bytes holds at most 21 bits more than are counted",
        ),
    })  # fmt: skip
