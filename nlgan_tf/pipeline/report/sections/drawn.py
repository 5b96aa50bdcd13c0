"""Drawn images of each class beside real ones."""

from __future__ import annotations

import numpy as np

from nlgan_tf.figures.samples import Group, noisy_and_drawn, tile
from nlgan_tf.pipeline.report.blocks import Block, Figures, Text
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.pictures import Picture, of_image

ROWS = 4
# Pixels of a sheet, by which large images come in fewer columns.
WIDEST = 320
COLUMNS = 3, 8


def blocks(facts: RunFacts) -> list[Block]:
    """Returns two sheets a class: originals given as the class, and images drawn of the class."""
    drawn = facts.run.drawn
    if facts.task is None:
        groups = [(f"Drawn: {drawn.class_names[label]}", drawn.images[drawn.labels == label]) for label in (1, 0)]
        return [Text(facts.without_data), Figures([_sheet(group) for group in groups], sheets=True)]
    noisy = facts.task.images, facts.task.noisy_labels
    real_p, real_n, drawn_p, drawn_n = noisy_and_drawn(drawn.class_names, noisy, (drawn.images, drawn.labels))
    text = "Real images are shown under their given labels, some of which are wrong; the generators drew the others."
    return [Text(text), Figures([_sheet(group) for group in (real_p, drawn_p, real_n, drawn_n)], sheets=True)]


def _sheet(group: Group) -> tuple[Picture, str]:
    title, images = group
    columns = int(np.clip(WIDEST // images.shape[2], *COLUMNS))
    rows = min(ROWS, -(-len(images) // columns))
    shown = min(len(images), rows * columns)
    caption = title.replace("noisy ", "Real images given as ").replace("drawn ", "Drawn images of ")
    return of_image(tile(images, rows, columns), f"{caption}: {shown} images in rows"), caption
