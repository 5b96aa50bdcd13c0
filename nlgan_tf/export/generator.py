"""A generator's signatures: latent vectors, or seeds alone -> images. Every draw is a function of its seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.export import confident
from nlgan_tf.export.publish import check_model_name
from nlgan_tf.export.replay import full_float32
from nlgan_tf.export.servable import EXAMPLE_BATCHES, Example, Servable, compute_dtype
from nlgan_tf.gan.latent import check_latent, draw_latent

# Images of one request: the answer, and memory, stay bounded.
MAX_SAMPLES = 1024


def generator_servable(
    model: keras.Model,
    name: str,
    latent: str = "uniform",
    stream: int = 0,
    confidence: Callable[[tf.Tensor], tf.Tensor] | None = None,
) -> Servable:
    """Returns the generator as TF Serving sees it.

    Signatures; `images` are float32 in [0, 255], shape (n, h, w, c):

    - `serving_default`: `latent`, float32 (n, latent_dim) -> `images`.
    - `sample`: `num_samples` and `seed`, int64 scalars -> `images`: row k is the same in every longer draw.
    - `sample_rows`: `seeds`, int64 (n,) -> `images`: a row depends on its seed alone, to the last bit, since rows are
      drawn one by one. For server-side batching and REST's row format.
    - `sample_png`: `seeds` -> `png_bytes`, string (n,): the same rows, rounded and encoded.
    - `sample_confident`, where `confidence` is given: `num_samples`, `seed`, and float32 scalars `temperature` and
      `min_confidence` -> `images`, and `confidence`, float32 (n,): the seed's first images that reach `min_confidence`,
      fewer than `num_samples` where fewer of 20 `num_samples` do.

    Args:
        model: Keras model, z (n, latent_dim) -> images in [-1, 1].
        name: Name of the model.
        latent: Distribution of z, "uniform" or "normal".
        stream: Number that z is drawn by beside the seed, so that two generators with one seed draw different z.
        confidence: Function of images in [0, 255] to P(class), float32, shape (n,), such as `confidence_by` returns.

    Raises:
        InputError: For a name that TF Serving rejects, a model that is no generator, or an unknown distribution.
    """
    check_model_name(name)
    check_latent(latent)
    if len(model.input_shape) != 2 or len(model.output_shape) != 4:
        raise InputError(
            "Expected a generator, (n, latent_dim) -> images (n, h, w, c), "
            f"got a model of {model.input_shape} -> {model.output_shape}"
        )
    facts = {
        "image_shape": list(model.output_shape[1:]),
        "latent": latent,
        "latent_dim": model.input_shape[-1],
        "stream": stream,
        "compute_dtype": compute_dtype(model),
    }
    draw, public_images, network = _functions(model, latent, stream)
    signatures = _signatures(network, draw, model.input_shape[-1], model.output_shape[1:])
    with full_float32():
        # In a lower precision the size of a batch changes the last bits, and the signature draws rows one by one.
        rows_a_call = max(EXAMPLE_BATCHES) if facts["compute_dtype"] == "float32" else 1
        examples = list(_examples(public_images, draw, rows_a_call))
        if confidence is not None:
            signatures[confident.NAME] = confident.sample_confident(network, draw, confidence, _check_count)
            examples += confident.confident_examples(public_images, draw, confidence)
            facts[confident.NAME] = confident.CONTRACT
    return Servable(name, "generator", signatures, examples, network, numeric_outputs=("images",), facts=facts)


def _functions(model: keras.Model, latent: str, stream: int) -> tuple[Callable, Callable, Callable]:
    """Functions of a number and a seed to z, and of z to images, the last of them traced once for all signatures."""
    latent_dim = model.input_shape[-1]

    def draw(count: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return draw_latent(count, latent_dim, latent, tf.stack([seed, tf.constant(stream, tf.int64)]))

    def public_images(z: tf.Tensor) -> tf.Tensor:
        images = tf.cast(model(z, training=False), tf.float32)
        return tf.clip_by_value((images + 1.0) * 127.5, 0.0, 255.0)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, latent_dim), tf.float32, name="latent")])
    def network(latent: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": public_images(latent)}

    return draw, public_images, network


def _signatures(
    network: Callable, draw: Callable, latent_dim: int, image_shape: tuple[int, int, int]
) -> dict[str, Callable]:
    """The signatures by their names.

    Args:
        network: Traced function of z to {"images": ...}.
        draw: Function of a number of vectors and a seed to z.
        latent_dim: Length of z.
        image_shape: Shape (h, w, c).
    """

    def rows(seeds: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([_check_count(tf.size(seeds, tf.int64), "seeds")]):
            seeds = tf.identity(seeds)
        spec = tf.TensorSpec(image_shape, tf.float32)
        return tf.map_fn(lambda seed: network(draw(1, seed))["images"][0], seeds, fn_output_signature=spec)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, latent_dim), tf.float32, name="latent")])
    def serving_default(latent: tf.Tensor) -> dict[str, tf.Tensor]:
        return network(tf.ensure_shape(latent, (None, latent_dim)))

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec((), tf.int64, name="num_samples"), tf.TensorSpec((), tf.int64, name="seed")],
    )
    def sample(num_samples: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        num_samples, seed = tf.ensure_shape(num_samples, ()), tf.ensure_shape(seed, ())
        with tf.control_dependencies([_check_count(num_samples, "num_samples")]):
            return network(draw(tf.identity(num_samples), seed))

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None,), tf.int64, name="seeds")])
    def sample_rows(seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": rows(tf.ensure_shape(seeds, (None,)))}

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None,), tf.int64, name="seeds")])
    def sample_png(seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(tf.round(rows(tf.ensure_shape(seeds, (None,)))), tf.uint8)
        return {"png_bytes": tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string)}

    signatures = (serving_default, sample, sample_rows, sample_png)
    return {function.__name__: function for function in signatures}


def _check_count(count: tf.Tensor, name: str) -> tf.Operation:
    message = tf.strings.format(f"Expected {name} to ask for 1 to {MAX_SAMPLES} images, got {{}} images", count)
    return tf.debugging.Assert((count > 0) & (count <= MAX_SAMPLES), [message])


def _examples(public_images, draw, rows_a_call: int) -> Iterator[Example]:
    """Examples drawn outside any graph, by the Keras model itself."""
    seeds = np.arange(max(EXAMPLE_BATCHES), dtype=np.int64)
    z = tf.concat([draw(1, seed) for seed in seeds], axis=0)
    starts = range(0, len(seeds), rows_a_call)
    rows = np.concatenate([public_images(z[start : start + rows_a_call]).numpy() for start in starts])
    png = np.array([tf.io.encode_png(image).numpy() for image in rows.round().astype(np.uint8)], dtype=object)
    for batch in EXAMPLE_BATCHES:
        seed = np.int64(batch)
        z = draw(batch, seed)
        images = public_images(z).numpy()
        yield Example("serving_default", {"latent": z.numpy()}, {"images": images})
        yield Example("sample", {"num_samples": np.int64(batch), "seed": seed}, {"images": images})
        yield Example("sample_rows", {"seeds": seeds[:batch]}, {"images": rows[:batch]})
        yield Example("sample_png", {"seeds": seeds[:batch]}, {"png_bytes": png[:batch]})
