"""The answers of a run in words, from numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.gan.watch import COLLAPSED, MEMORISES, STUCK
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.noise_rates.label_quality import LEAST_QUALITY

GOOD, PLAIN, ATTENTION, BAD = "good", "plain", "attention", "bad"
# Accuracy of a guess.
CHANCE = 0.5


@dataclass(frozen=True)
class Verdict:
    """An answer of the run.

    Attributes:
        question: Question of the reader.
        answer: Answer, in a few words.
        detail: What the answer rests on.
        tone: "good", "plain", "attention" or "bad".
        advice: What to do next, one sentence; empty where nothing is to be done.
        link: Name of the section that the advice leads to.
    """

    question: str
    answer: str
    detail: str
    tone: str = PLAIN
    advice: str = ""
    link: str = ""


def how_many_wrong(
    counts: tuple[int, int],
    class_names: tuple[str, str],
    priors: NoisePriors,
    estimate: PriorsEstimate | None,
    quality: np.ndarray | None,
) -> Verdict:
    """Answers how many labels are wrong: the sum of 1 - quality, or what the purities say where no label was judged.

    Args:
        counts: Numbers of noisy positives and noisy negatives.
        class_names: Names (negative, positive).
        priors: Purities of the run.
        estimate: Estimate of the purities; None where they were stated.
        quality: P(the given label is right), shape (n,); None where the run judged no labels.
    """
    question, n, (negative, positive) = "How many labels are wrong?", sum(counts), class_names
    by_purities = _wrong(counts, (priors.pi_p, priors.pi_n))
    wrong = by_purities if quality is None else float(np.sum(1 - quality, dtype=float))
    answer = f"About {wrong:.0f} of {n} ({wrong / n:.0%})"
    if estimate is None:
        detail = (
            f"The purities are as stated: {priors.pi_p:.0%} of the labels “{positive}” are right, and "
            f"{priors.pi_n:.0%} of the labels “{negative}”. By them {by_purities:.0f} labels are wrong."
        )
        return Verdict(question, answer, detail)
    if not estimate.separable:
        return Verdict(
            question,
            "The run cannot tell",
            f"The purities could not be estimated: {_sentence(estimate.verdict)}",
            BAD,
            "Check 50 labels of each class by hand, and state the share of right ones by --pi-p and --pi-n.",
        )
    (low_p, high_p), (low_n, high_n) = estimate.interval_pi_p, estimate.interval_pi_n
    fewest, most = _wrong(counts, (high_p, high_n)), _wrong(counts, (low_p, low_n))
    detail = (
        f"The purities are estimated: {priors.pi_p:.0%} [{low_p:.0%}, {high_p:.0%}] of the labels “{positive}” are "
        f"right, and {priors.pi_n:.0%} [{low_n:.0%}, {high_n:.0%}] of the labels “{negative}” (95% intervals). "
        f"By them {fewest:.0f} to {most:.0f} labels are wrong."
    )
    return Verdict(question, answer, detail)


def _wrong(counts: tuple[int, int], purities: tuple[float, float]) -> float:
    return sum(count * (1 - purity) for count, purity in zip(counts, purities, strict=True))


def which_are_wrong(quality: np.ndarray, shown: int, wrong: np.ndarray | None = None) -> Verdict:
    """Answers which labels are wrong.

    Args:
        quality: P(the given label is right), shape (n,).
        shown: Number of labels that the page shows.
        wrong: Whether each label is wrong, shape (n,), where the truth is known.
    """
    question, doubted = "Which labels are wrong?", quality < LEAST_QUALITY
    count = int(doubted.sum())
    if not count:
        detail = (
            f"No label has a quality below {LEAST_QUALITY:g}; the quality is the probability that a label is right."
        )
        return Verdict(question, "No label in particular", detail, GOOD)
    detail = f"Their quality, the probability that the given label is right, is below {LEAST_QUALITY:g}."
    if wrong is not None:
        among = int(np.sum(wrong & doubted))
        detail += f" The truth is known here: {int(wrong.sum())} labels are wrong, {among} of them among these."
    looked = f"the {shown} most doubtful labels" if shown < count else f"the {count} doubted labels"
    answer = f"{count} {'label is' if count == 1 else 'labels are'} likelier wrong than right"
    advice = f"Look at {looked}, and correct those that are wrong."
    return Verdict(question, answer, detail, ATTENTION, advice, "suspects")


def not_judged(reason: str, advice: str = "") -> Verdict:
    """Says that single labels have no verdict, and why."""
    return Verdict("Which labels are wrong?", "Not known label by label", reason, ATTENTION, advice)


def training_went(events: Sequence[str], last: Mapping[str, float], priors: NoisePriors) -> Verdict:
    """Answers whether D memorised wrong labels, and whether a generator collapsed or never learned.

    Args:
        events: Lines that `gan.watch.TrainingWatch` reported, in their order.
        last: Its measures after the last epoch: `noisy_accuracy`, `diversity_p`, `diversity_n`.
        priors: Purities of the run.
    """
    question, detail = "Did the training go well?", ""
    if not last and not events:
        return Verdict(question, "Not known", "The run left no measures of its training.", ATTENTION)
    if last:
        detail = (
            f"D agrees with {last['noisy_accuracy']:.0%} of the given labels; a perfect D agrees with "
            f"{(priors.pi_p + priors.pi_n) / 2:.0%}. Drawn positives and negatives vary {last['diversity_p']:.2f} and "
            f"{last['diversity_n']:.2f} times as much as the real ones."
        )
    found = [line for line in events if any(sign in line for sign in (MEMORISES, COLLAPSED, STUCK))]
    if not found:
        return Verdict(question, "Yes: no memorisation, no collapse", detail, GOOD)
    signs = {
        MEMORISES: ("D memorises wrong labels", "Run again with fewer epochs or stronger augmentation."),
        COLLAPSED: ("a generator has collapsed", "Run again with another --seed or a lower --g-learning-rate."),
        STUCK: ("a generator does not learn", "Run again with a higher --g-learning-rate."),
    }
    seen = [sign for sign in signs if any(sign in line for line in found)]
    answer = f"No: {', '.join(signs[sign][0] for sign in seen)}"
    reported = " ".join(f"Reported: {_sentence(line)}" for line in found)
    return Verdict(question, answer, f"{reported} {detail}".strip(), BAD, signs[seen[0]][1], "training")


def trusted_by_test(served: float, tests: int | None, peers: Mapping[str, float]) -> Verdict:
    """Answers whether to trust the served classifier, where test labels are known.

    Args:
        served: Accuracy of the served classifier on the test images.
        tests: Number of test images; None where they cannot be read again.
        peers: Accuracies of other methods on the same noisy labels, by their titles.
    """
    question, best = "Can the classifier be trusted?", max(peers, key=peers.get, default=None)
    low, high = _interval(served, tests)
    detail = f"{served:.1%} of the test images are classified rightly."
    if tests:
        detail = f"Of {tests} test images {served:.1%} are classified rightly (95% interval {low:.1%} to {high:.1%})."
    if best is not None:
        detail += f" Its best peer on the same labels, “{best}”, reaches {peers[best]:.1%}."
    if best is not None and served < _interval(peers[best], tests)[0]:
        return Verdict(question, "A peer is better", detail, BAD, f"Take “{best}” for this data.", "accuracies")
    if low <= CHANCE:
        advice = "Do not serve the classifier; more images, or labels with less noise, are needed."
        return Verdict(question, "No better than chance", detail, BAD, advice)
    beside = "" if best is None else f", {'better than' if peers[best] < low else 'as good as'} its best peer"
    advice = "Serve the classifier."
    return Verdict(question, f"Yes: {served:.1%} right{beside}", detail, GOOD, advice, "serving")


def _interval(accuracy: float, tests: int | None) -> tuple[float, float]:
    """95% interval of an accuracy on so many images; the accuracy itself where the number is not known."""
    if not tests:
        return accuracy, accuracy
    found = binomtest(round(accuracy * tests), tests).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def trusted_without_test(quality: np.ndarray | None) -> Verdict:
    """Answers whether to trust the served classifier, from what noisy labels alone can say.

    Args:
        quality: P(the given label is right), shape (n,); None where the run judged no labels.
    """
    question, advice = "Can the classifier be trusted?", "Check 100 of the classifier's answers by hand before serving."
    detail = "The run had no test images with true labels, so its accuracy is unknown."
    if quality is None:
        return Verdict(question, "Not known without test images", detail, ATTENTION, advice, "serving")
    sure = float(np.mean(np.maximum(quality, 1 - quality), dtype=float))
    detail += f" By the run's own judgement {sure:.0%} of the suggested labels of the originals are right."
    return Verdict(question, "Not known without test images", detail, ATTENTION, advice, "serving")


def _sentence(text: str) -> str:
    """The text as a sentence: a capital letter first, a full stop last."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
