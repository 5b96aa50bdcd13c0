"""One combination of the grid, from its data to its record for the results file."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.metadata
import json
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import nlgan_tf
from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import DRAWN
from nlgan_tf.data.sources import CLASS_SOURCES, check_source, load_classes, load_task
from nlgan_tf.data.sources.classes import parse_classes
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines import build_baseline
from nlgan_tf.evaluation.metrics import accuracy, class_accuracy, purity_and_coverage, train_judge
from nlgan_tf.files import read_json, write_text
from nlgan_tf.models import load_extractor
from nlgan_tf.networks.extractor import FrozenFeatures
from nlgan_tf.pipeline import run as pipeline
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.folder import CONFIG
from nlgan_tf.pipeline.prepare import noisy_task
from nlgan_tf.reproduce.conditional_gan import ANCESTORS
from nlgan_tf.reproduce.grid import Combination, Options, run_config
from nlgan_tf.reproduce.methods import METHODS
from nlgan_tf.training.fit import NonFiniteError
from nlgan_tf.two_stages import stage_one_batches, train_stage_two
from nlgan_tf.two_stages.stage_two import UNFILTERED

VERSIONED = ("tensorflow", "keras", "numpy", "scikit-learn", "cleanlab", "scikit-image")
# Versions and commit of what finished a kept run, in the run's folder.
MADE_BY = "made_by.json"
# Parts of NL-GAN, by their names in the grid, and their names in metrics.json, where a run has them.
PARTS = {
    "nlgan-classifier": "accuracy_classifier",
    "nlgan-drawn": "accuracy_nlgan",
    "nlgan-originals": "accuracy_originals",
    "nlgan-d": "accuracy_discriminator",
}
# Images and labels that generators drew.
Drawn = tuple[np.ndarray, np.ndarray]


@freed_graphs()
def measure(combination: Combination, options: Options) -> dict:
    """Trains and tests one combination.

    Args:
        combination: Combination to train; its method is a variant of NL-GAN, one of `ANCESTORS`, or one of
            `evaluation.baselines.BASELINES`.
        options: Settings of the whole grid.

    Returns:
        The record for the results file, with `results.KEYS`; for a method with generators also the judge's
        measurements of drawn images (`results.JUDGED`). NL-GAN adds "accuracy_discriminator", or, where stage two
        learns from originals, "parts": accuracies by the methods that are its parts, see `results.split_parts`.

    Raises:
        InputError: For a combination that its data do not allow, or a kept run with other settings.
        NonFiniteError: If training diverged.
    """
    method = METHODS[combination.method]
    if method.fits:
        # Its layers have the names that they would have in a process of their own.
        keras.backend.clear_session()
    # Now: a commit may be made while a long training runs.
    made_by = {"versions": versions(), "commit": commit()}
    config = run_config(combination, options)
    # Before the clock starts, as the task stays for the next combination.
    task = noisy_task(_whole_task(config.task, config.data_dir), config)
    start = time.perf_counter()
    drawn = None
    if method.changes is not None:
        found, drawn = _nlgan(combination, config, options.keep, made_by)
    elif combination.method in ANCESTORS:
        found, drawn = _ancestor(combination.method, config, task)
    else:
        found = _baseline(combination.method, config, task)
    features = {} if config.features is None else {"features": Path(config.features).name}
    seconds = found.pop("seconds", time.perf_counter() - start)
    return {
        **dataclasses.asdict(combination),
        "accuracy": found.pop("accuracy"),
        "seconds": round(seconds, 1),
        "epochs": found.pop("epochs"),
        **made_by,
        **features,
        **found,
        **(_judged(*drawn, config) if drawn else {}),
    }


def _baseline(method: str, config: RunConfig, task: ImageTask) -> dict:
    features = None if config.features is None else _frozen_features(config.features, task.image_shape)
    baseline = build_baseline(method, config.priors, config.stage_two, config.seed, features)
    # On matrices as small as these, threads of scikit-learn's libraries wait for each other, five times as long.
    with threadpool_limits(1):
        predicted = baseline.fit(task.images, task.noisy_labels).predict(task.test_images)
    epochs = config.stage_two.epochs if METHODS[method].fits else None
    return {"accuracy": float(np.mean(predicted == task.test_labels)), "epochs": epochs}


def _ancestor(method: str, config: RunConfig, task: ImageTask) -> tuple[dict, Drawn]:
    # The ancestors have no D that knows the classes, by which images could be filtered.
    one, two = config.stage_one, dataclasses.replace(config.stage_two, **UNFILTERED)
    model = ANCESTORS[method](task.image_shape, one, config.seed)
    batches = stage_one_batches(task.images, task.noisy_labels, one, config.seed)
    history = model.fit(
        batches, epochs=one.epochs, shuffle=False, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()]
    ).history
    if not np.isfinite(history["loss"]).all():
        raise NonFiniteError(f"{method} diverged in epoch {len(history['loss'])}: its images would mean nothing")
    drawn, classifier = train_stage_two(model, two, config.seed)
    return {"accuracy": accuracy(classifier, task.test_images, task.test_labels), "epochs": one.epochs}, drawn


def _nlgan(combination: Combination, config: RunConfig, keep: str | None, made_by: dict) -> tuple[dict, Drawn]:
    """Both stages as a run, which may have been finished much earlier, by other versions."""
    method = METHODS[combination.method]
    stage_one = dataclasses.replace(config.stage_one, **method.changes)
    stage_two = dataclasses.replace(config.stage_two, **method.stage_two)
    with tempfile.TemporaryDirectory() as scratch:
        run_dir = Path(keep or scratch) / combination.slug
        _run(dataclasses.replace(config, stage_one=stage_one, stage_two=stage_two, compare=False), run_dir)
        run = FinishedRun(run_dir)
        drawn, timings, metrics = run.drawn, run.timings, run.metrics
        if not (run_dir / MADE_BY).exists():
            write_text(run_dir / MADE_BY, json.dumps(made_by, indent=2) + "\n")
        made_by = read_json(run_dir / MADE_BY)
    found = {
        **made_by,
        "accuracy": metrics["accuracy_served"],
        "epochs": stage_one.epochs,
        # The clock of `measure` began at the last start; of an earlier start the phases that it finished count.
        "seconds": sum(timings.values()),
    }
    if combination.method == "nlgan" and config.stage_two.learns_from != DRAWN:
        found["parts"] = {part: metrics[name] for part, name in PARTS.items() if name in metrics}
    else:
        found["accuracy_discriminator"] = metrics["accuracy_discriminator"]
    return found, (drawn.images, drawn.labels)


def _run(config: RunConfig, run_dir: Path) -> None:
    """Runs both stages, or continues a run that a killed process left."""
    if not (run_dir / CONFIG).is_file():
        pipeline.run(dataclasses.replace(config, run_dir=str(run_dir), overwrite=True), verbose=0)
        return
    begun = RunConfig.of_run((run_dir / CONFIG).read_text(encoding="utf-8"))
    asked, found = (one.settings(without=("compare",)) for one in (config, begun))
    unlike = [name for name in asked if found.get(name) != asked[name]]
    if unlike:
        raise InputError(f"Expected the kept run {run_dir} with the same {unlike[0]}, got another: --keep elsewhere")
    pipeline.resume(run_dir, verbose=0)


def _judged(images: np.ndarray, labels: np.ndarray, config: RunConfig) -> dict:
    """Returns the label purity of both generators, and the share of each class in its generator's images."""
    source, pairing = check_source(config.task)
    if source not in CLASS_SOURCES:
        return {}
    judge, class_names, judge_accuracy = _judge(source, config.data_dir)
    record: dict = {"judge_accuracy": judge_accuracy, "coverage": {}}
    for label, name, classes in zip((1, 0), ("purity_p", "purity_n"), parse_classes(pairing, class_names), strict=True):
        record[name], coverage = purity_and_coverage(judge, images[labels == label], classes)
        record["coverage"].update({class_names[index]: share for index, share in coverage.items()})
    return record


