"""Cross-fitting of stage one: several NLGANs, each trained without one fold of the images.

A D that has trained on an image with a wrong label may have memorised the label. On small sets each image is therefore
judged by the D that has not seen the image.
"""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlgan_tf.config import FOLD_EPOCHS_FOR, REFINE_EPOCHS_FOR, StageOneConfig, policy_for
from nlgan_tf.data.checks import check_integer
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.gan.drawing import DrawnSet, HowToDraw, TooFewNewImages, draw_set
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import build_nlgan
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.noise_rates.folds import most_folds, stratified_folds
from nlgan_tf.stage_two import predict_views
from nlgan_tf.two_stages.stage_one import train_stage_one

# Folds below this number of images, where the configuration leaves the number of folds to the set.
SMALL_SET, FOLDS_OF_SMALL_SETS = 500, 4
COPIES_KEPT = "Near copies of originals are kept: nearly all drawn images lie as near to an original"
# Between the seeds of two members, so that no two runs share one.
MEMBER_STRIDE = 1_000_003


def number_of_folds(config: StageOneConfig, noisy_labels: np.ndarray) -> int:
    """Returns the number of folds of a set with these labels; 1: one NLGAN on all images."""
    if config.folds:
        return config.folds
    return 1 if len(noisy_labels) >= SMALL_SET else usual_folds(noisy_labels)


def usual_folds(noisy_labels: np.ndarray) -> int:
    """Returns the number of folds of a set that is cross-fitted: 4, or fewer where a label has fewer images."""
    count = most_folds(noisy_labels, FOLDS_OF_SMALL_SETS)
    # Of two images of a label, half would be one, which no stage one trains on.
    return count if count > 2 else 1


