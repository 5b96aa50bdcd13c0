"""What each part of recipe `modern` is worth: accuracy without it minus accuracy with all, on the same draws of labels.

    nlgan-tf reproduce table1 --recipe modern --task mnist:5,7-vs-2,4 --size 1000 --priors 0.6,0.65 --seeds 3 \\
        --method nlgan --method no-gan --method nlgan-no-averages --method nlgan-no-augmentation \\
        --method nlgan-no-adversary --method nlgan-no-refinement --method nlgan-no-witness --method nlgan-one-round \\
        --results results/ablation.jsonl
    python benchmarks/ablation.py results/ablation.jsonl

The first fills the file, and can be stopped and started again; the second prints a table. Below 0 the part pays.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from lines import read_lines

WHOLE = "nlgan"
# The classifier by itself, where others join it in what is served: what a classifier of fewer images compares with.
CLASSIFIER, OF_FEWER = "nlgan-classifier", ("nlgan-originals", "nlgan-drawn")
PARTS = {
    CLASSIFIER: "those who join the classifier",
    "nlgan-originals": "drawn images",
    "nlgan-drawn": "originals",
    "no-gan": "stage one and the posterior: noisy labels, forward correction",
    "nlgan-no-witness": "other judges than D",
    "nlgan-one-round": "the second round",
    "nlgan-no-refinement": "the refinement of the generators",
    "nlgan-no-adversary": "the adversarial term (beta = 0)",
    "nlgan-no-augmentation": "augmentation",
    "nlgan-no-averages": "averages of D's and the generators' weights",
}


def differences(rows: list[dict]) -> dict[tuple, dict[str, np.ndarray]]:
    """Returns the accuracies of each method less that of the whole on the same labels, by (task, size, pi_p, pi_n)."""
    by_draw: dict[tuple, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["recipe"] == "modern":
            by_draw[row["task"], row["size"], row["pi_p"], row["pi_n"], row["seed"]][row["method"]] = row["accuracy"]
    found: dict[tuple, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (*cell, _), accuracies in sorted(by_draw.items()):
        if WHOLE not in accuracies:
            continue
        for method in PARTS.keys() & accuracies.keys():
            whole = CLASSIFIER if method in OF_FEWER and CLASSIFIER in accuracies else WHOLE
            found[tuple(cell)][method].append(accuracies[method] - accuracies[whole])
    return {cell: {method: np.array(values) for method, values in its.items()} for cell, its in found.items()}


def table(rows: list[dict]) -> str:
    """Returns Markdown: a line for each part that was left out, mean difference ± standard error (number of draws)."""
    found = differences(rows)
    names = [f"{task}, {size}, ({pi_p:g}, {pi_n:g})" for task, size, pi_p, pi_n in found]
    lines = [f"| without | {' | '.join(names)} |", "|---" * (len(found) + 1) + "|"]
    for method, title in PARTS.items():
        if any(method in its for its in found.values()):
            lines.append(f"| {title} | {' | '.join(_cell(its.get(method)) for its in found.values())} |")
    return "\n".join(lines)


def _cell(values: np.ndarray | None) -> str:
    if values is None:
        return ""
    error = f" ± {values.std(ddof=1) / len(values) ** 0.5:.3f}" if len(values) > 1 else ""
    return f"{values.mean():+.3f}{error} ({len(values)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="records of `nlgan-tf reproduce table1`")
    print(table(read_lines(parser.parse_args().file)))


if __name__ == "__main__":
    main()
