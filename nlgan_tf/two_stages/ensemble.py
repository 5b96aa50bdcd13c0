"""The classifier of stage two and cross-fitted D's as one classifier.

On small sets the classifier loses some of what the D's know that taught it, and their errors differ: the mean of both
errs less than either.
"""

from __future__ import annotations

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, DRAWN, FEATURES, StageTwoConfig
from nlgan_tf.noise_rates.witnesses import Vectors
from nlgan_tf.two_stages.judging import D, Judge, classifiers_judge


def serves_ensemble(
    config: StageTwoConfig, judge: Judge | None, images: np.ndarray, features: Vectors | None = None
) -> bool:
    """Whether the D's join the classifier: each judges images that it has not seen, and is heard on the originals.

    A D without folds has learned the labels that it judges; where a classifier on features judges too, D is the weaker.

    Args:
        config: What is served, what the classifier learns from, and its network.
        judge: The D's; None where drawn images alone are learned from.
        images, features: As of `judge_originals`.
    """
    if config.served != AUTO or config.learns_from == DRAWN or config.network == FEATURES:
        return False
    return len(judge.fit.models) > 1 and D in judge.heard and not classifiers_judge(config, images, features)


def build_ensemble(classifier: keras.Model, judge: Judge) -> keras.Model:
    """Returns the mean of the classifier's logit and of the mean logit of the calibrated D's.

    Args:
        classifier: Classifier, float32 images in [-1, 1], (n, h, w, c) -> logits (n, 1).
        judge: The D's.

    Returns:
        A functional model of the same inputs and outputs, positive above 0.
    """
    images = keras.Input(classifier.input_shape[1:], name="images")
    logits = [_calibrated(judge, number)(images) for number in range(len(judge.fit.models))]
    of_discriminators = keras.layers.Average(name="discriminators")(logits)
    logit = keras.layers.Average(dtype="float32", name="logits")([classifier(images), of_discriminators])
    return keras.Model(images, logit, name="ensemble")


def _calibrated(judge: Judge, number: int) -> keras.Model:
    """A D, images in [-1, 1] -> logit of P(positive), (n, 1): a linear function of D's own logit."""
    discriminator = judge.fit.models[number].judging_discriminator()
    (mean, std), calibration = judge.standards[number], judge.calibration
    slope = calibration.scale / (std * calibration.std)
    offset = calibration.shift - slope * (mean + std * calibration.mean)
    images = keras.Input(discriminator.input_shape[1:], name="images")
    # D's logit is high on negatives.
    logit = keras.layers.Rescaling(-slope, offset=offset, dtype="float32", name="calibrated")(discriminator(images))
    return keras.Model(images, logit, name=f"discriminator_{number}")
