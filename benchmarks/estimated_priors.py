"""Accuracy of stage two on the bundled digits with the known purities, and with estimated ones, in pairs.

    python benchmarks/estimated_priors.py results/estimated_priors.jsonl
    python benchmarks/estimated_priors.py results/estimated_priors.jsonl --table

The first appends one JSON line for each noise level and seed that the file does not hold yet, so it can be stopped
and started again; the second prints the mean differences with their standard errors.
"""

from __future__ import annotations

import tempfile

import numpy as np

import nlgan_tf as nl
from lines import fill, lines_parser, read_lines

LEVELS = ((0.85, 0.85), (0.7, 0.85), (0.6, 0.65))
SEEDS = 5


def measure(pi_p: float, pi_n: float, seed: int) -> dict:
    """One line of the file: two runs that differ in where their purities come from."""
    line: dict = {"pi": [pi_p, pi_n], "seed": seed}
    for name, estimate in (("known", False), ("estimated", True)):
        with tempfile.TemporaryDirectory() as folder:
            priors = {"pi_p": pi_p, "pi_n": pi_n, "estimate_priors": estimate}
            config = nl.RunConfig(**priors, seed=seed, run_dir=folder, overwrite=True, compare=False)
            metrics = nl.run(config, verbose=0).metrics
        line[name] = metrics["accuracy_nlgan"]
    return {**line, "estimate": [metrics["pi_p_estimated"], metrics["pi_n_estimated"]]}


def table(rows: list[dict]) -> str:
    """Markdown: a line for each noise level and one for all."""
    lines = ["| pi | seeds | known | estimated | difference, points | standard error |", "|---|---|---|---|---|---|"]
    groups = {f"{pi_p:g}/{pi_n:g}": [row for row in rows if row["pi"] == [pi_p, pi_n]] for pi_p, pi_n in LEVELS}
    for title, members in {**groups, "all": rows}.items():
        known, estimated = (np.array([row[name] for row in members]) for name in ("known", "estimated"))
        difference = 100 * (estimated - known)
        error = difference.std(ddof=1) / len(members) ** 0.5
        lines.append(
            f"| {title} | {len(members)} | {known.mean():.3f} | {estimated.mean():.3f} "
            f"| {difference.mean():+.1f} | {error:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    arguments = lines_parser(__doc__).parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return
    cases = [(*level, seed) for seed in range(SEEDS) for level in LEVELS]
    fill(arguments.file, cases, lambda row: (*row["pi"], row["seed"]), measure)


if __name__ == "__main__":
    main()
