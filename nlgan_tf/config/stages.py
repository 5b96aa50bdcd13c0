"""Settings of both stages: each field has its meaning and the values that it accepts beside it, in an `Option`."""

from __future__ import annotations

from dataclasses import dataclass

from nlgan_tf.compat.installed import DEFAULT_SPECTRAL_NORM
from nlgan_tf.config.option import check_fields, option
from nlgan_tf.data.checks import check_batches
from nlgan_tf.errors import InputError

# Names that settings accept; the functions that take them check them too.
LOSSES = ("bce", "mse")
LATENTS = ("uniform", "normal")
SPECTRAL_LAYERS = ("convolutions", "all")
BATCH_NORM_LAYERS = ("transposed", "all")
GENERATORS = ("dcgan", "resnet")
CRITICS = ("copy", "own")
DRAWN, ORIGINALS, BOTH = "drawn", "originals", "both"
LEARNS_FROM = (DRAWN, ORIGINALS, BOTH)
FEATURES = "features"
OF_FEATURES = (FEATURES, "feature-groups")
WITNESSES = ("hog", "groups", *OF_FEATURES)
AUGMENTATIONS = ("digits", "photos")
# Left to the kind of image, see `policy_for`.
AUTO = "auto"
CLASSIFIERS = ("paper", "small", "residual")
# What goes with each augmentation: the classifier, D's rate, the epochs of each fold, the refinement and its critic.
NETWORK_FOR = {"digits": "small", "photos": "residual"}
D_RATE_FOR = {"digits": 5e-4, "photos": 1e-3}
FOLD_EPOCHS_FOR = {"digits": 3, "photos": 2}
REFINE_EPOCHS_FOR = {"digits": 10, "photos": 0}
CRITIC_FOR = {"digits": "copy", "photos": "own"}
SCHEDULES = ("constant", "cosine")
STRATEGIES = ("auto", "none", "mirrored", "multiworker")
PRECISIONS = (AUTO, "float32", "bfloat16", "float16")


def policy_for(image_shape: tuple[int, int, int]) -> str:
    """Returns the augmentation for images of shape (h, w, c): "digits" for grey images, "photos" for colour."""
    return "digits" if image_shape[-1] == 1 else "photos"


@dataclass(frozen=True)
class StageOneConfig:
    """Stage one: networks, losses and schedule (paper, sections 2.2 and 3.1).

    Raises:
        InputError: For a value that its field does not accept.
    """

    epochs: int = option(40, "Epochs of adversarial training", above=0)
    batch_size: int = option(128, "Real images a step, half of them labelled positive", above=0)
    samples_per_epoch: int = option(10_000, "Real images an epoch; small sets repeat", above=0)
    alpha: float = option(5.0, "Weight of the noisy-label terms, eq. (5)", above=0, search=(1.0, 20.0), log_scale=True)
    # With Adam only the ratio alpha / beta matters, apart from Adam's epsilon: 1 to 400 in the ranges, 10 in the paper.
    beta: float = option(0.5, "Weight of the adversarial terms, eq. (5)", least=0, search=(0.05, 0.95), log_scale=True)
    loss: str = option("bce", "H of eqs. (2) to (5)", choices=LOSSES)
    width: float = option(1.0, "Factor on the size of every layer of D and G", above=0)
    spectral_norm: str | None = option(
        DEFAULT_SPECTRAL_NORM,
        "Spectral normalisation of D; addons on TF 2.15 alone, keras on Keras 3 alone",
        choices=("exact", "keras", "addons", None),
    )
    spectral_layers: str = option("convolutions", "Layers of D that are normalised", choices=SPECTRAL_LAYERS)
    d_batch_norm: bool = option(False, "Batch norm in D")
    attention: bool = option(False, "Self-attention of SAGAN in D and G")
    dropout: float = option(0.5, "Rate of dropout in D's hidden FC layer", least=0, below=1, search=(0.0, 0.7))
    generator_dropout: bool = option(False, "Dropout of D also on in the generators' step")
    generator: str = option("dcgan", "G: transposed convolutions, or residual blocks", choices=GENERATORS)
    kernel_size: int = option(4, "Side of the transposed kernels of dcgan", above=0)
    batch_norm: str = option("all", "Hidden layers of dcgan that are normalised", choices=BATCH_NORM_LAYERS)
    latent: str = option("uniform", "Distribution of z", choices=LATENTS)
    d_learning_rate: float = option(
        2e-4,
        "Learning rate of D (Adam); 0: 5e-4 for grey images, 1e-3 for colour",
        least=0,
        search=(5e-5, 1e-3),
        log_scale=True,
    )
    g_learning_rate: float = option(
        2e-4, "Learning rate of each generator (Adam)", above=0, search=(1e-4, 2e-3), log_scale=True
    )
    decay_share: float = option(
        0.0, "Time in which both rates fall to 1/e, as a share of the epochs; 0: constant", least=0
    )
    translation: float = option(
        0.0, "Largest shift of D's input images, as a share of the side; 0: none", least=0, below=1, search=(0.0, 0.2)
    )
    translation_probability: float = option(1.0, "Share of D's input images that is shifted", least=0, most=1)
    augment: str | None = option(
        None,
        "Random changes of D's input images; auto: digits if grey, else photos",
        choices=(AUTO, *AUGMENTATIONS, None),
    )
    augment_probability: float = option(1.0, "Share of D's input images that is changed", least=0, most=1)
    ema: float = option(
        0.0, "Decay of the averages of all weights, used to draw and to judge; 0: none", least=0, below=1
    )
    folds: int = option(
        1,
        "Folds of the images, each judged by networks that have not seen the fold; 0: 4 below 500 images, else 1",
        least=0,
    )
    fold_epochs: int = option(
        3, "Epochs of stage one with several folds, in place of --epochs; 0: 3 for grey images, 2 for colour", least=0
    )
    refine_epochs: int | None = option(
        0,
        "Epochs after stage one in which G_P and G_N learn from judged originals; recipe modern: 10 for grey images, "
        "0 for colour",
        least=0,
    )
    critic: str = option(
        AUTO,
        "Network that tells originals from drawn images in these epochs: a copy of D, or its own; auto: copy if grey",
        choices=(AUTO, *CRITICS),
    )

    def __post_init__(self) -> None:
        check_fields(self)
        check_batches(self.batch_size, self.samples_per_epoch)
        if self.refine_epochs and self.critic_has_batch_norm:
            raise InputError(
                f"Expected refine_epochs=0 or critic=own with batch norm in D, got refine_epochs={self.refine_epochs}, "
                f"critic={self.critic}: originals and drawn images would share the statistics of D"
            )

    @property
    def critic_has_batch_norm(self) -> bool:
        """Whether the critic of the refinement may be a copy of a D with batch norm."""
        return self.d_batch_norm and self.critic != "own"


