"""`NLGANHyperModel`: both stages as one trial of any keras-tuner tuner."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf
from scipy.special import expit
from sklearn.model_selection import train_test_split

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.compat.keras import keras
from nlgan_tf.compat.tuner import keras_tuner
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.data.checks import check_images, check_labels, check_seed
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, check_priors
from nlgan_tf.data.pixels import map_rows
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import build_nlgan
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.recipes import check_recipe
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.tuning import objectives
from nlgan_tf.tuning.objectives import DEFAULT_OBJECTIVE
from nlgan_tf.tuning.space import DEFAULT, SearchSpace
from nlgan_tf.two_stages import stage_one_batches, train_stage_two


class NLGANHyperModel(keras_tuner.HyperModel):
    """Trains NL-GAN on a part of the noisy labels, and judges each trial by noisy labels alone.

        hypermodel = NLGANHyperModel(task, noisy_labels, NoisePriors(0.6, 0.65))
        tuner = keras_tuner.RandomSearch(hypermodel, hypermodel.objective, max_trials=20)
        tuner.search()

    A trial trains both stages and reports every objective of `objectives.OBJECTIVES` that it can compute, beside the
    last epoch's logs of stage one. No true label and no test image of the task is read.

    Args:
        task: Images, with or without labels.
        noisy_labels: Labels, 0 or 1, some of them wrong, shape (n,); None for the task's own.
        priors: Purities of the noisy labels, or "estimate" for an estimate before the first trial.
        tune: Settings to search, as `SearchSpace` takes them: by default alpha and beta.
        recipe: Name of the settings of both stages: "literal", "paper" or "modern".
        stage_one, stage_two: Settings that are not tuned, in place of the recipe's. Trials keep near copies.
        objective: Name in `objectives.OBJECTIVES` of the figure to maximise.
        validation_split: Share of the images that is held out of training, equal in both noisy classes.
        clean: Images and true labels to compute "clean_accuracy" on, for users who have some.
        points: Number of values that a range is cut into, for GridSearch.
        seed: Seed of the split and of everything random in a trial. All trials share the seed, so that they differ in
            their hyperparameters alone.

    Raises:
        InputError: For data, names or ranges that are not accepted.
    """

    def __init__(
        self,
        task: ImageTask,
        noisy_labels: np.ndarray | None,
        priors: NoisePriors | str,
        tune: Iterable[str] | Mapping[str, tuple | None] = DEFAULT,
        recipe: str = "modern",
        stage_one: StageOneConfig | None = None,
        stage_two: StageTwoConfig | None = None,
        objective: str = DEFAULT_OBJECTIVE,
        validation_split: float = 0.2,
        clean: tuple[np.ndarray, np.ndarray] | None = None,
        points: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(name="nlgan")
        settings = check_recipe(recipe)
        check_seed(seed)
        objectives.check_objective(objective, has_clean_labels=clean is not None)
        self.task, self.priors, self.seed = task, check_priors(priors), seed
        self.objective_name = objective
        self.space = SearchSpace(tune, stage_one or settings.stage_one, points)
        # Generators of a short trial may draw near copies alone, and the trial would fail.
        self.stage_two = dataclasses.replace(stage_two or settings.stage_two, novelty=0.0)
        self.training, self.validation = _split(task, noisy_labels, validation_split, seed)
        self.clean = None if clean is None else _clean(clean, task)

    @property
    def objective(self) -> keras_tuner.Objective:
        """Objective for a tuner of keras-tuner."""
        return keras_tuner.Objective(self.objective_name, "max")

    @freed_graphs()
    def build(self, hp: keras_tuner.HyperParameters) -> NLGAN:
        """Returns a compiled NLGAN with the values of `hp`; unknown priors are estimated first."""
        if self.priors == ESTIMATE:
            self.estimate_priors()
        return build_nlgan(self.task.image_shape, self.priors, self.space.stage_one(hp), self.seed)

    def estimate_priors(self) -> PriorsEstimate:
        """Estimates the priors from the training part, and sets them for all trials."""
        model = build_nlgan(self.task.image_shape, ESTIMATE, self.space.base, self.seed)
        estimate = EstimatePriors(*self.training, seed=self.seed).run(model.discriminator)
        self.priors = estimate.priors
        return estimate

    @freed_graphs()
    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: NLGAN,
        *args,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Iterable[keras.callbacks.Callback] = (),
        verbose: int | str = 0,
        **kwargs,
    ) -> dict[str, float]:
        """Trains both stages and computes the objectives.

        Args:
            hp: Hyperparameters of the trial.
            model: Model that `build` returned.
            *args: Positional arguments of `NLGAN.fit`; by default x is the training part.
            **kwargs: Named arguments of `NLGAN.fit`; by default validation_data is the held-out part.
            epochs, initial_epoch: Epochs of stage one; by default the configuration's.
            callbacks: Callbacks of stage one.
            verbose: Output of stage one, as in `keras.Model.fit`.

        Returns:
            The objectives, "default_objective" (to minimise, for a tuner without objective), "seconds", and the last
            logs.

        Raises:
            keras_tuner.errors.FailedTrialError: If training diverged.
        """
        began = time.monotonic()
        stage_one = self.space.stage_one(hp)
        if not args and "x" not in kwargs:
            # A continued trial needs an order of its own: the first epochs' would be repeated.
            args = (stage_one_batches(*self.training, stage_one, self.seed + initial_epoch),)
        kwargs.setdefault("validation_data", tf.data.Dataset.from_tensor_slices(self.validation).batch(500))
        history = model.fit(
            *args,
            epochs=epochs or stage_one.epochs,
            initial_epoch=initial_epoch,
            callbacks=[*callbacks, keras.callbacks.TerminateOnNaN()],
            verbose=verbose,
            **kwargs,
        )
        logs = {name: float(values[-1]) for name, values in history.history.items() if values}
        _check_finite(logs, len(history.epoch) + initial_epoch)
        _, classifier = train_stage_two(model, self.stage_two, self.seed)
        measures = self.measures(model, classifier)
        _write_scalars(measures, callbacks)
        seconds = time.monotonic() - began
        return {**logs, **measures, "seconds": seconds, "default_objective": -measures[self.objective_name]}

    def measures(self, model: NLGAN, classifier: keras.Model) -> dict[str, float]:
        """Returns every objective that can be computed, by its name."""
        images, noisy = self.validation
        all_images, all_noisy = (np.concatenate(parts) for parts in zip(self.validation, self.training, strict=True))
        all_logits = predict_logits(classifier, all_images)[:, 0]
        logits = all_logits[: len(images)]
        d_probability = map_rows(lambda batch: model(batch, training=False), images)
        found = {
            "corrected_accuracy": objectives.corrected_accuracy(logits > 0, noisy, self.priors),
            "noisy_likelihood": objectives.noisy_likelihood(expit(logits), noisy, self.priors),
            "noisy_likelihood_all": objectives.noisy_likelihood(expit(all_logits), all_noisy, self.priors),
            "agreement": objectives.agreement(logits > 0, d_probability > 0.5),
        }
        if self.clean is not None:
            found["clean_accuracy"] = accuracy(classifier, *self.clean)
        return found


def _split(
    task: ImageTask, noisy_labels: np.ndarray | None, share: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Returns images and noisy labels to train on, and those to judge by."""
    if not 0 < share < 1:
        raise InputError(f"Expected validation_split to be above 0 and below 1; got {share}")
    if noisy_labels is None and task.noisy_labels is None:
        raise InputError("Expected noisy_labels, or a task with noisy labels of its own; got neither")
    noisy = check_labels(task.noisy_labels if noisy_labels is None else noisy_labels, length=len(task.images))
    parts = train_test_split(np.arange(len(noisy)), test_size=share, stratify=noisy, random_state=seed)
    return tuple((task.images[part], noisy[part]) for part in parts)


def _clean(clean: tuple[np.ndarray, np.ndarray], task: ImageTask) -> tuple[np.ndarray, np.ndarray]:
    images, labels = clean
    images = check_images(images, shape=task.image_shape)
    return images, check_labels(labels, length=len(images), minimum_per_class=1)


def _check_finite(logs: dict[str, float], epochs: int) -> None:
    wrong = [name for name, value in logs.items() if not math.isfinite(value)]
    if wrong:
        message = f"{', '.join(wrong)} not finite after {epochs} epochs: lower learning rates may help"
        raise keras_tuner.errors.FailedTrialError(message)


def _write_scalars(measures: dict[str, float], callbacks: Iterable[keras.callbacks.Callback]) -> None:
    """Writes the objectives into the log of each TensorBoard callback, for its HParams page."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            with tf.summary.create_file_writer(str(callback.log_dir)).as_default():
                for name, value in measures.items():
                    tf.summary.scalar(name, value, step=0)
