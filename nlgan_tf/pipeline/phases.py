"""The phases of one run, from images and noisy labels to SavedModels: each is done once, whatever interrupts them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

import nlgan_tf
from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, realised_priors
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.export.version import publish_versions
from nlgan_tf.figures.samples import noisy_and_drawn, sample_grids
from nlgan_tf.figures.save import save
from nlgan_tf.files import delete_leftovers, digest, empty, locked, read_json, whole_file, whole_folder, write_text
from nlgan_tf.models import build_nlgan, describe_size, load_model
from nlgan_tf.networks.classifier import of_plain_layers
from nlgan_tf.noise_rates.callback import PRIORS, EstimatePriors, describe
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline.clean_dataset import write_clean_dataset
from nlgan_tf.pipeline.config import DEVICES, RunConfig
from nlgan_tf.pipeline.export_run import run_servables, run_source, write_run_manifest
from nlgan_tf.pipeline.failures import check_space, python_errors
from nlgan_tf.pipeline.folder import (
    CHECKPOINTS,
    CLASSIFIER_FILE,
    DATASET,
    DATASET_MANIFEST,
    HISTORY,
    NLGAN_FILE,
    SAMPLES,
    SAVED_MODELS,
)
from nlgan_tf.pipeline.prepare import describe_priors, describe_task, prepare_task, training_priors
from nlgan_tf.stage_two import train_classifier
from nlgan_tf.training.distribution import Processes
from nlgan_tf.training.fit import Survival
from nlgan_tf.training.signals import StopSignals, advised
from nlgan_tf.two_stages import train_stage_one


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, and its metrics as metrics.json holds them (empty on machines but the chief)."""

    run_dir: Path
    metrics: dict


