"""All baselines by name.

The entries are light: what a baseline needs is imported when the baseline is built, so that the command line can list
names and titles without TensorFlow and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.training.signals import StopSignals

if TYPE_CHECKING:
    import numpy as np

    from nlgan_tf.evaluation.baselines.cnn import Loss
    from nlgan_tf.noise_rates.witnesses import Vectors


class Predictor(Protocol):
    """A fitted baseline."""

    def predict(self, images: np.ndarray, /) -> np.ndarray:
        """Returns labels, int, shape (n,), of images, uint8 or floats in [0, 255], shape (n, h, w, c)."""


class Baseline(Protocol):
    """A method for noisy labels."""

    def fit(self, images: np.ndarray, noisy_labels: np.ndarray, /) -> Predictor:
        """Trains on images, uint8 or floats in [0, 255], shape (n, h, w, c), and labels 0 or 1, shape (n,)."""


@dataclass(frozen=True)
class Setting:
    """What a baseline may need to know.

    Attributes:
        priors: Purities of the noisy labels, for methods that know the noise.
        classifier: Configuration of the CNN.
        seed: Seed of everything random.
        features: Function of images to vectors, shape (n, d), for the entries that are `frozen`.
        signals: Signals at which the training of stage two's network ends.
    """

    priors: NoisePriors
    classifier: StageTwoConfig
    seed: int
    features: Vectors | None = None
    signals: StopSignals = field(default_factory=StopSignals)


@dataclass(frozen=True)
class Entry:
    """A baseline, and its row in table 1.

    Attributes:
        title: Name in tables.
        build: Function of a setting that returns the baseline, not yet fitted.
        levels: Noise levels of its rows: "noisy", "clean" (pi = (1, 1)) or "all".
        importance: Order of running; the larger, the earlier.
        fits: Number of stage-two classifiers that are trained, in units of one on all images; 0 for none.
        upsampled: Whether these see 10,000 images an epoch, as the paper upsamples, or the images as they are.
        library: Package of the extra `baselines` that the baseline imports; None for none.
        frozen: Whether the baseline needs frozen features.
    """

    title: str
    build: Callable[[Setting], Baseline]
    levels: str = "noisy"
    importance: float = 1.0
    fits: float = 0.0
    upsampled: bool = False
    library: str | None = None
    frozen: bool = False


def _cnn(setting: Setting, loss: Loss | None = None) -> Baseline:
    from nlgan_tf.evaluation.baselines.cnn import CNNClassifier, cross_entropy

    return CNNClassifier(setting.classifier, loss or cross_entropy, setting.seed)


def _upsampled(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.cnn import UpsampledClassifier

    return UpsampledClassifier(setting.classifier, setting.seed)


def _on_features(estimator) -> Baseline:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from nlgan_tf.data.features import features

    return make_pipeline(FunctionTransformer(features), estimator)


def _on_frozen(setting: Setting, estimator) -> Baseline:
    """On the frozen features, scaled to length 1: so C means the same for any extractor."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, Normalizer

    return make_pipeline(FunctionTransformer(setting.features), Normalizer(), estimator)


def _logistic(class_weight: str | None = "balanced", c: float = 0.01):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, class_weight=class_weight, max_iter=1000)


def _svc():
    from sklearn.svm import SVC

    return SVC(class_weight="balanced")


def _frozen_logistic(setting: Setting) -> Baseline:
    return _on_frozen(setting, _logistic(c=0.03))


