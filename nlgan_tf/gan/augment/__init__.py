"""Differentiable augmentation (after Zhao et al. 2020, "DiffAugment") of what D sees; stage two may use it too.

An augmentation is called as `augment(images, seed)` with float32 images in [-1, 1], shape (n, h, w, c), and an integer
pair as seed. Each image is changed on its own, the gradient passes, and the same seed gives the same changes. All
operations compile under XLA.
"""

from nlgan_tf.gan.augment.affine import RandomAffine
from nlgan_tf.gan.augment.colour import RandomColour
from nlgan_tf.gan.augment.configured import Augmentation
from nlgan_tf.gan.augment.cutout import RandomCutout
from nlgan_tf.gan.augment.policy import (
    Policy,
    augmentation,
    refinement_augmentation,
    stage_one_augmentation,
    stage_two_augmentation,
)
from nlgan_tf.gan.augment.translation import RandomTranslation, translate

__all__ = [
    "Augmentation",
    "Policy",
    "RandomAffine",
    "RandomColour",
    "RandomCutout",
    "RandomTranslation",
    "augmentation",
    "refinement_augmentation",
    "stage_one_augmentation",
    "stage_two_augmentation",
    "translate",
]