@dataclass(frozen=True)
class StageTwoConfig:
    """Stage two: the drawn data set, the classifier and its schedule (paper, section 3.1).

    Raises:
        InputError: For a value that its field does not accept.
    """

    num_images: int = option(10_000, "Images drawn for the clean data set, half of each class", least=4)
    min_confidence: float | None = option(
        None, "Least P(class) by D of the drawn images that are kept; all are kept by default", least=0.5, below=1
    )
    keep_surest: float = option(
        1.0, "Share of each generator's images that is kept, the surest by D; 1: all", least=0.05, most=1
    )
    novelty: float = option(
        0.0,
        "Share of originals whose distances count as those of near copies, which are not drawn; 0: none",
        least=0,
        below=1,
    )
    temperature: float = option(1.0, "Factor on z of the drawn images; 1: as in training", above=0)
    epochs: int = option(25, "Epochs of the classifier", above=0)
    batch_size: int = option(128, "Images a step, half of each class", above=0)
    samples_per_epoch: int = option(10_000, "Images an epoch; small sets repeat", above=0)
    learning_rate: float = option(1e-4, "Learning rate of the classifier (Adam)", above=0)
    schedule: str = option(
        "constant",
        "Course of the learning rate; cosine: a warm-up in a tenth of the steps, then a cosine",
        choices=SCHEDULES,
    )
    beta_2: float = option(0.999, "Adam's decay of the squared gradients", least=0, below=1)
    weight_decay: float = option(0.0, "Decoupled decay of the weights, as AdamW's; 0: none", least=0)
    ema: float = option(0.0, "Decay of the averaged weights; 0: no average", least=0, below=1)
    network: str = option(
        "paper",
        "Classifier; auto: small if images are grey, else residual; features: a linear one on frozen features, of the "
        "originals alone",
        choices=(AUTO, *CLASSIFIERS, FEATURES),
    )
    width: float = option(1.0, "Factor on the size of the classifier's layers", above=0)
    augment: str | None = option(
        None,
        "Random changes of the classifier's images; auto: digits if grey, else photos",
        choices=(AUTO, *AUGMENTATIONS, None),
    )
    augment_probability: float = option(0.8, "Share of the classifier's images that is changed", least=0, most=1)
    learns_from: str = option(
        DRAWN,
        "Images that the classifier learns from: drawn ones, originals with their posterior, or both; auto: originals "
        "from 500 colour images on, else both",
        choices=(AUTO, *LEARNS_FROM),
    )
    views: int = option(1, "Augmented views of each original that D judges", above=0)
    witness: str | None = option(
        None,
        "Judge of the originals beside D or in its place; auto: groups if grey, else hog; both of features if any",
        choices=(AUTO, *WITNESSES, None),
    )
    served: str = option(
        "classifier",
        "Served model; auto: for grey images the mean of the classifier and its judges, groups or cross-fitted D's",
        choices=("classifier", AUTO),
    )
    rounds: int = option(
        1, "Trainings, each judging the originals for the next; 0: 2 from 500 grey images on, else 1", least=0
    )

    def __post_init__(self) -> None:
        check_fields(self)
        check_batches(self.batch_size, self.samples_per_epoch)
        if self.needs_features and self.learns_from == DRAWN:
            raise InputError("Expected learns_from to be originals, both or auto with features, got drawn")

    @property
    def needs_features(self) -> bool:
        """Whether stage two asks for frozen features by name."""
        return self.network == FEATURES or self.witness in OF_FEATURES


def judges_originals(stage_one: StageOneConfig, stage_two: StageTwoConfig) -> bool:
    """Returns whether each original is given a posterior, for the classifier or for the generators."""
    return stage_two.learns_from != DRAWN or stage_one.refine_epochs != 0
