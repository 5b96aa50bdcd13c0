"""Stage two (paper, section 2.2.2): a standard classifier, trained on any stream of images and labels in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, FEATURES, NETWORK_FOR, StageTwoConfig, policy_for
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_integer, check_seed, check_training_images
from nlgan_tf.data.pixels import ROWS_A_CALL, row_batches, row_function, to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import Augmentation, stage_two_augmentation
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.networks.extractor import ROWS_A_CALL as FROZEN_ROWS_A_CALL
from nlgan_tf.networks.extractor import has_trunk
from nlgan_tf.training.averaging import AveragedTraining, assign_weights
from nlgan_tf.training.fit import fit
from nlgan_tf.training.optimizers import FusedAdam
from nlgan_tf.training.survival import Survival


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    config: StageTwoConfig,
    seed: int = 0,
    verbose: int | str = 0,
    survival: Survival | None = None,
    name: str = "classifier",
) -> keras.Model:
    """Trains a fresh stage-two classifier on balanced batches of the images.

    The number of steps, the optimizer and the batches' make-up depend on `config` alone, so that classifiers
    trained on different labels compare fairly.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        labels: Labels, 0 or 1, shape (n,).
        config: Network and schedule.
        seed: Seed of weights, dropout, order and augmentation.
        verbose: Verbosity, as in `keras.Model.fit`.
        survival: Checkpoints and signals of the training; by default nothing is saved.
        name: Name of this training's checkpoints.

    Returns:
        The classifier: float32 images in [-1, 1] -> logits (n, 1), positive above 0.

    Raises:
        InputError: For images or labels that `noisy_dataset` does not accept.
    """
    check_seed(seed)
    images = check_training_images(images)

    def balanced() -> tf.data.Dataset:
        return noisy_dataset(images, labels, config.batch_size, config.samples_per_epoch, seed)

    # Of hard labels alone: no soft label would equal a predicted one.
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    shape = images.shape[1:]
    augment = stage_two_augmentation(config, shape)
    return train_on_stream(balanced, shape, config, seed, verbose, survival, name, augment, metrics=[accuracy])


def train_on_stream(
    stream: Callable[[], tf.data.Dataset],
    image_shape: tuple[int, int, int],
    config: StageTwoConfig,
    seed: int = 0,
    verbose: int | str = 0,
    survival: Survival | None = None,
    name: str = "classifier",
    augment: Augmentation | None = None,
    metrics: Sequence[keras.metrics.Metric] = (),
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
) -> keras.Model:
    """Trains a fresh stage-two classifier on a stream of images and labels.

    Args:
        stream: Function that makes the finite data set of an epoch, each time in its first epoch's order: batches of
            images in [0, 255], shape (b, h, w, c), and labels in [0, 1], shape (b,). An epoch has
            samples_per_epoch // batch_size batches of `config`, from which the schedule takes its length.
        image_shape: Shape (h, w, c).
        config: Network and schedule. With `ema` the returned classifier has the averaged weights.
        seed: Seed of weights, dropout and augmentation.
        verbose: Verbosity, as in `keras.Model.fit`.
        survival: Checkpoints and signals of the training, which goes on from them; by default nothing is saved.
        name: Name of this training's checkpoints.
        augment: Function `augment(images, seed)` of every batch, with images in [-1, 1] and an integer pair.
        metrics: Metrics of labels and logits, both of shape (b, 1).
        loss: Loss of labels and logits, both of shape (b, 1); by default cross-entropy.

    Returns:
        The classifier: float32 images in [-1, 1] -> logits (n, 1), positive above 0.

    Raises:
        InputError: For an image shape that the network does not accept.
    """
    classifier = build_classifier(image_shape, config.width, network=network_for(config, image_shape), seed=seed)
    trained = AveragedTraining(classifier, config.ema) if config.ema else classifier
    loss = loss or keras.losses.BinaryCrossentropy(from_logits=True)
    trained.compile(optimizer=_optimizer(config), loss=loss, metrics=list(metrics))
    # Built now: a checkpoint finds its slots, and the first step need not be traced twice.
    trained.optimizer.build(classifier.trainable_variables)
    fit(
        trained,
        lambda: network_inputs(stream(), augment, seed),
        config.epochs,
        survival or Survival(),
        name,
        verbose=verbose,
    )
    if config.ema:
        assign_weights(classifier, trained.average)
        classifier.compile(optimizer=trained.optimizer, loss=loss, metrics=list(metrics))
    return classifier


def network_for(config: StageTwoConfig, image_shape: tuple[int, int, int]) -> str:
    """Returns the name of the network for images of shape (h, w, c): the configured one, or that of their kind.

    Beside a classifier of frozen features, whatever else is trained has the network of the images' kind.
    """
    if config.network in (AUTO, FEATURES):
        return NETWORK_FOR[policy_for(image_shape)]
    return config.network


def _optimizer(config: StageTwoConfig) -> keras.optimizers.Optimizer:
    steps = config.epochs * (config.samples_per_epoch // config.batch_size)
    return FusedAdam(
        config.learning_rate,
        beta_2=config.beta_2,
        weight_decay=config.weight_decay or None,
        cosine_steps=steps if config.schedule == "cosine" else 0,
    )


def network_inputs(stream: tf.data.Dataset, augment: Augmentation | None, seed: int) -> tf.data.Dataset:
    """Batches of images in [-1, 1], augmented, and labels (b, 1)."""

    @tf.autograph.experimental.do_not_convert
    def as_rows(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return to_network_range(images), labels[:, tf.newaxis]

    dataset = stream.map(as_rows)
    if augment is not None:
        # New seeds for each iteration, which a new data set replays, as the order of a shuffled set.
        seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

        @tf.autograph.experimental.do_not_convert
        def augmented(batch: tuple[tf.Tensor, tf.Tensor], seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images, labels = batch
            return augment(images, seed), labels

        dataset = tf.data.Dataset.zip((dataset, seeds)).map(augmented)
    return dataset.prefetch(2)


def predict_logits(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    """The classifier's logits for public images, shape (n, number of logits)."""
    return logit_function(classifier, images)(images)


