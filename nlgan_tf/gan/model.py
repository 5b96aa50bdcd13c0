"""NLGAN: the keras.Model whose `train_step` is the paper's stage one (section 2.2.1)."""

from __future__ import annotations

import warnings

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from nlgan_tf import losses
from nlgan_tf.compat.keras import Model, keras, scale_loss
from nlgan_tf.data.checks import check_seed
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, check_priors
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import Augmentation
from nlgan_tf.gan.averages import WithAverages
from nlgan_tf.gan.batches import after_reading
from nlgan_tf.gan.drawing import HowToDraw, draw_set, positive_probability
from nlgan_tf.gan.evaluation_metrics import EvaluationMetrics
from nlgan_tf.gan.inputs import CheckedInputs
from nlgan_tf.gan.labels import is_positive, noisy_labels
from nlgan_tf.gan.latent import AUGMENT_FAKE, AUGMENT_REAL, check_latent, step_seed
from nlgan_tf.gan.players import NETWORKS, OPTIMIZERS, Player, generated, players_of
from nlgan_tf.gan.saving import SavedWithOptimizers
from nlgan_tf.gan.step_metrics import StepMetrics
from nlgan_tf.gan.traced import Traced
from nlgan_tf.gan.trunk_and_head import SplitDiscriminator
from nlgan_tf.training import replicas
from nlgan_tf.training.optimizers import FusedAdam, OptimizerGroup, loss_scaled, update

# What Keras's `compile` may be told beyond NLGAN's own arguments.
KERAS_SWITCHES = ("run_eagerly", "steps_per_execution", "jit_compile")


