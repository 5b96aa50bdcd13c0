"""Which witnesses of the true labels are heard, by noisy labels alone, and their sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.calibration import calibrate, mean_and_std
from nlgan_tf.noise_rates.channel import Channel, check_scores
from nlgan_tf.noise_rates.folds import most_folds, stratified_folds
from nlgan_tf.noise_rates.posterior import noisy_likelihood, noisy_log_likelihoods

# Folds of the two numbers of a calibration.
FOLDS = 5
# Standard errors by which a likelihood has to be larger to be so beyond chance.
CLEARLY = 2.0


def combined_scores(scores: Sequence[ArrayLike]) -> np.ndarray:
    """Returns the sum of the witnesses' standardised scores, float64, shape (n,).

    Args:
        scores: Scores of the original images by each witness, shapes (n,).

    Raises:
        InputError: For no scores, or scores that are not finite, of another shape or of different lengths.
    """
    rows = [check_scores(row) for row in scores]
    lengths = {len(row) for row in rows}
    if len(lengths) != 1:
        raise InputError(f"Expected scores of one length from at least one witness, got lengths {sorted(lengths)}")
    moments = [mean_and_std(row) for row in rows]
    return np.sum([(row - mean) / std for row, (mean, std) in zip(rows, moments, strict=True)], axis=0)


@dataclass(frozen=True)
class Selection:
    """The witnesses that are kept.

    Attributes:
        kept: Names of the witnesses that are kept, those that have learned the labels first, then the best one.
        lines: Reason for each witness, in words.
    """

    kept: list[str]
    lines: list[str]


def select_witnesses(
    scores: Mapping[str, ArrayLike],
    noisy_labels: ArrayLike,
    priors: NoisePriors,
    seed: int = 0,
    in_sample: Collection[str] = (),
    preferred: str | None = None,
) -> Selection:
    """Returns which witnesses to sum, by noisy labels alone.

    Witnesses are tried in the order of their own likelihood. Each is kept if its score, added to the sum of those kept
    before, raises the held-out likelihood of the noisy labels; the first is compared with the class prior for all
    images. The likelihood of a witness that has learned the labels says too much: such a witness is compared with the
    class prior alone, and no other witness with it.

    A hundred labels, four in ten of them wrong, hardly tell good witnesses from bad. So a witness that is known to be
    good on images of a kind may be preferred: it is kept alone, unless those that are kept without this knowledge
    raise the likelihood by more than two standard errors of the difference, over the images.

    Args:
        scores: Scores of the original images by the name of each witness (D is one), shapes (n,); held-out ones, but
            for those of `in_sample`.
        noisy_labels: Labels, 0 or 1, shape (n,).
        priors: Purities of the noisy labels.
        seed: Seed of the calibration's folds.
        in_sample: Names of witnesses that have learned the labels of the images that they score.
        preferred: Name in `scores`, and not in `in_sample`; None: by likelihood alone.

    Raises:
        InputError: For scores, labels or priors that are not accepted.
    """
    labels = check_labels(noisy_labels, name="noisy_labels")
    selection = _by_likelihood(scores, labels, priors, seed, in_sample)
    if preferred is None or selection.kept == [preferred]:
        return selection
    kept = [scores[name] for name in selection.kept]
    if kept:
        rival, others = _held_out(combined_scores(kept), labels, priors, seed), " and ".join(selection.kept)
    else:
        rival, others = noisy_log_likelihoods(_class_prior(labels, priors), labels, priors), "the labels' shares"
    gains = rival - _held_out(np.asarray(scores[preferred]), labels, priors, seed)
    gain, error = gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))
    if gain > CLEARLY * error:
        return selection
    line = (
        f"Judge of the labels {preferred}: alone, as {others} would not predict the given labels clearly better "
        f"(mean log-likelihood {gain:+.4f}, standard error {error:.4f}; by {CLEARLY:g} of them counts as clearly)"
    )
    return Selection([preferred], [line])


def _by_likelihood(
    scores: Mapping[str, ArrayLike], labels: np.ndarray, priors: NoisePriors, seed: int, in_sample: Collection[str]
) -> Selection:
    """The witnesses that raise the likelihood, as `select_witnesses` tries them."""

    def likelihood(names: list[str]) -> float:
        return held_out_likelihood(combined_scores([scores[name] for name in names]), labels, priors, seed)

    prior = noisy_likelihood(_class_prior(labels, priors), labels, priors)
    learned, held_out, lines = [], [], []
    for name in (name for name in scores if name in in_sample):
        found = likelihood([name])
        reason = f"{name} has learned these labels, so other judges are not compared with {name}"
        lines.append(f"{_verdict(name, prior, found)}; {reason}")
        learned += [name] if found > prior else []
    best = prior
    others = [name for name in scores if name not in in_sample]
    for name in sorted(others, key=lambda name: likelihood([name]), reverse=True):
        found = likelihood([*held_out, name])
        lines.append(_verdict(name, best, found))
        if found > best:
            best = found
            held_out.append(name)
    return Selection(learned + held_out, lines)


def _verdict(name: str, before: float, after: float) -> str:
    """Whether a witness is kept, in words, by the likelihood of the noisy labels before it and with it."""
    kept = after > before
    return (
        f"Judge of the labels {name}: {'kept' if kept else 'dropped'}, as the given labels are predicted "
        f"{'better' if kept else 'no better'} with {name} "
        f"(mean log-likelihood {after:.4f}, without {before:.4f}; higher is better)"
    )


def held_out_likelihood(scores: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors, seed: int = 0) -> float:
    """Returns the mean log-likelihood of the noisy labels by calibrations that were fitted to the other folds.

    Five folds, or fewer where the rarer label has fewer images. Arguments and errors as `calibration.calibrate`, and
    at least two images of each label; `seed` is that of the folds.
    """
    scores = check_scores(scores)
    labels = check_labels(noisy_labels, len(scores), name="noisy_labels")
    return float(np.mean(_held_out(scores, labels, priors, seed)))


def _held_out(scores: np.ndarray, labels: np.ndarray, priors: NoisePriors, seed: int) -> np.ndarray:
    """Log-likelihood of each noisy label by the calibration on the other folds, shape (n,)."""
    fold = stratified_folds(labels, most_folds(labels, FOLDS), seed)
    probability = np.empty(len(scores))
    for number in range(fold.max() + 1):
        held = fold == number
        probability[held] = calibrate(scores[~held], labels[~held], priors)(scores[held])
    return noisy_log_likelihoods(probability, labels, priors)


def _class_prior(labels: np.ndarray, priors: NoisePriors) -> np.ndarray:
    """P(true 1) of each image by the labels' shares alone, shape (n,)."""
    return np.full(len(labels), Channel.of(labels, priors).class_prior)