@dataclass(frozen=True)
class CrossFit:
    """The NLGANs of a cross-fit; one NLGAN that trains on all images where there is one fold.

    Attributes:
        models: NLGANs, one a fold.
        folds: Fold of each training image, int, shape (n,).
        config: Settings that each of the models trains with.
    """

    models: list[NLGAN]
    folds: np.ndarray
    config: StageOneConfig

    @classmethod
    def build(
        cls,
        images: np.ndarray,
        noisy_labels: np.ndarray,
        priors: NoisePriors | str,
        config: StageOneConfig,
        seed: int = 0,
    ) -> CrossFit:
        """Builds the models, untrained.

        Args:
            images: Training images, shape (n, h, w, c).
            noisy_labels: Labels, 0 or 1, shape (n,).
            priors: Purities of the noisy labels, or "estimate".
            config: Settings of stage one; members of several folds train for `fold_epochs`. None as `refine_epochs`
                becomes what the kind of the images wants.
            seed: Seed of the folds and of the first model.
        """
        policy = policy_for(images.shape[1:])
        if config.refine_epochs is None:
            refine_epochs = 0 if config.critic_has_batch_norm else REFINE_EPOCHS_FOR[policy]
            config = dataclasses.replace(config, refine_epochs=refine_epochs)
        count = number_of_folds(config, noisy_labels)
        if count == 1:
            return cls([build_nlgan(images.shape[1:], priors, config, seed)], np.zeros(len(images), int), config)
        epochs = config.fold_epochs or FOLD_EPOCHS_FOR[policy]
        config = dataclasses.replace(config, epochs=epochs)
        seeds = [seed + MEMBER_STRIDE * number for number in range(count)]
        models = [build_nlgan(images.shape[1:], priors, config, its_seed) for its_seed in seeds]
        return cls(models, stratified_folds(noisy_labels, count, seed, images), config)

    def estimate_priors(
        self, images: np.ndarray, noisy_labels: np.ndarray, seed: int = 0, log_dir: Path | None = None
    ) -> PriorsEstimate:
        """Estimates the purities by copies of the first D, and sets the priors of all models.

        Args:
            images, noisy_labels: All training images, shape (n, h, w, c), and their labels.
            seed: Seed of the estimate.
            log_dir: Folder for priors.json and priors.png; None writes none.
        """
        estimate = EstimatePriors(images, noisy_labels, log_dir=log_dir, seed=seed).run(self.models[0].discriminator)
        for model in self.models:
            model.priors = estimate.priors
        return estimate

    def seen_by(self, number: int) -> np.ndarray:
        """Returns which training images a model trains on, bool, shape (n,)."""
        return self.folds != number if len(self.models) > 1 else np.ones(len(self.folds), bool)

    def judged_by(self, number: int) -> np.ndarray:
        """Returns which training images a model judges, bool, shape (n,)."""
        return self.folds == number

    def train(
        self, number: int, images: np.ndarray, noisy_labels: np.ndarray, seed: int = 0, **places: Any
    ) -> list[dict[str, Any]]:
        """Trains one model on the images that it sees, by `train_stage_one`.

        Args:
            number: Number of the model.
            images, noisy_labels: All training images, shape (n, h, w, c), and their labels.
            seed: Seed of the order of the first model's batches; the next models' seeds follow.
            **places: Other arguments of `train_stage_one`: survival, history, name and verbose.

        Returns:
            The rows of the history.
        """
        if len(self.models) > 1:  # One model sees all, of which a large set needs no copy.
            seen = self.seen_by(number)
            images, noisy_labels = images[seen], noisy_labels[seen]
        return train_stage_one(self.models[number], images, noisy_labels, self.config, seed + number, **places)

    def hallucinate(self, n: int, seed: int = 0, **how: Any) -> tuple[np.ndarray, np.ndarray]:
        """Draws n images, about equally many by each of `drawing_models`, as `NLGAN.hallucinate`: positives first.

        Warns where near copies of originals are kept although `novelty` is above 0, see `draw`.
        """
        drawn = self.draw(n, seed, **how)
        if drawn.novelty != how.get("novelty", 0):
            warnings.warn(COPIES_KEPT, stacklevel=2)
        return drawn.images, drawn.labels

    @property
    def drawing_models(self) -> list[NLGAN]:
        """The models that draw: the first where its generators are refined on all images, else all."""
        return self.models[:1] if self.config.refine_epochs else self.models

    def draw(self, n: int, seed: int = 0, **how: Any) -> DrawnSet:
        """Draws what `hallucinate` returns, and says how many images each label took; each D filters its own.

        Generators of a few images may draw near copies alone, and blurred images are near to everything. All are kept
        then, and the set's `novelty` is 0: hours of training should not be lost for a filter.

        Args:
            n, seed: As of `NLGAN.hallucinate`.
            **how: Settings of `HowToDraw`.
        """
        check_integer("n", n, least=1)
        # In pairs of a positive and a negative, so that half of all images are positive too.
        models = self.drawing_models
        counts = np.bincount(np.arange(n) // 2 % len(models), minlength=len(models)).tolist()
        busy = [(model, count) for model, count in zip(models, counts, strict=True) if count]
        settings = HowToDraw(**how)
        try:
            drawn = [draw_set(model, count, seed, settings) for model, count in busy]
        except TooFewNewImages:
            settings = dataclasses.replace(settings, novelty=0.0)
            drawn = [draw_set(model, count, seed, settings) for model, count in busy]
        images, labels = (np.concatenate([getattr(its, part) for its in drawn]) for part in ("images", "labels"))
        positives_first = np.argsort(-labels, kind="stable")
        tried = {label: sum(its.tried[label] for its in drawn) for label in (1, 0)}
        return DrawnSet(images[positives_first], labels[positives_first], tried, settings.novelty)


def scores_of(model: NLGAN, images: np.ndarray, views: int = 1, seed: int = 0) -> np.ndarray:
    """Returns D's scores, high on positives: minus its logits, the mean over augmented views; float32, shape (n,).

    Differs from `predict`: P(positive) is clipped to [0, 1], where scores still rank.
    """
    views = views if model.augment is not None else 1
    return -predict_views(model.judging_discriminator(), images, model.augment, views, seed).mean(axis=0)


def describe_folds(fit: CrossFit) -> str | None:
    """Returns one line about the folds; None for one fold."""
    count = len(fit.models)
    if count == 1:
        return None
    return f"Cross-fitting: {count} times D, G_P and G_N, each without the fold of the images that its D judges"


def describe_training(fit: CrossFit, number: int) -> str:
    """Returns one line about what `CrossFit.train` does with a model."""
    count = len(fit.models)
    fold = f", fold {number + 1} of {count}" if count > 1 else ""
    return f"Stage one: training D, G_P and G_N on the noisy labels{fold}"
