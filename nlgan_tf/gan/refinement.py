"""Refinement of the generators after stage one: a second task for D, to tell originals from what is drawn."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.compat.keras import Model, keras, scale_loss
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import Augmentation
from nlgan_tf.gan.labels import is_positive
from nlgan_tf.gan.latent import AUGMENT_FAKE, AUGMENT_REAL, step_seed
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.players import generated
from nlgan_tf.gan.trunk_and_head import SplitDiscriminator
from nlgan_tf.training.averaging import assign_weights, follow
from nlgan_tf.training.optimizers import FusedAdam, loss_scaled, update

RATE, BETA_1, BETA_2 = 5e-4, 0.5, 0.99
# Power of the posterior in the weights: an original of P(class) .8 counts half as much as one of .95.
SHARPNESS = 4
# Of the generators' averages, which draw: over a thousand steps in place of stage one's hundred.
EMA = 0.999


class RealnessLogits(keras.layers.Layer):
    """R_P and R_N, logits that are high on originals and low on drawn images of their class.

    Each is a projection of D's features on a direction w / |w|, times `scale`, plus a bias: float32, shape (n, 2).

    Args:
        scale: Factor on the projections. Features pass spectrally normalised layers, and are small.
    """

    def __init__(self, scale: float = 3.0, **kwargs) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.scale = scale

    def build(self, input_shape: tuple) -> None:
        # Of length 1: a step of Adam turns long vectors too little.
        unit = keras.initializers.RandomNormal(stddev=input_shape[-1] ** -0.5, seed=0)
        self.directions = self.add_weight(name="directions", shape=(input_shape[-1], 2), initializer=unit)
        self.bias = self.add_weight(name="bias", shape=(2,), initializer="zeros")
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        directions = tf.math.l2_normalize(tf.convert_to_tensor(self.directions), axis=0)
        return self.scale * tf.matmul(features, directions) + tf.convert_to_tensor(self.bias)

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}


class Refinement(Model):
    """Trains the generators of an NLGAN further, in place, against originals that are weighted by their posterior.

    Stage one teaches the generators what D knows of the classes; eq. (5) has little to say of what makes an image look
    real. A copy of D therefore learns both: eq. (5), and for each class a logit R on its trunk, R_P and R_N. The
    model that judges is the NLGAN's own D, which stays as stage one left it.

    `fit` takes batches of `data.batches.judged_batches`.

    Args:
        nlgan: Trained NLGAN with known priors, whose D has a hidden layer before a Dropout.
        augment: Function `augment(images, seed)` of every image that D's copy sees; None: no augmentation.

    Raises:
        InputError: For priors that are to be estimated, or another D.
    """

    def __init__(self, nlgan: NLGAN, augment: Augmentation | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        nlgan.known_priors()
        self.seed, self.latent, self.augment = nlgan.seed, nlgan.latent, augment
        self.alpha, self.beta, self.loss_metric = nlgan.alpha, nlgan.beta, nlgan.loss_metric
        self.generator_dropout = nlgan.generator_dropout
        # A clone of the D that trains: one of the average would not be trainable.
        discriminator = keras.models.clone_model(nlgan.discriminator)
        assign_weights(discriminator, nlgan.judging_discriminator())
        self._split = SplitDiscriminator(discriminator)
        self.realness = RealnessLogits(name="realness")
        self.critic = _with_realness(discriminator, self._split, self.realness)
        players = nlgan.players()
        self.generators = [player.generator for player in players]
        self.averages = [nlgan.drawing_generators()[player.label] for player in players] if nlgan.ema else []
        # Goes on where stage one stopped, so that no z comes twice.
        self.step = self.add_weight(name="step", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.step.assign(tf.convert_to_tensor(nlgan.step))
        self._first_step = int(nlgan.step)
        self.d_optimizer = self._adam("d_optimizer", self.critic)
        self.g_optimizers = [self._adam(f"{network.name}_optimizer", network) for network in self.generators]
        self._players = [
            player._replace(optimizer=optimizer) for player, optimizer in zip(players, self.g_optimizers, strict=True)
        ]
        self._means = {name: keras.metrics.Mean(name=name) for name in ("loss", "d_loss", "g_loss", "realness_loss")}
        self.compile(optimizer=None)
        self.built = True

    def _adam(self, name: str, network: keras.Model) -> keras.optimizers.Optimizer:
        adam = FusedAdam(RATE, beta_1=BETA_1, beta_2=BETA_2, name=name)
        optimizer = loss_scaled(adam, self.generators[0].compute_dtype)
        # Built now, so that checkpoints save and restore the slots.
        optimizer.build(network.trainable_variables)
        return optimizer

    def train_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """One step.

        p(x) is the posterior of an original x of the batch, E_w the mean weighted by w = p^4, E_v by v = (1 - p)^4::

            L_R = E_w[max(0, 1 - R_P(x))] + E[max(0, 1 + R_P(x_GP))]
                  + E_v[max(0, 1 - R_N(x))] + E[max(0, 1 + R_N(x_GN))]
            G_P, G_N: one step of Adam down L_GP - E[R_P(x_GP)] and L_GN - E[R_N(x_GN)], with eq. (4)
            D's copy: one step of Adam down L_D + L_R, with eq. (5)
            averages of the generators' weights, if any: one step after them
        """
        images, posterior = data[0], tf.cast(data[1]["posterior"], tf.float32)
        positive, labels = is_positive(data[1]["noisy"]), [player.label for player in self._players]
        with tf.GradientTape(persistent=True) as tape:
            drawn = generated(self._players, tf.shape(images)[0], self.latent, self._step_seed)
            drawn = self._augmented(drawn, AUGMENT_FAKE)
            originals = self._augmented(to_network_range(images), AUGMENT_REAL)
            features = self._split.features(drawn, originals)
            for_d, for_g = self._split.step_logits(*features, labels, positive, self.generator_dropout)
            realness_loss, realness = self._realness(*features, posterior)
            d_loss = losses.discriminator_loss(*for_d, self.alpha, self.beta, self.loss_metric)
            g_losses = [
                losses.generator_loss(logits, player.delta, self.loss_metric)
                for player, logits in zip(self._players, for_g, strict=True)
            ]
            g_objective = sum(
                scale_loss(player.optimizer, loss - tf.reduce_mean(its_realness))
                for player, loss, its_realness in zip(self._players, g_losses, realness, strict=True)
            )
            d_objective = scale_loss(self.d_optimizer, d_loss + realness_loss)
        update(tape, g_objective, [(player.generator, player.optimizer) for player in self._players])
        update(tape, d_objective, [(self.critic, self.d_optimizer)])
        self.step.assign_add(1)
        for average, generator in zip(self.averages, self.generators, strict=bool(self.averages)):
            follow(average, generator, self.step - self._first_step, EMA)
        g_loss = sum(g_losses)
        values = d_loss + realness_loss + g_loss, d_loss, g_loss, realness_loss
        for mean, value in zip(self._means.values(), values, strict=True):
            mean.update_state(value)
        return {name: mean.result() for name, mean in self._means.items()}

    def _realness(
        self, drawn_features: tf.Tensor, features: tf.Tensor, posterior: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """L_R, and the logit of each generator's class on what the generator drew."""
        of_originals, of_drawn = self.realness(features), tf.split(self.realness(drawn_features), len(self._players))
        loss, realness = 0.0, []
        for player, its_drawn in zip(self._players, of_drawn, strict=True):
            # R_P is the first column.
            column, probability = (0, posterior) if player.label else (1, 1.0 - posterior)
            realness.append(its_drawn[:, column])
            loss += losses.realness_loss(of_originals[:, column], probability**SHARPNESS, realness[-1])
        return loss, realness

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


def _with_realness(discriminator: keras.Model, split: SplitDiscriminator, realness: RealnessLogits) -> keras.Model:
    """D and the logits R_P and R_N on the same features, as one model of all their weights."""
    features = getattr(split.trunk, "output", None)
    if features is None or len(features.shape) != 2 or split.trunk is discriminator:
        raise InputError(
            "Expected a D that can be cut before a Dropout behind a hidden layer, got another: refine_epochs=0 leaves "
            "the generators as stage one trained them"
        )
    return keras.Model(discriminator.inputs, [discriminator.outputs[0], realness(features)], name="critic")
