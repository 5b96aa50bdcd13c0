"""All baselines by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.cnn import CNNClassifier, UpsampledClassifier
from nlgan_tf.evaluation.baselines.co_teaching import CoTeaching
from nlgan_tf.evaluation.baselines.confident import ConfidentLearning, FilteredClassifier
from nlgan_tf.evaluation.baselines.features import features
from nlgan_tf.evaluation.baselines.rank_pruning import RankPruning
from nlgan_tf.evaluation.baselines.robust import forward_corrected, generalised_cross_entropy


class Predictor(Protocol):
    """What a fitted baseline is."""

    def predict(self, images: np.ndarray, /) -> np.ndarray:
        """Labels, int, shape (n,), for public images."""


class Baseline(Protocol):
    """A method for noisy labels."""

    def fit(self, images: np.ndarray, noisy_labels: np.ndarray, /) -> Predictor:
        """Trains on public images, shape (n, h, w, c), and labels 0 or 1, shape (n,)."""


@dataclass(frozen=True)
class Setting:
    """What a baseline may need to know; only "forward" and "co-teaching" use the priors."""

    priors: NoisePriors
    classifier: StageTwoConfig
    seed: int


def _on_features(estimator) -> Baseline:
    return make_pipeline(FunctionTransformer(features), estimator)


def _logistic(class_weight: str | None = "balanced") -> LogisticRegression:
    return LogisticRegression(C=0.01, class_weight=class_weight, max_iter=1000)


def _searched_logistic() -> GridSearchCV:
    """Its C is chosen on the noisy labels: pixels want a small one, HOG features a larger."""
    return GridSearchCV(_logistic(class_weight=None), {"C": [0.01, 0.1, 1.0]}, scoring="balanced_accuracy", cv=3)


def _svc() -> SVC:
    return SVC(class_weight="balanced")


def _cnn(setting: Setting) -> CNNClassifier:
    return CNNClassifier(setting.classifier, seed=setting.seed)


def _upsampled(setting: Setting) -> UpsampledClassifier:
    return UpsampledClassifier(setting.classifier, setting.seed)


BASELINES: dict[str, Callable[[Setting], Baseline]] = {
    "pn": _cnn,
    "pn-upsampled": _upsampled,
    "noisy": _cnn,
    "noisy-upsampled": _upsampled,
    "rank-pruning": lambda setting: RankPruning(_cnn(setting), seed=setting.seed),
    "rank-pruning-logistic": lambda setting: _on_features(RankPruning(_searched_logistic(), seed=setting.seed)),
    "svc": lambda _: _on_features(_svc()),
    "cleanlab-svc": lambda setting: _on_features(FilteredClassifier(_svc(), setting.seed)),
    "cleanlab-logistic": lambda setting: _on_features(ConfidentLearning(_logistic(), setting.seed)),
    "cleanlab": lambda setting: ConfidentLearning(_cnn(setting), setting.seed),
    "gce": lambda setting: CNNClassifier(setting.classifier, generalised_cross_entropy(), setting.seed),
    "forward": lambda setting: CNNClassifier(setting.classifier, forward_corrected(setting.priors), setting.seed),
    "co-teaching": lambda setting: CoTeaching(setting.classifier, setting.priors, setting.seed),
}


def build_baseline(name: str, priors: NoisePriors, classifier: StageTwoConfig, seed: int = 0) -> Baseline:
    """A baseline, not yet fitted.

    Args:
        name: of `BASELINES`. "pn" and "noisy" are the same classifier; which labels it is given makes the difference.
        priors: purities of the noisy labels, which only methods with known noise use.
        classifier: the CNN's configuration.
        seed: of everything random in it.

    Raises:
        InputError: for an unknown name.
    """
    if name not in BASELINES:
        raise InputError(f"baseline {name!r} is unknown: accepted are {', '.join(BASELINES)}")
    return BASELINES[name](Setting(priors, classifier, seed))
