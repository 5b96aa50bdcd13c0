"""The judge of a source, and the real images that drawn ones are compared with, once for all runs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.sources import load_classes
from nlgan_tf.evaluation.likeness import Likeness, measure_likeness
from nlgan_tf.evaluation.metrics import class_accuracy, judge_features, purity_and_coverage, train_judge
from nlgan_tf.models import load_extractor
from nlgan_tf.networks.extractor import FrozenFeatures

# Training images of a class in the reference.
REFERENCE_IMAGES = 5000


@dataclasses.dataclass(frozen=True, eq=False)
class Instruments:
    """What drawn images of a source are measured by.

    Attributes:
        class_names: Names of all classes.
        train, test: Images and classes.
        judge: Classifier of all classes.
        judge_accuracy: Accuracy of the judge on the test images.
        features: Function of images to vectors, shape (n, d).
    """

    class_names: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    judge: keras.Model
    judge_accuracy: float
    features: Callable[[np.ndarray], np.ndarray]


@functools.cache
def instruments(source: str, features: str | None, data_dir: str | None) -> Instruments:
    """Returns the instruments for all runs of a source; without features, those of the judge."""
    class_names, train, test = load_classes(source, data_dir)
    # First: a file that is no extractor is refused at once.
    extractor = None if features is None else FrozenFeatures(load_extractor(features), train[0].shape[1:])
    judge = train_judge(*train)
    judge_accuracy = class_accuracy(judge, *test)
    return Instruments(
        class_names, train, test, judge, judge_accuracy, extractor or functools.partial(judge_features, judge)
    )


@dataclasses.dataclass(frozen=True)
class RealImages:
    """Real images of the classes of one generator.

    Attributes:
        reference: Features of training images, in random order, shape (n, d).
        purity: Purity of all test images.
        likeness: Likeness of some test images to the reference.
    """

    reference: np.ndarray
    purity: float
    likeness: Likeness


@functools.cache
def real_images(tools: Instruments, classes: tuple[int, ...], count: int) -> RealImages:
    """Returns the real images of some classes, with so many of the test images compared, once for all runs."""
    rng = np.random.default_rng(0)
    images, labels = tools.train
    reference = np.concatenate([few(rng, images[labels == index], REFERENCE_IMAGES) for index in classes])
    reference_features = tools.features(rng.permutation(reference))
    test_images = tools.test[0][np.isin(tools.test[1], classes)]
    purity, _ = purity_and_coverage(tools.judge, test_images, list(classes))
    likeness = measure_likeness(reference_features, tools.features(few(rng, test_images, count)))
    return RealImages(reference_features, purity, likeness)


def few(rng: np.random.Generator, images: np.ndarray, most: int) -> np.ndarray:
    """Returns at most so many of the images, chosen at random."""
    return images[rng.choice(len(images), min(len(images), most), replace=False)]
