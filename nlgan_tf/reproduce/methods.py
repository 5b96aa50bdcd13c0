"""The methods of the grid by name: what each is called in the table, where it runs, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass

from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        title: as the table prints it.
        levels: the noise levels it runs at: "noisy", "clean" (pi = (1, 1)) or "all".
        importance: the larger, the earlier it runs; see `grid.planned`.
        fits: how many stage-two classifiers it trains, in units of one on all images; 0 for none.
        upsampled: whether these see 10,000 images an epoch, as the paper upsamples, or the images as they are.
        stage_one: the cost of its adversarial training, in units of NL-GAN's; 0 for none.
        ablation: whether it runs only where it is asked for by name.
    """

    title: str
    levels: str = "noisy"
    importance: float = 1.0
    fits: float = 0.0
    upsampled: bool = False
    stage_one: float = 0.0
    ablation: bool = False


def _nlgan(title: str, stage_one: float = 1.0, importance: float = 1.0, ablation: bool = True) -> Method:
    return Method(title, "noisy", importance, fits=1, upsampled=True, stage_one=stage_one, ablation=ablation)


METHODS = {
    "nlgan": _nlgan("NL-GAN", importance=30, ablation=False),
    "pn": Method("PN: CNN, true labels", "clean", 4, fits=1),
    "pn-upsampled": Method("PN: CNN, true labels, upsampled", "clean", 2, fits=1, upsampled=True),
    "noisy": Method("CNN, noisy labels", importance=4, fits=1),
    "noisy-upsampled": Method("CNN, noisy labels, upsampled", importance=2, fits=1, upsampled=True),
    "rank-pruning": Method("Rank Pruning, CNN", importance=8, fits=3),
    "rank-pruning-logistic": Method("Rank Pruning, logistic regression", "all"),
    "svc": Method("A: SVC", "all"),
    "cleanlab-svc": Method("B: kNN, cleanlab, SVC", "all"),
    "cleanlab-logistic": Method("C: CleanLearning, logistic regression", "all"),
    "cleanlab": Method("CleanLearning, CNN", importance=4, fits=5),
    "gce": Method("Generalised cross entropy, CNN", importance=2, fits=1),
    "forward": Method("Forward correction, CNN", importance=2, fits=1),
    "co-teaching": Method("Co-teaching, CNN", importance=1, fits=2.5),
    "conditional-dcgan": _nlgan("Conditional DCGAN, eq. (1)", 0.8),
    "conditional-dcgan-sn": _nlgan("Conditional DCGAN, eq. (1), spectral norm", 0.8),
    "nlgan-attention": _nlgan("NL-GAN with self-attention", 1.5),
    "nlgan-batch-norm": _nlgan("NL-GAN, batch norm in D"),
    "nlgan-generator-dropout": _nlgan("NL-GAN, dropout on in the generators' step"),
}


def check_method(name: str) -> str:
    """`name` if it is a method of the grid; InputError otherwise."""
    if name not in METHODS:
        raise InputError(f"method {name!r} is unknown: accepted are {', '.join(METHODS)}")
    return name
