import numpy as np
import pytest

from nlgan_tf.pipeline.clean_dataset import write_clean_dataset
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.report.blocks import Figures, Text
from nlgan_tf.pipeline.report.sections import drawn


def captions(blocks) -> list[list[str]]:
    return [[caption for _, caption in block.items] for block in blocks if isinstance(block, Figures)]


def test_each_class_has_four_sheets(facts):
    assert captions(drawn.blocks(facts)) == [
        [
            "Real images given as <b>five</b>",
            "Drawn images of <b>five</b>",
            "Real images given as two & four",
            "Drawn images of two & four",
        ],
        [
            "Drawn images of <b>five</b>, each above the nearest real image",
            "Drawn images of two & four, each above the nearest real image",
        ],
        ["G_P, <b>five</b>: a path", "G_N, two & four: a path"],
    ]


def test_without_the_data_drawn_images_and_paths_remain(spoiled_run, spoiled_facts):
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    facts = spoiled_facts()
    blocks = drawn.blocks(facts)
    assert blocks[0] == Text(facts.without_data)
    assert captions(blocks) == [
        ["Drawn: <b>five</b>", "Drawn: two & four"],
        ["G_P, <b>five</b>: a path", "G_N, two & four: a path"],
    ]


def test_without_the_model_the_paths_alone_are_left_out(spoiled_run, spoiled_facts):
    (spoiled_run / "checkpoints" / "nlgan.keras").unlink()
    blocks = drawn.blocks(spoiled_facts())
    assert [len(names) for names in captions(blocks)] == [4, 2]
    assert blocks[-1].text.startswith("The paths from one drawn image to another are left out: Expected a finished")


@pytest.mark.parametrize(("side", "columns"), [(40, 8), (80, 4), (200, 3)])
def test_large_images_come_in_fewer_columns(side, columns, spoiled_run, spoiled_facts):
    # A sheet is 320 pixels wide at most where its images let it, and has four rows.
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    (spoiled_run / "checkpoints" / "nlgan.keras").unlink()
    images = np.zeros((80, side, side, 3), np.uint8)
    write_clean_dataset(spoiled_run, images, np.repeat([1, 0], 40), ("dog", "cat"), {})
    sheets = drawn.blocks(spoiled_facts())[1]
    assert [picture.alt for picture, _ in sheets.items] == [
        f"Drawn: cat: {4 * columns} images in rows",
        f"Drawn: dog: {4 * columns} images in rows",
    ]
