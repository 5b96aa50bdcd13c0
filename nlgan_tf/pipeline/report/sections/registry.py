"""The sections of the page, in their order; one more is one new module here and one entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nlgan_tf.pipeline.report.blocks import Block
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.sections import accuracies, answers, drawn, serving, settings, suspects, training


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        title: Heading.
        blocks: Function of the run's facts that returns the content.
    """

    title: str
    blocks: Callable[[RunFacts], Sequence[Block]]


# By the name that links within the page use.
SECTIONS = {
    "answers": Section("What the run found", answers.blocks),
    "suspects": Section("Suspicious labels", suspects.blocks),
    "drawn": Section("Drawn images beside real ones", drawn.blocks),
    "training": Section("Training", training.blocks),
    "accuracies": Section("Accuracies", accuracies.blocks),
    "settings": Section("Settings and versions", settings.blocks),
    "serving": Section("Repeat the run, serve the models", serving.blocks),
}
