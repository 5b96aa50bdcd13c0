"""What to watch while stage one trains, from noisy data alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import row_batches, to_network_range
from nlgan_tf.gan.latent import draw_latent

DRAWN_IMAGES = 64
COLLAPSED_BELOW = 0.1
COLLAPSED_EPOCHS = 2
STUCK_GAP = 0.4
STUCK_EPOCHS = 5


class TrainingWatch(keras.callbacks.Callback):
    """Tells of a collapsed or stuck generator and of a discriminator that memorises the noisy labels.

    At the end of each epoch it adds to the logs, and reports once when one begins:

    - `noisy_accuracy`: how often D, dropout off, agrees with the noisy training labels, mean of both labels. A
      perfect D agrees in (pi_p + pi_n) / 2 of them; above it D memorises wrong ones.
    - `diversity_p`, `diversity_n`: standard deviation of a pixel over drawn images, mean of all pixels, relative to
      the training images of that noisy label. Below 0.1 for two epochs the generator has collapsed to nearly one image
      (in its first steps any generator draws faint ones).
    - a gap of D's mean output on drawn images to delta (eq. 3) that stays above 0.4 (delta_n - delta_p) for five
      epochs: the generator does not learn.

    Args:
        images: training images, uint8 or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: 0 or 1, shape (n,).
        sample: the most images of each label that D is asked about.
        report: called with one line for each event.
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
        rng = np.random.default_rng(0)
        members = {label: rng.permutation(np.flatnonzero(np.asarray(noisy_labels) == label)) for label in (1, 0)}
        self._seen = {label: images[indices[:sample]] for label, indices in members.items()}
        self._spread = {label: _spread(to_network_range(seen)) for label, seen in self._seen.items()}
        # Of a sample of all images the share of wrong labels is known to some standard errors only.
        sampled = max(map(len, members.values())) > sample
        self._margin = 2 * 0.5 / np.sqrt(2 * sample) if sampled else 0.0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs.update(self.measures())
        for name, (present, patience, message) in self._signs(logs).items():
            self.state[name] = self.state.get(name, 0) + 1 if present else 0
            if self.state[name] == patience:
                self.report(f"{message} (epoch {epoch + 1})")

    def measures(self) -> dict[str, float]:
        """`noisy_accuracy`, `diversity_p` and `diversity_n` of the model as it is."""
        agreement = [np.mean((self._probability(seen) > 0.5) == label) for label, seen in self._seen.items()]
        diversity = {
            f"diversity_{'p' if label else 'n'}": self._drawn_spread(generator) / max(self._spread[label], 1e-12)
            for label, generator in self.model.drawing_generators().items()
        }
        return {"noisy_accuracy": float(np.mean(agreement)), **diversity}

    def _signs(self, logs: dict) -> dict[str, tuple[bool, int, str]]:
        """Of each event: whether its sign is present, in how many epochs on end it must be, and its message."""
        priors = self.model.priors
        most = (priors.pi_p + priors.pi_n) / 2
        far = STUCK_GAP * (priors.delta_n - priors.delta_p)
        signs = {
            "memorisation": (
                logs["noisy_accuracy"] > most + self._margin + 1e-9,
                1,
                f"D memorises: it agrees with {logs['noisy_accuracy']:.3f} of the noisy labels, "
                f"above (pi_p + pi_n) / 2 = {most:.3f}",
            )
        }
        for letter, generator in (("p", "G_P"), ("n", "G_N")):
            diversity, gap = logs[f"diversity_{letter}"], logs.get(f"gap_{letter}", 0.0)
            signs[f"collapse_{letter}"] = (
                diversity < COLLAPSED_BELOW,
                COLLAPSED_EPOCHS,
                f"{generator} has collapsed: its images differ {diversity:.3f} times as much as the training images",
            )
            signs[f"stuck_{letter}"] = (
                abs(gap) > far,
                STUCK_EPOCHS,
                f"{generator} does not learn: gap_{letter} is {gap:.2f}, and was beyond {far:.2f} for "
                f"{STUCK_EPOCHS} epochs",
            )
        return signs

    def _probability(self, images: np.ndarray) -> np.ndarray:
        return np.concatenate([self.model(batch, training=False) for batch in row_batches(images)])

    def _drawn_spread(self, generator: keras.Model) -> float:
        z = draw_latent(DRAWN_IMAGES, self.model.latent_dim, self.model.latent, tf.constant((0, 0)))
        return _spread(generator(z, training=False))


def _spread(images: tf.Tensor) -> float:
    return float(tf.reduce_mean(tf.math.reduce_std(images, axis=0)))
