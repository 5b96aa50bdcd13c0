"""A RunConfig -> both stages -> a run folder."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

import nlgan_tf
from nlgan_tf.classification import train_classifier
from nlgan_tf.config import RunConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.noise import corrupt_labels, realised_priors
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.export import export_classifier, export_generator
from nlgan_tf.files import whole_file, whole_folder, write_text
from nlgan_tf.gan.hallucinate import write_clean_dataset
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.recipes import build_nlgan
from nlgan_tf.samples import write_samples
from nlgan_tf.stack import keras

# Either shows that a folder is a run's, or several seeds'.
RUN_MARKERS = ("config.json", "summary.json")


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, and its metrics as metrics.json holds them."""

    run_dir: Path
    metrics: dict


def run(config: RunConfig, verbose: int = 1, compare: bool = True) -> RunResult:
    """Runs both stages and writes the run folder.

    The folder holds config.json, metrics.json, timings.json, history.csv, samples.png, clean_dataset.npz with
    its manifest, checkpoints/ and saved_models/<model>/1/. It appears when all of it is there.

    Args:
        config: the run.
        verbose: as in `keras.Model.fit`; 0 prints nothing.
        compare: whether to train the classifier on noisy and on true labels too, for comparison.

    Raises:
        ValueError: for input that is not accepted.
        OSError: if the folder exists or cannot be written.
    """
    run_dir = _checked_run_dir(config)
    with whole_folder(run_dir) as folder, _disk_errors():
        metrics = _Run(config, folder, verbose, compare).finish()
    return RunResult(run_dir, metrics)