@keras.saving.register_keras_serializable(package="nlgan_tf")
class NLGAN(CheckedInputs, SavedWithOptimizers, WithAverages, Model):
    """Trains D, G_P and G_N on noisy labels, so that G_P draws clean positives and G_N clean negatives.

    Public images are uint8, or floats in [0, 255], of shape (n, h, w, c); labels are 1 (positive) or 0 (negative).
    `model(images)` and `predict(images)` return P(positive) = clip((delta_n - D) / (delta_n - delta_p), 0, 1), float32,
    shape (n,), where D = sigmoid(logit) is near delta_p on positives and near delta_n on negatives.

    Args:
        discriminator: Functional D, images in [-1, 1] -> logits (n, 1).
        positive_generator: Functional G_P, z (n, latent_dim) -> images in [-1, 1].
        negative_generator: Functional G_N, as G_P.
        priors: Purities of the noisy labels, which give the deltas of eq. (3). With "estimate" `fit` begins by
            estimating them (`EstimatePriors`), and what needs them raises before that.
        latent: Distribution of z: "uniform" in (-1, 1), or "normal".
        augment: Function `augment(images, seed)` of every image that D sees. It must pass gradients, and be
            registered with Keras for saving. None: no augmentation.
        seed: Seed of z and augmentation; the networks have their own.
        ema: Decay of the averages of all three networks' weights, in [0, 1), which then draw and predict; 0: none.

    The attributes `priors`, `latent`, `augment` and `seed`, and after `compile` `alpha`, `beta`, `loss_metric` and
    `generator_dropout`, may be set anew at any time.

    Raises:
        InputError: For an unknown latent distribution, a decay out of range, a seed that is no integer of at least 0,
            or priors that are neither.
    """

    priors = Traced(check_priors)
    latent = Traced(check_latent)
    augment = Traced()
    seed = Traced(check_seed)
    # Set by `compile`.
    alpha = Traced(losses.check_alpha)
    beta = Traced(losses.check_beta)
    loss_metric = Traced(losses.check_metric)
    generator_dropout = Traced(bool)

    def __init__(
        self,
        discriminator: keras.Model,
        positive_generator: keras.Model,
        negative_generator: keras.Model,
        priors: NoisePriors | str,
        latent: str = "uniform",
        augment: Augmentation | None = None,
        seed: int = 0,
        ema: float = 0.0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.discriminator = discriminator
        self.positive_generator = positive_generator
        self.negative_generator = negative_generator
        self.priors = priors
        self.latent = latent
        self.augment = augment
        self.seed = seed
        for network in NETWORKS:
            replicas.synchronize_batch_norm(getattr(self, network))
        self._make_averages(ema)
        self._split = SplitDiscriminator(discriminator)
        # The model's only random state: all that a step draws is a function of (seed, step).
        self.step = self.add_weight(name="step", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self._step_metrics = StepMetrics()
        self._evaluation_metrics = EvaluationMetrics()
        self.built = True

    def known_priors(self) -> NoisePriors:
        """The priors; InputError while they are to be estimated."""
        if self.priors == ESTIMATE:
            raise InputError('Expected priors, got "estimate" without its estimate: call fit first, or set .priors')
        return self.priors

    def players(self) -> list[Player]:
        """Every generator with its label, optimizer and delta, in the order in which a step draws."""
        return players_of(self)

    # A method, no property: Keras walks properties when it saves, and would write their parts a second time.
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The optimizers of D, G_P and G_N; none before `compile`."""
        return [getattr(self, name) for name in OPTIMIZERS if hasattr(self, name)]

    def compile(
        self,
        alpha: float = 5.0,
        beta: float = 0.5,
        loss: str = "bce",
        d_optimizer: keras.optimizers.Optimizer | str | None = None,
        gp_optimizer: keras.optimizers.Optimizer | str | None = None,
        gn_optimizer: keras.optimizers.Optimizer | str | None = None,
        generator_dropout: bool = False,
        **kwargs,
    ) -> None:
        """Sets the weights of eq. (5), H of eqs. (2) to (5), and one optimizer a network.

        `model.optimizer` then is an `OptimizerGroup` of the three, for Keras's callbacks.

        Args:
            alpha: Weight of the noisy-label terms, positive.
            beta: Weight of the adversarial terms, not negative; the paper wants alpha >> beta.
            loss: H, "bce" or "mse".
            d_optimizer, gp_optimizer, gn_optimizer: Optimizer of each network, or its Keras name; by default Adam,
                learning rate 2e-4, beta_1 0.5.
            generator_dropout: Whether D's dropout is on in the generators' step too; the paper switches it off.
            **kwargs: Switches of `keras.Model.compile`: `run_eagerly`, `steps_per_execution` or `jit_compile`.

        Raises:
            InputError: For weights out of range, an unknown loss, other arguments of `keras.Model.compile`, or
                switches that a tf.distribute strategy rules out.
        """
        alpha, beta, loss = losses.check_alpha(alpha), losses.check_beta(beta), losses.check_metric(loss)
        if alpha <= beta:
            warnings.warn(f"alpha={alpha} is not above beta={beta}: the paper wants alpha >> beta", stacklevel=2)
        if unknown := [name for name in kwargs if name not in KERAS_SWITCHES]:
            raise InputError(
                "Expected d_optimizer, gp_optimizer, gn_optimizer, the weights and loss of NLGAN and "
                f"{', '.join(KERAS_SWITCHES)}; got {', '.join(unknown)}"
            )
        replicas.check_switches(
            self.dtype_policy.name, kwargs.get("jit_compile", False), kwargs.get("steps_per_execution", 1)
        )
        # Without None Keras would make an optimizer.
        super().compile(optimizer=None, **kwargs)
        self.alpha, self.beta, self.loss_metric = alpha, beta, loss
        self.generator_dropout = generator_dropout
        for name, network, given in zip(OPTIMIZERS, NETWORKS, (d_optimizer, gp_optimizer, gn_optimizer), strict=True):
            optimizer = loss_scaled(keras.optimizers.get(given or _paper_adam(name)), self.compute_dtype)
            # Built now, so that checkpoints save and restore the slots.
            optimizer.build(getattr(self, network).trainable_variables)
            setattr(self, name, optimizer)
        self.optimizer = OptimizerGroup(self.optimizers())

    def make_train_function(self, force: bool = False):
        """Keras's own; over several machines one that works across machines."""
        if not replicas.spans_machines(self.distribute_strategy):
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = replicas.machines_train_function(self)
        return self.train_function

    @after_reading
    def train_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """One step of stage one (section 2.2.1).

        x_P^ and x_N^ are the noisy positives and negatives of the batch::

            x_GP = G_P(z_P),  x_GN = G_N(z_N),  z ~ p_z
            L_GP = E[H(D(x_GP), delta_P)],  L_GN = E[H(D(x_GN), delta_N)]          (eq. 4; D's dropout off)
            L_D = alpha (E[H(D(x_P^), 0)] + E[H(D(x_N^), 1)])
                  + beta (E[H(D(x_GP), 1)] + E[H(D(x_GN), 0)])                     (eq. 5; D's dropout on)
            G_P, G_N: one step of Adam down L_GP and L_GN
            D: one step of Adam down L_D
            averages of the weights, if any: one step after them
        """
        images, positive = data[0], is_positive(noisy_labels(data[1]))
        players, priors = self.players(), self.known_priors()
        labels = [player.label for player in players]
        with tf.GradientTape(persistent=True) as tape:
            fake = self._augmented(generated(players, tf.shape(images)[0], self.latent, self.step_seed), AUGMENT_FAKE)
            real = self._augmented(to_network_range(images), AUGMENT_REAL)
            features = self._split.features(fake, real)
            for_d, for_g = self._split.step_logits(*features, labels, positive, self.generator_dropout)
            g_losses = [
                losses.generator_loss(logits, player.delta, self.loss_metric)
                for player, logits in zip(players, for_g, strict=True)
            ]
            d_loss = losses.discriminator_loss(*for_d, self.alpha, self.beta, self.loss_metric)
            # One backward pass is enough for all generators: each loss depends on its own generator alone.
            scaled = [scale_loss(player.optimizer, loss) for player, loss in zip(players, g_losses, strict=True)]
            g_objective = replicas.share(sum(scaled))
            d_objective = replicas.share(scale_loss(self.d_optimizer, d_loss))
        update(tape, g_objective, [(player.generator, player.optimizer) for player in players])
        update(tape, d_objective, [(self.discriminator, self.d_optimizer)])
        self._follow_averages(self.step)
        self.step.assign_add(1)
        return self._step_metrics.update(d_loss, for_d[:2], [*zip(labels, g_losses, for_g, strict=True)], priors)

    def _augmented(self, images: tf.Tensor, purpose: int) -> tf.Tensor:
        return images if self.augment is None else self.augment(images, self.step_seed(purpose))

    def step_seed(self, purpose: int) -> tf.Tensor:
        """The integer pair by which the coming step draws for a purpose: of z or augmentation, for each replica."""
        return step_seed(self.seed, self.step, purpose)

    def test_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """`loss` of eq. (2) and `noisy_accuracy`; `clean_accuracy` too for `(images, {"noisy": ..., "clean": ...})`."""
        images, labels = data[0], data[1]
        logits = self.judging_discriminator()(to_network_range(images), training=False)[:, 0]
        positive = self._probability(logits) > 0.5
        return self._evaluation_metrics.update(logits, positive, labels, self.loss_metric)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """P(positive), float32, shape (n,), of public images."""
        return self._probability(self.judging_discriminator()(to_network_range(images), training=training)[:, 0])

    def _probability(self, logits: tf.Tensor) -> tf.Tensor:
        return positive_probability(logits, self.known_priors())

    def hallucinate(
        self,
        n: int,
        seed: int = 0,
        min_confidence: float | None = None,
        temperature: float = 1.0,
        keep_surest: float = 1.0,
        novelty: float = 0.0,
        originals: ArrayLike | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws the clean data set: the first ceil(n / 2) images by G_P, the others by G_N.

        The same seed gives the same images. With `min_confidence` or `novelty` they are the seed's first that pass.

        Args:
            n: Number of images, at least 1.
            seed: Seed of z.
            min_confidence: Least P(class) of each image by D, in [0.5, 1): P(positive) as `predict` returns it for
                images of G_P, 1 - P(positive) for those of G_N. None keeps all images.
            temperature: Factor on z, above 0: 1 as in training, below 1 more alike and more typical. Above 1 uniform z
                leave (-1, 1).
            keep_surest: Share of each generator's images that is kept, in [0.05, 1]: of n / keep_surest drawn images
                the n with the largest P(class). No effect beside `min_confidence`.
            novelty: Share of the originals that counts as near copies of others, in [0, 1): drawn images as near to an
                original are left out, see `data.near_copies`. 0 keeps all.
            originals: Images that `novelty` compares with, uint8 or floats in [0, 255], shape (m, h, w, c).

        Returns:
            uint8 images, shape (n, h, w, c), and int64 labels, shape (n,).

        Raises:
            InputError: For n that is no integer, or below 1, a seed that is no integer of at least 0, another argument
                out of range, `novelty` without originals, or filters that too few of 20 n / keep_surest drawn images
                pass.
        """
        how = HowToDraw(min_confidence, temperature, keep_surest, novelty, originals)
        drawn = draw_set(self, n, seed, how)
        return drawn.images, drawn.labels

    @property
    def latent_dim(self) -> int:
        """Length of z."""
        return self.positive_generator.input_shape[-1]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self._step_metrics.means.values(), *self._evaluation_metrics.means.values()]


def _paper_adam(name: str) -> keras.optimizers.Optimizer:
    """Section 3.1's Adam; beta_1 as in DCGAN."""
    return FusedAdam(2e-4, beta_1=0.5, name=name)
