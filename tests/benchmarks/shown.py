"""The tables and the figure of docs/performance.md, from what was measured."""

from typing import Any

from matplotlib.figure import Figure


def achieved(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the first table: what, the other program, ours, their ratio and its target."""
    one, many, network = found["one_memory"], found["many_trials"], found["network"]
    facts = found["all_facts"]
    rate = one["operations"] / one["ours_whole"]
    memory = {name: side["peak"] - side["before"] for name, side in found["peaks"].items()}

    def faster(what: str, other: float, ours: float, target: float) -> dict[str, Any]:
        return row(what, _seconds(other), _seconds(ours), other / ours, target)

    def row(what: str, other: str, ours: str, ratio: float, target: float) -> dict[str, Any]:
        met = bool(ratio >= target)
        shown = {"what": what, "other": other, "ours": ours}
        return {**shown, "ratio": round(ratio, 2), "target": target, "met": met}

    rows = [
        faster("one memory, one thread", one["obvious"], one["ours"], 3),
        faster("the same, all recalled", one["obvious"], one["ours_whole"], 3),
        row(
            "sgemm rate, all recalled",
            f"{one['sgemm_rate'] / 1e9:.0f} Gflop/s",
            f"{rate / 1e9:.0f} Gflop/s",
            rate / one["sgemm_rate"],
            0.75,
        ),
        faster("two threads against one", one["ours"], one["ours_2"], 1.7),
        faster("the same, all recalled", one["ours_whole"], one["ours_whole_2"], 1.7),
        row(
            "peak memory, one memory",
            _bytes(memory["obvious"]),
            _bytes(memory["ours"]),
            memory["obvious"] / memory["ours"],
            10,
        ),
        faster("1000 trials, two threads", many["obvious"], many["ours_2"], 2.5),
        faster("gated network, one thread", network["direct"], network["ours"], 3),
        row(
            "peak memory, gated network",
            _bytes(memory["direct"]),
            _bytes(memory["network"]),
            memory["direct"] / memory["network"],
            4,
        ),
        row(
            "gated network, same verdicts",
            f"recall {network['recall_direct']:.4f}",
            f"recall {network['recall_ours']:.4f}",
            network["agreement"],
            1,
        ),
        faster("all facts, one thread, plain einsum", facts["plain"], facts["ours"], 10),
        faster("the same, einsum by BLAS", facts["blas"], facts["ours"], 10),
        faster("the same, two threads on both sides", facts["blas_2"], facts["ours_2"], 10),
        row(
            "all facts, same answers",
            f"recall {facts['recall_blas']:.4f}",
            f"recall {facts['recall_ours']:.4f}",
            facts["agreement"],
            1,
        ),
    ]
    large = found.get("large")
    if large:
        rows += [
            row(
                "large memory: time allowed",
                "300 s",
                _seconds(large["seconds"]),
                300 / large["seconds"],
                1,
            ),
            row(
                "large memory: memory allowed",
                "3 GB",
                _bytes(large["peak"]),
                3e9 / large["peak"],
                1,
            ),
        ]
    return rows


def beside(found: dict[str, Any]) -> list[dict[str, str]]:
    """Rows of the second table."""
    one, many, start = found["one_memory"], found["many_trials"], found["starting"]
    network, facts = found["network"], found["all_facts"]
    rows = {
        "the obvious on two threads": _seconds(one["obvious_2"]),
        "the obvious regrouped, on one thread": _seconds(one["regrouped"]),
        "1000 trials, ours on one thread": _seconds(many["ours"]),
        "the direct network on two threads": _seconds(network["direct_2"]),
        "the direct network, gates kept, on one thread": _seconds(network["kept"]),
        "the same, $h_2$ written out": _seconds(network["written_out"]),
        "gated network, ours on two threads": _seconds(network["ours_2"]),
        "all facts, weights in single precision, einsum by BLAS, one thread": _seconds(
            facts["blas_single"]
        ),
        "the same, ours (in double precision)": _seconds(facts["ours_single"]),
        "`python -c pass`": _seconds(start["python"]),
        "`import sims`": _seconds(start["sims"]),
        "`import sims` and the kernels, from the cache": _seconds(start["kernels"]),
        "the same the first time, compiling them": _seconds(start["kernels_compiled"]),
        "processor": found["setting"]["processor"],
        "versions": found["setting"]["versions"],
        "cores kept busy by other processes meanwhile": f"{found['others']:.2f}",
    }
    return [{"what": what, "value": value} for what, value in rows.items()]


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds > 10 else f"{seconds * 1e3:.0f} ms"


def _bytes(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count > 5e8 else f"{count / 1e6:.0f} MB"


def figure_of(found: dict[str, Any]) -> Figure:
    """What is achieved over its target, and what a small trial's time is spent on."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    rows = achieved(found)[::-1]
    shares = [row["ratio"] / row["target"] for row in rows]
    left.barh(range(len(rows)), shares, color="#0072B2")
    left.axvline(1, color="#D55E00", linewidth=2)
    left.set_yticks(range(len(rows)), [row["what"] for row in rows], fontsize=8)
    left.set_xlabel("achieved / target")
    left.set_xscale("log")
    left.minorticks_off()
    ticks = (0.5, 1, 2, 5, 10, 20)
    left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    left.set_xlim(0.5, 4 * max(shares))
    for place, (row, share) in enumerate(zip(rows, shares, strict=True)):
        text = f" {row['ratio']} of {row['target']}"
        left.text(max(share, 1), place, text, va="center", fontsize=8)
    colours = {"draws": "#56B4E9", "products": "#009E73", "verdicts": "#E69F00"}
    for place, parts in zip((0, 2), found["shares"].values(), strict=True):
        start = 0.0
        for part, time in parts.items():
            right.bar(place, time, bottom=start, color=colours[part])
            text = f"{part} {time:.0f}"
            right.text(place + 0.45, start + time / 2, text, va="center", fontsize=8)
            start += time
    right.set_xticks((0, 2), ["NumPy loop", "ours"])
    right.set_xlim(-0.7, 3.8)
    right.set_ylabel("microseconds of a trial, one thread")
    return figure