def run_seeds(config: RunConfig, count: int, verbose: int = 1) -> list[RunResult]:
    """Runs `count` seeds from `config.seed` on, each in a folder seed-K of the run folder.

    Raises:
        ValueError: for a count below 1, and as `run`.
    """
    if count < 1:
        raise ValueError(f"seeds={count} is out of range: accepted are 1 and more")
    run_dir = _checked_run_dir(config)
    results = []
    with whole_folder(run_dir) as folder:
        for seed in range(config.seed, config.seed + count):
            name = f"seed-{seed}"
            result = run(dataclasses.replace(config, seed=seed, run_dir=str(folder / name)), verbose)
            results.append(RunResult(run_dir / name, result.metrics))
        summary = {name: {"mean": mean, "std": std} for name, (mean, std) in summarise(results).items()}
        write_text(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    return results


def summarise(results: list[RunResult]) -> dict[str, tuple[float, float]]:
    """Mean and (sample) standard deviation over runs of each accuracy that all of them have."""
    names = [name for name in results[0].metrics if name.startswith("accuracy_")]
    table = {name: [result.metrics[name] for result in results] for name in names}
    spread = {name: np.std(values, ddof=1) if len(values) > 1 else 0.0 for name, values in table.items()}
    return {name: (float(np.mean(values)), float(spread[name])) for name, values in table.items()}


class _Run:
    """The phases of one run, in their order; each reads what those before it left."""

    def __init__(self, config: RunConfig, run_dir: Path, verbose: int, compare: bool) -> None:
        self.config, self.run_dir, self.verbose, self.compare = config, run_dir, verbose, compare
        self.timings: dict[str, float] = {}

    def finish(self) -> dict:
        # Without its folder, so that the file runs again as it stands.
        portable = dataclasses.replace(self.config, run_dir=None, overwrite=False)
        write_text(self.run_dir / "config.json", portable.to_json())
        with self._phase("data", f"Reading {self.config.task}"):
            task = prepare_task(self.config)
        self._say(self._describe(task))
        with self._phase("stage_one", "Stage one: training D, G_P and G_N on the noisy labels"):
            model = self._train_gan(task)
        with self._phase("hallucination", f"Drawing {self.config.stage_two.num_images} clean images"):
            drawn = self._hallucinate(model, task)
        with self._phase("stage_two", "Stage two: training the classifier on the drawn images"):
            classifier = self._train_classifier(drawn)
        with self._phase("export", "Writing SavedModels"):
            self._export(model, classifier, task)
        metrics = {"settings": self._settings()}
        if task.labels is not None:
            metrics["pi_p_realised"], metrics["pi_n_realised"] = realised_priors(task.labels, task.noisy_labels)
        if task.test_images is not None:
            metrics = {**self._accuracies(task, model, classifier), **metrics}
        write_text(self.run_dir / "timings.json", json.dumps(self.timings, indent=2) + "\n")
        write_text(self.run_dir / "metrics.json", json.dumps(metrics, indent=2) + "\n")
        return metrics

    def _train_gan(self, task: ImageTask) -> NLGAN:
        stage = self.config.stage_one
        model = build_nlgan(task.image_shape, self.config.priors, stage, self.config.seed)
        _check_space(self.run_dir, model, self.config.stage_two.num_images)
        dataset = noisy_dataset(
            task.images, task.noisy_labels, stage.batch_size, stage.samples_per_epoch, self.config.seed
        )
        history = keras.callbacks.CSVLogger(str(self.run_dir / "history.csv"))
        model.fit(dataset, epochs=stage.epochs, callbacks=[history], verbose=self.verbose)
        self._save(model, "nlgan.keras")
        return model

    def _hallucinate(self, model: NLGAN, task: ImageTask) -> tuple[np.ndarray, np.ndarray]:
        images, labels = model.hallucinate(self.config.stage_two.num_images, self.config.seed)
        source = {"seed": self.config.seed, "nlgan_tf": nlgan_tf.__version__, "settings": self._settings()}
        write_clean_dataset(self.run_dir, images, labels, task.class_names, source)
        noisy = task.noisy_labels
        grids = {
            f"noisy {task.class_names[1]}": task.images[noisy == 1],
            f"noisy {task.class_names[0]}": task.images[noisy == 0],
            f"drawn {task.class_names[1]}": images[labels == 1],
            f"drawn {task.class_names[0]}": images[labels == 0],
        }
        write_samples(self.run_dir / "samples.png", grids)
        return images, labels

    def _train_classifier(self, drawn: tuple[np.ndarray, np.ndarray]) -> keras.Model:
        classifier = train_classifier(*drawn, self.config.stage_two, self.config.seed, self.verbose)
        self._save(classifier, "classifier.keras")
        return classifier

    def _export(self, model: NLGAN, classifier: keras.Model, task: ImageTask) -> None:
        base = self.run_dir / "saved_models"
        export_generator(model.positive_generator, base, "positive_generator")
        export_generator(model.negative_generator, base, "negative_generator")
        export_classifier(classifier, base, task.class_names)

    def _accuracies(self, task: ImageTask, model: NLGAN, classifier: keras.Model) -> dict[str, float]:
        """On clean test labels, of classifiers that differ in their training labels alone, and of D."""
        probability = model.predict(task.test_images, batch_size=500, verbose=0)
        accuracies = {
            "accuracy_nlgan": accuracy(classifier, task.test_images, task.test_labels),
            "accuracy_discriminator": float(np.mean((probability > 0.5) == (task.test_labels == 1))),
        }
        if self.compare:
            with self._phase("baselines", "For comparison: the same classifier on noisy and on true labels"):
                accuracies["accuracy_noisy"] = self._accuracy_on(task, task.noisy_labels)
                if task.labels is not None:
                    accuracies["accuracy_clean"] = self._accuracy_on(task, task.labels)
        return accuracies

    def _accuracy_on(self, task: ImageTask, labels: np.ndarray) -> float:
        """Of the classifier trained on the task's own images with these labels."""
        classifier = train_classifier(task.images, labels, self.config.stage_two, self.config.seed, self.verbose)
        return accuracy(classifier, task.test_images, task.test_labels)

    def _save(self, model: keras.Model, name: str) -> None:
        folder = self.run_dir / "checkpoints"
        folder.mkdir(exist_ok=True)
        with whole_file(folder / name) as temporary:
            model.save(temporary)

    def _settings(self) -> dict:
        """The configuration less where it reads and writes, so that equal runs give equal bytes."""
        settings = dataclasses.asdict(self.config)
        return {name: value for name, value in settings.items() if name not in ("run_dir", "data_dir", "overwrite")}

    def _describe(self, task: ImageTask) -> str:
        positives = int(task.noisy_labels.sum())
        wrong = ""
        if task.labels is not None:
            count = int(np.sum(task.labels != task.noisy_labels))
            pi_p, pi_n = realised_priors(task.labels, task.noisy_labels)
            wrong = f", {count} of them wrong (pi_p {pi_p:.3f}, pi_n {pi_n:.3f} realised)"
        return (
            f"{len(task.images)} images of {'x'.join(map(str, task.image_shape))}; "
            f"labels: {positives} {task.class_names[1]}, {len(task.images) - positives} {task.class_names[0]}{wrong}"
        )

    @contextlib.contextmanager
    def _phase(self, name: str, message: str) -> Iterator[None]:
        self._say(message)
        start = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - start, 3)

    def _say(self, message: str) -> None:
        if self.verbose:
            print(message, flush=True)


