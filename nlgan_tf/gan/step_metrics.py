"""What a training step reports: means of the losses and of D's outputs over an epoch."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.training import replicas

LOSSES = ("loss", "d_loss", "gp_loss", "gn_loss")
OUTPUTS = ("d_noisy_p", "d_noisy_n", "d_fake_p", "d_fake_n")
GAPS = ("gap_p", "gap_n")


class StepMetrics:
    """Means over an epoch.

    `loss` is the sum of `d_loss`, `gp_loss` and `gn_loss`; `d_*` are D's outputs sigmoid(logit) on the four
    minibatches; `gap_p` and `gap_n` are D's mean outputs on generated images less delta of eq. (3). With perfect
    generators the gaps settle not at 0 but a little inside, since eq. (5) keeps D from delta there.

    Attributes:
        means: One `keras.metrics.Mean` for each name.
    """

    def __init__(self) -> None:
        self.means = {name: keras.metrics.Mean(name=name) for name in LOSSES + OUTPUTS + GAPS}

    def update(
        self,
        d_loss: tf.Tensor,
        noisy: tuple[tf.Tensor, tf.Tensor],
        generated: list[tuple[int, tf.Tensor, tf.Tensor]],
        priors: NoisePriors,
    ) -> dict[str, tf.Tensor]:
        """Adds one step.

        Args:
            d_loss: Scalar, eq. (5).
            noisy: D's logits on noisy positives and noisy negatives.
            generated: Label (1 or 0), loss (eq. 4) and D's logits of each generator's images.
            priors: Purities of the noisy labels.

        Returns:
            All means over the epoch so far.
        """
        of_label = [[(loss, logits) for label, loss, logits in generated if label == wanted] for wanted in (1, 0)]
        losses = d_loss, *(tf.add_n([loss for loss, _ in ones]) for ones in of_label)
        logits = *noisy, *(tf.concat([logits for _, logits in ones], axis=0) for ones in of_label)
        outputs = dict(zip(OUTPUTS, map(tf.sigmoid, logits), strict=True))
        weights = dict.fromkeys(OUTPUTS)
        if replicas.count() > 1:
            losses, outputs, weights = _over_replicas(losses, outputs)
        values = {
            **dict(zip(LOSSES, (sum(losses), *losses), strict=True)),
            **outputs,
            "gap_p": outputs["d_fake_p"] - priors.delta_p,
            "gap_n": outputs["d_fake_n"] - priors.delta_n,
        }
        weights.update(gap_p=weights["d_fake_p"], gap_n=weights["d_fake_n"])
        for name, value in values.items():
            self.means[name].update_state(value, weights.get(name))
        return {name: mean.result() for name, mean in self.means.items()}


def _over_replicas(losses: tuple[tf.Tensor, ...], outputs: dict[str, tf.Tensor]):
    """The step's losses, means of D's outputs and their counts over all replicas."""
    sums = [tf.reduce_sum(output) for output in outputs.values()]
    sizes = [tf.cast(tf.size(output), tf.float32) for output in outputs.values()]
    totals = iter(replicas.total([*losses, *sums, *sizes]))
    losses = [replicas.share(next(totals)) for _ in losses]
    sums = {name: next(totals) for name in outputs}
    sizes = {name: next(totals) for name in outputs}
    return losses, {name: tf.math.divide_no_nan(sums[name], sizes[name]) for name in outputs}, sizes
