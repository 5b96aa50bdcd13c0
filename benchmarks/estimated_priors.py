"""Accuracy of stage two on the bundled digits with the known purities, and with estimated ones, in pairs.

    python benchmarks/estimated_priors.py results/estimated_priors.jsonl
    python benchmarks/estimated_priors.py results/estimated_priors.jsonl --table

The first appends one JSON line for each noise level and seed that the file does not have, so it can be stopped and
started again; the second prints the mean differences with their standard errors.
"""

from __future__ import annotations

import numpy as np

import nlgan_tf as nl
from lines import fill, lines_parser, read_lines
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.pipeline.prepare import prepare_task

LEVELS = ((0.85, 0.85), (0.7, 0.85), (0.6, 0.65))
SEEDS = 5


def measure(pi_p: float, pi_n: float, seed: int) -> dict:
    """Returns one line of the file, of two trainings that differ in the source of their purities."""
    task = prepare_task(nl.RunConfig(pi_p=pi_p, pi_n=pi_n, seed=seed))
    line: dict = {"pi": [pi_p, pi_n], "seed": seed}
    for name, priors in (("known", nl.NoisePriors(pi_p, pi_n)), ("estimated", "estimate")):
        trained = nl.train_two_stages(task.images, task.noisy_labels, priors, seed=seed)
        line[name] = accuracy(trained.classifier, task.test_images, task.test_labels)
    return {**line, "estimate": [trained.model.priors.pi_p, trained.model.priors.pi_n]}


def table(rows: list[dict]) -> str:
    """Returns Markdown: a line for each noise level and one for all."""
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