class PhasedRun:
    """The phases of one run, in their order; each reads what those before it left in the folder."""

    def __init__(
        self,
        config: RunConfig,
        run_dir: Path,
        strategy: tf.distribute.Strategy,
        verbose: int,
    ) -> None:
        self.config, self.run_dir, self.strategy, self.verbose = config, run_dir, strategy, verbose
        self.processes = Processes(strategy)
        if self.processes.several and LEGACY:
            raise InputError("several machines on TF 2.15, whose chief cannot save alone: accepted is TF 2.21 or later")

    def start(self) -> RunResult:
        """Runs in a folder that is claimed, and replaces what the folder holds."""
        return self._guarded(self._begin)

    def resume(self) -> RunResult:
        """Goes on with what the folder holds."""
        return self._guarded(self._prepare)

    def _guarded(self, prepare: Callable[[], None]) -> RunResult:
        """The whole run, with the folder locked, signals heard and TensorFlow's errors as Python's."""
        lock = locked(self.run_dir) if self.processes.chief else contextlib.nullcontext()
        advice = advised(f"continue by: nlgan-tf run --resume {shlex.quote(str(self.run_dir))}")
        with advice, lock, python_errors(self.run_dir, self.processes), StopSignals() as self.signals:
            prepare()
            return RunResult(self.run_dir, self._finish())

    def _begin(self) -> None:
        """Checks all that can be checked before anything is written, and before an old run is replaced."""
        self._prepare()
        check_space(self.run_dir, self.model, self.config)
        empty(self.run_dir)
        # Without its folder, so that the file runs again as it stands.
        portable = dataclasses.replace(self.config, run_dir=None, overwrite=False)
        write_text(self.run_dir / run_folder.CONFIG, portable.to_json())

    def _prepare(self) -> None:
        start = time.perf_counter()
        self._say(f"Reading {self.config.task}")
        self.task = prepare_task(self.config)
        self.data_seconds = time.perf_counter() - start
        replicas = self.strategy.num_replicas_in_sync
        self._say(describe_task(self.task) + (f"; {replicas} replicas" if replicas > 1 else ""))
        self._say(describe_priors(self.config, self.task))
        if size := describe_size(self.task.image_shape, self.config.stage_one):
            self._say(size)
        priors = training_priors(self.config)
        self.estimates = priors == ESTIMATE
        if self.estimates and self.processes.several:
            raise InputError("Expected pi_p and pi_n on several machines, got none: `nlgan-tf priors` estimates them")
        identity = json.dumps(self.config.settings(without=DEVICES)).encode()
        self.owner = digest(identity, self.task.images, self.task.noisy_labels)
        with self.strategy.scope():
            self.model = build_nlgan(self.task.image_shape, priors, self.config.stage_one, self.config.seed)

    def _finish(self) -> dict:
        self.state = self.processes.chief_first(lambda: run_folder.RunState(self.run_dir, self.owner))
        self.survival = Survival(
            self.run_dir / CHECKPOINTS,
            self.owner,
            self.signals,
            self.processes,
            self.config.keep_checkpoints,
            self.config.checkpoint_seconds,
            self.config.on_non_finite,
            self._say,
        )
        metrics = {}
        if self.processes.chief:
            metrics = self._phases()
        elif not self.state.has("stage_one"):
            self._train_gan()
        # The chief's run fails when another process leaves before it.
        self.processes.wait()
        return metrics

    def _phases(self) -> dict:
        delete_leftovers(self.run_dir)
        if not self.state.has("data"):
            self.state.record("data", self.data_seconds)
        if self.estimates:
            message = "Estimating pi_p and pi_n from the outputs of D on held-out images"
            found = self._phase("priors", message, self._estimate_priors, PRIORS)
            self.model.priors = NoisePriors(**found)
        self._phase("stage_one", "Stage one: training D, G_P and G_N on the noisy labels", self._train_gan, NLGAN_FILE)
        self._on_one_device()
        number = self.config.stage_two.num_images
        drawn = DATASET, DATASET_MANIFEST
        message = f"Drawing {number} clean images"
        self._phase("hallucination", message, self._hallucinate, *drawn, decoration=SAMPLES)
        message = "Stage two: training the classifier on the drawn images"
        self._phase("stage_two", message, self._train_classifier, CLASSIFIER_FILE)
        metrics = {"settings": self.config.settings()}
        if self.estimates:
            metrics["pi_p_estimated"], metrics["pi_n_estimated"] = self.model.priors.pi_p, self.model.priors.pi_n
        if self.task.labels is not None:
            metrics["pi_p_realised"], metrics["pi_n_realised"] = realised_priors(
                self.task.labels, self.task.noisy_labels
            )
        if self.task.test_images is not None:
            message = "Accuracies on the test images"
            if self.config.compare:
                message += ", beside the same classifier trained on noisy and on true labels"
            metrics = {**self._phase("baselines", message, self._accuracies), **metrics}
        source = run_source(read_json(self.run_dir / run_folder.CONFIG), metrics)
        self._phase("export", "Writing SavedModels", lambda: self._export(source))
        self.state.delete_checkpoints()
        write_run_manifest(self.run_dir, source)
        self.state.finish(metrics)
        return metrics

    def _phase(self, name: str, message: str, work: Callable[[], object], *outputs: str, decoration: str | None = None):
        """Does a phase, unless it is done, and returns its result; a decoration is a file that may be missing."""
        if not self.state.has(name):
            self._say(message)
            start = time.perf_counter()
            result = work()
            if decoration and (self.run_dir / decoration).exists():
                outputs = *outputs, decoration
            self.state.record(name, time.perf_counter() - start, outputs, result)
        return self.state.done[name]["result"]

    def _estimate_priors(self) -> dict[str, float]:
        task = self.task
        estimation = EstimatePriors(task.images, task.noisy_labels, log_dir=self.run_dir, seed=self.config.seed)
        estimate = estimation.run(self.model.discriminator)
        self._say(describe(estimate))
        return dataclasses.asdict(estimate.priors)

    def _train_gan(self) -> None:
        data = self.task.images, self.task.noisy_labels
        places = {"survival": self.survival, "history": self.run_dir / HISTORY}
        verbose = self.verbose if self.processes.chief else 0
        train_stage_one(self.model, *data, self.config.stage_one, self.config.seed, **places, verbose=verbose)
        if self.processes.chief:
            self._save(self.model, NLGAN_FILE)

    def _on_one_device(self) -> None:
        """What follows stage one is small, and the chief alone does it."""
        self.survival = dataclasses.replace(self.survival, processes=Processes())
        if self.strategy.num_replicas_in_sync > 1 or self.state.resumed("stage_one"):
            self.model = load_model(self.run_dir / NLGAN_FILE)

    def _hallucinate(self) -> None:
        task = self.task
        images, labels = self.model.hallucinate(self.config.stage_two.num_images, self.config.seed)
        source = {"seed": self.config.seed, "nlgan_tf": nlgan_tf.__version__, "settings": self.config.settings()}
        write_clean_dataset(self.run_dir, images, labels, task.class_names, source)
        with self._optional(SAMPLES):
            groups = noisy_and_drawn(task.class_names, (task.images, task.noisy_labels), (images, labels))
            save(sample_grids(groups), self.run_dir / SAMPLES)

    @contextlib.contextmanager
    def _optional(self, name: str) -> Iterator[None]:
        """A picture that cannot be drawn is told of, and ends no run."""
        try:
            yield
        except Exception as error:
            self._say(f"{name} is left out: {type(error).__name__}: {error}")

    def _train_classifier(self) -> None:
        self._save(of_plain_layers(self._trained_on(*self.drawn, "stage_two")), CLASSIFIER_FILE)

    @functools.cached_property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels of the clean data set, as the folder holds them."""
        with np.load(self.run_dir / DATASET) as drawn:
            return drawn["images"], drawn["labels"]

    def _trained_on(self, images: np.ndarray, labels: np.ndarray, name: str) -> keras.Model:
        stage, seed = self.config.stage_two, self.config.seed
        return train_classifier(images, labels, stage, seed, self.verbose, self.survival, name)

    @functools.cached_property
    def classifier(self) -> keras.Model:
        return load_model(self.run_dir / CLASSIFIER_FILE)

    def _export(self, source: dict) -> None:
        servables = run_servables(self.model, self.classifier, self.task.class_names, self.drawn[0])
        # In a new folder, so that each version is the first, and all appear by one rename.
        with whole_folder(self.run_dir / SAVED_MODELS) as base:
            publish_versions(servables, base, source=source)

    def _accuracies(self) -> dict[str, float]:
        """On clean test labels, of classifiers that differ in their training labels alone, and of D."""
        task = self.task
        test = task.test_images, task.test_labels
        probability = self.model.predict(task.test_images, batch_size=500, verbose=0)
        accuracies = {
            "accuracy_nlgan": accuracy(self.classifier, *test),
            "accuracy_discriminator": float(np.mean((probability > 0.5) == (task.test_labels == 1))),
        }
        if self.config.compare:
            trained = self._trained_on(task.images, task.noisy_labels, "noisy_labels")
            accuracies["accuracy_noisy"] = accuracy(trained, *test)
        if self.config.compare and task.labels is not None:
            trained = self._trained_on(task.images, task.labels, "true_labels")
            accuracies["accuracy_clean"] = accuracy(trained, *test)
        return accuracies

    def _save(self, model: keras.Model, name: str) -> None:
        path = self.run_dir / name
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as temporary:
            model.save(temporary)

    def _say(self, message: str) -> None:
        if self.verbose:
            print(message, flush=True)
