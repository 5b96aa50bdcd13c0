"""Which objective follows clean test accuracy: rank correlations over random configurations of stage one.

    python benchmarks/tuning_objectives.py results/tuning_objectives.jsonl
    python benchmarks/tuning_objectives.py results/tuning_objectives.jsonl --table

The first appends one JSON line for each configuration that the file does not have, so it can be stopped and started
again; the second prints the tables of the file. Bundled digits at pi (.6,.65), development classes; each of three draws
of wrong labels, split and weights has its own configurations, as a user searches within one draw. Test labels judge the
objectives here; no search sees test labels.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from pathlib import Path

import keras_tuner
import numpy as np
from scipy.stats import spearmanr

import nlgan_tf as nl
from lines import append_line, lines_parser, read_lines, writable
from nlgan_tf.compat.keras import keras
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.figures.save import save
from nlgan_tf.recipes import RECIPES
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.objectives import OBJECTIVES, corrected_accuracy, noisy_likelihood
from nlgan_tf.tuning.plane import alpha_beta_plane
from nlgan_tf.tuning.trials import TrialRow
from nlgan_tf.two_stages import train_stage_one, train_stage_two

TASK, PRIORS = "digits:0,3-vs-6,8", nl.NoisePriors(0.6, 0.65)
DRAWS, CONFIGURATIONS = 3, 30
EVERYTHING = (
    *("alpha", "beta", "d_learning_rate", "g_learning_rate", "dropout"),
    *("translation", "loss", "spectral_layers", "latent"),
)
# Reduced, so that a configuration takes less than a minute on one core.
STAGE_ONE = dataclasses.replace(
    RECIPES["modern"].stage_one, width=0.25, epochs=5, batch_size=64, samples_per_epoch=5120
)
STAGE_TWO = dataclasses.replace(RECIPES["modern"].stage_two, width=0.25, epochs=3, samples_per_epoch=5120)
# Beside the objectives of a search: accuracy on all noisy labels, and measurements of D itself.
OTHERS = ("corrected_accuracy_all", "d_corrected_accuracy", "d_noisy_likelihood")


@functools.cache
def hypermodel(draw: int, everything: bool) -> NLGANHyperModel:
    """Returns the hypermodel of one draw of wrong labels; `everything` searches more than alpha and beta."""
    task = nl.load_task(TASK)
    noisy = nl.corrupt_labels(task.labels, PRIORS, draw)
    tune = EVERYTHING if everything else ("alpha", "beta")
    return NLGANHyperModel(
        task, noisy, PRIORS, tune, stage_one=STAGE_ONE, stage_two=STAGE_TWO, objective="agreement", seed=draw
    )


def measure(number: int) -> dict:
    """Returns one line of the file."""
    start = time.perf_counter()
    hyper = hypermodel(number % DRAWS, everything=number % 2 == 1)
    hp = keras_tuner.HyperParameters()
    hyper.build(hp)
    hp.values = {item.name: item.random_sample(1000 * number + index) for index, item in enumerate(hp.space)}
    keras.backend.clear_session()
    model = hyper.build(hp)
    train_stage_one(model, *hyper.training, hyper.space.stage_one(hp), hyper.seed)
    _, classifier = train_stage_two(model, hyper.stage_two, hyper.seed)
    test = hyper.task.test_images, hyper.task.test_labels
    held_out, noisy = hyper.validation
    d_held_out = model.predict(held_out, verbose=0)
    images, all_noisy = (np.concatenate(parts) for parts in zip(hyper.training, hyper.validation, strict=True))
    logits = predict_logits(classifier, images)[:, 0]
    return {
        "number": number,
        "draw": number % DRAWS,
        "values": hp.values,
        "test_accuracy": accuracy(classifier, *test),
        "test_accuracy_d": float(np.mean((model.predict(test[0], verbose=0) > 0.5) == (test[1] == 1))),
        **hyper.measures(model, classifier),
        "d_corrected_accuracy": corrected_accuracy(d_held_out > 0.5, noisy, PRIORS),
        "d_noisy_likelihood": noisy_likelihood(d_held_out, noisy, PRIORS),
        "corrected_accuracy_all": corrected_accuracy(logits > 0, all_noisy, PRIORS),
        "clean_accuracy": held_out_accuracy(hyper, classifier),
        "seconds": round(time.perf_counter() - start, 1),
    }


def held_out_accuracy(hyper: NLGANHyperModel, classifier: keras.Model) -> float:
    """Returns the accuracy on the true labels of the held-out images, as an owner of true labels would compute it."""
    order = {image.tobytes(): label for image, label in zip(hyper.task.images, hyper.task.labels, strict=True)}
    images = hyper.validation[0]
    return accuracy(classifier, images, np.array([order[image.tobytes()] for image in images]))


def table(rows: list[dict]) -> str:
    """Returns Markdown: each objective's rank correlation with clean test accuracy, and the accuracy of its choices."""
    lines = [
        "| objective | mean within a draw | draw 0 | draw 1 | draw 2 | pooled | test accuracy of its choices |",
        "|---|---|---|---|---|---|---|",
    ]
    draws = [[row for row in rows if row["draw"] == draw] for draw in range(DRAWS)]
    for name in (*OBJECTIVES, *OTHERS):
        within = [correlation(members, name) for members in draws]
        chosen = np.mean([max(members, key=lambda row: row[name])["test_accuracy"] for members in draws])
        numbers = [np.mean(within), *within, correlation(rows, name), chosen]
        lines.append(f"| {name} | " + " | ".join(f"{number:.3f}" for number in numbers) + " |")
    accuracies = [row["test_accuracy"] for row in rows]
    best = np.mean([max(row["test_accuracy"] for row in members) for members in draws])
    spread = f"{np.mean(accuracies):.3f} ± {np.std(accuracies, ddof=1):.3f}"
    note = f"{len(rows)} configurations: test accuracy {spread}; the best of each draw, on average, {best:.3f}."
    return "\n".join([*lines, "", note])


