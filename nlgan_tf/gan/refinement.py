"""Refinement of the generators after stage one, by a critic that tells originals from what is drawn."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.compat.keras import Model, keras, scale_loss
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.gan.augment import Augmentation
from nlgan_tf.gan.latent import AUGMENT_FAKE, AUGMENT_REAL, step_seed
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.players import generated
from nlgan_tf.training.averaging import follow
from nlgan_tf.training.optimizers import FusedAdam, loss_scaled, update

# Power of the posterior in the weights: an original of P(class) .8 counts half as much as one of .95.
SHARPNESS = 4
# Of the generators' averages, which draw: over a thousand steps in place of stage one's hundred.
EMA = 0.999


class Refinement(Model):
    """Trains the generators of an NLGAN further, in place, against originals that are weighted by their posterior.

    Stage one teaches the generators what D knows of the classes; eq. (4) has little to say of what makes an image look
    real. A critic therefore learns for each class a logit, R_P and R_N, that tells originals from drawn images. D is
    as stage one left it.

    `fit` takes batches of `data.batches.judged_batches`.

    Args:
        nlgan: Trained NLGAN with known priors.
        critic: Network, float32 images in [-1, 1] -> R_P and R_N, shape (n, 2).
        adam: Settings of Adam, for the critic and each generator.
        augment: Function `augment(images, seed)` of every image that critic and D see; None: no augmentation.

    Raises:
        InputError: For priors that are to be estimated.
    """

    def __init__(
        self,
        nlgan: NLGAN,
        critic: keras.Model,
        adam: dict[str, float],
        augment: Augmentation | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        nlgan.known_priors()
        self.seed, self.latent, self.augment, self.loss_metric = nlgan.seed, nlgan.latent, augment, nlgan.loss_metric
        self.critic, self.judge = critic, nlgan.judging_discriminator()
        players = nlgan.players()
        self.generators = [player.generator for player in players]
        self.averages = [nlgan.drawing_generators()[player.label] for player in players] if nlgan.ema else []
        # Goes on where stage one stopped, so that no z comes twice.
        self.step = self.add_weight(name="step", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.step.assign(tf.convert_to_tensor(nlgan.step))
        self._first_step = int(nlgan.step)
        self.critic_optimizer = self._adam("critic_optimizer", critic, adam)
        self.g_optimizers = [self._adam(f"{network.name}_optimizer", network, adam) for network in self.generators]
        self._players = [
            player._replace(optimizer=optimizer) for player, optimizer in zip(players, self.g_optimizers, strict=True)
        ]
        self._means = {name: keras.metrics.Mean(name=name) for name in ("loss", "g_loss", "realness_loss")}
        self.compile(optimizer=None)
        self.built = True

    def _adam(self, name: str, network: keras.Model, settings: dict[str, float]) -> keras.optimizers.Optimizer:
        optimizer = loss_scaled(FusedAdam(**settings, name=name), self.generators[0].compute_dtype)
        # Built now, so that checkpoints save and restore the slots.
        optimizer.build(network.trainable_variables)
        return optimizer

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step.

        p(x) is the posterior of an original x of the batch, E_w the mean weighted by w = p^4, E_v by v = (1 - p)^4::

            L_R = E_w[max(0, 1 - R_P(x))] + E[max(0, 1 + R_P(x_GP))]
                  + E_v[max(0, 1 - R_N(x))] + E[max(0, 1 + R_N(x_GN))]
            G_P, G_N: one step of Adam down L_GP - E[R_P(x_GP)] and L_GN - E[R_N(x_GN)], with eq. (4)
            critic: one step of Adam down L_R
            averages of the generators' weights, if any: one step after them
        """
        images, posterior = data
        with tf.GradientTape(persistent=True) as tape:
            drawn = generated(self._players, tf.shape(images)[0], self.latent, self._step_seed)
            drawn = self._augmented(drawn, AUGMENT_FAKE)
            # The critic's spectral state moves in the first call; the second uses the same normalised weights.
            of_originals = self.critic(self._augmented(to_network_range(images), AUGMENT_REAL), training=True)
            of_drawn = tf.split(self.critic(drawn, training=False), len(self._players))
            logits = tf.split(self.judge(drawn, training=False), len(self._players))
            realness_loss = g_loss = g_objective = 0.0
            for player, its_realness, its_logits in zip(self._players, of_drawn, logits, strict=True):
                # R_P is the first column.
                column, probability = (0, posterior) if player.label else (1, 1.0 - posterior)
                realness = its_realness[:, column]
                realness_loss += losses.realness_loss(of_originals[:, column], probability**SHARPNESS, realness)
                loss = losses.generator_loss(its_logits, player.delta, self.loss_metric)
                g_objective += scale_loss(player.optimizer, loss - tf.reduce_mean(realness))
                g_loss += loss
            critic_objective = scale_loss(self.critic_optimizer, realness_loss)
        update(tape, g_objective, [(player.generator, player.optimizer) for player in self._players])
        update(tape, critic_objective, [(self.critic, self.critic_optimizer)])
        self.step.assign_add(1)
        for average, generator in zip(self.averages, self.generators, strict=bool(self.averages)):
            follow(average, generator, self.step - self._first_step, EMA)
        for mean, value in zip(self._means.values(), (realness_loss + g_loss, g_loss, realness_loss), strict=True):
            mean.update_state(value)
        return {name: mean.result() for name, mean in self._means.items()}

    def _augmented(self, images: tf.Tensor, purpose: int) -> tf.Tensor:
        return images if self.augment is None else self.augment(images, self._step_seed(purpose))

    def _step_seed(self, purpose: int) -> tf.Tensor:
        return step_seed(self.seed, self.step, purpose)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self._means.values()]

    def get_config(self) -> dict:
        """Returns the name; Keras 2.15 asks for a configuration whenever it saves weights."""
        return {"name": self.name}
