"""How good the drawn sets of finished runs are, beside as many real images.

    python benchmarks/drawn_sets.py results/drawn_sets.jsonl RUN... --data-dir DIR
    python benchmarks/drawn_sets.py results/drawn_sets.jsonl RUN... --data-dir DIR --features EXTRACTOR.keras
    python benchmarks/drawn_sets.py results/drawn_sets.jsonl --table

The first two append one JSON line for each run folder whose name the file does not have, so each can be stopped and
started again; photographs need --features, a frozen extractor. Measured, of each generator:

- purity and the share of each class, by a judge that learned the whole clean training set of the task's source;
- density and coverage (Naeem et al. 2020, k = 5) and squared Fréchet distance (Heusel et al. 2017), on the judge's last
  hidden layer for grey images and on the extractor's vectors for photographs.

The reference is the source's training images of the generator's classes by their true labels, at most 5,000 a class: a
run's own training set may be a hundred images, too few for a covariance or for neighbourhoods, and a drawn set that is
like these alone would be memorised. As many test images of the same classes as drawn ones are compared with the same
reference: what real images that nobody trained on get.

Of the whole drawn set: near copies, the share of drawn images that lie closer to an image of the run's own training set
than 95% of the test images do; and from the run's metrics.json the test accuracy of the classifier of drawn images
alone, and how much the served classifier gains over that of the originals alone.

Judge and extractor are measuring instruments: nothing of either goes back into training.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np

from instruments import Instruments, few, instruments, real_images
from lines import fill, lines_parser, read_lines
from nlgan_tf.data.sources import CLASS_SOURCES, check_source
from nlgan_tf.data.sources.classes import parse_classes
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.likeness import measure_likeness
from nlgan_tf.evaluation.metrics import memorisation, purity_and_coverage
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.recipes import RECIPES
from nlgan_tf.reproduce.measure import commit, versions

GENERATORS = {1: "G_P", 0: "G_N"}
# Images of a generator, and as many real ones, that are compared with the reference.
COMPARED_IMAGES = 2000
# Columns of the table: measurements of each generator, beside which real images have theirs, and their formats.
OF_GENERATORS = {
    "purity": ("purity", ".3f"),
    "density": ("density", ".2f"),
    "coverage": ("coverage", ".2f"),
    "Fréchet distance": ("frechet", ".1f"),
}
# Columns of the table: measurements of the whole drawn set.
OF_SETS = {
    "share of each class": (lambda row: [*row["G_P"]["shares"].values(), *row["G_N"]["shares"].values()], ".2f"),
    "near copies": (lambda row: [row["memorisation"]["closer"]], ".3f"),
    "drawn alone": (lambda row: [row["accuracy_drawn"]], ".3f"),
    "originals alone": (lambda row: [row["accuracy_originals"]], ".3f"),
    "gain of both": (lambda row: [row["gain"]], "+.3f"),
}


def measure(run: FinishedRun, features: str | None) -> dict:
    """Returns the record of a run; see the top of this file."""
    start = time.perf_counter()
    config, drawn, rng = run.config, run.drawn, np.random.default_rng(0)
    source, pairing = check_source(config.task)
    is_grey = drawn.image_shape[-1] == 1
    if features is None and not is_grey:
        raise InputError(f"Expected --features FILE for photographs, got none for {run.run_dir}")
    tools = instruments(source, None if is_grey else features, config.data_dir)
    generators = {
        GENERATORS[label]: judged(tools, classes, drawn.images[drawn.labels == label])
        for label, classes in zip(GENERATORS, parse_classes(pairing, tools.class_names), strict=True)
    }
    copies = memorisation(
        run.task.images, *(few(rng, images, COMPARED_IMAGES) for images in (drawn.images, run.task.test_images))
    )
    return {
        "run": run.run_dir.name,
        **described(run),
        "judge_accuracy": tools.judge_accuracy,
        "features": "judge" if is_grey else Path(features).name,
        **generators,
        "memorisation": dataclasses.asdict(copies),
        **accuracies(run.metrics),
        "seconds": round(time.perf_counter() - start, 1),
        "versions": versions(),
        "commit": commit(),
    }


def judged(tools: Instruments, classes: list[int], images: np.ndarray) -> dict:
    """Returns what the images of one generator get, and what real ones get."""
    count = min(COMPARED_IMAGES, len(images), int(np.isin(tools.test[1], classes).sum()))
    real = real_images(tools, tuple(classes), count)
    purity, shares = purity_and_coverage(tools.judge, images, classes)
    likeness = measure_likeness(real.reference, tools.features(few(np.random.default_rng(0), images, count)))
    return {
        "shares": {tools.class_names[index]: share for index, share in shares.items()},
        "compared": count,
        "drawn": {"purity": purity, **dataclasses.asdict(likeness)},
        "real": {"purity": real.purity, **dataclasses.asdict(real.likeness)},
    }


def described(run: FinishedRun) -> dict:
    """Returns what was run: seeds of a row of means differ in "seed" alone."""
    config = run.config
    recipe = RECIPES[config.recipe]
    changes = {name: getattr(config, name) for name in ("features", "estimate_priors", "corrupt_first")}
    changes = {name: value for name, value in changes.items() if value}
    for stage in ("stage_one", "stage_two"):
        default = dataclasses.asdict(getattr(recipe, stage))
        settings = dataclasses.asdict(getattr(config, stage))
        changes |= {f"{stage}.{name}": value for name, value in settings.items() if value != default[name]}
    return {
        "task": config.task,
        "size": config.size,
        "pi": [config.pi_p, config.pi_n],
        "recipe": config.recipe,
        "changes": changes,
        "precision": run.metrics.get("precision", config.precision),
        "seed": config.seed,
    }


def accuracies(metrics: dict) -> dict:
    """Returns test accuracies of the drawn images alone, the originals alone and both, and what the drawn ones add.

    What they add is that of the classifier by itself, where others join it in what is served. Recipes whose classifier
    learns from drawn images alone have None for the originals and the gain.
    """
    originals, served = (metrics.get(f"accuracy_{name}") for name in ("originals", "served"))
    both = metrics.get("accuracy_classifier", served)
    return {
        "accuracy_drawn": metrics["accuracy_nlgan"],
        "accuracy_originals": originals,
        "accuracy_served": served,
        "gain": None if originals is None else both - originals,
    }


def table(rows: list[dict]) -> str:
    """Returns Markdown: of each set of runs that differ in their seed alone, real images, each run and the means.

    Numbers of the two generators, and shares of the classes in the order of the task's name, have a slash between them.
    Real images are those of the first run: a judge of another process differs in rounding.
    """
    titles = ["run", *OF_GENERATORS, *OF_SETS]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    for name, members in groups.items():
        lines.append(line(f"{name}: *real images*", members[:1], "real"))
        lines += [line(row["run"], [row], "drawn") for row in members]
        if len(members) > 1:
            lines.append(line(f"**mean ± std of {len(members)}**", members, "drawn"))
    return "\n".join(lines)


def group_of(row: dict) -> str:
    """Returns in words what runs of a row of means share."""
    size = "all images" if row["size"] is None else f"{row['size']} images"
    changes = [f"{name} {value}" for name, value in row["changes"].items()]
    pi_p, pi_n = row["pi"]
    return ", ".join([row["task"], size, f"pi ({pi_p}, {pi_n})", row["recipe"], row["precision"], *changes])


def line(name: str, rows: list[dict], side: str) -> str:
    """Returns a line of the table, of "drawn" or of "real" images."""
    cells = [
        cell([[row[generator][side][key] for generator in GENERATORS.values()] for row in rows], form)
        for key, form in OF_GENERATORS.values()
    ]
    for numbers, form in OF_SETS.values():
        cells.append(cell([numbers(row) for row in rows], form) if side == "drawn" else "")
    return f"| {name} | {' | '.join(cells)} |"


def cell(rows: list[list[float | None]], form: str) -> str:
    """Returns the numbers of a run, or mean and deviation of each over several runs; nothing where a run has none."""
    shown = []
    for values in zip(*rows, strict=True):
        if None in values:
            return ""
        spread = f" ± {np.std(values, ddof=1):{form.removeprefix('+')}}" if len(values) > 1 else ""
        shown.append(f"{np.mean(values):{form}}{spread}")
    return " / ".join(shown)


def finished(run_dir: Path, data_dir: str | None) -> FinishedRun:
    """Returns a finished run on one of the sources whose true labels are known; InputError for others."""
    run = FinishedRun(run_dir, data_dir)
    if check_source(run.config.task)[0] not in CLASS_SOURCES:
        raise InputError(f"Expected runs on {', '.join(CLASS_SOURCES)}; got {run_dir} on {run.config.task}")
    return run


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="*", help="folders of finished runs, each of another name")
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    parser.add_argument("--features", help="frozen Keras model of images in [0, 255], for photographs", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return
    try:
        runs = {run_dir.name: finished(run_dir, arguments.data_dir) for run_dir in arguments.runs}
        if len(runs) < len(arguments.runs):
            raise InputError("Expected folders of different names, got two of one name")
        cases = [(name,) for name in runs]
        fill(arguments.file, cases, lambda row: (row["run"],), lambda name: measure(runs[name], arguments.features))
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
