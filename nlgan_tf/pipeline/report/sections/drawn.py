"""Drawn images of each class beside real ones, above the nearest real ones, and on a path between two of them."""

from __future__ import annotations

import numpy as np

from nlgan_tf.errors import InputError
from nlgan_tf.figures.samples import Group, noisy_and_drawn, tile
from nlgan_tf.gan.drawing import interpolations
from nlgan_tf.pipeline.drawn_figures import with_nearest
from nlgan_tf.pipeline.report.blocks import Block, Figures, Text
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.pictures import Picture, of_image

ROWS = 4
# Pixels of a sheet, by which large images come in fewer columns.
WIDEST = 320
COLUMNS = 3, 8


def blocks(facts: RunFacts) -> list[Block]:
    """Returns four sheets of each class: real and drawn images, drawn ones with the nearest real ones, and a path."""
    drawn = facts.run.drawn
    if facts.task is None:
        groups = [(f"Drawn: {drawn.class_names[label]}", drawn.images[drawn.labels == label]) for label in (1, 0)]
        return [Text(facts.without_data), Figures([_sheet(group) for group in groups], sheets=True), *_paths(facts)]
    noisy = facts.task.images, facts.task.noisy_labels
    real_p, real_n, drawn_p, drawn_n = noisy_and_drawn(drawn.class_names, noisy, (drawn.images, drawn.labels))
    text = "Real images are shown under their given labels, some of which are wrong; the generators drew the others."
    sheets = Figures([_sheet(group) for group in (real_p, drawn_p, real_n, drawn_n)], sheets=True)
    return [Text(text), sheets, *_nearest(facts), *_paths(facts)]


def _nearest(facts: RunFacts) -> list[Block]:
    """A sheet a class of drawn images, each above the real image that is nearest by the distance of all pixels."""
    drawn = facts.run.drawn
    pairs = with_nearest(facts.task.images, drawn.images, drawn.labels, _columns(drawn.images))
    captions = {
        label: f"Drawn images of {drawn.class_names[label]}, each above the nearest real image" for label in pairs
    }
    sheets = [_rows(np.concatenate(pair), captions[label]) for label, pair in pairs.items()]
    text = "Drawn images that differ from the nearest real image, by the distance of all pixels, are no copies."
    return [Text(text), Figures(sheets, sheets=True)]


def _paths(facts: RunFacts) -> list[Block]:
    """A strip a class of what a generator draws from one z to another."""
    drawn, config = facts.run.drawn, facts.run.config
    try:
        model = facts.run.nlgan()
    except InputError as error:
        return [Text(f"The paths from one drawn image to another are left out: {error}.")]
    paths = interpolations(model, 2 * _columns(drawn.images), config.seed, config.stage_two.temperature)
    captions = {1: f"G_P, {drawn.class_names[1]}: a path", 0: f"G_N, {drawn.class_names[0]}: a path"}
    text = "From one drawn image to another: a generator that has memorised images jumps from one to the next."
    sheets = [_rows(images, captions[label]) for label, images in paths.items()]
    return [Text(text), Figures(sheets, sheets=True)]


def _rows(images: np.ndarray, caption: str) -> tuple[Picture, str]:
    """Two rows of images."""
    return of_image(tile(images, 2, len(images) // 2), f"{caption}, {len(images)} images in rows"), caption


def _columns(images: np.ndarray) -> int:
    return int(np.clip(WIDEST // images.shape[2], *COLUMNS))


def _sheet(group: Group) -> tuple[Picture, str]:
    title, images = group
    columns = _columns(images)
    rows = min(ROWS, -(-len(images) // columns))
    shown = min(len(images), rows * columns)
    caption = title.replace("noisy ", "Real images given as ").replace("drawn ", "Drawn images of ")
    return of_image(tile(images, rows, columns), f"{caption}: {shown} images in rows"), caption
