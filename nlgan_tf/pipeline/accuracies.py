"""Accuracies of a run on clean test labels: what is served, its parts, and what the same labels give by other ways."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from nlgan_tf.config import BOTH, DRAWN, FEATURES, ORIGINALS
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines import build_baseline
from nlgan_tf.evaluation.baselines.registry import BASELINES
from nlgan_tf.evaluation.metrics import accuracy

if TYPE_CHECKING:
    from nlgan_tf.pipeline.phases import PhasedRun

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
    task, two = run.task, run.config.stage_two
    test = task.test_images, task.test_labels
    served = accuracy(run.classifier, *test)
    found = {"accuracy_served": served, "accuracy_nlgan": served, "accuracy_discriminator": _discriminator(run)}
    if two.learns_from != DRAWN:
        found["accuracy_nlgan"] = accuracy(run.trained_on_evidence(DRAWN, "drawn"), *test)
        found["accuracy_originals"] = served
    if run.serves_ensemble or (two.learns_from == BOTH and two.network != FEATURES):
        found["accuracy_originals"] = accuracy(run.trained_on_evidence(ORIGINALS, "originals"), *test)
    if run.config.compare:
        found |= _peers(run) if two.learns_from != DRAWN else _memorised(run)
        if task.labels is not None:
            found["accuracy_clean"] = accuracy(run.trained_on(task.images, task.labels, "true_labels"), *test)
    return found


def _memorised(run: PhasedRun) -> dict:
    """Of the classifier of the drawn images on the noisy labels instead, for as many steps."""
    task = run.task
    classifier = run.trained_on(task.images, task.noisy_labels, "noisy_labels")
    return {"accuracy_noisy": accuracy(classifier, task.test_images, task.test_labels)}


def _peers(run: PhasedRun) -> dict:
    """Of each peer that takes this set, under "peers"; the one stopped early is "accuracy_noisy" too."""
    task, config, found = run.task, run.config, {}
    for name in PEERS + (FROZEN_PEERS if run.features else ()):
        baseline = build_baseline(name, run.model.priors, config.stage_two, config.seed, run.features)
        try:
            # On matrices as small as these, threads of scikit-learn's libraries wait for each other.
            with threadpool_limits(1):
                predicted = baseline.fit(task.images, task.noisy_labels).predict(task.test_images)
        except InputError as error:
            run.say(f"{name} is left out: {error}")
            continue
        found[name] = float(np.mean(predicted == task.test_labels))
    noisy = {"accuracy_noisy": found[EARLY_STOPPED]} if EARLY_STOPPED in found else {}
    return {**noisy, "peers": found}


def _discriminator(run: PhasedRun) -> float:
    """Of D itself: calibrated where originals are judged, else by P(positive) of `NLGAN.predict`."""
    images, labels = run.task.test_images, run.task.test_labels
    if run.config.stage_two.learns_from == DRAWN:
        probability = run.model.predict(images, batch_size=500, verbose=0)
    else:
        probability = run.judge.probability(images)
    return float(np.mean((probability > 0.5) == (labels == 1)))
