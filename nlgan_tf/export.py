"""SavedModels for TF Serving: BASE/<model>/<version>/, float32 in and out, images in [0, 255]."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

from nlgan_tf.gan.images import to_network_range
from nlgan_tf.stack import keras


def export_generator(generator: keras.Model, base_dir: str | os.PathLike, name: str) -> Path:
    """Writes a generator as the next version under BASE/<name>/.

    Signature `serving_default`: `latent`, float32 (n, latent_dim) -> `images`, float32 (n, h, w, c) in [0, 255].

    Returns:
        The version directory, published whole.
    """

    @tf.function(input_signature=[tf.TensorSpec((None, generator.input_shape[-1]), tf.float32, name="latent")])
    def serve(latent: tf.Tensor) -> dict[str, tf.Tensor]:
        images = tf.cast(generator(latent, training=False), tf.float32)
        return {"images": tf.clip_by_value((images + 1.0) * 127.5, 0.0, 255.0)}

    return _publish(generator, {"serving_default": serve}, Path(base_dir) / name)


def export_classifier(
    classifier: keras.Model,
    base_dir: str | os.PathLike,
    class_names: tuple[str, str] = ("negative", "positive"),
    name: str = "classifier",
) -> Path:
    """Writes a classifier as the next version under BASE/<name>/.

    Signature `serving_default`: `images`, float32 (n, h, w, c) in [0, 255] -> `probability` of the positive
    class, float32 (n,); `label`, int64 (n,); `class_name`, string (n,).

    Returns:
        The version directory, published whole.
    """

    @tf.function(input_signature=[tf.TensorSpec(classifier.input_shape, tf.float32, name="images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = tf.cast(classifier(to_network_range(images), training=False)[:, 0], tf.float32)
        label = tf.cast(logits > 0, tf.int64)
        return {
            "probability": tf.sigmoid(logits),
            "label": label,
            "class_name": tf.gather(tf.constant(class_names), label),
        }

    return _publish(classifier, {"serving_default": serve}, Path(base_dir) / name)


def _publish(model: keras.Model, signatures: dict, folder: Path) -> Path:
    """Writes beside the versions under a name that no server takes for one, then renames to the next integer."""
    folder.mkdir(parents=True, exist_ok=True)
    module = tf.Module()
    # The bare variables: tracking the Keras model too would write each of them twice.
    module.weights = [variable.value for variable in model.variables]
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=".unfinished-"))
    try:
        tf.saved_model.save(module, str(temporary), signatures=signatures)
        temporary.chmod(0o755)
        versions = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
        return temporary.rename(folder / str(max(versions, default=0) + 1))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
