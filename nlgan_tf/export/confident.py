"""A generator's signature `sample_confident`: the images of a seed of which D is sure, at any temperature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nlgan_tf.export.servable import EXAMPLE_BATCHES, Example
from nlgan_tf.gan.drawing import TRIES_AN_IMAGE

NAME = "sample_confident"
CONTRACT = (
    "temperature: factor on z, above 0, 1 as trained; min_confidence: at least 0 (all images) and below 1; of "
    f"{TRIES_AN_IMAGE} images for each that is asked those of which D is sure, in their order, up to num_samples"
)
# Temperature of the examples.
COOLER = np.float32(0.9)
# Differences of confidence that no rounding makes.
CLEAR = 1e-2


def sample_confident(network: Callable, draw: Callable, confidence: Callable, check_count: Callable) -> Callable:
    """Returns the signature: `num_samples`, `seed`, `temperature`, `min_confidence` -> `images`, `confidence`.

    Args:
        network: Traced function of z to {"images": ...}, float32 in [0, 255], shape (n, h, w, c).
        draw: Function of a number of vectors and a seed to z: a longer draw begins with the shorter.
        confidence: Function of images to P(class), float32, shape (n,).
        check_count: Function of a number of images and its name to the operation that refuses too many.
    """
    scalars = {"num_samples": tf.int64, "seed": tf.int64, "temperature": tf.float32, "min_confidence": tf.float32}

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec((), dtype, name=name) for name, dtype in scalars.items()]
    )
    def signature(
        num_samples: tf.Tensor, seed: tf.Tensor, temperature: tf.Tensor, min_confidence: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        given = [tf.ensure_shape(value, ()) for value in (num_samples, seed, temperature, min_confidence)]
        num_samples, seed, temperature, min_confidence = given
        checks = [check_count(num_samples, "num_samples"), *_checks(temperature, min_confidence)]
        with tf.control_dependencies(checks):
            num_samples = tf.identity(num_samples)

        def missing(tried: tf.Tensor, images: tf.Tensor, sure: tf.Tensor) -> tf.Tensor:
            return (tf.size(sure, tf.int64) < num_samples) & (tried < TRIES_AN_IMAGE * num_samples)

        def more(tried: tf.Tensor, images: tf.Tensor, sure: tf.Tensor) -> tuple[tf.Tensor, ...]:
            drawn = network(temperature * draw(tried + num_samples, seed)[tried:])["images"]
            its_sure = confidence(drawn)
            passed = its_sure >= min_confidence
            images, sure = tf.concat([images, drawn[passed]], 0), tf.concat([sure, its_sure[passed]], 0)
            return tried + num_samples, images, sure

        image_shape = network.get_concrete_function().structured_outputs["images"].shape[1:]
        start = tf.zeros((), tf.int64), tf.zeros((0, *image_shape)), tf.zeros((0,))
        shapes = tf.TensorShape(()), tf.TensorShape((None, *image_shape)), tf.TensorShape((None,))
        _, images, sure = tf.while_loop(missing, more, start, shape_invariants=shapes)
        return {"images": images[:num_samples], "confidence": sure[:num_samples]}

    return signature


def confident_examples(public_images: Callable, draw: Callable, confidence: Callable) -> list[Example]:
    """Returns examples that the Keras models themselves answer, outside any graph.

    Args:
        public_images: Function of z to images, float32 in [0, 255], shape (n, h, w, c).
        draw, confidence: As `sample_confident` takes them.
    """
    examples = []
    for batch in EXAMPLE_BATCHES:
        seed = np.int64(batch)
        images = public_images(COOLER * draw(2 * batch, seed)).numpy()
        sure = confidence(images).numpy()
        least = _threshold(sure, batch)
        passed = np.flatnonzero(sure >= least)[:batch]
        inputs = {"num_samples": np.int64(batch), "seed": seed, "temperature": COOLER, "min_confidence": least}
        examples.append(Example(NAME, inputs, {"images": images[passed], "confidence": sure[passed]}))
    return examples


def _threshold(sure: np.ndarray, least: int) -> np.float32:
    """A threshold that at least so many values pass, in the middle of a wide gap: rounding must not decide what passes.

    0 where there is no such gap.
    """
    highest_first = np.sort(sure)[::-1][least - 1 :]
    gaps = highest_first[:-1] - highest_first[1:]
    widest = int(np.argmax(gaps))
    return np.float32(highest_first[widest] - gaps[widest] / 2 if gaps[widest] > CLEAR else 0)


def _checks(temperature: tf.Tensor, min_confidence: tf.Tensor) -> list[tf.Operation]:
    accepted = {
        "temperature": ((temperature > 0) & (temperature < np.inf), "a finite number above 0", temperature),
        "min_confidence": ((min_confidence >= 0) & (min_confidence < 1), "at least 0 and below 1", min_confidence),
    }
    return [
        tf.debugging.Assert(holds, [tf.strings.format(f"Expected {name} to be {wanted}, got {{}}", value)])
        for name, (holds, wanted, value) in accepted.items()
    ]
