"""NLGANClassifier: both stages behind scikit-learn's interface."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig, judges_originals
from nlgan_tf.data.checks import check_images, check_training_images
from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.models import load_model
from nlgan_tf.noise_rates.channel import Channel
from nlgan_tf.noise_rates.label_quality import label_quality
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.recipes import check_recipe
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.two_stages.both import train_two_stages


class NLGANClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of images that learns from labels some of which are wrong, for scikit-learn's tools.

    X are images, uint8 or floats in [0, 255], shape (n, h, w, c) or (n, h, w), with h and w divisible by 4 and c 1 or
    3. y are labels of two classes of any kind; the second one in sorted order is the positive class. Pickles hold the
    networks as `.keras` files, which are loaded in Keras's safe mode; as any pickle, one of unknown origin runs code.

    Args:
        recipe: Name of the settings of both stages: "literal", "paper" or "modern".
        priors: Purities of the noisy labels, or "estimate".
        epochs: Epochs of stage one. None here and below: the recipe's.
        fold_epochs: Epochs of stage one where each fold of a small set has its own networks.
        classifier_epochs: Epochs of stage two.
        alpha: Weight of the noisy-label terms, eq. (5).
        beta: Weight of the adversarial terms, eq. (5).
        stage_one, stage_two: Settings in place of the recipe's, which the numbers above then change.
        seed: Seed of everything random.
        verbose: Verbosity, as in `keras.Model.fit`.

    Attributes:
        classes_: Both classes, (negative, positive).
        label_quality_: P(the given label is right) of each training image, float32 in [0, 1], shape (n,).
        noise_rates_: P(the noisy label is the other class | true class) of both classes, shape (2,).
        priors_: Purities of the noisy labels, stated or estimated.
        classifier_: Classifier of stage two: float32 images in [-1, 1] -> logits (n, 1).
        models_: Trained NLGANs, one a fold of the images; usually one.
        image_shape_: Shape (h, w, c).
    """

    def __init__(
        self,
        recipe: str = "modern",
        priors: NoisePriors | str = ESTIMATE,
        epochs: int | None = None,
        fold_epochs: int | None = None,
        classifier_epochs: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        stage_one: StageOneConfig | None = None,
        stage_two: StageTwoConfig | None = None,
        seed: int = 0,
        verbose: int = 0,
    ) -> None:
        self.recipe = recipe
        self.priors = priors
        self.epochs = epochs
        self.fold_epochs = fold_epochs
        self.classifier_epochs = classifier_epochs
        self.alpha = alpha
        self.beta = beta
        self.stage_one = stage_one
        self.stage_two = stage_two
        self.seed = seed
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike) -> NLGANClassifier:
        """Trains both stages on images X, shape (n, h, w, c), and noisy labels y of two classes, shape (n,).

        Raises:
            InputError: For images, labels or settings that are not accepted.
            NonFiniteError: If training diverged.
        """
        stage_one, stage_two = self._stages()
        X = check_training_images(X, name="X")
        classes, labels = _two_classes(y, len(X))
        found = train_two_stages(
            X,
            labels,
            self.priors,
            self.recipe,
            self.seed,
            stage_one=stage_one,
            stage_two=stage_two,
            verbose=self.verbose,
        )
        self.classes_, self.image_shape_ = classes, X.shape[1:]
        self.models_, self.classifier_ = found.models, found.classifier
        self.priors_ = found.model.priors
        posterior = found.posterior
        if not judges_originals(stage_one, stage_two):  # D's alone, without the label.
            posterior = label_posterior(posterior, labels, self.priors_)
        self.label_quality_ = label_quality(posterior, labels)
        channel = Channel.of(labels, self.priors_)
        self.noise_rates_ = np.array([channel.f0, channel.f1])
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Returns the likelier class of each image, shape (n,).

        Raises:
            InputError: For images that are not accepted.
            NotFittedError: Before `fit`.
        """
        positive = self._logits(X) > 0
        return self.classes_[positive.astype(int)]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Returns P(class) of each image in the order of `classes_`, float32, shape (n, 2).

        Errors are those of `predict`.
        """
        positive = expit(self._logits(X))
        return np.stack([1 - positive, positive], axis=1)

    def _logits(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return predict_logits(self.classifier_, check_images(X, self.image_shape_, name="X"))[:, 0]

    def _stages(self) -> tuple[StageOneConfig, StageTwoConfig]:
        """The recipe's settings, or those given, with the numbers that were given."""
        settings = check_recipe(self.recipe)
        one = {"epochs": self.epochs, "fold_epochs": self.fold_epochs, "alpha": self.alpha, "beta": self.beta}
        two = {"epochs": self.classifier_epochs}
        return (
            _changed(self.stage_one or settings.stage_one, one),
            _changed(self.stage_two or settings.stage_two, two),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_class = False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "classifier_" in state:
            state = {
                **state,
                "classifier_": _to_bytes(self.classifier_),
                "models_": [_to_bytes(model) for model in self.models_],
            }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "classifier_" in state:
            state = {
                **state,
                "classifier_": _from_bytes(state["classifier_"]),
                "models_": [_from_bytes(content) for content in state["models_"]],
            }
        super().__setstate__(state)


def _two_classes(y: ArrayLike, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Both classes in sorted order, and labels 0 or 1; InputError for others."""
    if y is None:
        raise InputError("Expected y, one label per image, got None")
    wanted = "Expected y to be labels of two classes"
    try:
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f" and np.isnan(y).any():
            raise InputError(f"{wanted}, got NaN")
        kind = type_of_target(y, input_name="y")
        classes, labels = np.unique(y, return_inverse=True)
    except InputError:
        raise
    except (ValueError, TypeError) as error:
        raise InputError(f"{wanted}, got others: {' '.join(str(error).split())}") from error
    if len(y) != length:
        raise InputError(f"Expected y of shape ({length},), one label per image, got shape {y.shape}")
    if kind != "binary" or len(classes) != 2:
        shown = f"{len(classes)} class{'es' * (len(classes) != 1)}" if kind in ("binary", "multiclass") else kind
        raise InputError(f"{wanted}, got {shown}")
    return classes, labels


def _changed(stage: StageOneConfig | StageTwoConfig, given: dict[str, Any]) -> StageOneConfig | StageTwoConfig:
    return dataclasses.replace(stage, **{name: value for name, value in given.items() if value is not None})


def _to_bytes(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        return path.read_bytes()


def _from_bytes(content: bytes) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(content)
        return load_model(path)
