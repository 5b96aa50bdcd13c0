"""Policies: several augmentations one after another, and the policies that the configuration names."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUGMENTATIONS, AUTO, Option, StageOneConfig, StageTwoConfig, policy_for
from nlgan_tf.gan.augment.affine import RandomAffine
from nlgan_tf.gan.augment.colour import RandomColour
from nlgan_tf.gan.augment.configured import SHARE, STRENGTH, Augmentation, Configured
from nlgan_tf.gan.augment.cutout import RandomCutout
from nlgan_tf.gan.augment.translation import RandomTranslation

# Measured on photographs: D wants less than a classifier.
D_ON_PHOTOS = {"strength": 0.7}
# Below .8, above which changes leak into what is drawn.
LEAKLESS = 0.7
CLASSIFIER_ON_PHOTOS = {"strength": 0.8, "cutout": 10 / 32}


@keras.saving.register_keras_serializable(package="nlgan_tf")
@dataclass(frozen=True)
class Policy(Configured):
    """Applies augmentations one after another, each with a seed of its own.

    Args:
        augmentations: Augmentations in their order, registered with Keras for saving.
        probability: Share of the images that is changed at all, in [0, 1].

    Raises:
        InputError: For a probability outside this range.
    """

    augmentations: tuple[Augmentation, ...]
    probability: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "augmentations", tuple(self.augmentations))
        SHARE.check("probability", self.probability)

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        own_seed = tf.random.experimental.stateless_fold_in
        changed = images
        for number, augment in enumerate(self.augmentations):
            changed = augment(changed, own_seed(seed, number))
        uniform = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), own_seed(seed, len(self.augmentations)))
        return tf.where(uniform < self.probability, changed, images)

    def get_config(self) -> dict:
        parts = [keras.saving.serialize_keras_object(augment) for augment in self.augmentations]
        return {"augmentations": parts, "probability": self.probability}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Policy:
        parts = [keras.saving.deserialize_keras_object(part, custom_objects) for part in config["augmentations"]]
        return cls(tuple(parts), config["probability"])


def augmentation(
    policy: str | None, probability: float = 1.0, strength: float = 1.0, cutout: float = 0.0
) -> Policy | None:
    """Returns a policy by its name, for images of any size; None for None.

    "digits" rotates, scales, shears and shifts over black. "photos" does so over mirrored surroundings, flips, and
    changes brightness, contrast and saturation.

    Args:
        policy: "digits", "photos" or None.
        probability: Share of the images that is changed at all, in [0, 1].
        strength: Factor on all bounds; 0 leaves only the cutout.
        cutout: Side of a square that is cut out of half of the changed images, as a share of the image's side.

    Raises:
        InputError: For an unknown policy or values outside these ranges.
    """
    Option("Policy", choices=(*AUGMENTATIONS, None)).check("policy", policy)
    STRENGTH.check("strength", strength)
    if policy is None:
        return None
    parts = _digits(strength) if policy == "digits" else _photos(strength)
    if cutout:
        parts.append(RandomCutout(cutout, probability=0.5, fill=-1.0 if policy == "digits" else 0.0))
    return Policy(tuple(parts), probability)


def stage_one_augmentation(config: StageOneConfig, image_shape: tuple[int, int, int]) -> Augmentation | None:
    """Returns what stage one applies to all images before D, of shape (h, w, c): the translation, then the policy."""
    translation = None
    if config.translation:
        translation = RandomTranslation(config.translation, config.translation_probability)
    name = _policy_name(config, image_shape)
    policy = augmentation(name, config.augment_probability, **(D_ON_PHOTOS if name == "photos" else {}))
    return Policy((translation, policy)) if translation and policy else translation or policy


def refinement_augmentation(config: StageOneConfig, image_shape: tuple[int, int, int]) -> Augmentation | None:
    """Returns what the refinement applies to all images before D: stage one's policy, to fewer images.

    Drawn images look changed themselves where all originals are (Karras et al. 2020, "ADA").
    """
    probability = min(config.augment_probability, LEAKLESS)
    return stage_one_augmentation(dataclasses.replace(config, augment_probability=probability), image_shape)


def stage_two_augmentation(config: StageTwoConfig, image_shape: tuple[int, int, int]) -> Augmentation | None:
    """Returns what stage two applies to the classifier's training images; photographs lose squares too."""
    name = _policy_name(config, image_shape)
    return augmentation(name, config.augment_probability, **(CLASSIFIER_ON_PHOTOS if name == "photos" else {}))


def _policy_name(config: StageOneConfig | StageTwoConfig, image_shape: tuple[int, int, int]) -> str | None:
    return policy_for(image_shape) if config.augment == AUTO else config.augment


def _digits(strength: float) -> list[Augmentation]:
    return [
        RandomAffine(
            rotation=12 * strength, log_scale=0.12 * strength, shear=0.12 * strength, shift=2.5 / 28 * strength
        )
    ]


def _photos(strength: float) -> list[Augmentation]:
    affine = RandomAffine(
        rotation=8 * strength,
        log_scale=0.15 * strength,
        shear=0.08 * strength,
        shift=4 / 32 * strength,
        fill="reflect",
        flip=strength > 0,
    )
    colour = RandomColour(brightness=0.25 * strength, contrast=0.25 * strength, saturation=0.4 * strength)
    return [affine, colour]
