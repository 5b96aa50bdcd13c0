"""Signs of a failing stage one, from noisy data alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.pixels import row_batches, to_network_range
from nlgan_tf.gan.latent import draw_latent

DRAWN_IMAGES = 64
MEMORISED_POINTS = 0.03
COLLAPSED_BELOW = 0.1
COLLAPSED_EPOCHS = 2
STUCK_GAP = 0.4
STUCK_EPOCHS = 5
# Each event's line contains one of them, by which readers of a history know the event.
MEMORISES, COLLAPSED, STUCK = "memorises wrong labels", "has collapsed", "does not learn"


class TrainingWatch(keras.callbacks.Callback):
    """Reports a collapsed or stuck generator, and a discriminator that memorises the noisy labels.

    Each epoch adds `noisy_accuracy`, `diversity_p` and `diversity_n` to the logs. These events are reported:

    - D memorises, reported once: `noisy_accuracy`, the share of noisy training labels with which D, dropout off,
      agrees (mean of both labels), is beyond (pi_p + pi_n) / 2, a perfect D's share, by more than two binomial
      standard errors and 0.03.
    - A generator has collapsed to nearly one image: `diversity_p` or `diversity_n`, the standard deviation of a pixel
      over drawn images, mean of all pixels, relative to the training images of that noisy label, was below 0.1 for
      two epochs. In its first steps any generator draws faint images.
    - A generator does not learn: the gap of D's mean output on drawn images to delta (eq. 3) was above
      0.4 (delta_n - delta_p) for five epochs.

    Args:
        images: Training images, uint8 or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: Labels, 0 or 1, shape (n,).
        sample: Largest number of images of each label that D is applied to.
        report: Function that is called with one line for each event.

    Attributes:
        state: Number of epochs in a row with each sign, which a checkpoint may save and restore.

    Raises:
        InputError: For images or labels that are not accepted, or a label without an image.
    """

    def __init__(
        self,
        images: np.ndarray,
        noisy_labels: np.ndarray,
        sample: int = 1000,
        report: Callable[[str], None] = print,
    ) -> None:
        super().__init__()
        self.report = report
        self.state: dict[str, int] = {}
        images = check_images(images)
        noisy_labels = check_labels(noisy_labels, len(images), minimum_per_class=1)
        rng = np.random.default_rng(0)
        members = {label: rng.permutation(np.flatnonzero(noisy_labels == label)) for label in (1, 0)}
        self._seen = {label: images[indices[:sample]] for label, indices in members.items()}
        self._spread = {label: _spread(to_network_range(seen)) for label, seen in self._seen.items()}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs.update(self.measures())
        for name, (present, patience, message) in self._signs(logs).items():
            already = self.state.get(name, 0)
            if name == "memorisation" and already >= patience:
                continue
            self.state[name] = already + 1 if present else 0
            if self.state[name] == patience:
                self.report(f"{message} (epoch {epoch + 1})")

    def measures(self) -> dict[str, float]:
        """Returns `noisy_accuracy`, `diversity_p` and `diversity_n` of the model as it is."""
        agreement = [np.mean((self._probability(seen) > 0.5) == label) for label, seen in self._seen.items()]
        diversity = {
            f"diversity_{'p' if label else 'n'}": self._drawn_spread(generator) / max(self._spread[label], 1e-12)
            for label, generator in self.model.drawing_generators().items()
        }
        return {"noisy_accuracy": float(np.mean(agreement)), **diversity}

    def _signs(self, logs: dict) -> dict[str, tuple[bool, int, str]]:
        """Returns for each event whether its sign is present, for how many epochs the sign must stay, and the line."""
        priors = self.model.priors
        perfect, error = self._perfect_agreement(priors)
        far = STUCK_GAP * (priors.delta_n - priors.delta_p)
        signs = {
            "memorisation": (
                logs["noisy_accuracy"] > perfect + 2 * error + MEMORISED_POINTS,
                1,
                f"D {MEMORISES}: D agrees with {logs['noisy_accuracy']:.3f} of the noisy labels, "
                f"a perfect D with (pi_p + pi_n) / 2 = {perfect:.3f}; take fewer epochs, more dropout or translation",
            )
        }
        for letter, generator in (("p", "G_P"), ("n", "G_N")):
            diversity, gap = logs[f"diversity_{letter}"], logs.get(f"gap_{letter}", 0.0)
            signs[f"collapse_{letter}"] = (
                diversity < COLLAPSED_BELOW,
                COLLAPSED_EPOCHS,
                f"{generator} {COLLAPSED}: its images differ {diversity:.3f} times as much as the training images; "
                "another seed or a lower learning rate of the generators may help",
            )
            signs[f"stuck_{letter}"] = (
                abs(gap) > far,
                STUCK_EPOCHS,
                f"{generator} {STUCK}: gap_{letter} is {gap:.2f}, and was beyond {far:.2f} for "
                f"{STUCK_EPOCHS} epochs; a higher learning rate of the generators may help",
            )
        return signs

    def _perfect_agreement(self, priors: NoisePriors) -> tuple[float, float]:
        """The share of the noisy labels that a perfect D agrees with, and its binomial standard error."""
        purities = {1: priors.pi_p, 0: priors.pi_n}
        variances = [purities[label] * (1 - purities[label]) / max(len(seen), 1) for label, seen in self._seen.items()]
        return sum(purities.values()) / 2, math.sqrt(sum(variances)) / 2

    def _probability(self, images: np.ndarray) -> np.ndarray:
        return np.concatenate([self.model(batch, training=False) for batch in row_batches(images)])

    def _drawn_spread(self, generator: keras.Model) -> float:
        z = draw_latent(DRAWN_IMAGES, self.model.latent_dim, self.model.latent, tf.constant((0, 0)))
        return _spread(generator(z, training=False))


def _spread(images: tf.Tensor) -> float:
    return float(tf.reduce_mean(tf.math.reduce_std(images, axis=0)))
