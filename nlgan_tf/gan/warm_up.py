"""D alone, trained on the noisy labels by eq. (2), stopped before it memorises them, and its scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sklearn.model_selection import StratifiedKFold

from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.noise import check_labels
from nlgan_tf.gan import losses
from nlgan_tf.gan.images import row_batches, to_network_range
from nlgan_tf.optimizers import FusedAdam
from nlgan_tf.stack import keras

BATCH = 64
STEPS_A_CHECK = 10
# Checks without a better held-out loss after which D is taken to memorise.
PATIENCE = 5


@dataclass(frozen=True)
class Scores:
    """D's outputs after a warm-up.

    Attributes:
        logits: on all images, float32, shape (n,).
        steps: training steps after which they were taken.
        held_out_loss: eq. (2) on held-out images at every `STEPS_A_CHECK` steps.
    """

    logits: np.ndarray
    steps: int
    held_out_loss: list[float]


class WarmUp:
    """Trains copies of D by eq. (2) alone, and stops them by noisy labels that were held out.

    Beyond the number of steps at which eq. (2) is lowest on held-out images D memorises wrong labels. No clean label
    is used. One object serves many trainings: the training step is compiled once.

    Args:
        discriminator: gives the architecture and the initial weights; its own weights stay as they are.
        max_steps: of a training, 64 images a step.
    """

    def __init__(self, discriminator: keras.Model, max_steps: int = 400) -> None:
        self.max_steps = max_steps
        self._model = type(discriminator).from_config(discriminator.get_config())
        # On balanced batches eq. (2) is twice the mean cross entropy.
        cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self._model.compile(FusedAdam(2e-4, beta_1=0.5), cross_entropy, jit_compile=False)
        self._variables: list[tf.Variable] = []

    def out_of_fold(self, images: np.ndarray, noisy_labels: np.ndarray, folds: int = 5, seed: int = 0) -> Scores:
        """Scores each image by a D that has not seen it: one D for each fold left out, all stopped at the same step.

        Args:
            images: unique images, uint8 or floats in [0, 255], shape (n, h, w, c).
            noisy_labels: 0 or 1, shape (n,).
            folds: from 2 up to the size of the smaller class.
            seed: of folds and order.

        Raises:
            ValueError: for labels or a number of folds that is not accepted.
        """
        labels = check_labels(noisy_labels, length=len(images))
        fewest = min(np.bincount(labels))
        if not 2 <= folds <= fewest:
            raise ValueError(f"folds={folds} is out of range: accepted are 2 to {fewest}, the smaller class's images")
        splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels)
        learners = [
            self._learner(images, labels, train, held, folds * seed + fold) for fold, (train, held) in enumerate(splits)
        ]
        steps, history = self._train(learners)
        logits = np.empty(len(labels), np.float32)
        for learner in learners:
            logits[learner.held] = learner.best_logits
        return Scores(logits, steps, history)

    def in_sample(self, images: np.ndarray, noisy_labels: np.ndarray, seed: int = 0) -> tuple[Scores, list[np.ndarray]]:
        """Scores all images by one D that has learned four fifths of them, the paper's way, and gives its weights.

        It stops by eq. (2) on the last fifth. Arguments and errors as `out_of_fold`.
        """
        labels = check_labels(noisy_labels, length=len(images), minimum_per_class=5)
        train, held = next(StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels))
        learner = self._learner(images, labels, train, held, seed)
        steps, history = self._train([learner])
        self._model.set_weights(learner.best_weights)
        return Scores(score(self._model, images), steps, history), learner.best_weights

    def _learner(self, images, labels, train, held, seed) -> _Learner:
        if not self._variables:
            self._model(to_network_range(images[:1]))  # Builds a subclassed D.
            self._model.optimizer.build(self._model.trainable_variables)
            self._variables = [*self._model.weights, *self._model.optimizer.variables]
            self._fresh = [variable.numpy() for variable in self._variables]
        return _Learner(self._model, self._variables, self._fresh, images, labels, train, held, seed)

    def _train(self, learners: list[_Learner]) -> tuple[int, list[float]]:
        """Trains all side by side until their joint held-out loss has not fallen for `PATIENCE` checks."""
        given = np.concatenate([learner.held_labels for learner in learners])
        history: list[float] = []
        best = 0
        while len(history) < best + PATIENCE and len(history) * STEPS_A_CHECK < self.max_steps:
            for learner in learners:
                learner.learn()
            held = np.concatenate([learner.logits for learner in learners])
            history.append(float(losses.noisy_loss(held[given == 1], held[given == 0])))
            if history[-1] == min(history):
                best = len(history)
                for learner in learners:
                    learner.keep()
        return best * STEPS_A_CHECK, history


def score(discriminator: keras.Model, images: np.ndarray) -> np.ndarray:
    """D's logits on public images, dropout off, shape (n,)."""
    logits = (discriminator(to_network_range(batch), training=False) for batch in row_batches(images))
    return np.concatenate(list(logits))[:, 0]


def unique_images(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each image once with each of its labels, in order of appearance: small sets are repeated for training."""
    first: dict[tuple[bytes, int], int] = {}
    for index, key in enumerate(zip(map(np.ndarray.tobytes, images), labels.tolist(), strict=True)):
        first.setdefault(key, index)
    kept = list(first.values())
    return images[kept], labels[kept]


class _Learner:
    """D without one fold. All learners share one compiled model and swap its state."""

    def __init__(
        self,
        model: keras.Model,
        variables: list[tf.Variable],
        state: list[np.ndarray],
        images: np.ndarray,
        labels: np.ndarray,
        train: np.ndarray,
        held: np.ndarray,
        seed: int,
    ) -> None:
        self.model, self._variables, self._state = model, variables, state
        self.held, self.held_images, self.held_labels = held, images[held], labels[held]
        dataset = noisy_dataset(images[train], labels[train], BATCH, BATCH * STEPS_A_CHECK, seed).repeat()
        # D is driven to 0 on positives.
        self._batches = iter(dataset.map(lambda batch, given: (to_network_range(batch), 1 - given[:, tf.newaxis])))

    def learn(self) -> None:
        """Trains for `STEPS_A_CHECK` steps and scores the images held out."""
        for variable, value in zip(self._variables, self._state, strict=True):
            variable.assign(value)
        for _ in range(STEPS_A_CHECK):
            self.model.train_on_batch(*next(self._batches))
        self._state = [variable.numpy() for variable in self._variables]
        self.logits = score(self.model, self.held_images)

    def keep(self) -> None:
        """Marks the present state as the best."""
        self.best_logits, self.best_weights = self.logits, self._state[: len(self.model.weights)]
