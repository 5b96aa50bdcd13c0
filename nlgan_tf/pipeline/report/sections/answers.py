"""What the run found, in words."""

from __future__ import annotations

import shlex

from nlgan_tf.pipeline.accuracies import PEER_PREFIX, SERVED, by_name
from nlgan_tf.pipeline.report.blocks import Block, Verdicts
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.sections.accuracies import plain_titles
from nlgan_tf.pipeline.report.sections.suspects import SHOWN
from nlgan_tf.pipeline.report.verdicts import (
    ATTENTION,
    Verdict,
    how_many_wrong,
    not_judged,
    training_went,
    trusted_by_test,
    trusted_without_test,
    which_are_wrong,
)


def blocks(facts: RunFacts) -> list[Block]:
    """Returns the verdicts on labels, training and classifier."""
    return [Verdicts([_how_many(facts), _which(facts), _trusted(facts), _training(facts)])]


def _how_many(facts: RunFacts) -> Verdict:
    run = facts.run
    if facts.counts is None:
        return Verdict("How many labels are wrong?", "Not known without the data", facts.without_data, ATTENTION)
    quality = None if facts.scored is None else facts.scored.quality
    return how_many_wrong(facts.counts, facts.class_names, run.priors, run.estimate, quality)


def _which(facts: RunFacts) -> Verdict:
    if facts.scored is None:
        advice = ""
        if facts.task is not None and not facts.judges_originals:
            advice = f"nlgan-tf score --task {shlex.quote(facts.run.config.task)} judges every label."
        return not_judged(facts.reasons["scored"], advice)
    task = facts.scored.task
    wrong = None if task.labels is None else task.labels != task.noisy_labels
    return which_are_wrong(facts.scored.quality, SHOWN, wrong)


def _trusted(facts: RunFacts) -> Verdict:
    known = by_name(facts.run.metrics)
    served = known.get(SERVED, known.get("accuracy_nlgan"))
    if served is None:
        return trusted_without_test(None if facts.scored is None else facts.scored.quality)
    # Of the same labels: the true ones are no rival.
    peers = {title: known[name] for name, title in plain_titles(known).items() if name.startswith(PEER_PREFIX)}
    if not peers and "accuracy_noisy" in known:
        peers = {plain_titles(known)["accuracy_noisy"]: known["accuracy_noisy"]}
    test_labels = None if facts.task is None else facts.task.test_labels
    return trusted_by_test(served, None if test_labels is None else len(test_labels), peers)


def _training(facts: RunFacts) -> Verdict:
    history, events = facts.part("history"), facts.part("events")
    last = {name: values[-1] for name, values in (history or {}).items() if values}
    known = last if {"noisy_accuracy", "diversity_p", "diversity_n"} <= last.keys() else {}
    return training_went(events or [], known, facts.run.priors)
