"""Accuracies of a run on clean test labels: what is served, its parts, and what the same labels give by other ways."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import BOTH, DRAWN, ORIGINALS
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines import build_baseline
from nlgan_tf.evaluation.baselines.registry import BASELINES
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.pipeline.side_by_side import MOST, side_by_side

if TYPE_CHECKING:
    from nlgan_tf.pipeline.phases import PhasedRun
    from nlgan_tf.two_stages.stage_two import Evidence

# Other ways to a classifier from the same noisy labels, in seconds each, by their names in the registry of baselines.
EARLY_STOPPED = "early-stopped"
PEERS = ("svc", "cleanlab-svc", "no-gan", EARLY_STOPPED)
# And from the same frozen features, where a run has features.
FROZEN_PEERS = ("frozen-lr", "frozen-cleanlab")
# Before the name of a peer, in tables.
PEER_PREFIX = "peers."
SERVED = "accuracy_served"
# In this order: what is served, its parts, other ways from the same noisy labels, and what true labels give.
PARTS = {
    SERVED: "Served: the classifier of the run",
    "accuracy_classifier": "Classifier of stage two without those who join it",
    "accuracy_nlgan": "Classifier of the drawn images alone (NL-GAN)",
    "accuracy_originals": "Classifier of the originals alone, with their posterior",
    "accuracy_discriminator": "D of stage one itself",
    "accuracy_noisy": "Classifier of the noisy labels",
}
REFERENCE = {"accuracy_clean": "Classifier of the true labels"}


def by_name(metrics: dict) -> dict[str, float]:
    """Returns the accuracies of metrics.json by name, those of peers as "peers.NAME"."""
    peers = {f"{PEER_PREFIX}{name}": value for name, value in metrics.get("peers", {}).items()}
    return {name: value for name, value in metrics.items() if name.startswith("accuracy_")} | peers


def titles(names: Collection[str]) -> dict[str, str]:
    """Returns the titles of accuracies by name, in the order of tables; what two names share is listed once."""
    known = {**PARTS, **{f"{PEER_PREFIX}{name}": entry.title for name, entry in BASELINES.items()}, **REFERENCE}
    # The peer that is stopped early is `accuracy_noisy` too.
    twice = {"accuracy_noisy"} if f"{PEER_PREFIX}{EARLY_STOPPED}" in names else set()
    return {name: title for name, title in known.items() if name in names and name not in twice}


def accuracies(run: PhasedRun) -> dict:
    """Returns the accuracies of metrics.json, with `compare` those of the peers and of references too.

    Args:
        run: Run whose classifier is trained. Its task has test images.
    """
    two = run.config.stage_two
    served = alone = _accuracy(run, run.classifier)
    found = {SERVED: served}
    if run.joining:
        found["accuracy_classifier"] = alone = _accuracy(run, run.classifier.get_layer("classifier"))
    found |= {"accuracy_nlgan": alone, "accuracy_discriminator": _discriminator(run)}
    if two.learns_from != DRAWN:
        found["accuracy_originals"] = alone
    trainings, peers = _trainings(run), _peers(run)
    # What keeps vectors of frozen features is not made for threads.
    trained = side_by_side({**trainings, **peers}, run.precision.name, most=1 if run.features else MOST)
    found |= {name: trained[name] for name in trainings}
    if not peers:
        return found
    of_peers = {name: trained[name] for name in peers if trained[name] is not None}
    noisy = {"accuracy_noisy": of_peers[EARLY_STOPPED]} if EARLY_STOPPED in of_peers else {}
    return {**found, **noisy, "peers": of_peers}


def _trainings(run: PhasedRun) -> dict[str, Callable[[], float]]:
    """Functions to the accuracies that take a training each, by name."""
    task, two, compare = run.task, run.config.stage_two, run.config.compare
    trainings = {}

    def on_evidence(evidence: Evidence, learns_from: str, name: str) -> Callable[[], float]:
        return lambda: _accuracy(run, run.trained_on_evidence(evidence, learns_from, name, aside=True))

    def on_labels(labels: np.ndarray, name: str) -> Callable[[], float]:
        return lambda: _accuracy(run, run.trained_on(task.images, labels, name, aside=True))

    if run.learned_part == BOTH:
        trainings["accuracy_originals"] = on_evidence(run.evidence, ORIGINALS, "originals")
    if two.learns_from != DRAWN:
        trainings["accuracy_nlgan"] = on_evidence(run.evidence, DRAWN, "drawn")
    if compare and task.labels is not None:
        trainings["accuracy_clean"] = on_labels(task.labels, "true_labels")
    if compare and two.learns_from == DRAWN:
        trainings["accuracy_noisy"] = on_labels(task.noisy_labels, "noisy_labels")
    return trainings


def _peers(run: PhasedRun) -> dict[str, Callable[[], float | None]]:
    """Functions to the accuracies of the peers, by name."""
    if not run.config.compare or run.config.stage_two.learns_from == DRAWN:
        return {}
    names = PEERS + (FROZEN_PEERS if run.features else ())
    return {name: functools.partial(_peer, run, name) for name in names}


def _accuracy(run: PhasedRun, classifier: keras.Model) -> float:
    return accuracy(classifier, run.task.test_images, run.task.test_labels)


def _peer(run: PhasedRun, name: str) -> float | None:
    """Of one peer; None for one that does not take this set."""
    task, config = run.task, run.config
    baseline = build_baseline(name, run.model.priors, config.stage_two, config.seed, run.features, run.signals)
    try:
        predicted = baseline.fit(task.images, task.noisy_labels).predict(task.test_images)
    except InputError as error:
        run.say(f"{name} is left out: {error}")
        return None
    return float(np.mean(predicted == task.test_labels))


def _discriminator(run: PhasedRun) -> float:
    """Of D itself: calibrated where originals are judged, else by P(positive) of `NLGAN.predict`."""
    images, labels = run.task.test_images, run.task.test_labels
    if run.config.stage_two.learns_from == DRAWN:
        probability = run.model.predict(images, batch_size=500, verbose=0)
    else:
        probability = run.judge.probability(images)
    return float(np.mean((probability > 0.5) == (labels == 1)))
