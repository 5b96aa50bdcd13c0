"""`NLGANHyperModel`: both stages as one trial of any keras-tuner tuner."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping

import keras_tuner
import numpy as np
import tensorflow as tf
from scipy.special import expit
from sklearn.model_selection import train_test_split

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.pixels import map_rows
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import build_nlgan
from nlgan_tf.recipes import check_recipe
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.tuning import objectives
from nlgan_tf.tuning.objectives import DEFAULT_OBJECTIVE
from nlgan_tf.tuning.space import DEFAULT, SearchSpace
from nlgan_tf.two_stages import stage_one_batches, train_stage_two


class NLGANHyperModel(keras_tuner.HyperModel):
    """Trains NL-GAN on a part of the noisy labels, and judges it by the others.

        hypermodel = NLGANHyperModel(task, noisy_labels, NoisePriors(0.6, 0.65))
        tuner = keras_tuner.RandomSearch(hypermodel, hypermodel.objective, max_trials=20)
        tuner.search()

    A trial trains both stages and reports every objective of `objectives.OBJECTIVES` that it can compute, beside the
    last epoch's logs of stage one. No true label and no test image of the task is read.

    Args:
        task: the images.
        noisy_labels: 0 or 1, shape (n,); None: the task's own.
        priors: their purities.
        tune: what to search, see `SearchSpace`: by default alpha and beta.
        recipe: "literal", "paper" or "modern": both stages where they are not given.
        stage_one, stage_two: settings that are not tuned.
        objective: the name in `objectives.OBJECTIVES` that `objective` stands for.
        validation_split: share of the images that is held out of training, with equal shares of both noisy classes.
        clean: images and true labels to compute "clean_accuracy" on, for those who have some.
        points: values that a range is cut into, for GridSearch.
        seed: of the split and of everything random in a trial: all trials share it, so that they differ in their
            hyperparameters alone.

    Raises:
        InputError: for data, names or ranges that are not accepted.
    """

    def __init__(
        self,
        task: ImageTask,
        noisy_labels: np.ndarray | None,
        priors: NoisePriors,
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
        if objectives.check_objective(objective) == objectives.NEEDS_CLEAN_LABELS and clean is None:
            raise InputError(f"objective={objective!r} without clean labels: accepted are the others, or some images")
        if not isinstance(priors, NoisePriors):
            raise InputError(f"priors={priors!r} are unknown: accepted are NoisePriors")
        self.task, self.priors, self.seed = task, priors, seed
        self.objective_name = objective
        self.space = SearchSpace(tune, stage_one or settings.stage_one, points)
        self.stage_two = stage_two or settings.stage_two
        self.training, self.validation = _split(task, noisy_labels, validation_split, seed)
        self.clean = None if clean is None else _clean(clean, task)

    @property
    def objective(self) -> keras_tuner.Objective:
        """For the tuner."""
        return keras_tuner.Objective(self.objective_name, "max")

    def build(self, hp: keras_tuner.HyperParameters) -> NLGAN:
        """A compiled NLGAN with the values of `hp`."""
        return build_nlgan(self.task.image_shape, self.priors, self.space.stage_one(hp), self.seed)

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
        """Trains both stages.

        Args:
            hp: the trial's.
            model: as `build` gave it.
            *args, **kwargs: for `NLGAN.fit`; without data the training part is taken, and without validation data the
                held-out one.
            epochs, initial_epoch: of stage one; by default the configuration's.
            callbacks: for stage one.
            verbose: of stage one, as in `keras.Model.fit`.

        Returns:
            The objectives, "default_objective" (to minimise, for a tuner without objective), "seconds", and the last
            logs.

        Raises:
            keras_tuner.errors.FailedTrialError: if training diverged.
        """
        began = time.monotonic()
        stage_one = self.space.stage_one(hp)
        if not args and "x" not in kwargs:
            # A continued trial's own order: the first epochs' would come again.
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
        """Every objective that can be computed, by its name."""
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
    """Images and noisy labels to train on, and those to judge by."""
    if not 0 < share < 1:
        raise InputError(f"validation_split={share} is out of range: accepted is (0, 1)")
    if noisy_labels is None and task.noisy_labels is None:
        raise InputError("noisy_labels are missing: accepted are labels, or a task that brings its own")
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
    """The objectives into the log of each TensorBoard callback, so that its HParams page can show them."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            with tf.summary.create_file_writer(str(callback.log_dir)).as_default():
                for name, value in measures.items():
                    tf.summary.scalar(name, value, step=0)