def prepare_task(config: RunConfig) -> ImageTask:
    """The task of a run with its noisy labels: the source's own, or its true labels corrupted."""
    return noisy_task(load_task(config.task, data_dir=config.data_dir, seed=config.seed), config)


def noisy_task(task: ImageTask, config: RunConfig) -> ImageTask:
    """A whole task, reduced to the run's size and with its noisy labels."""
    if not config.corrupt_first:
        task = task.reduced(config.size)
    if task.noisy_labels is None:
        task = task.with_noisy_labels(corrupt_labels(task.labels, config.priors, config.seed))
    return task.reduced(config.size)


def _checked_run_dir(config: RunConfig) -> Path:
    """The folder to write: absolute, and free, or a run's that may be replaced."""
    if config.run_dir is None:
        return _next_free_folder(config).absolute()
    run_dir = Path(config.run_dir).expanduser().absolute()
    if not run_dir.exists():
        return run_dir
    if not config.overwrite:
        raise FileExistsError(f"folder {run_dir} exists: give another one, or --overwrite to replace it")
    if not run_dir.is_dir() or (any(run_dir.iterdir()) and not any((run_dir / name).exists() for name in RUN_MARKERS)):
        raise FileExistsError(f"{run_dir} is no run folder, and is not replaced: give another one")
    return run_dir


def _next_free_folder(config: RunConfig) -> Path:
    source, _, rest = config.task.partition(":")
    slug = re.sub(r"[^\w.-]+", "_", Path(rest).stem if source == "npz" else config.task)
    number = 1
    while (folder := Path("runs") / f"{slug}-{number}").exists():
        number += 1
    return folder


def _check_space(run_dir: Path, model: NLGAN, num_images: int) -> None:
    """Refuses before training what would fail after it."""
    # Float32 weights with Adam's two slots in checkpoints/, once more in saved_models/, and raw images; the
    # classifier is no larger than D.
    weights = model.count_params() + model.discriminator.count_params()
    needed = 4 * weights * 4 + num_images * int(np.prod(model.discriminator.input_shape[1:]))
    free = shutil.disk_usage(run_dir).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"{run_dir.parent} has {free / 1e6:.0f} MB free, and this run needs up to {needed / 1e6:.0f} MB",
        )


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """TensorFlow reports a full disk as its own kind of error; callers expect OSError."""
    try:
        yield
    except tf.errors.OpError as error:
        if "No space left" not in str(error):
            raise
        raise OSError(errno.ENOSPC, "no space left on the disk") from error
