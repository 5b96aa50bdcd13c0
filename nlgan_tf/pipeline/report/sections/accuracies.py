"""Accuracies of the run beside those of its peers."""

from __future__ import annotations

import re
from collections.abc import Collection

from nlgan_tf.pipeline.accuracies import SERVED, by_name, titles
from nlgan_tf.pipeline.report.blocks import Block, Table, Text
from nlgan_tf.pipeline.report.facts import RunFacts


def blocks(facts: RunFacts) -> list[Block]:
    """Returns the table of accuracies, the best first, with the served classifier marked."""
    known = by_name(facts.run.metrics)
    if not known:
        return [Text("The run had no test images with true labels, so no accuracy is known.")]
    named = plain_titles(known)
    ordered = sorted(named, key=known.get, reverse=True)
    tests = None if facts.task is None else facts.task.test_labels
    caption = "Accuracy on clean test labels" + ("" if tests is None else f" of {len(tests)} images")
    rows = [(named[name], f"{known[name]:.3f}") for name in ordered]
    served = SERVED if SERVED in known else "accuracy_nlgan"
    found: list[Block] = [Table(caption, ("Classifier", "Accuracy"), rows, [ordered.index(served)])]
    if "accuracy_clean" in known:
        found.append(Text("The classifier of the true labels is what clean data would give, and is no rival."))
    return found


def plain_titles(names: Collection[str]) -> dict[str, str]:
    """Returns the titles of accuracies by name, without the letters that the paper's table has for peers."""
    return {name: re.sub(r"^[A-Z]: ", "", title) for name, title in titles(names).items()}
