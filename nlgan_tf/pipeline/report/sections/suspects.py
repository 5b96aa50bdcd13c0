"""The originals whose labels are most doubtful."""

from __future__ import annotations

import shlex

from nlgan_tf.pipeline.report.blocks import Block, Command, Gallery, Text
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.pictures import of_image

SHOWN = 24


def blocks(facts: RunFacts) -> list[Block]:
    """Returns a gallery of the most doubtful labels, how all of them are written to a file, and what was read."""
    if facts.scored is None:
        return [Text(facts.reasons["scored"])]
    scored, classes = facts.scored, facts.class_names
    table, (column, names) = scored.table[:SHOWN], scored.names()
    items = []
    for row in table:
        given, suggested = classes[row["given_label"]], classes[row["suggested_label"]]
        name, quality = names[row["index"]], f"{row['quality']:.2f}"
        same = given == suggested
        alt = f"Image {name}, given as {given}, {'not likelier another' if same else f'likelier {suggested}'}"
        change = f"{given}, kept" if same else f"{given} → {suggested}"
        picture = of_image(scored.task.images[row["index"]], alt)
        items.append((picture, (change, f"quality {quality}", f"{column} {name}")))
    legend = (
        f"The {len(table)} most doubtful of {len(scored.table)} labels, the worst first: given label → suggested "
        f"label, the quality (probability that the given label is right), and the {column} of the image."
    )
    folder = shlex.quote(str(facts.run.run_dir.absolute()))
    command = f"nlgan-tf score --run {folder} --out scores.csv --corrected corrected.csv"
    shown = [Text(legend), Gallery(items), Command("All labels with their quality, and a corrected copy:", command)]
    # What was skipped and what repeats concerns the labels as much as the suspects do.
    return [*shown, *map(Text, scored.task.remarks)]
