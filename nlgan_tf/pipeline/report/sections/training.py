"""Learning curves, and D's outputs with the deltas."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import map_rows, to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.figures.curves import curves
from nlgan_tf.figures.histogram import Panel, histograms
from nlgan_tf.pipeline.report.blocks import Block, Figures, Text
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.pictures import Picture, of_figure

OUTPUTS = {"d_noisy_p": "noisy positives", "d_fake_p": "drawn positives", "d_noisy_n": "noisy negatives"}
OUTPUTS["d_fake_n"] = "drawn negatives"
LOSSES = {"d_loss": "D", "gp_loss": "G_P", "gn_loss": "G_N"}
SIGNS = {
    "noisy_accuracy": "D agrees with labels",
    "diversity_p": "diversity, positives",
    "diversity_n": "diversity, negatives",
}


def blocks(facts: RunFacts) -> list[Block]:
    """Returns the curves of stage one (of several folds the first) and the histogram of D's outputs."""
    found: list[Block] = []
    if facts.run.folds > 1:
        found.append(Text(f"Stage one trained {facts.run.folds} folds; figures are those of the first."))
    figures = _curves(facts)
    if not figures:
        found.append(Text(f"Learning curves are left out: {facts.reasons.get('history', 'the history is empty.')}"))
    if facts.task is None:
        found.append(Text(f"D's histogram is left out. {facts.without_data}"))
    else:
        try:
            figures.append(_histogram(facts))
        except InputError as error:
            found.append(Text(f"D's histogram is left out: {error}."))
    found.extend(Text(event) for event in facts.part("events") or ())
    return [*found, Figures(figures)]


def _curves(facts: RunFacts) -> list[tuple[Picture, str]]:
    history, run = facts.part("history"), facts.run
    if not history:
        return []
    deltas = {
        f"delta_{name[-1].upper()} = {value:.2f}": (value, OUTPUTS[f"d_fake_{name[-1]}"])
        for name, value in run.deltas.items()
    }
    perfect = {"a perfect D": ((run.priors.pi_p + run.priors.pi_n) / 2, SIGNS["noisy_accuracy"])}
    wanted = (
        ("D's mean output", OUTPUTS, deltas, "Generators have learned where drawn images are close to the deltas."),
        ("Losses", LOSSES, {}, "Adversarial losses level off; they need not fall."),
        (
            "Memorisation and collapse",
            SIGNS,
            perfect,
            "D memorises above the dotted line; a generator below 0.1 collapsed.",
        ),
    )
    found = []
    for title, names, levels, caption in wanted:
        series = {text: history[name] for name, text in names.items() if name in history}
        levels = {name: level for name, level in levels.items() if level[1] in series}
        if series:
            ends = ", ".join(f"{text} {values[-1]:.2f}" for text, values in series.items())
            alt = f"{title} by epoch, {len(history['epoch'])} in all; after the last: {ends}"
            found.append((of_figure(curves(title, series, levels), alt), caption))
    return found


def _histogram(facts: RunFacts) -> tuple[Picture, str]:
    task = facts.task
    discriminator = facts.run.nlgan().judging_discriminator()
    outputs = map_rows(lambda images: _outputs(discriminator, images), task.images)
    figure = histograms(task.noisy_labels, [Panel("D's outputs on the training images", outputs, **facts.run.deltas)])
    means = (float(outputs[task.noisy_labels == label].mean()) for label in (1, 0))
    alt = "Histogram of D's outputs: mean {:.2f} on noisy positives, {:.2f} on noisy negatives".format(*means)
    return of_figure(figure, alt), "A D that tells the classes apart has two heaps, near the deltas of the purities."


def _outputs(discriminator: keras.Model, images: tf.Tensor) -> tf.Tensor:
    return tf.sigmoid(tf.cast(discriminator(to_network_range(images), training=False)[:, 0], tf.float32))