def logit_function(classifier: keras.Model, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns `predict_logits` of images of this shape and dtype, by the classifier's weights at each call."""
    rows_a_call = FROZEN_ROWS_A_CALL if has_trunk(classifier) else ROWS_A_CALL
    return row_function(lambda batch: classifier(to_network_range(batch), training=False), images, rows_a_call)


def predict_views(
    classifier: keras.Model, images: np.ndarray, augment: Augmentation | None = None, views: int = 1, seed: int = 0
) -> np.ndarray:
    """The classifier's logits for several views of public images.

    Args:
        classifier: Network, images in [-1, 1] -> logits (n, 1).
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        augment: Function `augment(images, seed)` that makes each view but the first, which is the image as it is.
        views: Number of views, at least 1.
        seed: Seed of the views.

    Returns:
        Logits, float32, shape (views, n).

    Raises:
        InputError: For fewer views than 1, or more without `augment`.
    """
    check_integer("views", views, least=1)
    if views > 1 and augment is None:
        raise InputError(f"Expected an augmentation for views={views}, got none")
    logits = [predict_logits(classifier, images)[:, 0]]
    if views > 1:
        view = _view_function(classifier, images, augment)
        for number in range(1, views):
            batches = enumerate(row_batches(images))
            logits.append(np.concatenate([view(rows, (seed, number), batch) for batch, rows in batches]))
    return np.stack(logits)


def _view_function(classifier: keras.Model, images: np.ndarray, augment: Augmentation) -> Callable:
    """Returns the traced function of (rows, (seed, view), number of the batch) to the logits of one view, (n,)."""
    signature = [
        tf.TensorSpec((None, *images.shape[1:]), images.dtype),
        tf.TensorSpec((2,), tf.int64),
        tf.TensorSpec((), tf.int64),
    ]

    @tf.function(autograph=False, input_signature=signature)
    def view(rows: tf.Tensor, seed: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        changed = augment(to_network_range(rows), tf.random.experimental.stateless_fold_in(seed, batch))
        return classifier(changed, training=False)[:, 0]

    return view


def predict_probability(
    classifier: keras.Model, images: np.ndarray, augment: Augmentation | None = None, views: int = 1, seed: int = 0
) -> np.ndarray:
    """P(positive) of public images, the mean over views of sigmoid(logit), float32, shape (n,).

    Arguments and errors are those of `predict_views`.
    """
    return tf.sigmoid(predict_views(classifier, images, augment, views, seed)).numpy().mean(axis=0)