def _frozen_filtered(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.confident import FilteredClassifier

    return _on_frozen(setting, FilteredClassifier(_logistic(c=0.1), setting.seed))


def _groups(setting: Setting, features: Vectors | None = None) -> Baseline:
    from nlgan_tf.evaluation.baselines.groups import GroupVotesClassifier

    return GroupVotesClassifier(setting.priors, setting.seed, features)


def _frozen_groups(setting: Setting) -> Baseline:
    return _groups(setting, setting.features)


def _rank_pruning(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.rank_pruning import RankPruning

    return RankPruning(_cnn(setting), seed=setting.seed)


def _rank_pruning_logistic(setting: Setting) -> Baseline:
    """C is chosen on the noisy labels: pixels want a small one, HOG features a larger."""
    from sklearn.model_selection import GridSearchCV

    from nlgan_tf.evaluation.baselines.rank_pruning import RankPruning

    values = {"C": [0.01, 0.1, 1.0]}
    searched = GridSearchCV(_logistic(class_weight=None), values, scoring="balanced_accuracy", cv=3)
    return _on_features(RankPruning(searched, seed=setting.seed))


def _filtered_svc(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.confident import FilteredClassifier

    return _on_features(FilteredClassifier(_svc(), setting.seed))


def _confident_logistic(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.confident import ConfidentLearning

    return _on_features(ConfidentLearning(_logistic(), setting.seed))


def _confident_cnn(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.confident import ConfidentLearning

    return ConfidentLearning(_cnn(setting), setting.seed)


def _generalised_cross_entropy(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.robust import generalised_cross_entropy

    return _cnn(setting, generalised_cross_entropy())


def _forward(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.robust import forward_corrected

    return _cnn(setting, forward_corrected(setting.priors))


def _co_teaching(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.co_teaching import CoTeaching

    return CoTeaching(setting.classifier, setting.priors, setting.seed)


def _without_gan(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.no_gan import WithoutGan

    return WithoutGan(setting.classifier, setting.priors, setting.seed, setting.signals)


def _early_stopped(setting: Setting) -> Baseline:
    from nlgan_tf.evaluation.baselines.no_gan import EarlyStopped

    return EarlyStopped(setting.classifier, setting.seed, setting.signals)


# "pn" and "noisy" are the same classifier: "clean" rows are given true labels.
BASELINES = {
    "pn": Entry("PN: CNN, true labels", _cnn, "clean", 4, fits=1),
    "pn-upsampled": Entry("PN: CNN, true labels, upsampled", _upsampled, "clean", 2, fits=1, upsampled=True),
    "noisy": Entry("CNN, noisy labels", _cnn, importance=4, fits=1),
    "noisy-upsampled": Entry("CNN, noisy labels, upsampled", _upsampled, importance=2, fits=1, upsampled=True),
    "rank-pruning": Entry("Rank Pruning, CNN", _rank_pruning, importance=8, fits=3),
    "rank-pruning-logistic": Entry("Rank Pruning, logistic regression", _rank_pruning_logistic, "all"),
    "svc": Entry("A: SVC", lambda _: _on_features(_svc()), "all"),
    "cleanlab-svc": Entry("B: kNN, cleanlab, SVC", _filtered_svc, "all"),
    "cleanlab-logistic": Entry("C: CleanLearning, logistic regression", _confident_logistic, "all", library="cleanlab"),
    "groups": Entry("Groups' votes, no network", _groups),
    "cleanlab": Entry("CleanLearning, CNN", _confident_cnn, importance=4, fits=5, library="cleanlab"),
    "gce": Entry("Generalised cross entropy, CNN", _generalised_cross_entropy, importance=2, fits=1),
    "forward": Entry("Forward correction, CNN", _forward, importance=2, fits=1),
    "no-gan": Entry("No GAN: stage two, forward correction", _without_gan, importance=6, fits=1, upsampled=True),
    "early-stopped": Entry("Stage two, noisy labels, stopped early", _early_stopped, fits=1, upsampled=True),
    "frozen-lr": Entry("Frozen features: logistic regression", _frozen_logistic, "all", frozen=True),
    "frozen-cleanlab": Entry(
        "Frozen features: kNN, cleanlab, logistic regression", _frozen_filtered, "all", frozen=True
    ),
    "frozen-groups": Entry("Frozen features: groups' votes, no network", _frozen_groups, frozen=True),
    "co-teaching": Entry("Co-teaching, CNN", _co_teaching, importance=1, fits=2.5),
}


def build_baseline(
    name: str,
    priors: NoisePriors,
    classifier: StageTwoConfig,
    seed: int = 0,
    features: Vectors | None = None,
    signals: StopSignals | None = None,
) -> Baseline:
    """Returns a baseline, not yet fitted.

    Args:
        name: Name in `BASELINES`.
        priors: Purities of the noisy labels, which only methods with known noise use.
        classifier: Configuration of the CNN.
        seed: Seed of everything random.
        features: Function of images to vectors, for the baselines of frozen features.
        signals: Signals at which the training of stage two's network ends.

    Raises:
        InputError: For an unknown name, or missing features.
    """
    if name not in BASELINES:
        raise InputError(f"Expected a baseline among {', '.join(BASELINES)}; got {name!r}")
    if BASELINES[name].frozen and features is None:
        raise InputError(f"Expected features, a frozen Keras model, for {name}; got none")
    return BASELINES[name].build(Setting(priors, classifier, seed, features, signals or StopSignals()))
