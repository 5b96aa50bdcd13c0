"""D alone, trained on the noisy labels by eq. (2), stopped before it memorises them, and its scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.compat.keras import apply_gradients, keras, scale_loss
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_images, check_labels, check_training_images
from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.data.pixels import row_batches, to_network_range
from nlgan_tf.noise_rates.entries import Entries
from nlgan_tf.training.optimizers import FusedAdam, loss_scaled

BATCH = 64
STEPS_A_CHECK = 10
# Checks without a better held-out loss after which D is taken to memorise.
PATIENCE = 5


@dataclass(frozen=True)
class Scores:
    """D's outputs after a warm-up.

    Attributes:
        logits: D's logits on all images, float32, shape (n,).
        steps: Number of training steps before them.
        held_out_loss: Eq. (2) on held-out images at every `STEPS_A_CHECK` steps.
    """

    logits: np.ndarray
    steps: int
    held_out_loss: list[float]


class WarmUp:
    """Trains copies of D by eq. (2) alone, and stops them by noisy labels that were held out.

    Beyond the number of steps at which eq. (2) is lowest on held-out images D memorises wrong labels. No clean label
    is used. One object serves many trainings: the training step is compiled once.

    Args:
        discriminator: Network with the architecture and the initial weights; its own weights stay as they are.
        max_steps: Most steps of a training, 64 images a step.
    """

    def __init__(self, discriminator: keras.Model, max_steps: int = 400) -> None:
        self.max_steps = max_steps
        self._model = type(discriminator).from_config(discriminator.get_config())
        self._optimizer = loss_scaled(FusedAdam(2e-4, beta_1=0.5), discriminator.compute_dtype)
        self._variables: list[tf.Variable] = []

    def out_of_fold(self, images: np.ndarray, noisy_labels: np.ndarray, folds: int = 5, seed: int = 0) -> Scores:
        """Returns each image's score by a D that has not seen it: one D for each fold, all stopped at the same step.

        Args:
            images: Images, uint8 or floats in [0, 255], shape (n, h, w, c). Equal images are in one fold.
            noisy_labels: Labels, 0 or 1, shape (n,).
            folds: Number of folds, from 2 up to the number of images of the rarer label.
            seed: Seed of folds and order.

        Raises:
            InputError: For images, labels or a number of folds that is not accepted.
        """
        images, entries = _checked(images, noisy_labels)
        learners = self._learners(images, entries, folds, seed, trusted=np.full(len(images), True))
        return self._scores(learners, self.max_steps)

    def relearn(
        self, images: np.ndarray, noisy_labels: np.ndarray, first: Scores, folds: int = 5, seed: int = 0
    ) -> Scores:
        """Returns each image's score by a D that has learned, of the other folds, only labels that `first` agrees with.

        Most wrong labels are gone, and D shows how well the classes can be told apart (after Chen et al. 2019,
        "iterative noisy cross-validation"). D trains for at most as many steps as the first one. `first` itself is
        returned where fewer than two labels of a class are left to learn.

        Arguments and errors are those of `out_of_fold`, which returned `first` for the same ones.
        """
        images, entries = _checked(images, noisy_labels)
        labels = entries.labels
        agreed = (first.logits < 0) == (labels == 1)
        for train, _ in entries.splits(folds, seed):
            if min(np.bincount(labels[train[agreed[train]]], minlength=2)) < 2:
                return first
        return self._scores(self._learners(images, entries, folds, seed, trusted=agreed), first.steps)

    def cross_validated(
        self, images: np.ndarray, noisy_labels: np.ndarray, folds: int, seeds: Iterable[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns logits of `out_of_fold` and of `relearn`, each of shape (number of seeds, n); errors are theirs."""
        rows = []
        for seed in seeds:
            first = self.out_of_fold(images, noisy_labels, folds, seed)
            rows.append((first.logits, self.relearn(images, noisy_labels, first, folds, seed).logits))
        return tuple(np.stack(logits) for logits in zip(*rows, strict=True))

    def _learners(self, images, entries: Entries, folds: int, seed: int, trusted: np.ndarray) -> list[_Learner]:
        """One for each fold, which learns the trusted labels of all others."""
        return [
            self._learner(images, entries.labels, train[trusted[train]], held, trusted[held], folds * seed + fold)
            for fold, (train, held) in enumerate(entries.splits(folds, seed))
        ]

    def _scores(self, learners: list[_Learner], max_steps: int) -> Scores:
        steps, history = self._train(learners, max_steps)
        logits = np.empty(sum(len(learner.held) for learner in learners), np.float32)
        for learner in learners:
            logits[learner.held] = learner.best_logits
        return Scores(logits, steps, history)

    def in_sample(self, images: np.ndarray, noisy_labels: np.ndarray, seed: int = 0) -> tuple[Scores, list[np.ndarray]]:
        """Returns all images' scores by one D that has learned four fifths of them, the paper's way, and D's weights.

        D stops by eq. (2) on the last fifth. Arguments and errors as `out_of_fold` with 5 folds.
        """
        images, entries = _checked(images, noisy_labels)
        train, held = entries.splits(5, seed)[0]
        learner = self._learner(images, entries.labels, train, held, np.full(len(held), True), seed)
        steps, history = self._train([learner], self.max_steps)
        self._model.set_weights(learner.best_weights)
        return Scores(_score(self._model, images), steps, history), learner.best_weights

    def _learner(self, images, labels, train, held, trusted, seed) -> _Learner:
        if not self._variables:
            self._model(to_network_range(images[:1]))  # Builds a subclassed D.
            self._optimizer.build(self._model.trainable_variables)
            self._variables = [*self._model.weights, *self._optimizer.variables]
            self._fresh = [variable.numpy() for variable in self._variables]
        batches = noisy_dataset(images[train], labels[train], BATCH, BATCH * STEPS_A_CHECK, seed).repeat()
        return _Learner(held, images[held], labels[held], trusted, iter(batches), self._fresh)

    def _train(self, learners: list[_Learner], max_steps: int) -> tuple[int, list[float]]:
        """Trains all side by side until their joint held-out loss has not fallen for `PATIENCE` checks."""
        given = np.concatenate([learner.held_labels[learner.trusted] for learner in learners])
        history: list[float] = []
        best = 0
        while len(history) < best + PATIENCE and len(history) * STEPS_A_CHECK < max_steps:
            for learner in learners:
                self._advance(learner)
            held = np.concatenate([learner.logits[learner.trusted] for learner in learners])
            history.append(float(losses.noisy_loss(held[given == 1], held[given == 0])))
            if history[-1] == min(history):
                best = len(history)
                for learner in learners:
                    learner.keep(len(self._model.weights))
        return best * STEPS_A_CHECK, history

    def _advance(self, learner: _Learner) -> None:
        """Trains one learner for `STEPS_A_CHECK` steps and scores the images held out."""
        for variable, value in zip(self._variables, learner.state, strict=True):
            variable.assign(value)
        self._train_steps(learner.batches)
        learner.state = [variable.numpy() for variable in self._variables]
        learner.logits = _score(self._model, learner.held_images)

    @tf.function(autograph=False)
    def _train_steps(self, batches: tf.data.Iterator) -> None:
        """`STEPS_A_CHECK` updates of D by eq. (2)."""

        def step(done: tf.Tensor) -> tf.Tensor:
            self._train_step(*next(batches))
            return done + 1

        tf.while_loop(lambda done: done < STEPS_A_CHECK, step, [tf.constant(0)])

    def _train_step(self, images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = self._model(to_network_range(images), training=True)
            loss = losses.noisy_loss(logits[labels == 1], logits[labels == 0])
            loss = scale_loss(self._optimizer, loss)
        variables = self._model.trainable_variables
        apply_gradients(self._optimizer, tape.gradient(loss, variables), variables)


def score(discriminator: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns D's logits, dropout off, shape (n,), on images, uint8 or floats in [0, 255], shape (n, h, w, c)."""
    return _score(discriminator, check_images(images))


def _checked(images: np.ndarray, noisy_labels: np.ndarray) -> tuple[np.ndarray, Entries]:
    images = check_training_images(images)
    labels = check_labels(noisy_labels, length=len(images))
    return images, Entries(labels, groups_of_equal_images(images))


def _score(discriminator: keras.Model, images: np.ndarray) -> np.ndarray:
    logits = (discriminator(to_network_range(batch), training=False) for batch in row_batches(images))
    return np.concatenate(list(logits))[:, 0]


@dataclass
class _Learner:
    """The state of D without one fold. All learners take turns at one model and one optimizer.

    Attributes:
        held: Indices of the fold left out.
        held_images, held_labels: Images and labels of that fold.
        trusted: Whether the held-out loss counts a label of that fold, bool.
        batches: Endless batches of the trusted ones among all other images.
        state: Values of D's weights and of the optimizer.
        logits: D's logits on `held_images`, at the present state.
        best_logits, best_weights: Logits and weights at the state with the lowest joint held-out loss.
    """

    held: np.ndarray
    held_images: np.ndarray
    held_labels: np.ndarray
    trusted: np.ndarray
    batches: tf.data.Iterator
    state: list[np.ndarray]
    logits: np.ndarray | None = None
    best_logits: np.ndarray | None = None
    best_weights: list[np.ndarray] | None = None

    def keep(self, weights: int) -> None:
        """Marks the present state, which begins with so many weights, as the best."""
        self.best_logits, self.best_weights = self.logits, self.state[:weights]