@functools.lru_cache(maxsize=1)
def _judge(source: str, data_dir: str | None) -> tuple[keras.Model, tuple[str, ...], float]:
    """Returns a classifier of all classes of a source, the names of the classes, and the classifier's accuracy."""
    class_names, train, test = load_classes(source, data_dir)
    judge = train_judge(*train)
    return judge, class_names, class_accuracy(judge, *test)


@functools.lru_cache(maxsize=2)
def _frozen_features(features: str, image_shape: tuple[int, int, int]) -> FrozenFeatures:
    """Returns frozen features, whose vectors serve all combinations of a task."""
    return FrozenFeatures(load_extractor(features), image_shape, features)


@functools.lru_cache(maxsize=4)
def _whole_task(spec: str, data_dir: str | None) -> ImageTask:
    """Reads a task once: a data set takes longer to read than the cheap methods to run."""
    return load_task(spec, data_dir=data_dir)


@functools.cache
def versions() -> dict[str, str]:
    """Returns the versions of this package and of what its numbers depend on."""
    found = {"nlgan_tf": nlgan_tf.__version__, "python": platform.python_version()}
    for name in VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@functools.cache
def commit() -> str | None:
    """Returns the commit of the package's source, with "+" if files were changed since; None outside its repository."""
    source = Path(nlgan_tf.__file__)
    git = ["git", "-C", str(source.parent)]
    try:
        # The package may be installed within another repository.
        subprocess.run([*git, "ls-files", "--error-unmatch", source.name], capture_output=True, check=True)
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain", "."], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changed.stdout else "")
