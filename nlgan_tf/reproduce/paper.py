"""The numbers of the paper's table 1: test accuracy, the average of five trainings."""

from __future__ import annotations

MNIST, CIFAR10 = "mnist:5,7-vs-2,4", "cifar10:automobile-vs-airplane"
CLEAN, LIGHT, MIDDLE, HEAVY = (1.0, 1.0), (0.85, 0.85), (0.7, 0.85), (0.6, 0.65)

# (task, size) -> PN on clean labels, then (NL-GAN, Rank Pruning) at each noise level.
_TABLE = {
    (MNIST, 1000): (0.97, {LIGHT: (0.961, 0.965), MIDDLE: (0.956, 0.948), HEAVY: (0.926, 0.809)}),
    (MNIST, 100): (0.9, {LIGHT: (0.909, 0.892), MIDDLE: (0.881, 0.853), HEAVY: (0.814, 0.703)}),
    (CIFAR10, 1000): (0.878, {LIGHT: (0.843, 0.833), MIDDLE: (0.824, 0.794), HEAVY: (0.704, 0.659)}),
    (CIFAR10, 100): (0.789, {LIGHT: (0.789, 0.761), MIDDLE: (0.782, 0.739), HEAVY: (0.687, 0.64)}),
}


def paper_value(task: str, size: int, priors: tuple[float, float], method: str) -> float | None:
    """Returns the paper's accuracy of "pn", "nlgan" or Rank Pruning; None for what the paper does not have."""
    if (task, size) not in _TABLE:
        return None
    clean, noisy = _TABLE[task, size]
    if method.startswith("pn"):
        return clean if priors == CLEAN else None
    if priors not in noisy:
        return None
    nlgan, rank_pruning = noisy[priors]
    return {"nlgan": nlgan, "rank-pruning": rank_pruning, "rank-pruning-logistic": rank_pruning}.get(method)