def plane_table(rows: list[dict]) -> str:
    """Returns Markdown: the configurations in which alpha and beta alone vary, by their ratio."""
    lines = [
        "| alpha | beta | ratio | draw | noisy_likelihood_all | test accuracy | D's |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: row["values"]["alpha"] / row["values"]["beta"]):
        alpha, beta = row["values"]["alpha"], row["values"]["beta"]
        ends = f"{row['noisy_likelihood_all']:.3f} | {row['test_accuracy']:.3f} | {row['test_accuracy_d']:.3f}"
        lines.append(f"| {alpha:.3g} | {beta:.2g} | {alpha / beta:.1f} | {row['draw']} | {ends} |")
    return "\n".join(lines)


def write_figure(rows: list[dict], path: Path) -> None:
    """Writes their plane as a PNG."""
    name = "noisy_likelihood_all"
    trials = [TrialRow(str(row["number"]), row["values"], row[name], {}, None, None) for row in rows]
    save(alpha_beta_plane(trials, name), path)


def correlation(rows: list[dict], name: str) -> float:
    """Returns Spearman's correlation of an objective and clean test accuracy."""
    return float(spearmanr([row[name] for row in rows], [row["test_accuracy"] for row in rows]).statistic)


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("--plane", type=writable, help="with --table: PNG of the alpha/beta plane to write")
    arguments = parser.parse_args()
    rows = read_lines(arguments.file)
    if arguments.table:
        plane = [row for row in rows if row["values"].keys() == {"alpha", "beta"}]
        print(table(rows), plane_table(plane), sep="\n\n")
        if arguments.plane:
            write_figure(plane, arguments.plane)
        return
    done = {row["number"] for row in rows}
    for number in range(CONFIGURATIONS):
        if number not in done:
            row = measure(number)
            append_line(arguments.file, row)
            print(number, f"{row['test_accuracy']:.3f}", row["seconds"], flush=True)


if __name__ == "__main__":
    main()
